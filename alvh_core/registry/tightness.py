"""How tight the market is beyond the 8 % rule: columns and tables."""

from alvh_core.registry.basis import MEASURE_STATUSES
from alvh_core.registry.spec import NIGHT, NIGHT_LADDER, TableSpec, column

QR_STATUSES = ("OK", "MISSING_LEG", "NO_OPEN_INTEREST", "NOTHING_NEEDED")
FINANCING_STATUSES = ("OK", "AMERICAN", "SHORT_TENOR", "FEW_PAIRS", "WIDE_ERROR", "NO_CURVE")

column("band_pairs_count", "int", "Call-put pairs within 5 % of the forward", "pairs", low=0)
column("parity_ratio_median", "float", "Median gap from parity over half the two spreads; below 1 the market is tight",
       low=0)  # fmt: skip
column("parity_ratio_max", "float", "Largest such ratio", low=0)
column("conv_edge_usd", "float", "Best conversion at the touch after fees: long underlying at the parity forward, long "
       "put, short call", "USD per share")  # fmt: skip
column("rev_edge_usd", "float", "Best reversal at the touch after fees: the opposite", "USD per share")
column("is_edge_positive", "bool", "An edge above zero: a data error until proven otherwise")
column("american_excess_usd", "float", "How far call less put is above its bound S - K D; dividends are not known. S "
       "is the session's close, of quotes taken at it, or the chain header's price: the one nearer to the parity of "
       "the nearest expiry; empty where that is further away than half its synthetic's width",
       "USD per share", low=0)  # fmt: skip
column("synth_halfspread_bp", "float", "Half the width of the synthetic forward over the forward, median", "bp", low=0)
column("r_implied_frac", "float", "Financing rate that the slope of parity implies", "fraction")
column("r_implied_se_frac", "float", "Its standard error", "fraction", low=0)
column("fin_gap_bp", "float", "Implied rate less the curve's", "bp")
column("financing_status", "category", "Why there is or is not a financing rate", allowed=FINANCING_STATUSES)
column("eas_bp", "float", "Elasticity-adjusted spread: spread over |delta| times forward", "bp", low=0)
column("iv_spread_vol", "float", "Spread over vega: the market's width in volatility", "annual, decimal", low=0)
column("is_tick_constrained", "bool", "One tick wide, or one tick alone is 8 % of the premium")
column("depth_imbalance_frac", "float", "PROXY of adverse selection: (bid size - ask size) over their sum", "fraction",
       low=-1, high=1)  # fmt: skip
column("close_widening_ratio", "float", "PROXY: spread at the close over spread at 15:45", low=0)
column("adverse_selection_status", "category", "What the proxies could be taken from",
       allowed=("ONE_SNAPSHOT", "NO_SIZES"))  # fmt: skip
column("acid_test_ratio", "float", "Contracts that can be had now over contracts needed, of the tightest layer", low=0)
column("qr_binding_layer", "int", "The layer that decides it", low=1, high=3)
column("qr_basis", "category", "What the binding layer's was taken from: size at the touch, average volume of 20 "
       "sessions, open interest; a term that is not known is left out",
       allowed=("size_volume_oi", "volume_oi", "size_oi", "oi", "none"))  # fmt: skip
column("qr_status", "category", "Why there is or is not a ratio; a leg without a price is missing too",
       allowed=QR_STATUSES)  # fmt: skip
column("s_regime_pctile_frac", "float", "Share of the nights of the same VIX regime with a spread not above tonight's",
       "fraction", low=0, high=1)  # fmt: skip
column("s_p95_frac", "float", "95th percentile of the spread over the last 252 nights", "fraction", low=0, high=2)
column("iv30_pctile_frac", "float", "Share of the chain's last 252 nights with a 30-day volatility not above tonight's",
       "fraction", low=0, high=1)  # fmt: skip
column("iv30_nights_count", "int", "Nights with a 30-day volatility, tonight or not; 20 are needed", "nights", low=0)
column("adv_sel_proxy", "float", "PROXY of adverse selection: slope of the log of the spread on the underlying's "
       "|return| over the last 60 sessions", "log of spread per 1.00 of return")  # fmt: skip
column("adv_sel_nobs_count", "int", "Nights behind it", "nights", low=0, high=60)
column("adv_sel_quality", "category", "OK with 20 nights or more", allowed=MEASURE_STATUSES)
column("spread_nights_count", "int", "Nights whose reading has a spread", "nights", low=0)
column("regime_nights_count", "int", "Of them in tonight's VIX regime", "nights", low=0)

PARITY = TableSpec(
    name="out_liquidity__daily_parity",
    key=(*NIGHT, "underlying", "root", "expiry_date"),
    values=("dte_days", "band_pairs_count", "parity_ratio_median?", "parity_ratio_max?", "conv_edge_usd?",
            "rev_edge_usd?", "is_edge_positive?", "american_excess_usd?", "synth_halfspread_bp?", "r_implied_frac?",
            "r_implied_se_frac?", "fin_gap_bp?", "financing_status"),
    description="Conversion and reversal against the market, and the financing rate it implies, per expiry",
)  # fmt: skip
LEG_TIGHTNESS = TableSpec(
    name="out_liquidity__daily_leg_tightness",
    key=(*NIGHT, "osi_symbol"),
    values=("underlying", "spread_frac?", "spread_ticks?", "is_tick_constrained?", "eas_bp?", "iv_spread_vol?",
            "depth_imbalance_frac?", "close_widening_ratio?", "adverse_selection_status"),
    description="The contracts that ladders chose tonight and that have a usable quote, by measures that compare "
    "across moneyness",
)  # fmt: skip
BOOK_SPREADS = TableSpec(
    name="out_liquidity__daily_book_spreads",
    key=(*NIGHT, "hedge_symbol", "option_right"),
    values=("s_ladder_frac?", "vix_regime", "s_regime_pctile_frac?", "s_p95_frac?", "spread_nights_count",
            "regime_nights_count", "adv_sel_proxy?", "adv_sel_nobs_count?", "adv_sel_quality?",
            "iv30_vol?", "iv30_pctile_frac?", "iv30_nights_count?"),
    description="The default ladder's spread in every hedge chain beside its own last 252 nights",
)  # fmt: skip
LADDER_TIGHTNESS = TableSpec(
    name="out_alvh__daily_ladder_tightness",
    key=NIGHT_LADDER,
    values=("acid_test_ratio?", "qr_binding_layer?", "qr_basis", "qr_status?"),
    description="The acid test of every ladder: what can be had now over what is needed",
)
TIGHTNESS_TABLES: tuple[TableSpec, ...] = (PARITY, LEG_TIGHTNESS, BOOK_SPREADS, LADDER_TIGHTNESS)
