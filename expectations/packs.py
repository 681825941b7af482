"""Rule packs: what is sane for an option of each asset class, as data.

The rules are the same for every chain; only their bounds differ. Equity bounds on VIX options would delete the hedge
legs, so no bound is written into a rule. A class without an entry takes the pack of its nearest relative, `DEFAULT`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from alvh_core.universe import Asset


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Bounds of one kind of option.

    Attributes
    ----------
    vol_low, vol_high : float
        Implied volatility that a market can show: an ask below the one or a bid above the other is no market. [annual]
    judged_low_frac, judged_high_frac : float
        Strike over forward within which quotes are judged by volatility; contracts outside are kept, unjudged.
    listed_low_frac, listed_high_frac : float
        Strike over forward that can be listed at all; beyond lies another share basis or another unit.
    centre_low_frac, centre_high_frac : float
        Median strike over forward of an expiry.
    term_low_frac, term_high_frac : float
        Forward of an expiry over the median forward of its chain.
    spot_low_frac, spot_high_frac : float
        Nearest forward over the vendor's price of the underlying.
    close_low_frac, close_high_frac : float
        Nearest forward over the last close: one session's move at most.
    max_dte_days : int
        Longest listed life. [days]
    """

    vol_low: float = 0.02
    vol_high: float = 5.0
    judged_low_frac: float = 0.5
    judged_high_frac: float = 2.0
    listed_low_frac: float = 0.002
    listed_high_frac: float = 8.0
    centre_low_frac: float = 0.3
    centre_high_frac: float = 3.0
    term_low_frac: float = 0.6
    term_high_frac: float = 1.6
    spot_low_frac: float = 0.8
    spot_high_frac: float = 1.25
    close_low_frac: float = 0.55
    close_high_frac: float = 1.8
    max_dte_days: int = 1200


DEFAULT = "single_stock"
_INDEX = Pack(vol_low=0.02, vol_high=3.0, listed_low_frac=0.005, listed_high_frac=4.0, term_low_frac=0.8,
              term_high_frac=1.4, spot_low_frac=0.9, spot_high_frac=1.1, close_low_frac=0.8, close_high_frac=1.25,
              max_dte_days=2300)  # fmt: skip
_ETF = Pack(vol_low=0.01, vol_high=4.0, listed_high_frac=5.0, term_low_frac=0.75, term_high_frac=1.4,
            spot_low_frac=0.88, spot_high_frac=1.12, close_low_frac=0.7, close_high_frac=1.4)  # fmt: skip

PACKS: dict[str, Pack] = {
    # VIX moves by half in a day and its strikes reach from 10 to 180; calls far above the forward are the hedge.
    "vix_index": Pack(vol_low=0.20, vol_high=4.0, judged_low_frac=0.5, judged_high_frac=6.0, listed_low_frac=0.05,
                      listed_high_frac=25.0, centre_low_frac=0.2, centre_high_frac=6.0, term_low_frac=0.25,
                      term_high_frac=4.0, spot_low_frac=0.3, spot_high_frac=2.5, close_low_frac=0.3,
                      close_high_frac=3.0, max_dte_days=450),
    "sp500_index": _INDEX,
    "nasdaq100_index": _INDEX,
    "russell2000_index": _INDEX,
    "index_etf": _ETF,
    "sector_etf": _ETF,
    "reit_etf": _ETF,
    "emerging_etf": _ETF,
    "dividend_etf": _ETF,
    # reverse splits leave strikes far above the price; fees and roll cost pull the forward below spot
    "volatility_etp": Pack(vol_low=0.10, vol_high=8.0, judged_high_frac=4.0, listed_low_frac=0.01,
                           listed_high_frac=60.0, centre_low_frac=0.1, centre_high_frac=6.0, term_low_frac=0.3,
                           term_high_frac=2.0, spot_low_frac=0.7, spot_high_frac=1.3, close_low_frac=0.4,
                           close_high_frac=2.5),
    "crypto_etf": Pack(vol_low=0.05, vol_high=6.0, judged_high_frac=3.0, listed_high_frac=15.0, term_low_frac=0.5,
                       term_high_frac=2.0, spot_low_frac=0.75, spot_high_frac=1.3),
    DEFAULT: Pack(),
}  # fmt: skip


def pack_of(asset: Asset) -> Pack:
    """Return the pack of an asset's class; one without an entry takes that of single stocks, the widest of shares."""
    return PACKS.get(asset.asset_class, PACKS[DEFAULT])


def pack_bounds(universe: Mapping[str, Asset]) -> pd.DataFrame:
    """Return the bounds of every symbol.

    Parameters
    ----------
    universe : mapping of str to Asset

    Returns
    -------
    DataFrame
        Indexed by symbol, one column per bound of `Pack`.
    """
    return pd.DataFrame({symbol: asdict(pack_of(asset)) for symbol, asset in universe.items()}).T.astype("float64")
