"""Facts that companies report: which ones count, and what had been reported when a night came.

Tag, unit and period identify a fact. The fiscal year and quarter beside it do not: they describe the filing, which
repeats the periods of the year before. Ratios are in `ratios`; downloading is a source's business.
"""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from alvh_core import frames
from alvh_core.actions import splits_since
from alvh_core.macro.history import KNOWN_FROM, SUPERSEDED
from alvh_core.schemas import FACTS

PER_SHARE = "USD/shares"
# Tags in the order of trust: where a company reports the first, the next is not looked at.
SHARES = ("EntityCommonStockSharesOutstanding", "CommonStockSharesOutstanding",
          "WeightedAverageNumberOfDilutedSharesOutstanding")  # fmt: skip
EPS = ("EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted", "EarningsPerShareBasic")
DIVIDENDS = ("CommonStockDividendsPerShareDeclared", "CommonStockDividendsPerShareCashPaid")
DIVIDENDS_PAID = ("PaymentsOfDividendsCommonStock",)  # in all, so over the shares
CASH_FLOW = ("NetCashProvidedByUsedInOperatingActivities",
             "NetCashProvidedByUsedInOperatingActivitiesContinuingOperations")  # fmt: skip
CURRENT_ASSETS, INVENTORY, CURRENT_LIABILITIES = "AssetsCurrent", "InventoryNet", "LiabilitiesCurrent"
UNITS: Mapping[str, str] = {
    **dict.fromkeys(SHARES, "shares"),
    **dict.fromkeys((*EPS, *DIVIDENDS), PER_SHARE),
    **dict.fromkeys((*DIVIDENDS_PAID, *CASH_FLOW, CURRENT_ASSETS, INVENTORY, CURRENT_LIABILITIES), "USD"),
}
KEPT_DAYS = 900  # two fiscal years and the time to report them
PERIOD = ["symbol", "fact_tag", "fact_unit", "period_end_date", "period_days"]
_DAY = pd.Timedelta(days=1)


def night_facts(found: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return `FACTS` of a night: what companies had reported, with every restatement that was known.

    Parameters
    ----------
    found : DataFrame
        ``symbol``, ``fact_tag``, ``fact_unit``, ``start_date`` (NaT for a balance), ``end_date``, ``fact_value``,
        ``filed_date``, ``filing_form``, ``row_position``, ``payload_sha256``; may be empty and without columns.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        Periods that ended in the last `KEPT_DAYS`, and the newest of every tag however old it is.

    Notes
    -----
    The stamp of a filing is a day without a time; one of the night's own day may have come after the close that the
    ratios use. So a fact is known from the day after. A later filing that repeats a value says nothing new.
    """
    if found.empty:
        return frames.empty(FACTS)
    day = pd.Timestamp(trade_date)
    rows = found.rename(columns={"end_date": "period_end_date"})
    length = (rows["period_end_date"] - rows["start_date"]).dt.days + 1
    rows = rows.assign(trade_date=day, source_mode=source_mode, period_days=length.fillna(0).astype("int64"),
                       known_from_date=rows["filed_date"] + _DAY)  # fmt: skip
    known = frames.conform(rows[rows[KNOWN_FROM] <= day], FACTS)
    return frames.conform(_kept(_told_once(known), day), FACTS)


def in_force(facts: pd.DataFrame) -> pd.DataFrame:
    """Return one row per period: the value that stood when the night came."""
    return facts[facts[SUPERSEDED].isna()].reset_index(drop=True)


def on_todays_shares(facts: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return facts on the share count of the night: a close is, and what was filed before a split is not.

    A filing of the ex date or later tells every period in new shares (SEC, Staff Accounting Bulletin topic 4.C).

    Parameters
    ----------
    facts : DataFrame
        `FACTS` of a night.
    actions : DataFrame
        `DAILY_ACTIONS` of the night.

    Returns
    -------
    DataFrame
        The same rows; counts of shares times the splits since they were filed, dollars per share over them.
    """
    later = splits_since(facts["symbol"], facts["filed_date"], actions)
    if later.empty:  # as on most nights
        return facts
    factor = later.groupby("row")["split_ratio"].prod().reindex(range(len(facts)), fill_value=1.0).to_numpy()
    power = facts["fact_unit"].astype("str").map({"shares": 1.0, PER_SHARE: -1.0}).fillna(0.0).to_numpy()
    return facts.assign(fact_value=facts["fact_value"] * factor**power)


def splits_seen(facts: pd.DataFrame) -> pd.DataFrame:
    """Return from when a per-share fact is known to be told in other shares than before.

    A split makes a company restate what it earned per share; what is not restated yet cannot be added to what is,
    unless a source tells the split (`on_todays_shares`).

    Parameters
    ----------
    facts : DataFrame
        `FACTS` of a night.

    Returns
    -------
    DataFrame
        ``symbol``, ``fact_tag``, ``split_from_date``: the newest restatement by half or more.
    """
    rows = _ordered(facts[facts["fact_unit"].astype("str") == PER_SHARE])
    moved = (rows["fact_value"] / rows.groupby(PERIOD)["fact_value"].shift()).abs()
    rows = rows[(moved > 1.5) | (moved < 1.0 / 1.5)]
    return rows.groupby(["symbol", "fact_tag"])[KNOWN_FROM].max().rename("split_from_date").reset_index()


def _told_once(known: pd.DataFrame) -> pd.DataFrame:
    """Drop repeated values and date the end of those that were restated."""
    rows = _ordered(known).drop_duplicates([*PERIOD, KNOWN_FROM, "fact_value"])
    before = rows.groupby(PERIOD)["fact_value"].shift()
    rows = rows[rows["fact_value"] != before]
    return rows.assign(**{SUPERSEDED: rows.groupby(PERIOD)[KNOWN_FROM].shift(-1)})


def _kept(rows: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    newest = rows.groupby(["symbol", "fact_tag", "fact_unit"])["period_end_date"].transform("max")
    is_recent = rows["period_end_date"] >= day - KEPT_DAYS * _DAY
    return rows[is_recent | (rows["period_end_date"] == newest)]


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by period and filing, names as plain text: as categories they would group by what is not there."""
    plain = rows.astype({"symbol": "str", "fact_tag": "str", "fact_unit": "str"})
    return plain.sort_values([*PERIOD, KNOWN_FROM, "row_position"], kind="stable")
