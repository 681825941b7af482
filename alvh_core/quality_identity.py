"""Does a contract agree with itself: its OCC symbol, its root's settlement, its dates, its clock.

Facts only: what each column should say beside what it says. A source that delivers columns of its own can contradict
its symbol; one look per (underlying, root) or per date, never one per row.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.quotes import SECONDS_PER_YEAR, RootPairs, settlement_instants
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import Asset

SYMBOL_FAULTS = ("ROOT", "EXPIRY", "RIGHT", "STRIKE")
_LENGTH = 21


def identity_columns(quotes: pd.DataFrame, universe: Mapping[str, Asset],
                     calendar: TradingCalendar) -> dict[str, Any]:  # fmt: skip
    """Return what symbol, root and dates imply.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    universe : mapping of str to Asset
    calendar : TradingCalendar

    Returns
    -------
    dict of str to array
        ``symbol_status`` (OK or one of `SYMBOL_FAULTS`), ``root_settlement``, ``root_multiplier`` (NaN for an adjusted
        contract: its deliverable is its own), ``is_root_adjusted``, ``settle_gap_minutes``, ``dte_gap_days`` and
        ``years_gap_days``: stored value less the one that follows from the dates.
    """
    pairs = RootPairs.of(quotes["underlying"].astype("category"), quotes["root"].astype("category").array, universe)
    expiry = quotes["expiry_date"].to_numpy().astype("datetime64[D]")
    known = ~np.isnat(expiry)
    filled = np.where(known, expiry, np.datetime64("1970-01-01"))
    stored = pd.DatetimeIndex(quotes["settle_at_utc"]).tz_localize(None).to_numpy().astype("datetime64[s]")
    # by the contract's own settlement: one that is not its root's is said once, by its own rule
    due = settlement_instants(filled, quotes["settlement"], calendar)
    quoted = pd.DatetimeIndex(quotes["quote_at_utc"]).tz_localize(None).to_numpy().astype("datetime64[s]")
    years = np.maximum((stored - quoted) / np.timedelta64(1, "s") / SECONDS_PER_YEAR, 0.0)
    night = quotes["trade_date"].to_numpy().astype("datetime64[D]")
    dte = np.where(known, (filled - night).astype("float64"), np.nan)
    is_adjusted, multiplier = pairs.is_adjusted(), pairs.attribute("multiplier", np.nan).astype("float64")
    return {
        "symbol_status": _symbol_status(quotes, filled, known),
        "root_settlement": pairs.attribute("settlement", None),
        "root_multiplier": np.where(is_adjusted, np.nan, multiplier),
        "is_root_adjusted": is_adjusted,
        "settle_gap_minutes": np.where(known, (stored - due) / np.timedelta64(1, "m"), np.nan),
        "dte_gap_days": quotes["dte_days"].to_numpy(dtype="float64") - dte,
        "years_gap_days": (quotes["years"].to_numpy() - years) * 365.0,
    }


def _symbol_status(quotes: pd.DataFrame, expiry: NDArray[np.datetime64], known: NDArray[np.bool_]) -> Any:
    """Take the OCC symbols apart as bytes, all at once, and compare each part with its column."""
    if quotes.empty:
        return pd.Categorical([], categories=["OK", *SYMBOL_FAULTS])
    text = quotes["osi_symbol"].fillna("").to_numpy(dtype="object").astype(f"S{_LENGTH}")
    chars = text.view("u1").reshape(len(text), _LENGTH)
    digits = chars.astype("int64") - ord("0")
    is_symbol = ((digits[:, 6:12] >= 0) & (digits[:, 6:12] <= 9)).all(1) & (
        (digits[:, 13:] >= 0) & (digits[:, 13:] <= 9)
    ).all(1)  # what is no symbol breaks its own rule
    strike = digits[:, 13:] @ (10 ** np.arange(7, -1, -1)) / 1000.0
    yymmdd = digits[:, 6:12] @ (10 ** np.arange(5, -1, -1))
    root = np.ascontiguousarray(chars[:, :6]).view("S6").reshape(-1)
    roots = quotes["root"].astype("category")
    padded = np.array([str(name).ljust(6) for name in roots.cat.categories] + [""], dtype="S6")
    right = np.where(quotes["option_right"].eq("C").to_numpy(dtype=bool, na_value=False), ord("C"), ord("P"))
    is_right = quotes["option_right"].isin(["C", "P"]).to_numpy()
    year, month = expiry.astype("datetime64[Y]").astype("int64") + 1970, expiry.astype("datetime64[M]").astype("int64")
    day = (expiry - expiry.astype("datetime64[M]")).astype("int64") + 1
    expected = (year % 100) * 10_000 + (month % 12 + 1) * 100 + day
    broken = [
        is_symbol & (roots.cat.codes.to_numpy() >= 0) & (np.char.ljust(root, 6) != padded[roots.cat.codes.to_numpy()]),
        is_symbol & known & (yymmdd != expected),
        is_symbol & is_right & (chars[:, 12] != right),
        is_symbol & (np.abs(strike - quotes["strike_usd"].to_numpy()) > 5e-4),
    ]
    code = np.select(broken, [1, 2, 3, 4], default=0)
    return pd.Categorical.from_codes(code, pd.Index(["OK", *SYMBOL_FAULTS]))
