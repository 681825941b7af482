"""What every source keeps to, whatever its publisher: a provider gets these tests by its entry and its sample."""

from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import pytest

from alvh_core.columns import QUOTE_SCOPES
from alvh_core.errors import AlvhError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.settings import PREFIX, Settings
from tasks.sources.catalogue import PROVIDERS, SOURCES, SYMBOLS, source_of
from tasks.sources.exchange import early_closes
from tasks.sources.source import CHAIN, PAGES, Chain, Wanted, bundled

SAMPLES = Path(__file__).with_name("samples")
DAY = date(2026, 7, 16)
WHERE = "https://h.example/x"


def sources(is_meant=lambda source: True):
    mine = {name: source for name, source in SOURCES.items() if is_meant(source)}
    return pytest.mark.parametrize("source", mine.values(), ids=list(mine))


every_source = sources()


def sample(source):
    body = (SAMPLES / source.sample).read_bytes()
    return bundled([body]) if source.more and not body.startswith(PAGES) else body


def wanted(source, symbol=None):
    name = symbol or source.sample_symbol
    return Wanted(symbol=name, asset=DEFAULT_UNIVERSE.get(name), trade_date=DAY)


def rows(found):
    return found.table.num_rows if isinstance(found, Chain) else len(found)


@pytest.fixture(scope="module")
def market(calendar):
    return SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates, early_closes(calendar))


def test_no_two_sources_have_one_name_and_no_provider_is_forgotten():
    declared = [source.name for provider in PROVIDERS for source in provider.SOURCES]
    assert len(set(declared)) == len(declared) == len(SOURCES)
    assert {source.dataset for source in SOURCES.values()} == set(SYMBOLS)


@every_source
def test_the_sample_reads_to_rows(source):
    assert rows(source.read(sample(source), source.sample_symbol, WHERE)) > 0


@sources(lambda source: source.check)
def test_landing_takes_the_sample(source):
    source.check(sample(source), source.sample_symbol, WHERE)


@every_source
@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b"{}", b"[1]", b"<html>one moment, please</html>", b"<?xml version='1.0'?><Error/>",
    b"Access Denied", b"\xff\xfe\x00", b'{"pages":[]}', b'{"pages":[null]}', b'{"error":"x"}',
], ids=repr)  # fmt: skip
def test_a_body_that_is_none_is_our_error_and_says_where(source, body):
    with pytest.raises(AlvhError, match=f"{source.sample_symbol}: {WHERE}"):
        source.read(body, source.sample_symbol, WHERE)


@every_source
def test_a_body_cut_short_is_never_taken_in_part(source):
    """It is an error, or what it lost was whole lines."""
    whole, body = source.read(sample(source), source.sample_symbol, WHERE), sample(source).rstrip()
    for cut in range(1, 60):
        try:
            if source.check:
                source.check(body[:-cut], source.sample_symbol, WHERE)
            found = source.read(body[:-cut], source.sample_symbol, WHERE)
        except AlvhError:
            continue
        assert isinstance(found, pd.DataFrame)
        assert len(found) <= len(whole)


@every_source
def test_a_byte_order_mark_changes_nothing(source):
    body = sample(source).removeprefix(b"\xef\xbb\xbf")
    if body.startswith(PAGES):
        return  # written by us
    found = [source.read(mark + body, source.sample_symbol, WHERE) for mark in (b"", b"\xef\xbb\xbf")]
    assert rows(found[0]) == rows(found[1])


@every_source
def test_its_addresses_are_its_own_and_obey_another_base(source):
    [url, *_] = source.addresses(wanted(source), {})
    assert source_of(source.dataset, url) is source
    assert urlsplit(url).scheme == "https"
    [moved] = source.addresses(wanted(source), {source.publisher: "http://127.0.0.1:1/below/"})
    assert moved == url.replace(source.bases[0], "http://127.0.0.1:1/below")
    assert source_of(source.dataset, moved) is source


@every_source
def test_no_other_source_takes_its_addresses(source):
    path = urlsplit(source.addresses(wanted(source), {})[0]).path
    takers = [other for other in SOURCES.values() if other.route.search(path)]
    assert source in takers
    assert {taker.simulate for taker in takers} == {source.simulate}, "one file for two datasets is one file"
    assert [taker.name for taker in takers if taker.dataset == source.dataset] == [source.name]


@every_source
def test_the_simulated_market_speaks_its_language(source, market):
    """First page by first page; a fallback that the market has no words for refuses."""
    [url, *_] = source.addresses(wanted(source), {})

    def answer(address):
        parts = urlsplit(address)
        told = dict(parse_qsl(parts.query)) | source.route.search(parts.path).groupdict()
        return source.simulate(market, DAY, told)

    body = answer(url)
    if body is None:
        first = next(s for s in SOURCES.values() if s.dataset == source.dataset and s.addresses(wanted(source), {}))
        assert first is not source, "a source that is asked first has to answer"
        return
    if source.more:
        body = bundled([body, *map(answer, source.more(body, url))])
    assert rows(source.read(body, source.sample_symbol, url)) > 0
    if source.check:
        source.check(body, source.sample_symbol, url)


@sources(lambda source: source.key)
def test_a_key_is_a_secret_setting_and_no_part_of_an_address(source):
    assert source.key.variable.startswith(PREFIX)
    planted = Settings(**{source.key.variable.removeprefix(PREFIX).lower(): "planted"})
    assert planted.key_of(source.key.variable).get_secret_value() == "planted"
    assert "planted" not in repr(planted)
    for url in source.addresses(wanted(source), {}):
        assert not {"api_key", "apikey", "token"} & {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}


@sources(lambda source: source.dataset == CHAIN)
def test_a_chain_says_whose_quotes_and_when(source):
    chain = source.read(sample(source), source.sample_symbol, WHERE)
    assert chain.venue_scope in QUOTE_SCOPES
    assert chain.header.symbol == source.sample_symbol
    assert chain.header.contracts_count == chain.table.num_rows
    assert chain.header.quote_at is not None
    if source.check:
        assert source.check(sample(source), source.sample_symbol, WHERE) == chain.header


@every_source
def test_it_says_whose_numbers(source):
    assert len(source.terms) > 10
