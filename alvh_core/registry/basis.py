"""Indicators, basis between host and VIX, regimes and event windows: columns and tables."""

from alvh_core.registry.spec import NIGHT, TableSpec, column

MEASURE_STATUSES = ("OK", "INSUFFICIENT", "NO_DATA")
RATE_STATUSES = (*MEASURE_STATUSES, "IDENTICAL_INSTRUMENTS")
MACD_CROSSES = ("BULLISH", "BEARISH", "NONE")
VIX_REGIMES = ("below_18", "18_to_22", "22_to_28", "28_and_above", "unknown")

column("bars_count", "int", "Bars up to the night", "bars", low=0)
column("rsi14", "float", "Wilder's RSI over 14 bars, seeded with a simple mean", "0 to 100", low=0, high=100)
column("rsi_pctile_frac", "float", "Share of the symbol's own RSI of three years that is not above tonight's",
       "fraction", low=0, high=1)  # fmt: skip
column("rsi_status", "category", "OK with 250 bars or more", allowed=MEASURE_STATUSES)
column("macd_line_usd", "float", "EMA 12 less EMA 26 of the closes, seeded with the first", "USD or points")
column("macd_signal_usd", "float", "EMA 9 of the line", "USD or points")
column("macd_hist_usd", "float", "Line less signal", "USD or points")
column("macd_cross", "category", "Whether the line crossed its signal tonight", allowed=MACD_CROSSES)
column("macd_status", "category", "OK with 85 bars or more: the seed has faded", allowed=MEASURE_STATUSES)
column("ma50_usd", "float", "Mean of the last 50 closes", "USD or points", low=0)
column("ma200_usd", "float", "Mean of the last 200 closes", "USD or points", low=0)
column("hv63_vol", "float", "Realised volatility of 63 daily log returns", "annual, decimal", low=0)

column("vix_regime", "category", "Band of the VIX close by the default levels", allowed=VIX_REGIMES)
column("edr_frac", "float", "Expected daily range: (0.6 VIX9D + 0.4 HV20 of SPX) / sqrt(252)", "fraction", low=0)
column("edr_status", "category", "Whether both terms are there", allowed=MEASURE_STATUSES)
column("contango_frac", "float", "Second VIX future over the first, less one", "fraction")
column("front_over_rv_frac", "float", "First VIX future over 30-day realised volatility of SPX, less one", "fraction")
column("is_bt_vix_above_200dma", "bool", "Big Top, first condition: VIX above the mean of its last 200 closes")
column("is_bt_iv_over_rv", "bool", "Big Top, second: front future 18 % or more over realised volatility")
column("is_bt_contango", "bool", "Big Top, third: contango of 12 % or more")
column("is_bt_all", "bool", "All three; they contradict one another, so it is nearly always false")
column(
    "bt_base_rate_frac", "float", "Share of the nights so far on which all three were true", "fraction", low=0, high=1
)
column("bt_nights_count", "int", "Nights on which all three could be told", "nights", low=0)
column("bt_true_count", "int", "Nights on which all three were true", "nights", low=0)
column("beta_tenor_days", "int", "Time to settlement that the beta is of", "calendar days", low=0)
column("move_date", "date", "Newest session whose moves are known on the night", "ISO date")
column("future_move_vol_points", "float", "Mean move of the VIX futures near the tenor on that session", "VIX points")
column("vix_move_vol_points", "float", "Move of VIX's close on it", "VIX points")
column("fwd_beta", "float", "Move of a future of the tenor for a point of spot VIX: what scenarios use", low=0, high=5)
column("fwd_beta_measured", "float", "The same by least squares over the last 252 nights", low=-5, high=5)
column("fwd_beta_se", "float", "Its Newey-West error, 5 lags", low=0)
column("fwd_beta_nobs_count", "int", "Sessions behind it", "sessions", low=0)
column("fwd_beta_status", "category", "MEASURED where all tenors have 120 sessions and rise with VIX, else DECLARED",
       allowed=("DECLARED", "MEASURED"))  # fmt: skip

column("vix_beta_frac", "float", "Return of the host for one point of VIX, 252 sessions", "fraction per VIX point")
column("vix_beta_se", "float", "Its Newey-West error, 5 lags", "fraction per VIX point", low=0)
column("vix_beta_r2_frac", "float", "Share of the variance explained", "fraction", low=0, high=1)
column("vix_beta_nobs_count", "int", "Sessions behind it", "sessions", low=0)
column("vix_beta_status", "category", "OK with 120 sessions or more", allowed=MEASURE_STATUSES)
column("vol_beta", "float", "Change of the host's 30-day volatility for one of VIX, both in points")
column("vol_beta_se", "float", "Its Newey-West error", low=0)
column("vol_beta_nobs_count", "int", "Nights behind it", "nights", low=0)
column("vol_beta_status", "category", "OK with 120 nights or more", allowed=MEASURE_STATUSES)
column("stress_beta", "float", "Slope of the host's return on SPX's over the days SPX lost 2 % or more, with an "
       "intercept: what a worse day adds, not what such a day costs")  # fmt: skip
column("stress_beta_se", "float", "Its error", low=0)
column("stress_nobs_count", "int", "Such days", "sessions", low=0)
column("stress_beta_status", "category", "OK with 20 such days or more", allowed=MEASURE_STATUSES)
column("ad_corr63", "float", "Pearson correlation of the return with (advances - declines) / (advances + declines) of "
       "all others: a host that is counted itself is left out of both",
       low=-1, high=1)  # fmt: skip
column("ad_rank_corr63", "float", "Spearman correlation of the same", low=-1, high=1)
column("ad_corr_se", "float", "Error of the Pearson correlation", low=0)
column("is_ad_divergence", "bool", "Host at its 20-day high while the A/D line is below its own")
column("ad_status", "category", "OK with 60 sessions or more", allowed=MEASURE_STATUSES)
column("breadth_scope", "category", "What was counted", allowed=("universe",))
column("rate_beta_frac", "float", "Return of the host for one point of the 10-year yield, beside SPX and the slope",
       "fraction per percentage point")  # fmt: skip
column("rate_beta_se", "float", "Its Newey-West error, 5 lags", "fraction per percentage point", low=0)
column("rate_nobs_count", "int", "Sessions behind it, of 252: those of which, and of the one before, a curve is known",
       "sessions", low=0)  # fmt: skip
column("rate_share_frac", "float", "Share of what SPX leaves that rates explain: no VIX hedge touches it", "fraction",
       low=0, high=1)  # fmt: skip
column("curve_10y3m_frac", "float", "10-year par yield less that of three months, of the newest curve known",
       "fraction a year")  # fmt: skip
column("rate_status", "category", "OK with 120 sessions or more; the market itself leaves nothing to explain",
       allowed=RATE_STATUSES)  # fmt: skip

column("window_pos_count", "int", "Sessions from the event; negative before it", "sessions")
column("is_in_window", "bool", "From two sessions before the event to one after it")
column("is_blocking", "bool", "From the close before the event to the release: nothing new is bought")
column("reer_level", "float", "Real effective exchange rate of the dollar as known, monthly", "index 2020=100", low=0)
column("reer_date", "date", "Month it is of", "ISO date")
column("ppi_event_ratio", "float", "Mean |return| on PPI days over other days", low=0)
column("ppi_ratio_low", "float", "Lower end of its 90 % block-bootstrap interval", low=0)
column("ppi_ratio_high", "float", "Upper end", low=0)
column("ppi_events_count", "int", "PPI days behind it", "sessions", low=0)
column("context_status", "category", "OK with 24 PPI days or more", allowed=MEASURE_STATUSES)

INDICATORS = TableSpec(
    name="out_market__daily_indicators",
    key=(*NIGHT, "symbol"),
    values=("bar_date", "bars_count", "close_usd", "rsi14?", "rsi_pctile_frac?", "rsi_status", "macd_line_usd?",
            "macd_signal_usd?", "macd_hist_usd?", "macd_cross", "macd_status", "ma50_usd?", "ma200_usd?", "hv20_vol?",
            "hv63_vol?"),
    description="Technical indicators of every symbol's closes, as known on the night",
)  # fmt: skip
REGIME = TableSpec(
    name="out_market__daily_regime",
    key=(*NIGHT, "symbol"),
    values=("vix_close_vol_points?", "vix_regime", "edr_frac?", "edr_status", "contango_frac?", "front_over_rv_frac?",
            "is_bt_vix_above_200dma?", "is_bt_iv_over_rv?", "is_bt_contango?", "is_bt_all?", "bt_base_rate_frac?",
            "bt_nights_count", "bt_true_count"),
    description="The regime of the night: expected range and Big Top's three conditions",
)  # fmt: skip
TERM = TableSpec(
    name="out_basis__daily_term",
    key=(*NIGHT, "beta_tenor_days"),
    values=("move_date?", "future_move_vol_points?", "vix_move_vol_points?", "fwd_beta", "fwd_beta_measured?",
            "fwd_beta_se?", "fwd_beta_nobs_count", "fwd_beta_status"),
    description="How far VIX futures follow spot, by tenor: it damps the later layers in every scenario",
)  # fmt: skip
HOST_BASIS = TableSpec(
    name="out_basis__daily_hosts",
    key=(*NIGHT, "host"),
    values=("vix_beta_frac?", "vix_beta_se?", "vix_beta_r2_frac?", "vix_beta_nobs_count", "vix_beta_status",
            "vol_beta?", "vol_beta_se?", "vol_beta_nobs_count", "vol_beta_status", "stress_beta?", "stress_beta_se?",
            "stress_nobs_count", "stress_beta_status", "ad_corr63?", "ad_rank_corr63?", "ad_corr_se?",
            "is_ad_divergence?", "ad_status", "breadth_scope", "rate_beta_frac?", "rate_share_frac?", "rate_status",
            "curve_10y3m_frac?", "curve_date?", "rate_beta_se?", "rate_nobs_count?"),
    description="How a host, or a volatility product, hangs together with VIX, SPX, breadth and rates",
)  # fmt: skip
EVENT_WINDOWS = TableSpec(
    name="out_market__daily_event_windows",
    key=(*NIGHT, "event_type", "event_date"),
    values=("event_at_utc", "window_pos_count", "is_in_window", "is_blocking"),
    description="Macro events near the night, as known on it, and whether they hold back new layers: FOMC_DECISION, "
    "CPI, PPI, GDP and EMPLOYMENT, no other",
)  # fmt: skip
MACRO_CONTEXT = TableSpec(
    name="out_market__daily_macro_context",
    key=(*NIGHT, "host"),
    values=("reer_level?", "reer_date?", "ppi_event_ratio?", "ppi_ratio_low?", "ppi_ratio_high?", "ppi_events_count",
            "context_status"),
    description="Context of crypto-linked hosts: the dollar's real exchange rate and moves on PPI days; no trigger",
)  # fmt: skip
BASIS_TABLES: tuple[TableSpec, ...] = (INDICATORS, REGIME, TERM, HOST_BASIS, EVENT_WINDOWS, MACRO_CONTEXT)
