"""What the 8 % filter let through tonight: armed sessions it passed, and layers it stopped where they armed first.

Summed over a ladder's life: how often the filter let a ladder buy that wanted to, and how often it stopped a trigger.
"""

from collections import Counter

import numpy as np
import pandas as pd

from alvh_core.triggers import LADDER, ladder_keys

FILTER_COUNTS = ["armed_sessions_count", "armed_passes_count", "first_arms_count", "first_arms_blocked_count"]


def filter_counts(signals: pd.DataFrame, legs: pd.DataFrame, state: pd.DataFrame, terms: pd.DataFrame, *,
                  eve: pd.Timestamp, trade_date: pd.Timestamp) -> pd.DataFrame:  # fmt: skip
    """Return `LADDER` and `FILTER_COUNTS` of one night, row by row with the signals.

    Parameters
    ----------
    signals : DataFrame
        `LADDER_SIGNALS` of tonight.
    legs : DataFrame
        Tonight's legs with ``leg_action``.
    state : DataFrame
        `LADDER_STATE` of tonight with ``armed_date``.
    terms : DataFrame
        From `alvh_core.ladders.ladder_terms`.
    eve : Timestamp
        The last night before tonight; NaT for none.
    trade_date : Timestamp

    Returns
    -------
    DataFrame
        A session counts as armed if a layer is armed after its close. A layer arms first when it was not armed before,
        and is blocked if the filter does not pass on the session its order goes to, the next one; a rule of the host
        that holds it back is no verdict of the filter. What is always armed has no trigger to block. A night without
        the chain says nothing and is not counted.
    """
    is_judged, passes = signals["filter_state"] != "NO_DATA", signals["filter_state"] == "PASS"
    is_armed = (signals["layers_armed_count"] > 0) & is_judged
    is_fresh = (state["armed_date"] >= eve) & (state["armed_date"] < trade_date)
    fresh = set(ladder_keys(state[is_fresh], "layer_no"))
    ordered = ladder_keys(legs[legs["leg_action"].isin(["DEPLOY", "BLOCKED"])], "layer_no")
    always = set(ladder_keys(terms[terms["mode"] == "always"]))
    first = Counter(key[:-1] for key in ordered if key in fresh and key[:-1] not in always)
    arms = np.array([first[key] for key in ladder_keys(signals)]) * is_judged.to_numpy()
    return signals[LADDER].assign(
        armed_sessions_count=is_armed.to_numpy(dtype="int64"), armed_passes_count=(is_armed & passes).to_numpy("int64"),
        first_arms_count=arms, first_arms_blocked_count=arms * (~passes).to_numpy(),
    )  # fmt: skip
