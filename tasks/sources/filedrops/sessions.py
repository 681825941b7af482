"""Is a file of the day that it says? Its own expiries know: nothing expired is listed, and the next expiry is near.

A wrong date that is published silently would be worse than no file, so a contradiction refuses the chain.
"""

import numpy as np
import pandas as pd

from alvh_core.errors import SkippableError
from tasks.sources.filedrops.layout import Drop

GAP_SLACK_DAYS = 4  # a long weekend
_FIRST_EXPIRIES = 4


def check_claim(drop: Drop, session: object, where: str, *, is_partial: bool = False) -> None:
    """Refuse a chain whose expiries contradict its date.

    Parameters
    ----------
    drop : Drop
    session : date
        Of its quotes.
    where : str
    is_partial : bool
        Near expiries were cut away, says the operator: then the first one tells nothing.

    Raises
    ------
    SkippableError
        A contract had expired before, the first expiry is later than this chain's own rhythm allows, or the file's date
        is no session at all.
    """
    option = pd.Series(drop.table["option"].to_pandas()).astype("str")
    days = pd.to_datetime(option.str.slice(-15, -9), format="%y%m%d", errors="coerce").dropna()
    expiries = np.unique(days.to_numpy().astype("datetime64[D]"))
    if not len(expiries):
        raise SkippableError(f"{where}: expected contracts with an expiry, found none that can be told")
    day = np.datetime64(str(session), "D")
    said = f"the file says {drop.claimed}, session {session}"
    if expiries[0] < day:
        raise SkippableError(f"{where}: {said}, but lists contracts that expired on {expiries[0]}; its date is wrong")
    gaps = np.diff(expiries[:_FIRST_EXPIRIES]).astype(int)
    allowed = int(gaps.max(initial=0)) + GAP_SLACK_DAYS if len(gaps) else 366
    waits = int((expiries[0] - day).astype(int))
    if waits > allowed and not is_partial:
        raise SkippableError(f"{where}: {said}, but its first expiry is {expiries[0]}, {waits} days later, where its "
                             f"own expiries are at most {allowed - GAP_SLACK_DAYS} days apart; its date is wrong, or "
                             "the near expiries were cut away (--partial)")  # fmt: skip
