"""Fundamental ratios of a night: its close over what had been filed before it. Context beside the ladder, no trigger.

What cannot be told is empty and says why; nothing is carried over from an older report that the newest one lacks.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.actions import splits_since
from alvh_core.fundamentals.facts import (
    CASH_FLOW,
    CURRENT_ASSETS,
    CURRENT_LIABILITIES,
    DIVIDENDS,
    DIVIDENDS_PAID,
    EPS,
    INVENTORY,
    SHARES,
    UNITS,
    in_force,
    on_todays_shares,
)
from alvh_core.fundamentals.trailing import STALE_DAYS, trailing
from alvh_core.macro.history import KNOWN_FROM
from alvh_core.schemas import DAILY_RATIOS
from alvh_core.universe import Asset

MIN_SHARES = 1e5  # companies have filed 1, 100 and 1000 for shares
CLOSE_DAYS = 7  # an older close is none
_OK = "OK"
_FIELDS = ["value", "status", "fact_tag", "period_end_date", KNOWN_FROM]


def night_ratios(facts: pd.DataFrame, closes: pd.DataFrame, actions: pd.DataFrame, universe: Mapping[str, Asset],
                 trade_date: date, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `DAILY_RATIOS` of a night.

    Parameters
    ----------
    facts : DataFrame
        `FACTS`, validated.
    closes : DataFrame
        `CLOSES`.
    actions : DataFrame
        `DAILY_ACTIONS` of the night: facts are put on the shares of its close.
    universe : mapping of str to Asset
        Single stocks and whatever else has a number at the SEC get a row.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        Every value is empty unless the status beside it is OK; but earnings, cash flow and dividends stand where only
        the ratio made of them has no meaning (NOT_POSITIVE).
    """
    day = pd.Timestamp(trade_date)
    symbols = [s for s, asset in universe.items() if asset.cik is not None or asset.asset_class == "single_stock"]
    if not symbols:
        return frames.empty(DAILY_RATIOS)
    known = facts[facts["fact_unit"].astype("str") == facts["fact_tag"].astype("str").map(UNITS)]
    silent = _silent(symbols, known, universe)
    known = on_todays_shares(known, actions)
    sums = trailing(known, day)
    shares = _filled(_share_counts(known, day), silent)
    eps, cash = (_filled(_first(sums, tags), silent) for tags in (EPS, CASH_FLOW))
    dividends = _filled(_dividends(sums, shares), silent)
    quick = _filled(_quick_ratio(known, day), silent)
    close = _close(closes, actions, symbols, day)
    table = _table(close, shares, eps, cash, dividends, quick)
    used = [part.where(part["status"] == _OK) for part in (shares, eps, cash, dividends, quick)]
    statuses = table.filter(regex="_status$")
    table = table.assign(
        period_end_date=pd.concat([part["period_end_date"] for part in used[1:]], axis=1).max(axis=1),
        available_date=pd.concat([part[KNOWN_FROM] for part in used], axis=1).max(axis=1),
        is_stale=(close["bar_date"] != day) | (statuses == "STALE").any(axis=1),
    )  # fmt: skip
    return frames.of_night(table.reset_index(), DAILY_RATIOS, day, source_mode)


def _table(close: pd.DataFrame, shares: pd.DataFrame, eps: pd.DataFrame, cash: pd.DataFrame, dividends: pd.DataFrame,
           quick: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """Lay the facts and the ratios made of them side by side; the index holds the symbols."""
    cap = _combined(close, shares, close["value"] * shares["value"])
    answers = {
        ("market_cap_usd", "market_cap_status"): cap,
        ("pe_ratio", "pe_status"): _over(close, eps),
        ("pcf_ratio", "pcf_status"): _over(cap, cash),
        ("dividend_yield_frac", "yield_status"): _combined(close, dividends, dividends["value"] / close["value"]),
        ("earnings_cover", "cover_status"): _over(eps, dividends),
        ("shares_count", "shares_status"): shares, ("eps_ttm_usd", "eps_status"): eps,
        ("cfo_ttm_usd", "cfo_status"): cash, ("dividends_ttm_usd", "dividends_status"): dividends,
        ("quick_ratio", "quick_status"): quick,
    }  # fmt: skip
    columns = {name: part[field] for names, part in answers.items()
               for name, field in zip(names, ("value", "status"), strict=True)}  # fmt: skip
    tags = {"shares_tag": shares, "eps_tag": eps, "dividends_tag": dividends}
    columns |= {name: part["fact_tag"].where(part["status"] == _OK) for name, part in tags.items()}
    return pd.DataFrame(columns | {"close_usd": close["value"], "bar_date": close["bar_date"].where(
        close["status"] == _OK)}).rename_axis("symbol")  # fmt: skip


def _silent(symbols: list[str], facts: pd.DataFrame, universe: Mapping[str, Asset]) -> pd.Series:
    """Say of every symbol why it has no fact, if it should have none of a kind."""
    told = set(facts["symbol"].astype("str"))
    why = ["NO_CIK" if universe[s].cik is None else "NO_FACTS" if s not in told else "NOT_REPORTED" for s in symbols]
    return pd.Series(why, index=symbols, dtype="str")


def _filled(found: pd.DataFrame, silent: pd.Series) -> pd.DataFrame:
    """Return a row for every symbol, those without a fact with the reason."""
    rows = found.set_index("symbol").reindex(silent.index)[_FIELDS]
    return rows.assign(status=rows["status"].fillna(silent))


def _first(sums: pd.DataFrame, tags: Sequence[str]) -> pd.DataFrame:
    """Return per symbol the first tag that has an answer, else the first that is reported at all."""
    rows = sums[sums["fact_tag"].isin(tags)]
    order = rows["fact_tag"].map({tag: at for at, tag in enumerate(tags)})
    rows = rows.assign(_order=order, _fails=rows["status"] != _OK)
    return rows.sort_values(["symbol", "_fails", "_order"]).drop_duplicates("symbol")


def _share_counts(facts: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return the newest share count by the first tag a company ever used.

    Facts are those of the company as a whole: of several classes of shares the count freezes when classes begin to be
    told apart. Such a count is stale, and the next tag would count something else.
    """
    rows = _newest(facts, SHARES)
    order = rows["fact_tag"].map({tag: at for at, tag in enumerate(SHARES)})
    rows = rows.assign(_order=order).sort_values(["symbol", "_order"]).drop_duplicates("symbol")
    is_old = _age_days(rows, day) > STALE_DAYS
    status = np.select([is_old, ~(rows["value"] > MIN_SHARES)], ["STALE", "IMPLAUSIBLE"], _OK)
    return rows.assign(status=status, value=rows["value"].where(status == _OK))


def _dividends(sums: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return dividends per share as reported, else what was paid in all over the shares."""
    stated = _first(sums, DIVIDENDS)
    paid = _first(sums, DIVIDENDS_PAID).set_index("symbol", drop=False)
    count = shares.reindex(paid.index)
    status = paid["status"].where(paid["status"] != _OK, count["status"])
    known_from = np.maximum(paid[KNOWN_FROM], count[KNOWN_FROM].fillna(paid[KNOWN_FROM]))
    shared = paid.assign(value=(paid["value"] / count["value"]).where(status == _OK), status=status,
                         **{KNOWN_FROM: known_from})  # fmt: skip
    both = pd.concat([stated, shared.reset_index(drop=True)], ignore_index=True)
    return both.assign(_fails=both["status"] != _OK).sort_values("_fails", kind="stable").drop_duplicates("symbol")


def _quick_ratio(facts: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return current assets less inventory over current liabilities, all of the newest balance sheet of the three.

    Banks and property trusts publish no current classification. Where no inventory is reported nobody knows whether
    there is none or it has another name.
    """
    rows = _newest(facts, (CURRENT_ASSETS, INVENTORY, CURRENT_LIABILITIES))
    at = rows.groupby("symbol")["period_end_date"].transform("max")
    wide = rows[rows["period_end_date"] == at].pivot_table("value", index="symbol", columns="fact_tag", aggfunc="first")
    wide = wide.reindex(columns=[CURRENT_ASSETS, INVENTORY, CURRENT_LIABILITIES])
    dates = rows.groupby("symbol")[["period_end_date", KNOWN_FROM]].max()
    assets, inventory, liabilities = (wide[name] for name in wide)
    is_unclassified = assets.isna() | liabilities.isna()
    status = np.select(
        [_age_days(dates, day) > STALE_DAYS, is_unclassified, inventory.isna(), ~(liabilities > 0)],
        ["STALE", "NO_CURRENT_CLASSIFICATION", "NO_INVENTORY", "NOT_POSITIVE"], _OK,
    )  # fmt: skip
    found = dates.assign(value=((assets - inventory) / liabilities).where(status == _OK), status=status, fact_tag="")
    banks = facts[~facts["symbol"].astype("str").isin(found.index)]["symbol"].astype("str").unique()
    return pd.concat(
        [found.reset_index(), pd.DataFrame({"symbol": banks, "status": "NO_CURRENT_CLASSIFICATION"})], ignore_index=True
    )


def _newest(facts: pd.DataFrame, tags: Sequence[str]) -> pd.DataFrame:
    """Return the newest value of every company and tag that is in force; of periods that end together the shortest."""
    rows = in_force(facts[facts["fact_tag"].astype("str").isin(tags)]).rename(columns={"fact_value": "value"})
    rows = rows.astype({"symbol": "str", "fact_tag": "str"})
    rows = rows.sort_values(["period_end_date", "period_days"], ascending=[False, True], kind="stable")
    return rows.drop_duplicates(["symbol", "fact_tag"])[
        ["symbol", "fact_tag", "period_end_date", "value", KNOWN_FROM]
    ].reset_index(drop=True)  # fmt: skip


def _close(closes: pd.DataFrame, actions: pd.DataFrame, symbols: list[str], day: pd.Timestamp) -> pd.DataFrame:
    """Return the last close of every symbol, none older than `CLOSE_DAYS` or a split: of which shares is unknown."""
    rows = closes.assign(symbol=closes["symbol"].astype("str")).set_index("symbol").reindex(symbols)
    is_known = (rows["bar_date"] <= day) & ((day - rows["bar_date"]).dt.days <= CLOSE_DAYS)
    is_known.iloc[splits_since(pd.Series(symbols), rows["bar_date"], actions)["row"]] = False
    return pd.DataFrame({"value": rows["close_usd"].where(is_known), "bar_date": rows["bar_date"],
                         "status": np.where(is_known, _OK, "NO_CLOSE")}, index=rows.index)  # fmt: skip


def _over(numerator: pd.DataFrame, denominator: pd.DataFrame) -> pd.DataFrame:
    """Divide what has no meaning over nothing or less."""
    answer = _combined(numerator, denominator, numerator["value"] / denominator["value"])
    is_bad = (answer["status"] == _OK) & ~(denominator["value"] > 0)
    return answer.assign(status=answer["status"].mask(is_bad, "NOT_POSITIVE"), value=answer["value"].mask(is_bad))


def _combined(first: pd.DataFrame, second: pd.DataFrame, value: pd.Series) -> pd.DataFrame:
    """Return a value with the status of the first part that has none."""
    status = first["status"].where(first["status"] != _OK, second["status"])
    return pd.DataFrame({"value": value.where(status == _OK), "status": status})


def _age_days(rows: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    age: pd.Series = (day - rows["period_end_date"]).dt.days
    return age
