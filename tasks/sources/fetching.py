"""Ask one address the way its source wants to be asked: its headers, and all of its pages as one body."""

from collections import deque
from dataclasses import replace
from urllib.parse import urlsplit

from alvh_core.errors import SkippableError
from tasks.sources.catalogue import source_of
from tasks.sources.client import HttpClient, Payload
from tasks.sources.filedrops.layout import SCHEME
from tasks.sources.source import PAGES, Source, bundled

MAX_PAGES = 200  # the largest chain known has some 140


def ask(client: HttpClient, dataset: str, symbol: str, url: str) -> Payload:
    """Fetch what an address has.

    Parameters
    ----------
    client : HttpClient
    dataset, symbol, url : str

    Returns
    -------
    Payload
        Under the address of its first page.

    Raises
    ------
    RetriableError, SkippableError
        A page could not be had; pages go round in circles, without end, or lead to another host. Part of a body is
        no body.
    """
    source = None if url.startswith(SCHEME) else source_of(dataset, url)
    first = client.get(url, symbol, source.headers if source else None)
    if source is None or source.more is None or first.body.startswith(PAGES):  # a replay has them together already
        return first
    return replace(first, body=bundled(_pages(client, source, first, symbol)))


def _pages(client: HttpClient, source: Source, first: Payload, symbol: str) -> list[bytes]:
    assert source.more is not None
    pages, asked, waiting = [first.body], {first.url}, deque(source.more(first.body, first.url))
    while waiting:
        url = waiting.popleft()
        if url in asked or len(pages) == MAX_PAGES or urlsplit(url).netloc != urlsplit(first.url).netloc:
            raise SkippableError(f"{symbol}: {first.url}: expected at most {MAX_PAGES} different pages of one host, "
                                 f"found {url} after {len(pages)}")  # fmt: skip
        asked.add(url)
        page = client.get(url, symbol, source.headers).body
        pages.append(page)
        waiting.extend(source.more(page, url))
    return pages
