"""The last four quarters of what a company reports for periods, where quarters and years to date stand side by side.

Fourth quarters are not reported: each is the year less its first nine months. What is taken for which period is told by
its length in days, for fiscal years end on any day and may have 53 weeks.
"""

import numpy as np
import pandas as pd

from alvh_core.fundamentals.facts import in_force, splits_seen
from alvh_core.macro.history import KNOWN_FROM

# Lengths that count as one, two, three quarters and a year. [days, both ends counted]
LENGTHS_DAYS = ((80, 100), (170, 190), (260, 285), (350, 380))
YEAR_DAYS = LENGTHS_DAYS[-1]
GAP_DAYS = 7  # between two quarters that follow one another
STALE_DAYS = 200  # half a year and the time to report it
NAME = ["symbol", "fact_tag"]
_DAY = pd.Timedelta(days=1)


def trailing(facts: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    """Return the sum of the last four reported quarters of every company and tag.

    Parameters
    ----------
    facts : DataFrame
        `FACTS` of a night.
    trade_date : Timestamp

    Returns
    -------
    DataFrame
        One row per symbol and tag: ``value`` (NaN unless OK), ``status`` (OK, INCOMPLETE, STALE, MIXED_SPLITS),
        ``period_end_date``, ``known_from_date`` of the newest fact used.

    Notes
    -----
    A fiscal year that ends last stands as reported. Else four quarters that follow one another are added, each as
    reported or, failing that, the difference of two periods that began on the same day. Earnings per share add up only
    approximately: every quarter has its own count of shares.
    """
    flows = _flows(in_force(facts))
    years = flows[flows["quarters"] == len(LENGTHS_DAYS)]
    sums = pd.concat([years, _four_quarters(_quarters(flows))], ignore_index=True)
    sums = sums.sort_values([*NAME, "period_end_date"], kind="stable").drop_duplicates([*NAME, "period_end_date"])
    newest = flows.groupby(NAME)["period_end_date"].max().reset_index()
    answer = newest.merge(sums, how="left", on=[*NAME, "period_end_date"])
    answer = answer.merge(splits_seen(facts), how="left", on=NAME)
    is_old = (trade_date - answer["period_end_date"]).dt.days > STALE_DAYS
    is_mixed = answer["oldest_from_date"] < answer["split_from_date"]
    status = np.select([is_old, answer["value"].isna(), is_mixed], ["STALE", "INCOMPLETE", "MIXED_SPLITS"], "OK")
    value = answer["value"].where(status == "OK")
    return answer[[*NAME, "period_end_date", KNOWN_FROM]].assign(value=value, status=status)


def _flows(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the facts about periods with how many quarters each has; other lengths are left out."""
    days = facts["period_days"].to_numpy()
    quarters = np.zeros(len(facts), dtype=np.int64)
    for count, (low, high) in enumerate(LENGTHS_DAYS, 1):
        quarters[(days >= low) & (days <= high)] = count
    rows = pd.DataFrame({
        "symbol": facts["symbol"].astype("str"), "fact_tag": facts["fact_tag"].astype("str"), "quarters": quarters,
        "start": facts["period_end_date"] - (facts["period_days"] - 1) * _DAY,
        "period_end_date": facts["period_end_date"], "value": facts["fact_value"],
        KNOWN_FROM: facts[KNOWN_FROM], "oldest_from_date": facts[KNOWN_FROM],
    })  # fmt: skip
    return rows[rows["quarters"] > 0]


def _quarters(flows: pd.DataFrame) -> pd.DataFrame:
    """Return single quarters, the reported ones first: of two for one quarter the first is taken."""
    shorter = flows.assign(quarters=flows["quarters"] + 1)
    pairs = flows.merge(shorter, on=[*NAME, "quarters", "start"], suffixes=("", "_before"))
    derived = pairs.assign(
        value=pairs["value"] - pairs["value_before"], start=pairs["period_end_date_before"] + _DAY,
        **{KNOWN_FROM: pairs[[KNOWN_FROM, f"{KNOWN_FROM}_before"]].max(axis=1)},
        oldest_from_date=pairs[["oldest_from_date", "oldest_from_date_before"]].min(axis=1),
    )  # fmt: skip
    rows = pd.concat([flows[flows["quarters"] == 1], derived[flows.columns]], ignore_index=True)
    length = (rows["period_end_date"] - rows["start"]).dt.days + 1
    low, high = LENGTHS_DAYS[0]
    rows = rows[(length >= low) & (length <= high)].drop_duplicates([*NAME, "period_end_date"])
    return rows.sort_values([*NAME, "period_end_date"], ignore_index=True)


def _four_quarters(quarters: pd.DataFrame) -> pd.DataFrame:
    """Add up every four quarters that follow one another and make a year."""
    groups = quarters.groupby(NAME)
    gap = (quarters["start"] - groups["period_end_date"].shift()).dt.days - 1
    follows = ((gap >= 0) & (gap <= GAP_DAYS)).astype("float64")
    total, links = quarters["value"], follows
    newest, oldest = quarters[KNOWN_FROM], quarters["oldest_from_date"]
    for back in (1, 2, 3):
        total = total + groups["value"].shift(back)
        newest = newest.where(newest >= groups[KNOWN_FROM].shift(back), groups[KNOWN_FROM].shift(back))
        oldest = oldest.where(oldest <= groups["oldest_from_date"].shift(back), groups["oldest_from_date"].shift(back))
        if back < 3:
            links = links + follows.groupby([quarters[name] for name in NAME]).shift(back)
    days = (quarters["period_end_date"] - groups["start"].shift(3)).dt.days + 1
    is_year = (links == 3.0) & (days >= YEAR_DAYS[0]) & (days <= YEAR_DAYS[1])
    return quarters.assign(value=total, **{KNOWN_FROM: newest, "oldest_from_date": oldest})[is_year]
