"""What the 8 % filter said tonight: armed sessions it passed, and layers it stopped where they armed first.

Summed over a ladder's life: how often it would have let an armed ladder be bought, whether or not that had anything
left to buy, and how often it stopped a trigger. A ladder that is held counts too, by all its legs: the market has to
stay narrow for as long as the ladder is wanted, and sessions with an order alone would be those on which it was not.
"""

from collections import Counter

import numpy as np
import pandas as pd

from alvh_core.readings import decided, is_reading
from alvh_core.triggers import LADDER, ladder_keys

FILTER_COUNTS = ["armed_sessions_count", "armed_passes_count", "armed_unreadable_count", "first_arms_count",
                 "first_arms_blocked_count"]  # fmt: skip


def filter_counts(signals: pd.DataFrame, legs: pd.DataFrame, state: pd.DataFrame, terms: pd.DataFrame, *,
                  eve: pd.Timestamp) -> pd.DataFrame:  # fmt: skip
    """Return `LADDER` and `FILTER_COUNTS` of one night, row by row with the signals.

    Parameters
    ----------
    signals : DataFrame
        `LADDER_SIGNALS` of tonight.
    legs : DataFrame
        Tonight's legs with ``leg_action``, ``leg_status`` and ``units_target``.
    state : DataFrame
        `LADDER_STATE` of tonight with ``armed_date`` and ``retries_count``.
    terms : DataFrame
        From `alvh_core.ladders.ladder_terms`.
    eve : Timestamp
        The session before tonight, whether or not it had a night.

    Returns
    -------
    DataFrame
        A session counts as armed if a layer is armed after its close: judged on what the ladder goes to the market for,
        on the whole ladder where it holds all it wants. A layer arms first when it was not armed before, and is blocked
        if the filter refuses the order of the next session; no order, because a rule of the host holds it back or the
        budget pays for no contract, is no verdict of the filter. What is always armed has no trigger to block. Where
        there is no reading nothing is judged, and an armed session is counted as unreadable.
    """
    told, goes = decided(signals), signals["buy_filter_state"].notna()
    is_read, passes = is_reading(told), told["filter_state"] == "PASS"
    is_armed = signals["layers_armed_count"] > 0
    fresh = state[state["armed_date"] == eve]
    tries = dict(zip(ladder_keys(fresh, "layer_no"), fresh["retries_count"], strict=True))
    is_paid = (legs["units_target"] > 0) | (legs["leg_status"] != "OK")
    bought, blocked = (ladder_keys(legs[(legs["leg_action"] == does) & is_paid], "layer_no")
                       for does in ("DEPLOY", "BLOCKED"))  # fmt: skip
    always, bands = (set(ladder_keys(terms[terms["mode"] == mode])) for mode in ("always", "bands"))
    # a refusal is counted as a try, what a rule holds back is not; no rule speaks to a band, which counts no tries
    refused = [key for key in blocked if tries.get(key, 0) > 0 or key[:-1] in bands]
    first = Counter(key[:-1] for key in (*bought, *refused) if key in tries and key[:-1] not in always)
    arms = np.array([first[key] for key in ladder_keys(signals)]) * (goes & is_read).to_numpy()
    told_counts = (is_armed & is_read, is_armed & is_read & passes, is_armed & ~is_read, arms, arms * ~passes)
    counts = {name: np.asarray(values, dtype="int64")
              for name, values in zip(FILTER_COUNTS, told_counts, strict=True)}  # fmt: skip
    return signals[LADDER].assign(**counts)
