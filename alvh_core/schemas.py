"""Every table the pipeline stores: its columns, key, home and meaning.

Layers stand first in a name: ``core_`` facts, ``out_`` answers, ``meta_`` the run's own records. A table lists columns
of `alvh_core.columns`; what a column means is said there. No rules and no data here.
"""

from alvh_core import columns  # noqa: F401 (declares them)
from alvh_core.registry.basis import BASIS_TABLES
from alvh_core.registry.book import BOOK_TABLES
from alvh_core.registry.costs import COST_TABLES
from alvh_core.registry.evaluation import EVALUATION_TABLES
from alvh_core.registry.rules import RULE_TABLES
from alvh_core.registry.spec import LAKE, NIGHT, NIGHT_LADDER, WAREHOUSE, TableSpec
from alvh_core.registry.tightness import TIGHTNESS_TABLES

OPTION_QUOTES = TableSpec(
    name="core_options__daily_quotes",
    key=(*NIGHT, "osi_symbol"),
    values=(
        "underlying", "root", "expiry_date", "option_right", "strike_usd", "settlement", "settle_at_utc", "dte_days",
        "years", "multiplier", "is_adjusted", "is_monthly", "bid_usd?", "ask_usd?", "bid_size_count?",
        "ask_size_count?",
        "volume_count?", "open_interest_count?", "vendor_iv_vol?", "vendor_delta?", "quote_flag", "quote_at_utc",
        "quote_age_minutes", "quote_clock", "payload_sha256", "row_position",
    ),
    home=LAKE, description="Canonical option quotes, one row per contract and night",
)  # fmt: skip
PRICED_QUOTES = TableSpec(
    name="core_options__daily_priced",
    key=(*NIGHT, "osi_symbol"),
    values=(
        "underlying", "root", "expiry_date", "option_right", "strike_usd", "dte_days", "years", "multiplier",
        "is_monthly", "bid_usd?", "ask_usd?", "mid_usd?", "spread_usd?", "spread_frac?", "tick_usd?", "spread_ticks?",
        "tick_floor_frac?", "bid_size_count?", "ask_size_count?", "volume_count?", "open_interest_count?", "quote_flag",
        "quote_clock", "forward_usd?", "discount?", "iv_vol?", "iv_status", "delta_fwd?", "gamma?", "vega?",
        "theta_usd_per_day?", "intrinsic_usd?", "extrinsic_usd?", "is_neg_extrinsic",
    ),
    home=LAKE, description="Validated quotes with forward, implied volatility, greeks and spread",
)  # fmt: skip
CONTRACT_SCORES = TableSpec(
    name="core_liquidity__daily_contract_scores",
    key=(*NIGHT, "osi_symbol"),
    values=(
        "underlying", "root", "expiry_date", "score", "score_percent_spread?", "score_vol_spread?", "score_depth?",
        "score_open_interest?", "score_volume?", "coverage_frac", "score_version",
    ),
    home=LAKE, description="Spread-liquidity score of every contract, with its components",
)  # fmt: skip
SNAPSHOTS = TableSpec(
    name="core_options__daily_snapshots",
    key=(*NIGHT, "underlying"),
    values=(
        "asset_class", "quote_at_utc", "rendered_at_utc", "quote_age_minutes", "minutes_to_close", "quote_clock",
        "venue_scope", "underlying_price_usd?", "vendor_iv30_vol?", "contracts_count", "payload_sha256",
    ),
    description="One row per option chain: when its quotes were taken and where they came from",
)  # fmt: skip
CROSS_CHECK = TableSpec(
    name="core_quality__daily_cross_check",
    key=(*NIGHT, "symbol"),
    values=(
        "venue_scope?", "second_scope", "compared_count", "default_spread_frac?", "second_spread_frac?",
        "spread_ratio?", "clock_gap_minutes?", "cross_check", "check_note", "payload_sha256",
    ),
    description="A sample of chains against a second feed: whether their spreads agree",
)  # fmt: skip
FORWARDS = TableSpec(
    name="core_options__daily_forwards",
    key=(*NIGHT, "underlying", "root", "expiry_date"),
    values=("dte_days", "years", "forward_usd?", "discount?", "forward_gap_usd?", "pairs_count", "forward_status",
            "vx_settle_vol_points?", "vx_gap_vol_points?"),
    description="Forward of every expiry by put-call parity; of VIX, its gap to the future of the same expiry",
)  # fmt: skip
DAILY_BARS = TableSpec(
    name="core_market__daily_bars",
    key=(*NIGHT, "symbol", "bar_date"),
    values=("open_usd?", "high_usd?", "low_usd?", "close_usd", "volume_shares?", "payload_sha256", "row_position"),
    home=LAKE, description="Daily bars and index histories as known on the night, nothing after it",
)  # fmt: skip
RATE_CURVE = TableSpec(
    name="core_rates__daily_curve",
    key=(*NIGHT, "curve_date", "tenor_years"),
    values=("par_yield_frac", "zero_rate_frac", "payload_sha256", "row_position"),
    description="The Treasury par curve used for discounting",
)
LISTED_YIELDS = TableSpec(
    name="core_rates__listed_yields",
    key=(*NIGHT, "curve_date", "tenor_years"),
    values=("par_yield_frac", "payload_sha256", "row_position"),
    home=LAKE, description="Ten-year and three-month yields of every date that the night's curve files list",
)  # fmt: skip
_EVENT = ("event_type", "event_source", "event_period", "event_date")
_OBSERVATION = ("series_id", "observation_date", "known_from_date")
MACRO_LISTED = TableSpec(
    name="core_macro__listed_events",
    key=(*NIGHT, *_EVENT),
    values=("event_at_utc", "event_title", "time_source", "payload_sha256", "row_position"),
    home=LAKE, description="What the calendars of the night list, before it is joined with what was known",
)  # fmt: skip
MACRO_EVENTS = TableSpec(
    name="core_macro__events",
    key=(*NIGHT, *_EVENT, "known_from_date"),
    values=("event_at_utc", "time_source", "event_title", "superseded_date?", "moved_to_date?", "payload_sha256"),
    description="The macro calendar as known on the night; a date that moved stays, superseded",
)
MACRO_VALUES = TableSpec(
    name="core_macro__listed_series",
    key=(*NIGHT, *_OBSERVATION),
    values=("series_value", "series_unit", "superseded_date?", "series_source", "known_by", "payload_sha256",
            "row_position"),
    home=LAKE, description="What the series' files of the night say, nothing published after it",
)  # fmt: skip
MACRO_SERIES = TableSpec(
    name="core_macro__series",
    key=(*NIGHT, *_OBSERVATION),
    values=("series_value", "series_unit", "superseded_date?", "series_source", "known_by", "payload_sha256"),
    description="The newest observations of the macro series as known on the night, with their vintages",
)
FACTS = TableSpec(
    name="core_fundamentals__facts",
    key=(*NIGHT, "symbol", "fact_tag", "fact_unit", "period_end_date", "period_days", "known_from_date"),
    values=("fact_value", "filed_date", "filing_form", "superseded_date?", "payload_sha256", "row_position"),
    home=LAKE, description="What companies had reported when the night came, restatements beside what they restate",
)  # fmt: skip
CLOSES = TableSpec(
    name="core_market__daily_closes",
    key=(*NIGHT, "symbol"),
    values=("close_usd", "bar_date", "hv20_vol?"),
    description="Last known close of every symbol and index, and its realised volatility",
)
DAILY_ACTIONS = TableSpec(
    name="core_market__daily_actions",
    key=(*NIGHT, "symbol", "ex_date"),
    values=("dividend_usd", "split_ratio", "payload_sha256", "row_position"),
    description="Dividends and splits of the last 400 days as known on the night",
)
VX_SETTLEMENTS = TableSpec(
    name="core_vol__daily_vx_settlements",
    key=(*NIGHT, "settle_date", "expiry_date", "settle_kind"),
    values=("futures_symbol", "settle_vol_points?", "open_usd?", "high_usd?", "low_usd?", "close_usd?", "volume_count?",
            "payload_sha256", "row_position"),
    description="Settlements of the monthly VIX futures, each under the session it is of",
)  # fmt: skip
_BREADTH = ("before_date", "advances_count", "declines_count", "unchanged_count", "members_count", "ad_diff_count")
BREADTH_COUNTS = TableSpec(
    name="core_market__daily_breadth",
    key=(*NIGHT, "breadth_method"),
    values=_BREADTH,
    home=LAKE, description="What the vendors' files of all closes count, before lines are continued",
)  # fmt: skip
BREADTH = TableSpec(
    name="out_market__daily_breadth",
    key=(*NIGHT, "breadth_method"),
    values=(*_BREADTH, "ad_line_count", "line_from_date"),
    description="Advances and declines of the session, one row per method",
)  # fmt: skip
LADDER_LEGS = TableSpec(
    name="out_alvh__daily_ladder_legs",
    key=(*NIGHT_LADDER, "layer_no"),
    values=(
        "units_target", "osi_symbol?", "root?", "expiry_date?", "dte_days?", "forward_usd?", "strike_usd?",
        "delta_fwd?",
        "iv_vol?", "bid_usd?", "ask_usd?", "mid_usd?", "spread_frac?", "tick_floor_frac?", "extrinsic_usd?",
        "break_even_usd?", "break_even_touch_usd?", "be_erosion_usd?", "be_erosion_frac?", "tenor_error_days?",
        "delta_error?", "premium_usd?", "quote_clock?", "is_armed", "leg_action", "leg_status", "side?", "unit_basis?",
        "multiplier?",
        "volume_count?", "open_interest_count?", "bid_size_count?", "ask_size_count?", "discount?",
        "years?", "budget_usd?", "residual_usd?", "min_account_usd?", "size_status?", "adv20_count?",
        "adv20_nights_count?", "extrinsic_frac?", "extrinsic_usd_per_day?", "is_eligible?", "budget_used_frac?",
    ),
    description="The contract each layer would buy tonight, armed or not",
)  # fmt: skip
LADDER_SIGNALS = TableSpec(
    name="out_alvh__daily_ladder_signals",
    key=NIGHT_LADDER,
    values=(
        "vix_close_vol_points?", "is_vix_provisional?", "layers_armed_count", "units_armed_count",
        "units_deployed_count", "s_ladder_frac?", "s_simple_frac?", "s_median_frac?", "s_worst_frac?",
        "tick_floor_frac?", "ladder_premium_usd?", "be_erosion_max_frac?", "quote_clock?", "filter_state", "action",
        "block_reason?", "s_buy_frac?", "buy_filter_state?", "spread_limit_frac?", "worst_leg_limit_frac?",
    ),
    description="What the ladder does tonight, and the 8 % rule behind it; s_median_frac is over every contract of the "
    "band in the tenor windows, of the ladder's kind of option",
)  # fmt: skip
LADDER_STATE = TableSpec(
    name="out_alvh__daily_ladder_state",
    key=(*NIGHT_LADDER, "layer_no"),
    values=("is_armed", "armed_date?", "below_count", "retries_count", "units_deployed", "deployed_date?"),
    description="State machine after the night; the next night starts from it",
)
DRIFT = TableSpec(
    name="core_quality__daily_drift",
    key=(*NIGHT, "underlying"),
    values=("nights_count", "contracts_ratio?", "two_sided_change_frac?", "spread_ratio?", "quotes_hash?",
            "is_repeated"),
    description="Every chain beside its own last twenty nights: what changed more than it usually does",
)  # fmt: skip
SPREAD_SCORES = TableSpec(
    name="out_liquidity__daily_spread_scores",
    key=(*NIGHT, "level", "key"),
    values=(
        "score?", "s_median_frac?", "two_sided_frac", "contracts_count", "coverage_frac", "score_min?", "members_count",
        "score_version", "quotes_note",
    ),
    description="Spread-liquidity score per expiry, underlying and asset class; s_median_frac of an underlying is the "
    "median of those of the expiries nearest to the tenors, of a class the median of its members; the score of an "
    "expiry is over the contracts_count in the band, times the root of the two-sided share of all its members_count",
)  # fmt: skip
VERDICTS_TABLE = TableSpec(
    name="out_alvh__daily_verdicts",
    key=(*NIGHT, "asset_class", "host", "variant", "hedge_symbol", "profile"),
    values=("verdict", "tonight", "tonight_reason", "nights_count", "reasons", "missing_count?", "untrusted_count?"),
    description="Can the 4/4/2 layering be adapted to this host, and what tonight says",
)
MODEL_FREE = TableSpec(
    name="out_vol__daily_model_free",
    key=(*NIGHT, "underlying"),
    values=("iv30_vol?", "method", "status", "near_expiry_date?", "next_expiry_date?", "vendor_iv30_vol?", "hv20_vol?"),
    description="Model-free 30-day volatility by the VIX methodology",
)
DAILY_RATIOS = TableSpec(
    name="out_fundamentals__daily_ratios",
    key=(*NIGHT, "symbol"),
    values=(
        "close_usd?", "bar_date?", "shares_count?", "shares_tag?", "shares_status", "market_cap_usd?",
        "market_cap_status", "eps_ttm_usd?", "eps_tag?", "eps_status", "pe_ratio?", "pe_status", "cfo_ttm_usd?",
        "cfo_status", "pcf_ratio?", "pcf_status", "quick_ratio?", "quick_status", "dividends_ttm_usd?",
        "dividends_tag?", "dividends_status", "dividend_yield_frac?", "yield_status", "earnings_cover?",
        "cover_status", "period_end_date?", "available_date?", "is_stale",
    ),
    description="Fundamental ratios of single stocks: the night's close over what had been filed before the night",
)  # fmt: skip
META_NIGHTS = TableSpec(
    name="meta_nights",
    key=("trade_date", "universe", "source_mode"),
    values=(
        "night_status", "outcome?", "reason?", "run_id", "code_version", "rules_hash", "claimed_at_utc",
        "finished_at_utc?", "rows_in_count?", "rows_published_count?", "rows_quarantined_count?", "source?",
        "publication_no?", "based_on_no?", "answers_sha256?",
    ),
    description="Ledger of nights: who claimed them, how they ended, and which earlier nights they build on",
)  # fmt: skip
META_GAPS = TableSpec(
    name="meta_gaps",
    key=("trade_date", "universe", "source_mode"),
    values=("gap_status", "reason", "attempts_count", "noted_at_utc", "closed_at_utc?"),
    description="Sessions that should have been published and were not, and what became of them",
)
META_ALERTS = TableSpec(
    name="meta_alerts",
    key=("alert_id",),
    values=(
        "trade_date", "source_mode", "alert_rule", "subject", "turned_to", "alert_severity", "title", "body",
        "alert_status", "quiet_reason?", "created_at_utc",
    ),
    description="Outbox of alerts; written with the night that raised them",
)  # fmt: skip
META_DELIVERIES = TableSpec(
    name="meta_alert_deliveries",
    key=("alert_id", "channel"),
    values=("delivery_status", "attempts_count", "next_attempt_at_utc?", "sent_at_utc?", "last_error?"),
    description="One row per alert and channel: sent, waiting or given up",
)
META_PAYLOADS = TableSpec(
    name="meta_payloads",
    key=(*NIGHT, "dataset", "symbol"),
    values=("payload_outcome", "reason?", "url", "http_status_count?", "bytes_count?", "payload_sha256?", "etag?",
            "fetched_at_utc?"),
    description="Every payload of the night: landed with its hash, or missing with its reason",
)  # fmt: skip
META_VALIDATIONS = TableSpec(
    name="meta_validations",
    key=(*NIGHT, "dataset", "check_name", "check_column"),
    values=("severity", "is_success", "evaluated_count", "unexpected_count"),
    description="Every rule evaluated in the night",
)
META_QUARANTINE = TableSpec(
    name="meta_quarantine",
    key=(*NIGHT, "dataset", "row_key", "row_position", "payload_sha256"),
    values=("severity", "reason", "rows_count", "row_json?", "rule_name?", "symbol?", "observed?"),
    description="Every rejected row, or suspended expiry or underlying, why, and the payload it came from",
)
QUARANTINED_QUOTES = TableSpec(
    name="core_options__daily_quarantined",
    key=OPTION_QUOTES.key,
    values=(*OPTION_QUOTES.values, "severity", "rule_name?", "reason", "observed?"),
    home=LAKE, description="Option quotes that validation rejected, one row per contract",
)  # fmt: skip

TABLES: dict[str, TableSpec] = {
    table.name: table
    for table in (
        OPTION_QUOTES, QUARANTINED_QUOTES, PRICED_QUOTES, CONTRACT_SCORES, SNAPSHOTS, CROSS_CHECK, FORWARDS, DAILY_BARS,
        RATE_CURVE, LISTED_YIELDS,
        MACRO_LISTED, MACRO_EVENTS, MACRO_VALUES, MACRO_SERIES, FACTS, DAILY_RATIOS,
        DAILY_ACTIONS, VX_SETTLEMENTS, BREADTH_COUNTS, BREADTH,
        CLOSES, LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE, SPREAD_SCORES, DRIFT, VERDICTS_TABLE, MODEL_FREE,
        *RULE_TABLES, *BASIS_TABLES, *TIGHTNESS_TABLES, *BOOK_TABLES, *COST_TABLES, *EVALUATION_TABLES,
        META_NIGHTS, META_GAPS, META_ALERTS, META_DELIVERIES, META_PAYLOADS, META_VALIDATIONS, META_QUARANTINE,
    )
}  # fmt: skip
OUT_TABLES: tuple[TableSpec, ...] = tuple(table for name, table in TABLES.items() if name.startswith("out_"))
# What outlives a night: ledger, gaps and outbox are changed row by row, not replaced with a night.
LASTING_TABLES: tuple[TableSpec, ...] = (META_NIGHTS, META_GAPS, META_ALERTS, META_DELIVERIES)
NIGHT_TABLES: tuple[TableSpec, ...] = tuple(
    table for table in TABLES.values() if table.home == WAREHOUSE and table not in LASTING_TABLES
)
