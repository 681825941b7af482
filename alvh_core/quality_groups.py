"""Facts about whole expiries and whole chains: do their parts belong together, and to this night.

One row per expiry or underlying, computed by grouping, never row by row. No limits: those are rules and packs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.columns import TWO_SIDED
from alvh_core.forwards import EXPIRY, expiry_numbers
from alvh_core.frames import as_mapping
from alvh_core.sessions import TradingCalendar, quote_clock

FEW = 8  # below so many strikes or quotes a coincidence is no evidence


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainContext:
    """What is known of a night beside its quotes; without a frame its facts are unknown.

    Attributes
    ----------
    calendar : TradingCalendar
    snapshots, bars : DataFrame, optional
        `SNAPSHOTS` and `DAILY_BARS`.
    """

    calendar: TradingCalendar
    snapshots: pd.DataFrame | None = None
    bars: pd.DataFrame | None = None


def expiry_columns(quotes: pd.DataFrame, forwards: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """Describe the inside of every expiry.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`; adjusted contracts do not count.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    bounds : DataFrame
        Per symbol, see `expectations.packs`.

    Returns
    -------
    DataFrame
        `EXPIRY`, ``contracts_count``, ``two_sided_frac``, ``centre_frac`` (median strike over the chain's forward),
        ``term_frac`` (own forward over the chain's), ``paired_frac`` (share of strikes with call and put; NaN with
        fewer than eight), ``wrong_delta_frac`` (share of vendor deltas of the wrong sign), ``same_quotes_count`` (other
        expiries of the chain with the very same quotes), ``distinct_quotes_count`` (NaN with fewer than eight two-sided
        contracts), ``twin_gap_frac`` (forward against that of another root of the same date), ``dte_days`` and the
        bounds they are held against.
    """
    named = [*EXPIRY, "strike_usd", "option_right", "vendor_delta", "dte_days", "quote_flag", "bid_usd", "ask_usd"]
    number = expiry_numbers(quotes)
    counted = ~quotes["is_adjusted"].to_numpy(dtype=bool) & (number >= 0)
    frame = quotes.loc[counted, named].assign(expiry_no=number[counted])
    frame["quoted"] = frame["quote_flag"].isin(TWO_SIDED)
    side = np.where(frame["option_right"] == "C", 1.0, -1.0) * frame["vendor_delta"]
    frame["is_wrong"] = np.where(side.abs() > 0.01, side < -0.01, np.nan)  # numbers: objects are averaged one by one
    facts = frame.groupby("expiry_no").agg(
        contracts_count=("quoted", "size"), two_sided_frac=("quoted", "mean"), strike=("strike_usd", "median"),
        wrong_delta_frac=("is_wrong", "mean"), dte_days=("dte_days", "first"), strikes=("strike_usd", "nunique"),
    )  # fmt: skip
    sides = frame.drop_duplicates(["expiry_no", "strike_usd", "option_right"])
    pairs = sides.groupby("expiry_no").size() - facts["strikes"]
    facts["paired_frac"] = (pairs / facts["strikes"]).where(facts["strikes"] >= FEW)
    keys = frame.drop_duplicates("expiry_no").set_index("expiry_no")[EXPIRY].sort_index()
    facts = keys.join(facts).join(_repetition(frame, keys["underlying"].astype("str"))).reset_index(drop=True)
    facts = facts.merge(forwards[[*EXPIRY, "forward_usd"]], on=EXPIRY, how="left")
    symbol = facts["underlying"].astype("str")
    chain = facts["forward_usd"].groupby(symbol).transform("median")
    twins = facts.groupby(["underlying", "expiry_date"], observed=True)["forward_usd"]
    facts = facts.assign(
        centre_frac=facts["strike"] / chain, term_frac=facts["forward_usd"] / chain,
        twin_gap_frac=twins.transform("max") / twins.transform("min") - 1.0,
        same_quotes_count=facts["same_quotes_count"].fillna(0),
    )  # fmt: skip
    limits = bounds.reindex(symbol)[
        ["centre_low_frac", "centre_high_frac", "term_low_frac", "term_high_frac", "max_dte_days"]
    ]
    facts = facts.assign(**{str(name): limits[name].to_numpy() for name in limits})
    return facts.drop(columns=["strike", "strikes", "forward_usd"])


def _repetition(frame: pd.DataFrame, symbol: pd.Series) -> pd.DataFrame:
    """Fingerprint the quotes of every expiry: the same under two dates is a copy, all alike is a filling."""
    quoted = frame[frame["quoted"]]
    quote = quoted[["strike_usd", "bid_usd", "ask_usd"]].assign(is_call=quoted["option_right"].eq("C"))
    hashed = pd.DataFrame({
        "expiry_no": quoted["expiry_no"].to_numpy(),
        "print": pd.util.hash_pandas_object(quote, index=False).to_numpy().astype("uint64"),
        "pair": pd.util.hash_pandas_object(quote[["bid_usd", "ask_usd"]], index=False).to_numpy(),
    })  # fmt: skip
    facts = hashed.groupby("expiry_no").agg(print=("print", "sum"), pairs=("pair", "nunique"), count=("pair", "size"))
    many = facts["count"] >= FEW
    same = facts.groupby([symbol.reindex(facts.index), "print"])["count"].transform("size") - 1.0
    return pd.DataFrame({"same_quotes_count": same.where(many, 0.0),
                         "distinct_quotes_count": facts["pairs"].astype("float64").where(many)})  # fmt: skip


def chain_columns(quotes: pd.DataFrame, forwards: pd.DataFrame, context: ChainContext,
                  bounds: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """Describe every chain of the night as a whole.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES` with ``is_off_tick``, ``two_sided``, ``zero`` and ``rejected``, truth values.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    context : ChainContext
    bounds : DataFrame
        Per symbol, see `expectations.packs`.

    Returns
    -------
    DataFrame
        ``underlying``, ``contracts_count``, ``two_sided_frac``, ``zero_quote_frac``, ``rejected_frac``,
        ``call_frac`` (share of calls), ``bodies_count`` (payloads and quote times it was made of),
        ``quote_age_minutes``, ``due_clock`` and ``quote_clock``, ``is_session`` and ``is_of_session``,
        ``off_tick_frac``, ``spot_frac`` (nearest forward over the vendor's price), ``close_frac`` (over the last close)
        and their bounds.
    """
    grouped = quotes.assign(is_call=quotes["option_right"].eq("C")).groupby("underlying", observed=True)
    facts = grouped.agg(
        contracts_count=("two_sided", "size"), two_sided_frac=("two_sided", "mean"), zero_quote_frac=("zero", "mean"),
        rejected_frac=("rejected", "mean"), call_frac=("is_call", "mean"), bodies=("payload_sha256", "nunique"),
        times=("quote_at_utc", "nunique"), quote_age_minutes=("quote_age_minutes", "min"),
        quote_clock=("quote_clock", "first"),
        quote_at_utc=("quote_at_utc", "first"), trade_date=("trade_date", "first"),
        off_tick_frac=("is_off_tick", "mean"),
    ).reset_index()  # fmt: skip
    facts["underlying"] = facts["underlying"].astype("str")
    facts["bodies_count"] = facts[["bodies", "times"]].max(axis=1)
    facts["quote_clock"] = facts["quote_clock"].astype("str")
    facts = facts.assign(**_clock(facts, context.calendar))
    facts = facts.merge(_nearest_forward(forwards), on="underlying", how="left")
    spots = _lookup(context.snapshots, "underlying", "underlying_price_usd")
    closes = _lookup(context.bars, "symbol", "close_usd", order="bar_date")
    for name, prices in (("spot_frac", spots), ("close_frac", closes)):
        price = facts["underlying"].map(prices).astype("float64")  # one nobody knows maps to objects
        facts[name] = facts["forward_usd"] / price.where(price > 0)
    limits = bounds.reindex(facts["underlying"])
    named = ["spot_low_frac", "spot_high_frac", "close_low_frac", "close_high_frac"]
    facts = facts.assign(**{name: limits[name].to_numpy() for name in named})
    return facts.drop(columns=["bodies", "times", "forward_usd", "quote_at_utc", "trade_date"])


def _clock(facts: pd.DataFrame, calendar: TradingCalendar) -> dict[str, Any]:
    """Name the clock that quote time and session give, and tell whether the night is a session and theirs."""
    due, sessions, mine = [], [], []
    rows: Iterator[Any] = facts.itertuples(index=False)
    for row in rows:
        day = pd.Timestamp(row.trade_date).date()
        is_session = calendar.is_session(day)
        sessions.append(is_session)
        if not is_session:
            due.append(str(row.quote_clock))
            mine.append(True)  # said once, by its own rule
            continue
        session = calendar.session(day)
        left = (session.close_at_utc - row.quote_at_utc).total_seconds() / 60.0
        length = (session.close_at_utc - session.open_at_utc).total_seconds() / 60.0
        due.append(quote_clock(left, length))
        mine.append(calendar.session_of(row.quote_at_utc) == day)
    return {"due_clock": due, "is_session": sessions, "is_of_session": mine}


def _nearest_forward(forwards: pd.DataFrame) -> pd.DataFrame:
    known = forwards[forwards["forward_usd"].notna()].sort_values("years")
    named = known.assign(underlying=known["underlying"].astype("str"))[["underlying", "forward_usd"]]
    return named.drop_duplicates("underlying")


def _lookup(frame: pd.DataFrame | None, key: str, value: str, order: str | None = None) -> dict[str, float]:
    if frame is None:
        return {}
    ordered = frame[[key, order, value]].sort_values(order) if order else frame
    last = ordered.drop_duplicates(key, keep="last")
    return as_mapping(last, key, value)
