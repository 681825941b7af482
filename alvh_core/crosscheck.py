"""Two feeds of the same chain, compared by their spreads: whether they agree, and whose quotes that makes them.

A sample of symbols a night, the same for everybody who runs the night. Fetching both is the sources' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.schemas import CROSS_CHECK
from alvh_core.universe import Asset

AGREES, DIFFERS, INSUFFICIENT = "AGREES", "DIFFERS", "INSUFFICIENT"
DATASET = "cross_check"  # the payloads of the second feed
ALWAYS = "VIX"
SAMPLE_FRAC, SAMPLE_MOST = 0.05, 5  # of the universe; a second source has a limit per minute
# Judgements, all three:
LIMIT_FRAC = 0.25  # most that one median spread may lie above the other
MIN_PAIRS = 30  # fewer contracts with two sides in both feeds say nothing
MAX_GAP_MINUTES = 45.0  # quotes taken further apart are of two markets


@dataclass(frozen=True, kw_only=True, eq=False)
class Feed:
    """One chain as one source gave it.

    Attributes
    ----------
    quotes : DataFrame
        ``option`` (OCC symbol, blanks or not), ``bid`` and ``ask``. [USD per share]
    scope : str
        Whose best quotes, as far as known.
    quote_at_utc : Timestamp
    payload_sha256 : str
    """

    quotes: pd.DataFrame
    scope: str
    quote_at_utc: pd.Timestamp
    payload_sha256: str


def sample(symbols: list[str], day: date) -> list[str]:
    """Return the symbols to compare on a night: VIX, and others in turn so that all have theirs.

    Parameters
    ----------
    symbols : list of str
        Of the universe.
    day : date

    Examples
    --------
    >>> sample(["VIX", "SPX", "KO"], date(2026, 7, 16)), sample(["VIX", "SPX", "KO"], date(2026, 7, 17))
    (['VIX', 'SPX'], ['VIX', 'KO'])
    """
    others = [symbol for symbol in symbols if symbol != ALWAYS]
    count = min(max(round(SAMPLE_FRAC * len(symbols)), 1), SAMPLE_MOST, len(others))
    # counted in weekdays: by calendar days, some would always have their turn on a Sunday
    start = count * int(np.busday_count("1970-01-01", day))
    in_turn = [others[(start + at) % len(others)] for at in range(count)]
    return [*(symbol for symbol in symbols if symbol == ALWAYS), *in_turn]


def compare(asset: Asset, default: Feed | None, second: Feed) -> dict[str, Any]:
    """Compare the spreads of one chain in two feeds, contract by contract that has two sides in both.

    Parameters
    ----------
    asset : Asset
    default : Feed, optional
        None where the night has no chain of the symbol.
    second : Feed

    Returns
    -------
    dict
        A row of `CROSS_CHECK` without its night.
    """
    row: dict[str, Any] = {
        "symbol": asset.symbol, "venue_scope": default.scope if default else None, "second_scope": second.scope,
        "compared_count": 0, "default_spread_frac": None, "second_spread_frac": None, "spread_ratio": None,
        "clock_gap_minutes": None, "payload_sha256": second.payload_sha256, "cross_check": INSUFFICIENT,
    }  # fmt: skip
    if default is None or default.payload_sha256 == second.payload_sha256:
        return row | {"check_note": "the night has no chain of the default feed to compare with"}
    gap = (default.quote_at_utc - second.quote_at_utc).total_seconds() / 60.0
    theirs_alone = _two_sided(second.quotes).rename(columns={"spread": "spread_second"})
    both = _two_sided(default.quotes).join(theirs_alone, how="inner")
    row |= {"clock_gap_minutes": gap, "compared_count": len(both)}
    if len(both):
        mine, theirs = (float(both[name].median()) for name in ("spread", "spread_second"))
        row |= {"default_spread_frac": mine, "second_spread_frac": theirs,
                "spread_ratio": mine / theirs if theirs > 0.0 else None}  # fmt: skip
    return row | _judged(row, is_single_listed=asset.is_index)


def _two_sided(quotes: pd.DataFrame) -> pd.DataFrame:
    """Return spreads over mids by OCC symbol; a symbol that stands there twice counts for nothing."""
    names = quotes["option"].astype("str").str.replace(" ", "", regex=False)
    bid, ask = quotes["bid"].astype("float64"), quotes["ask"].astype("float64")
    spread = pd.DataFrame({"spread": 2.0 * (ask - bid) / (ask + bid)}).set_index(pd.Index(names, name="option"))
    kept = ((bid > 0.0) & (ask >= bid) & np.isfinite(ask)).to_numpy() & ~spread.index.duplicated(keep=False)
    return spread[kept]


def _judged(row: Mapping[str, Any], *, is_single_listed: bool) -> dict[str, str]:
    """Return verdict and note."""
    count, ratio, gap = row["compared_count"], row["spread_ratio"], row["clock_gap_minutes"]
    if count < MIN_PAIRS or ratio is None or ratio <= 0.0:
        note = f"{count} contracts have two sides in both feeds and a spread, expected {MIN_PAIRS}"
        return {"cross_check": INSUFFICIENT, "check_note": note}
    if np.isnan(gap):
        return {"cross_check": INSUFFICIENT, "check_note": "when the quotes of one feed were taken is not known"}
    if abs(gap) > MAX_GAP_MINUTES:
        note = f"the quotes were taken {abs(gap):.0f} minutes apart, expected at most {MAX_GAP_MINUTES:.0f}"
        return {"cross_check": INSUFFICIENT, "check_note": note}
    if ratio > 1.0 + LIMIT_FRAC:
        note = "the default feed is wider: one venue's own book, or quotes of another moment"
        return {"cross_check": DIFFERS, "check_note": note}
    if 1.0 / ratio > 1.0 + LIMIT_FRAC:
        note = "the default feed is narrower: the second is late, or the default is not what can be traded"
        return {"cross_check": DIFFERS, "check_note": note}
    alone = "listed at one exchange: its book is the best quote, so this says nothing of others"
    note = alone if is_single_listed else "as narrow as the best of all venues: no sign of one venue's own book"
    return {"cross_check": AGREES, "check_note": note}


def cross_check_rows(rows: list[dict[str, Any]], trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return `CROSS_CHECK` of a night."""
    return frames.of_night(pd.DataFrame(rows), CROSS_CHECK, trade_date, source_mode)
