"""A body is parsed once, whatever it is asked for; a refusal is never remembered."""

from dataclasses import replace

import pytest

from alvh_core.errors import SkippableError
from tasks.sources import parsed
from tasks.sources.catalogue import SOURCES


@pytest.fixture
def source():
    """A source whose parser counts how often it was asked; it refuses an empty body."""
    asked = []

    def read(body, symbol, url):
        asked.append((body, symbol, url))
        if not body:
            raise SkippableError("nothing in it")
        return [symbol, len(body)]

    return replace(SOURCES["tiingo_actions"], read=read, check=None), asked


def test_a_body_is_parsed_once(source):
    one, asked = source
    first = parsed.parse(one, b"rows", "XLF", "https://a.example/x")
    assert parsed.parse(one, b"rows", "XLF", "https://a.example/x") is first
    assert len(asked) == 1


def test_another_body_symbol_or_address_is_another(source):
    one, asked = source
    for body, symbol, url in ((b"a", "XLF", "u"), (b"b", "XLF", "u"), (b"a", "KO", "u"), (b"a", "XLF", "v")):
        assert parsed.parse(one, body, symbol, url) == [symbol, 1]
    assert len(asked) == 4


def test_a_refusal_is_given_every_time(source):
    one, asked = source
    for _ in range(2):
        with pytest.raises(SkippableError, match="nothing in it"):
            parsed.parse(one, b"", "XLF", "u")
    assert len(asked) == 2


def test_what_is_kept_is_bounded(source, monkeypatch):
    one, asked = source
    large = b"x" * (parsed.KEPT_BYTES // 8 + 1)
    for _ in range(2):
        parsed.parse(one, large, "XLF", "u")
    assert len(asked) == 2
    for at in range(300):
        parsed.parse(one, b"x" * (parsed.KEPT_BYTES // 16) + bytes([at % 250]), f"S{at}", "u")
    assert parsed._CACHE.currsize <= parsed.KEPT_BYTES


def test_a_source_with_a_check_of_its_own_is_not_kept(source):
    one, asked = source
    checked = replace(one, check=one.read)
    for _ in range(2):
        parsed.parse(checked, b"rows", "XLF", "u")
    assert len(asked) == 2
