"""Schwab option chain JSON as its API answers: nested by expiry and strike, volatility in percent, -999 for none."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from alvh_core.errors import SkippableError
from alvh_core.quotes import ChainHeader
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import Asset
from tasks.sources.chain_pages import marked_adjusted, newest
from tasks.sources.documents import reading
from tasks.sources.filedrops.layout import SENTINELS, Drop, Part, numbers, plain_symbol, wire_table
from tasks.sources.limits import MAX_CONTRACTS, check_json_values, unique_keys
from tasks.sources.source import Chain

_FIELDS = {"bid": "bid", "ask": "ask", "bid_size": "bidSize", "ask_size": "askSize", "iv": "volatility",
           "open_interest": "openInterest", "volume": "totalVolume", "delta": "delta"}  # fmt: skip
_MAPS = ("callExpDateMap", "putExpDateMap")


class Schwab:
    """The layout."""

    name = "schwab"
    needs = ("symbol", "status", *_MAPS)

    def split(self, body: bytes, where: str) -> list[Part]:
        """One file is one chain."""
        return [Part(symbol=plain_symbol(str(_document(body, where).get("symbol"))), body=body)]

    def read(self, body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Drop:
        """Read the chain; its clock is that of the quote that changed last.

        Raises
        ------
        SkippableError
            The chain failed, or a contract lacks what the pipeline stands on.
        """
        chain = read_documents([_document(body, f"{asset.symbol}: {url}")], asset.symbol, url)
        moment = chain.header.quote_at
        if moment is None:
            raise SkippableError(f"{asset.symbol}: {url}: expected quoteTimeInLong in milliseconds, found none")
        return Drop(**vars(chain), claimed=moment.date())


def read_documents(documents: Sequence[dict[str, Any]], symbol: str, url: str) -> Chain:
    """Read a chain from one document or from several windows of dates.

    Parameters
    ----------
    documents : sequence of dict
    symbol, url : str

    Returns
    -------
    Chain
        Its clock is that of the quote that changed last.

    Raises
    ------
    SkippableError
        A document says that it failed, or a contract lacks what the pipeline stands on.
    """
    where = f"{symbol}: {url}"
    for document in documents:
        if document.get("status") != "SUCCESS":
            raise SkippableError(f"{where}: expected status SUCCESS, found {str(document.get('status'))[:40]!r}")
    rows = pd.concat([_contracts(document, where) for document in documents], ignore_index=True)
    lost = [name for name in ("symbol", "quoteTimeInLong", *_FIELDS.values()) if name not in rows]
    if lost or len(rows) > MAX_CONTRACTS:
        raise SkippableError(f"{where}: expected up to {MAX_CONTRACTS} contracts with all fields, found "
                             f"{len(rows)} without {', '.join(lost) or 'none'}")  # fmt: skip
    option = rows["symbol"].astype("str").str.replace(" ", "", regex=False).str.lstrip("$")
    for name in ("nonStandard", "isNonStandard"):  # a deliverable that is not 100 shares
        if name in rows:
            option = marked_adjusted(option, rows[name].eq(True))
    values = pd.DataFrame({wire: numbers(rows[name]) for wire, name in _FIELDS.items()})
    values["iv"] = values["iv"].where(~values["iv"].isin(SENTINELS)) / 100.0
    header = ChainHeader(
        symbol=symbol, url=url, quote_at=newest(rows["quoteTimeInLong"], "ms"), contracts_count=len(rows),
        underlying_price_usd=float(numbers(pd.Series([documents[0].get("underlyingPrice")])).iloc[0]),
    )  # fmt: skip
    return Chain(header=header, table=wire_table(symbol, option, values), venue_scope="schwab")


def _document(body: bytes, where: str) -> dict[str, Any]:
    check_json_values(body, where)
    with reading(body, where, "a JSON object"):
        return dict(json.loads(body.decode("utf-8-sig"), object_pairs_hook=unique_keys))


def _contracts(document: dict[str, Any], where: str) -> pd.DataFrame:
    try:
        found = [contract for name in _MAPS for strikes in document[name].values()
                 for listed in strikes.values() for contract in listed]  # fmt: skip
        rows = pd.DataFrame([dict(contract) for contract in found])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SkippableError(f"{where}: expected {' and '.join(_MAPS)} of expiries, strikes and contracts: "
                             f"{type(error).__name__} {error}") from error  # fmt: skip
    if rows.empty:
        raise SkippableError(f"{where}: expected option contracts, found none")
    return rows
