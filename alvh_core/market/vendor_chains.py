"""The same night as other vendors send it: Tradier, Massive and Schwab JSON, from the columns of one chain.

Field names, sentinels and epochs are each vendor's own, quirks included. Nothing is quoted here that Cboe's file of the
night does not hold: what a field of it says, every vendor says in its own words.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from alvh_core.market.activity import NEVER, Columns
from alvh_core.market.wire import DECIMALS

MASSIVE_PAGE_LIMIT = 250
_NEW_YORK = ZoneInfo("America/New_York")
_QUOTE_AGES_SECONDS = 40  # quotes last changed within so many seconds before the close
_NOT_COMPUTED = -999.0
_OSI_ROOT = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Night:
    """One chain of one night.

    Attributes
    ----------
    symbol : str
    is_index : bool
    session : date
    columns : dict of str to ndarray
        As from `alvh_core.market.chain.ChainSource.columns`.
    days : list of str
        ISO dates of the sessions back from tonight.
    header : mapping
        As from `alvh_core.market.header.chain_header`.
    """

    symbol: str
    is_index: bool
    session: date
    columns: Columns
    days: Sequence[str]
    header: Mapping[str, Any]

    @cached_property
    def expiry(self) -> NDArray[np.str_]:
        """ISO date of expiry of every contract."""
        return np.array([f"20{text[-6:-4]}-{text[-4:-2]}-{text[-2:]}" for text in self.columns["series"].tolist()])

    def positions(self, first: str, last: str) -> NDArray[np.int64]:
        """Return the rows that expire from one ISO date to another."""
        return np.flatnonzero((self.expiry >= first) & (self.expiry <= last))

    def contracts(self, kept: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
        """Give some contracts, numbers as Cboe rounds them."""
        lists = {name: column[kept].tolist() for name, column in self._table.items()}
        for values in zip(*lists.values(), strict=True):
            yield dict(zip(lists, values, strict=True))

    @cached_property
    def _table(self) -> Columns:
        """All contracts, with what every vendor makes of their names and clocks; cut once for all pages."""
        found, age = self.columns, self.columns["trade_age"]
        numbers: Columns = {name: np.rint(found[name] * 10**places) / 10**places for name, places in DECIMALS.items()}
        roots = [text[:-6] for text in found["series"].tolist()]
        opened = np.array([self.epoch(day) for day in self.days])
        return numbers | {
            "right": found["right"], "expiry": self.expiry, "root": np.array(roots, dtype=object),
            "traded": np.where(age == NEVER, 0, opened[age] + found["trade_second"]),
            "quoted": self.epoch(self.header["last_trade_time"]) - np.arange(len(age)) % _QUOTE_AGES_SECONDS,
            "strike": found["strike_code"].astype(np.int64) / 1000.0,
            "is_adjusted": np.array([root[-1].isdigit() for root in roots]),
            "occ": found["series"] + found["right"] + found["strike_code"],
            "has_greeks": (numbers["iv"] != 0.0) | (numbers["delta"] != 0.0),
        }  # fmt: skip

    @staticmethod
    def epoch(moment: str) -> int:
        """Return a New York wall time, or the start of a day, in seconds since 1970."""
        return int(datetime.fromisoformat(moment).replace(tzinfo=_NEW_YORK).timestamp())


def tradier_page(night: Night, asked: Mapping[str, str]) -> bytes | None:
    """Return Tradier's expiries, chain of an expiry, or quote of the underlying; None for another page."""
    page = asked.get("page")
    if page == "options/expirations":
        return _body({"expirations": _collapsed("date", sorted(set(night.expiry.tolist())))})
    if page == "options/chains":
        rows = night.contracts(night.positions(asked.get("expiration", "-"), asked.get("expiration", "-")))
        return _body({"options": _collapsed("option", [_tradier(night, row) for row in rows])})
    if page != "quotes":
        return None
    header = night.header
    quote = {
        "symbol": night.symbol, "type": "index" if night.is_index else "etf", "last": header["current_price"],
        "volume": header["volume"], "bid": header["bid"], "ask": header["ask"], "prevclose": header["prev_day_close"],
        "trade_date": 1000 * night.epoch(str(night.session)),
    }  # fmt: skip
    return _body({"quotes": {"quote": quote}})


def _collapsed(name: str, rows: list[Any]) -> Any:
    """Send a list the way JSON made of XML does."""
    return {name: rows if len(rows) > 1 else rows[0]} if rows else None


def _tradier(night: Night, row: dict[str, Any]) -> dict[str, Any]:
    traded, has_bid = row["volume"] > 0, row["bid"] > 0
    greeks = {
        **{name: row[name] for name in ("delta", "gamma", "theta", "vega", "rho")}, "phi": 0.0,
        "bid_iv": row["iv"] if has_bid else 0.0, "mid_iv": row["iv"], "ask_iv": row["iv"], "smv_vol": row["iv"],
        "updated_at": _utc_text(row["quoted"] - 1800),
    }  # fmt: skip
    return {
        "symbol": row["occ"], "exch": "C", "type": "option", "last": row["last_trade_price"] or None,
        "change": row["change"] if traded else None, "volume": int(row["volume"]),
        **{name: row[name] or None for name in ("open", "high", "low")}, "close": None,
        "bid": row["bid"], "ask": row["ask"], "underlying": night.symbol, "strike": row["strike"],
        "change_percentage": row["percent_change"] if traded else None, "average_volume": 0,
        "trade_date": 1000 * row["traded"], "bidsize": int(row["bid_size"]), "bidexch": "C" if has_bid else None,
        "bid_date": 1000 * row["quoted"] if has_bid else 0, "asksize": int(row["ask_size"]), "askexch": "C",
        "ask_date": 1000 * row["quoted"], "open_interest": int(row["open_interest"]),
        "contract_size": 25 if row["is_adjusted"] else 100, "expiration_date": row["expiry"],
        "expiration_type": "standard", "option_type": "call" if row["right"] == "C" else "put",
        "root_symbol": row["root"], "greeks": greeks if row["has_greeks"] else None,
    }  # fmt: skip


@lru_cache(maxsize=_QUOTE_AGES_SECONDS)
def _utc_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


def massive_page(night: Night, asked: Mapping[str, str]) -> bytes:
    """Return a page of Massive's snapshot; what the next page needs stands in the cursor of its address."""
    if "cursor" in asked:
        asked = dict(asked) | json.loads(base64.urlsafe_b64decode(asked["cursor"]))
    start = int(asked.get("start", 0))
    limit = min(int(asked.get("limit", 10)), MASSIVE_PAGE_LIMIT)
    first, last = asked.get("expiration_date.gte", ""), asked.get("expiration_date.lte", "9999")
    rows = night.positions(first, last)
    results = [_massive(night, row) for row in night.contracts(rows[start : start + limit])]
    page: dict[str, Any] = {"request_id": "0a1b2c3d4e5f", "status": "OK", "results": results}
    if start + limit < len(rows):
        state = {"start": start + limit, "limit": limit, "expiration_date.gte": first, "expiration_date.lte": last}
        cursor = base64.urlsafe_b64encode(json.dumps(state).encode()).decode()
        page["next_url"] = f"https://api.massive.com/v3/snapshot/options/{asked['name']}?cursor={cursor}"
    return _body(page)


def _massive(night: Night, row: dict[str, Any]) -> dict[str, Any]:
    nanoseconds = 1_000_000_000
    day = {"change": row["change"], "change_percent": row["percent_change"], "close": row["last_trade_price"],
           "high": row["high"], "low": row["low"], "open": row["open"], "volume": int(row["volume"]),
           "last_updated": nanoseconds * night.epoch(str(night.session))}  # fmt: skip
    found = {
        "day": day if row["volume"] > 0 else {},
        "details": {"contract_type": "call" if row["right"] == "C" else "put", "expiration_date": row["expiry"],
                    "exercise_style": "european" if night.is_index else "american",
                    "shares_per_contract": 25 if row["is_adjusted"] else 100, "strike_price": row["strike"],
                    "ticker": f"O:{row['occ']}"},
        "greeks": {name: row[name] for name in ("delta", "gamma", "theta", "vega")} if row["has_greeks"] else {},
        "last_quote": {"ask": row["ask"], "ask_size": int(row["ask_size"]), "bid": row["bid"],
                       "bid_size": int(row["bid_size"]), "last_updated": nanoseconds * row["quoted"],
                       "midpoint": (row["bid"] + row["ask"]) / 2.0, "timeframe": "DELAYED"},
        "open_interest": int(row["open_interest"]),
        "underlying_asset": {"ticker": f"I:{night.symbol}" if night.is_index else night.symbol, "timeframe": "DELAYED",
                             "value" if night.is_index else "price": night.header["current_price"]},
    }  # fmt: skip
    return found | ({"implied_volatility": row["iv"]} if row["iv"] else {})


def schwab_chain(night: Night, asked: Mapping[str, str]) -> bytes:
    """Return Schwab's chain, or the window of it that was asked for; no contracts are a failure with status 200."""
    rows = night.positions(asked.get("fromDate", ""), asked.get("toDate", "9999"))
    maps: dict[str, dict[str, dict[str, list[Any]]]] = {"callExpDateMap": {}, "putExpDateMap": {}}
    for row in night.contracts(rows):
        days = (date.fromisoformat(row["expiry"]) - night.session).days
        strikes = maps["callExpDateMap" if row["right"] == "C" else "putExpDateMap"]
        strikes.setdefault(f"{row['expiry']}:{days}", {}).setdefault(str(row["strike"]), []).append(_schwab(row))
    return _body({
        "symbol": asked.get("symbol", night.symbol), "status": "SUCCESS" if len(rows) else "FAILED", "underlying": None,
        "strategy": "SINGLE", "interval": 0.0, "isDelayed": True, "isIndex": night.is_index,
        "underlyingPrice": night.header["current_price"], "numberOfContracts": len(rows), **maps,
    })  # fmt: skip


def _schwab(row: dict[str, Any]) -> dict[str, Any]:
    greeks = {name: row[name] if row["has_greeks"] else _NOT_COMPUTED
              for name in ("delta", "gamma", "theta", "vega", "rho")}  # fmt: skip
    return {
        "putCall": "CALL" if row["right"] == "C" else "PUT",
        "symbol": f"{row['root']:<{_OSI_ROOT}}{row['occ'][len(row['root']) :]}", "bid": row["bid"], "ask": row["ask"],
        "last": row["last_trade_price"], "mark": (row["bid"] + row["ask"]) / 2.0, "bidSize": int(row["bid_size"]),
        "askSize": int(row["ask_size"]), "totalVolume": int(row["volume"]), "tradeTimeInLong": 1000 * row["traded"],
        "quoteTimeInLong": 1000 * row["quoted"], "volatility": round(100.0 * row["iv"], 2) or _NOT_COMPUTED, **greeks,
        "openInterest": int(row["open_interest"]), "strikePrice": row["strike"], "expirationDate": row["expiry"],
        "optionRoot": row["root"], "multiplier": 100.0, "nonStandard": row["is_adjusted"],
    }  # fmt: skip


def _body(document: Any) -> bytes:
    return json.dumps(document).encode()
