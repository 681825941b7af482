"""What counts as a reading of the 8 % filter, and which reading decides tonight.

A reading is a spread over everything that was asked about, quoted while the market was open, narrow or wide. Where a
leg is missing, a quote is no quote or the market has closed, the filter has not refused: it could not be asked.
"""

import pandas as pd

READINGS = ("PASS", "FAIL_ILLIQUID", "FAIL_TICK", "ZERO_BID")
TRADEABLE_CLOCKS = ("in_session", "at_close")


def is_reading(signals: pd.DataFrame) -> pd.Series:
    """Tell which rows say something about the market's spread.

    Parameters
    ----------
    signals : DataFrame
        ``filter_state`` and ``quote_clock`` of `LADDER_SIGNALS`, or of `decided`.

    Returns
    -------
    Series of bool
        A reading may lack the number: where nobody bids for any leg the state is ZERO_BID and there is no spread, so
        that whatever counts or compares spreads asks for the spread as well.
    """
    return signals["filter_state"].isin(READINGS) & signals["quote_clock"].isin(TRADEABLE_CLOCKS)


def decided(signals: pd.DataFrame) -> pd.DataFrame:
    """Return the signals with the reading that decides tonight in place of the whole ladder's.

    Parameters
    ----------
    signals : DataFrame
        `LADDER_SIGNALS`.

    Returns
    -------
    DataFrame
        ``filter_state`` and ``s_ladder_frac`` are those of the contracts that the ladder goes to the market for; where
        it goes for none tonight they stay those of the whole ladder.
    """
    goes = signals["buy_filter_state"].notna()
    state = signals["filter_state"].astype("str").mask(goes, signals["buy_filter_state"].astype("str"))
    return signals.assign(filter_state=state, s_ladder_frac=signals["s_ladder_frac"].mask(goes, signals["s_buy_frac"]))
