"""What each simulated symbol is like: price level, risk, smile, spread and listing style, one line per symbol.

Numbers are shaped on measured medians of public snapshots; they decide nothing but how realistic the simulation looks.
A symbol that a user adds is modelled on the example of its asset class. Generating anything is the other modules' job.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from alvh_core.market.noise import generator
from alvh_core.universe import Asset


@dataclass(frozen=True, kw_only=True)
class Smile:
    """Slope and curvature of volatility in standardised log-moneyness, in fractions of at-the-money."""

    slope: float
    curvature: float


SMILES: MappingProxyType[str, Smile] = MappingProxyType({
    "index": Smile(slope=-0.20, curvature=0.09),
    "etf": Smile(slope=-0.15, curvature=0.09),
    "stock": Smile(slope=-0.08, curvature=0.09),
    "crypto": Smile(slope=-0.02, curvature=0.10),
    "vol": Smile(slope=0.19, curvature=0.13),
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The character of one simulated symbol.

    Attributes
    ----------
    level_usd : float
        Price in the middle of 2026. [USD]
    growth_frac : float
        Yearly growth of the trend that the price stays near. [fraction]
    beta : float
        Sensitivity to the market factor. [-]
    group, group_vol : str, float
        Factor shared with similar symbols, and the annual volatility it adds. [fraction]
    own_vol : float
        Annual volatility of the symbol alone. [fraction]
    iv : float
        At-the-money 30-day volatility while VIX is 17. [fraction]
    smile : str
        Key of `SMILES`.
    yield_frac : float
        Continuous dividend yield or borrow cost. [fraction]
    spread_frac : float
        Typical spread of an at-the-money option. [fraction of its premium]
    step_usd : float
        Finest strike interval. [USD]
    style : str
        Key of `alvh_core.market.listing.STYLES`.
    activity : float
        Contracts traded in a typical active series. [contracts]
    """

    level_usd: float
    growth_frac: float
    beta: float
    group: str
    group_vol: float
    own_vol: float
    iv: float
    smile: str
    yield_frac: float
    spread_frac: float
    step_usd: float
    style: str
    activity: float


_FIELDS = ("level_usd", "growth_frac", "beta", "group", "group_vol", "own_vol", "iv", "smile", "yield_frac",
           "spread_frac", "step_usd", "style", "activity")  # fmt: skip

_ROWS: dict[str, tuple[object, ...]] = {
    "VIX": (17.0, 0.0, 0.0, "", 0.0, 0.0, 0.90, "vol", 0.0, 0.079, 0.5, "vix", 600),
    "SPX": (7500.0, 0.08, 1.00, "", 0.0, 0.0, 0.145, "index", 0.012, 0.0134, 10.0, "index", 60),
    "NDX": (28500.0, 0.10, 1.15, "tech", 0.09, 0.0, 0.190, "index", 0.007, 0.0272, 50.0, "index_near", 6),
    "RUT": (2930.0, 0.06, 1.05, "small", 0.12, 0.0, 0.200, "index", 0.013, 0.036, 20.0, "index_near", 8),
    "SPY": (747.0, 0.08, 1.00, "", 0.0, 0.002, 0.145, "etf", 0.012, 0.0064, 2.0, "daily", 400),
    "QQQ": (695.0, 0.10, 1.15, "tech", 0.09, 0.003, 0.190, "etf", 0.006, 0.0077, 2.0, "daily", 300),
    "IWM": (293.0, 0.06, 1.05, "small", 0.12, 0.003, 0.200, "etf", 0.012, 0.0114, 1.0, "daily", 150),
    "XLK": (178.0, 0.10, 1.25, "tech", 0.13, 0.05, 0.220, "etf", 0.007, 0.1628, 1.0, "weekly", 12),
    "XLF": (57.0, 0.06, 0.90, "fin", 0.09, 0.03, 0.165, "etf", 0.015, 0.0924, 0.5, "weekly", 60),
    "XLE": (59.0, 0.02, 0.70, "energy", 0.19, 0.03, 0.230, "etf", 0.033, 0.1275, 0.5, "weekly", 40),
    "VNQ": (98.0, 0.01, 0.75, "reit", 0.10, 0.01, 0.155, "etf", 0.038, 0.342, 1.0, "thin", 4),
    "IYR": (103.0, 0.01, 0.75, "reit", 0.10, 0.02, 0.155, "etf", 0.025, 1.01, 1.0, "thin", 5),
    "EEM": (65.0, 0.04, 0.85, "em", 0.14, 0.02, 0.190, "etf", 0.022, 0.28, 0.5, "weekly", 30),
    "IBIT": (36.0, 0.0, 1.30, "digital", 0.42, 0.02, 0.480, "crypto", 0.0, 0.0306, 0.5, "weekly", 150),
    "BITO": (8.6, 0.0, 1.30, "digital", 0.42, 0.03, 0.500, "crypto", 0.10, 0.466, 0.5, "weekly", 10),
    "ETHA": (13.5, 0.0, 1.50, "digital", 0.40, 0.40, 0.680, "crypto", 0.0, 0.259, 0.5, "weekly", 15),
    "VXX": (21.5, -0.25, 0.0, "", 0.0, 0.02, 0.640, "vol", 0.0, 0.332, 0.5, "weekly", 25),
    "UVXY": (23.5, -0.30, 0.0, "", 0.0, 0.02, 0.950, "vol", 0.0, 0.435, 1.0, "weekly", 30),
    "AAPL": (320.0, 0.10, 1.10, "tech", 0.08, 0.18, 0.260, "stock", 0.004, 0.0459, 2.5, "weekly", 150),
    "MSFT": (460.0, 0.10, 1.05, "tech", 0.08, 0.17, 0.240, "stock", 0.007, 0.0454, 2.5, "weekly", 80),
    "NVDA": (200.0, 0.20, 1.80, "tech", 0.15, 0.30, 0.430, "stock", 0.0, 0.0139, 5.0, "weekly", 500),
    "TSLA": (310.0, 0.05, 1.90, "tech", 0.08, 0.45, 0.550, "stock", 0.0, 0.0168, 5.0, "weekly", 400),
    "JPM": (348.0, 0.08, 1.00, "fin", 0.13, 0.11, 0.230, "stock", 0.017, 0.062, 2.5, "weekly", 20),
    "KO": (87.0, 0.03, 0.40, "stable", 0.08, 0.11, 0.165, "stock", 0.024, 0.1992, 1.0, "weekly", 20),
    "JNJ": (256.0, 0.05, 0.45, "stable", 0.08, 0.12, 0.175, "stock", 0.021, 0.2405, 2.5, "weekly", 10),
    "O": (64.0, 0.0, 0.55, "reit", 0.10, 0.11, 0.170, "stock", 0.050, 0.156, 2.5, "monthly", 10),
    "PLD": (145.0, 0.03, 1.00, "reit", 0.11, 0.14, 0.240, "stock", 0.028, 0.3605, 5.0, "monthly", 6),
    "SCHD": (33.3, 0.05, 0.70, "stable", 0.06, 0.02, 0.130, "etf", 0.036, 0.735, 1.0, "thin", 6),
    "VYM": (161.5, 0.06, 0.75, "stable", 0.05, 0.02, 0.130, "etf", 0.025, 0.886, 2.0, "thin", 2),
    "DVY": (162.0, 0.04, 0.75, "stable", 0.07, 0.02, 0.140, "etf", 0.034, 1.409, 2.0, "thin", 1),
}
PROFILES: dict[str, Profile] = {
    symbol: Profile(**dict(zip(_FIELDS, row, strict=True)))  # type: ignore[arg-type] # one tuple per symbol reads better
    for symbol, row in _ROWS.items()
}

EXAMPLES = MappingProxyType({
    "sp500_index": "SPX", "nasdaq100_index": "NDX", "russell2000_index": "RUT", "index_etf": "IWM", "sector_etf": "XLF",
    "reit_etf": "VNQ", "emerging_etf": "EEM", "crypto_etf": "BITO", "dividend_etf": "VYM", "single_stock": "JPM",
    "volatility_etp": "VXX", "vix_index": "VIX",
})  # fmt: skip


def profile_of(asset: Asset, seed: int) -> Profile:
    """Return the profile of a symbol; one not in the table resembles its class, and a class of one's own single stocks.

    Parameters
    ----------
    asset : Asset
        Entry of the universe.
    seed : int
        Seed of the market.
    """
    if asset.symbol in PROFILES:
        return PROFILES[asset.symbol]
    example = PROFILES[EXAMPLES.get(asset.asset_class, EXAMPLES["single_stock"])]
    if asset.asset_class.endswith("_index") or asset.asset_class == "volatility_etp":
        return example
    draw = generator(seed, "profile", asset.symbol).uniform(-0.5, 0.5)
    level = float(np.round(example.level_usd * np.exp(draw), 2))
    return replace(example, level_usd=level, own_vol=example.own_vol + 0.05)
