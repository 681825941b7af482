"""Every column the pipeline stores, once: type, unit, range, meaning, source.

Tables (`alvh_core.schemas`) pick columns by name: the same quantity has the same name, type and meaning everywhere.
Expectations, SQL tables, Parquet schemas and the data dictionary are all derived from here. No table layout here. The
ladder's answers declare their columns beside their tables, in `alvh_core.registry`.
"""

from alvh_core.registry import basis, book, costs, rules, tightness  # noqa: F401 (they declare their columns)
from alvh_core.registry.spec import COLUMNS, ColumnSpec
from alvh_core.registry.spec import column as _add

__all__ = ["COLUMNS", "ColumnSpec"]

SOURCE_MODES = ("live", "recorded", "imported", "simulated")
QUOTE_CLOCKS = ("in_session", "at_close", "after_hours")
VARIANTS = ("V0_REF", "V1_SAME_HEDGE", "V2_VOL_WRAPPER", "V3_NATIVE")
FILTER_STATES = ("PASS", "FAIL_ILLIQUID", "FAIL_TICK", "ZERO_BID", "BAD_QUOTE", "MISSING_LEG", "NO_DATA")
LEG_STATUSES = ("OK", "NO_EXPIRY", "NO_STRIKE", "ZERO_BID", "BAD_QUOTE", "NO_DATA")
ACTIONS = ("DEPLOY", "BLOCKED", "ARM", "DISARM", "HOLD", "IDLE")
VERDICTS = ("HOLDS", "ADAPT", "FALLS_APART", "INSUFFICIENT")
TONIGHT = ("DEPLOYABLE", "BLOCKED")
QUOTE_FLAGS = ("OK", "ZERO_BID", "NO_QUOTE", "LOCKED")
TWO_SIDED = ("OK", "LOCKED")  # flags of quotes with a bid and an ask
IV_STATUSES = (
    "OK", "BAD_INPUT", "NO_TIME", "NO_PREMIUM", "BELOW_INTRINSIC", "AT_INTRINSIC", "ABOVE_MAX", "NO_CONVERGENCE",
    "NO_FORWARD", "NO_BID", "NO_QUOTE",
)  # fmt: skip
FORWARD_STATUSES = ("OK", "NO_PAIRS", "NO_CURVE", "NO_TIME", "BAND", "INCONSISTENT")
LEVELS = ("expiry", "underlying", "asset_class")
SEVERITIES = ("row", "expiry", "underlying", "night")
ALERT_SEVERITIES = ("INFO", "WARNING", "CRITICAL")
ALERT_STATUSES = ("PENDING", "DELIVERED", "QUIET", "DEAD")
DELIVERY_STATUSES = ("PENDING", "SENT", "DEAD")
GAP_STATUSES = ("OPEN", "FILLED", "LOST")
EVENT_TYPES = (
    "FOMC_DECISION", "FOMC_MINUTES", "CPI", "PPI", "EMPLOYMENT", "JOLTS", "ECI", "GDP", "PERSONAL_INCOME",
)  # fmt: skip
EVENT_SOURCES = ("fed_json", "fed_html", "bls_ics", "fred_releases", "bea_json", "packaged")
TIME_SOURCES = ("stated", "convention")
SERIES_SOURCES = ("fred_api", "fredgraph")
QUOTE_SCOPES = (
    "nbbo",  # best of all venues, by OPRA: Tradier, Massive
    "exclusive_listing",  # one exchange lists it, so its book is the market's
    "cboe_delayed(unknown)",  # Cboe's delayed feed; whether it is NBBO or Cboe's own book nobody says
    "cboe_own_book",  # for an operator who has found out
    "cboe_page_download", "cboe_datashop_1545", "cboe_datashop_eod", "optionsdx_close", "orats_smv",
    "historicaloptiondata_close", "ivydb_close", "schwab",
    *(f"own_lake_{mode}" for mode in SOURCE_MODES),
)  # fmt: skip
CROSS_CHECKS = ("AGREES", "DIFFERS", "INSUFFICIENT")
KNOWN_BY = ("VINTAGE", "LAG")
SETTLE_KINDS = ("settlement", "history", "final")
BREADTH_METHODS = ("universe", "massive_us_all", "nyse_true")
RATIO_STATUSES = (
    "OK", "NO_CIK", "NO_FACTS", "NOT_REPORTED", "NO_CURRENT_CLASSIFICATION", "NO_INVENTORY", "INCOMPLETE", "STALE",
    "MIXED_SPLITS", "IMPLAUSIBLE", "NOT_POSITIVE", "NO_CLOSE",
)  # fmt: skip


# Keys and provenance
_add("trade_date", "date", "Session the quotes belong to, New York calendar", "ISO date")
_add("source_mode", "category", "Where the bytes came from; simulated is never evidence", allowed=SOURCE_MODES)
_add("universe", "category", "Name of the set of symbols the night covers")
_add("symbol", "category", "Symbol of the universe")
_add("asset_class", "category", "Key of the asset-class table")
_add("underlying", "category", "Symbol whose options these are")
_add("root", "category", "OCC option root; decides the settlement", source="OCC symbol")
_add("osi_symbol", "str", "21-character OCC symbol, root padded with blanks; unique in a night", source="OCC symbol")
_add("expiry_date", "date", "Settlement date of the contract", "ISO date", source="OCC symbol")
_add("option_right", "category", "Call or put", allowed=("C", "P"), source="OCC symbol")
_add("settlement", "category", "AM and SOQ at 09:30, PM at 16:00 New York", allowed=("AM", "PM", "SOQ"))
_add("settle_at_utc", "timestamp", "Instant at which the contract settles", "UTC")
_add("dte_days", "int", "Calendar days from the session to the expiry date", "days", low=0)
_add("years", "float", "Time from the quote to the settlement instant over 365 days", "years", low=0)
_add("multiplier", "int", "Deliverable per contract", "units of the underlying", low=1)
_add("is_adjusted", "bool", "Deliverable changed by a corporate action; excluded from scores and ladders")
_add("is_monthly", "bool", "Standard monthly expiry")
_add("payload_sha256", "str", "Hash of the raw body the row was read from")
_add("row_position", "int", "Position of the contract in its payload", "rows", low=0)

# Quotes
_add("quote_at_utc", "timestamp", "Time of the underlying's last tick, the quotes' own clock", "UTC")
_add("rendered_at_utc", "timestamp", "Time at which the vendor rendered the file", "UTC")
_add("quote_age_minutes", "float", "Rendering time less quote time", "minutes")
_add("minutes_to_close", "float", "Close of the session less quote time; negative after the close", "minutes")
_add("quote_clock", "category", "In session, at the close, or after hours", allowed=QUOTE_CLOCKS)
_add("venue_scope", "category", "Quote scope: whose best quotes these are, and which snapshot, as far as known",
     allowed=QUOTE_SCOPES)  # fmt: skip
_add("underlying_price_usd", "float", "Vendor's last price of the underlying; never used to price", "USD", low=0)
_add("strike_usd", "float", "Strike", "USD or index points", low=1e-3)
_add("bid_usd", "float", "Best bid; 0 is no bid", "USD per share", low=0)
_add("ask_usd", "float", "Best ask; missing is no quote", "USD per share", low=0)
_add("mid_usd", "float", "Half of bid plus ask", "USD per share", low=0)
_add("bid_size_count", "float", "Contracts bid", "contracts", low=0)
_add("ask_size_count", "float", "Contracts offered", "contracts", low=0)
_add("volume_count", "float", "Contracts traded in the session", "contracts", low=0)
_add("open_interest_count", "float", "Open interest of the previous session", "contracts", low=0)
_add("vendor_iv_vol", "float", "Vendor's implied volatility, for comparison only", "annual, decimal", low=0)
_add("vendor_delta", "float", "Vendor's delta, for comparison only", low=-1.01, high=1.01)
_add("quote_flag", "category", "State of the quote", allowed=QUOTE_FLAGS)
_add("spread_usd", "float", "Ask less bid", "USD per share", low=0)
_add("spread_frac", "float", "Ask less bid over mid; 2 where there is no bid", "fraction of mid", low=0, high=2)
_add("tick_usd", "float", "Minimum price increment at the mid", "USD", low=0, source="dated tick table")
_add("spread_ticks", "float", "Spread in ticks", "ticks", low=0)
_add("tick_floor_frac", "float", "Smallest spread the tick allows, over mid", "fraction of mid", low=0)

# Pricing
_add("forward_usd", "float", "Forward of the expiry from put-call parity", "USD or index points", low=0)
_add("discount", "float", "Discount factor to the settlement instant", low=0, high=1.05, source="Treasury par curve")
_add("forward_gap_usd", "float", "Forward less the vendor's underlying price", "USD or index points")
_add("pairs_count", "int", "Call-put pairs used for the forward", "pairs", low=0)
_add("forward_status", "category", "Why there is or is not a forward", allowed=FORWARD_STATUSES)
_add("iv_vol", "float", "Black-76 implied volatility of the mid", "annual, decimal", low=0)
_add("iv_status", "category", "Why there is or is not an implied volatility", allowed=IV_STATUSES)
_add("delta_fwd", "float", "Undiscounted forward delta", low=-1, high=1)
_add("gamma", "float", "Second derivative of the price in the forward", "1 / USD", low=0)
_add("vega", "float", "Price change per 1.00 of volatility", "USD per share", low=0)
_add("theta_usd_per_day", "float", "Price change per calendar day", "USD per share per day")
_add("intrinsic_usd", "float", "Discounted intrinsic value on the forward; American on the spot",
     "USD per share", low=0)  # fmt: skip
_add("extrinsic_usd", "float", "Mid less intrinsic value, not clamped", "USD per share")
_add("extrinsic_frac", "float", "Extrinsic value over the mid", "fraction of the premium")
_add("extrinsic_usd_per_day", "float", "Extrinsic value over the days left, straight-line", "USD per share per day")
_add("is_neg_extrinsic", "bool", "Extrinsic value below minus half the spread")

# Scores
_add("level", "category", "What the score is about", allowed=LEVELS)
_add("key", "str", "underlying and expiry, underlying, or asset class")
_add("score", "float", "Spread-liquidity score; of an underlying over the three tenors, of which a missing one counts "
     "0; empty where nothing was measured", "0 to 100", low=0, high=100)  # fmt: skip
_add("score_percent_spread", "float", "Component: spread over mid", "0.01 to 1", low=0, high=1)
_add("score_vol_spread", "float", "Component: spread in volatility over volatility", "0.01 to 1", low=0, high=1)
_add("score_depth", "float", "Component: size at the touch", "0.01 to 1", low=0, high=1)
_add("score_open_interest", "float", "Component: open interest", "0.01 to 1", low=0, high=1)
_add("score_volume", "float", "Component: volume", "0.01 to 1", low=0, high=1)
_add("score_version", "category", "Version of the scoring rule")
_add("score_min", "float", "Lowest score of what was measured: contracts of an expiry's band, tenors with a listed "
     "expiry, underlyings of a class; a missing tenor is not among them", "0 to 100", low=0, high=100)  # fmt: skip
_add("members_count", "int", "Members behind the row; of the score of an expiry all its listed contracts, of an "
     "underlying those of the three tenors with a listed expiry", "members", low=0)  # fmt: skip
_add("s_median_frac", "float", "Median spread, |delta| 0.10 to 0.60 out of the money; a strike among them that nobody "
     "bids for counts 200 %", "fraction of mid", low=0, high=2)  # fmt: skip
_add("two_sided_frac", "float", "Share of contracts with a bid and an ask", "fraction", low=0, high=1)
_add("contracts_count", "int", "Contracts behind the row", "contracts", low=0)
_add("coverage_frac", "float", "Share of the score's weight that had data", "fraction", low=0, high=1)
_add("quotes_note", "str", "What weakens the reading, e.g. quotes taken after hours")

# Ladder
_add("host", "category", "Asset that is protected")
_add("variant", "category", "Which adaptation", allowed=VARIANTS)
_add("hedge_symbol", "category", "Chain the ladder is bought in")
_add("profile", "category", "Named parameter set")
_add("layer_no", "int", "Layer 1 to 3", low=1, high=3)
_add("units_target", "int", "Contracts the layer buys", "contracts", low=0)
_add("adv20_count", "float", "Mean volume of the contract over the nights of the last 20 sessions that quoted it, "
     "tonight's as far as its quotes; empty below 5 such nights", "contracts a session", low=0)  # fmt: skip
_add("adv20_nights_count", "int", "Such nights; empty where there is no contract", "nights", low=0, high=20)
_add("break_even_usd", "float", "Underlying at expiry where the leg pays for itself and the fee of its "
     "purchase, bought at mid", "USD or points")  # fmt: skip
_add("break_even_touch_usd", "float", "The same, bought at the ask", "USD or points")
_add("be_erosion_usd", "float", "Break-even at the touch less break-even at mid", "USD or points")
_add("be_erosion_frac", "float", "Erosion over the distance from forward to break-even", "fraction")
_add("delta_error", "float", "Distance of the leg's delta from the target", low=0)
_add("tenor_error_days", "int", "Days from the target tenor", "days")
_add("premium_usd", "float", "Units times multiplier times mid; negative where sold", "USD")
_add("leg_status", "category", "Whether the leg can be bought, and why not", allowed=LEG_STATUSES)
_add("leg_action", "category", "What the state machine does with the layer tonight", allowed=ACTIONS)
_add("is_armed", "bool", "The layer is armed after tonight's close")
_add("vix_close_vol_points", "float", "Close of the trigger index", "VIX points", low=0, high=200)
_add("is_vix_provisional", "bool", "Close taken from the chain's header, not from the published history")
_add("layers_armed_count", "int", "Armed layers", "layers", low=0, high=3)
_add("units_armed_count", "int", "Units of the armed layers", "contracts", low=0)
_add("units_deployed_count", "int", "Contracts held on paper after the night's trades, bought or sold short; none that "
     "only await their settlement value", "contracts", low=0)  # fmt: skip
_add("s_ladder_frac", "float", "Premium-weighted spread of the whole ladder's legs", "fraction", low=0, high=2)
_add("s_simple_frac", "float", "Plain mean of the legs' spreads", "fraction", low=0, high=2)
_add("s_worst_frac", "float", "Widest leg", "fraction", low=0, high=2)
_add("filter_state", "category", "The 8 % rule on the whole ladder, armed or not", allowed=FILTER_STATES)
_add("s_buy_frac", "float", "Premium-weighted spread of exactly the contracts that the ladder goes to the market for "
     "tonight, the decision value; empty where it goes for none", "fraction", low=0, high=2)  # fmt: skip
_add("buy_filter_state", "category", "The 8 % rule on exactly those contracts, which decides; empty where there are "
     "none", allowed=FILTER_STATES)  # fmt: skip
_add("spread_limit_frac", "float", "A ladder's spread passes the filter strictly below this", "fraction", low=0, high=2)
_add("worst_leg_limit_frac", "float", "No single leg of it may reach this", "fraction", low=0, high=2)
_add("action", "category", "What the ladder does tonight", allowed=ACTIONS)
_add("block_reason", "str", "Why nothing is bought")
_add("ladder_premium_usd", "float", "Premium of all legs at mid, sold legs off", "USD")
_add("be_erosion_max_frac", "float", "Largest relative break-even erosion of the legs", "fraction")
_add("armed_date", "date", "Session at whose close the layer armed", "ISO date")
_add("below_count", "int", "Consecutive closes below the disarm level", "sessions", low=0)
_add("retries_count", "int", "Sessions on which the 8 % rule refused deployment", "sessions", low=0)
_add("deployed_date", "date", "Session of the deployment", "ISO date")
_add("units_deployed", "int", "Contracts the layer holds after the night's trades", "contracts", low=0)
_add("verdict", "category", "Answer on the evidence so far", allowed=VERDICTS)
_add("tonight", "category", "Tonight's reading of the filter", allowed=TONIGHT)
_add("tonight_reason", "str", "What the filter says against it; where it says nothing, spread, what the ladder "
     "does, and why it buys nothing")  # fmt: skip
_add("reasons", "str", "Why the verdict is what it is")
_add("nights_count", "int", "Published nights of this source mode with a reading of the whole ladder", "nights", low=0)

# Volatility, bars, rates
_add("iv30_vol", "float", "Model-free volatility over 30 days", "annual, decimal", low=0, high=20)
_add("method", "category", "Expiries behind the number", allowed=("interpolated", "single", "none"))
_add("status", "category", "OK, or why there is no number")
_add("near_expiry_date", "date", "Near expiry", "ISO date")
_add("next_expiry_date", "date", "Next expiry", "ISO date")
_add("vendor_iv30_vol", "float", "Vendor's 30-day volatility, for comparison", "annual, decimal", low=0)
_add("hv20_vol", "float", "Realised volatility of 20 daily log returns", "annual, decimal", low=0)
_add("bar_date", "date", "Session of the bar", "ISO date")
_add("open_usd", "float", "Open", "USD or points", low=0)
_add("high_usd", "float", "High", "USD or points", low=0)
_add("low_usd", "float", "Low", "USD or points", low=0)
_add("close_usd", "float", "Close", "USD or points", low=1e-9)
_add("volume_shares", "float", "Shares traded", "shares", low=0)
_add("dataset", "category", "Kind of payload or table")
_add("tenor_years", "float", "Maturity", "years", low=0)
_add("par_yield_frac", "float", "Par yield, bond-equivalent", "fraction", low=-0.05, high=0.5)
_add("zero_rate_frac", "float", "Continuously compounded rate used for discounting", "fraction", low=-0.05, high=0.5)
_add("curve_date", "date", "Date of the curve row", "ISO date")

# Corporate actions, VX futures, breadth
_add("ex_date", "date", "First session without the dividend, or on the new count of shares", "ISO date")
_add("dividend_usd", "float", "Cash dividend as paid, on the shares of its own day; 0 is none", "USD per share", low=0)
_add("split_ratio", "float", "New shares for one old share; 1 is no split", "shares per share", low=1e-6, high=1e6)
_add("futures_symbol", "category", "Exchange's name of a VIX future, e.g. VX/U6, or VX36/U6 for a weekly that settled")
_add("settle_date", "date", "Session the settlement is of; never moved to the night", "ISO date")
_add("settle_kind", "category", "Evening file, per-contract history, or final settlement on the expiry date itself",
     allowed=SETTLE_KINDS)  # fmt: skip
_add("settle_vol_points", "float", "Settlement price of the future", "VIX points", low=1e-9, high=200)
_add("vx_settle_vol_points", "float", "Settlement of the session of the VX future of the same expiry; empty where none",
     "VIX points", low=1e-9, high=200)  # fmt: skip
_add("vx_gap_vol_points", "float", "Forward from parity less that settlement", "VIX points")
_add("breadth_method", "category", "What was counted; methods are never spliced", allowed=BREADTH_METHODS)
_add("before_date", "date", "Session that closes are compared with", "ISO date")
_add("advances_count", "int", "Members that closed higher", "members", low=0)
_add("declines_count", "int", "Members that closed lower", "members", low=0)
_add("unchanged_count", "int", "Members that closed unchanged", "members", low=0)
_add("ad_diff_count", "int", "Advances less declines", "members")
_add("ad_line_count", "int", "Sum of advances less declines since line_from_date; its base means nothing", "members")
_add("line_from_date", "date", "First session of the sum", "ISO date")

# Macro calendar and series
_add("event_type", "category", "Which release or decision", allowed=EVENT_TYPES)
_add("event_period", "str", "Reference month where the source states it, else 'in' and the month of the date")
_add("event_source", "category", "Whose calendar says so; two that disagree are two rows", allowed=EVENT_SOURCES)
_add("event_date", "date", "New York date of the event; of a meeting its last day", "ISO date")
_add("event_at_utc", "timestamp", "Instant of the event", "UTC")
_add("event_title", "str", "The source's own words")
_add("time_source", "category", "Whether the source states the time of day or it is the usual one",
     allowed=TIME_SOURCES)  # fmt: skip
_add("series_id", "category", "FRED's name of the series", source="FRED")
_add("observation_date", "date", "First day of what is measured, not the day it was published", "ISO date")
_add("series_value", "float", "The value", "as series_unit says")
_add("series_unit", "category", "Unit of the series")
_add("series_source", "category", "Which of FRED's doors the value came through", allowed=SERIES_SOURCES)
_add("known_by", "category", "Whether a vintage says when the value was published, or a cautious lag",
     allowed=KNOWN_BY)  # fmt: skip
_add("known_from_date", "date", "First night on which the row was known", "ISO date")
_add("superseded_date", "date", "First night on which it no longer held; empty while it stands", "ISO date")
_add("moved_to_date", "date", "Where the source lists the same release now", "ISO date")

# Drift
_add("contracts_ratio", "float", "Contracts tonight over the median of the last nights", low=0)
_add("two_sided_change_frac", "float", "Two-sided share tonight less the median of the last nights", "fraction",
     low=-1, high=1)  # fmt: skip
_add("quotes_hash", "str", "Hash of all prices and sizes of a chain; the same on two nights means nothing moved")
_add("is_repeated", "bool", "Whether the whole chain is that of the night before")

# Cross-check of feeds
_add("second_scope", "category", "Quote scope of the second feed", allowed=QUOTE_SCOPES)
_add("compared_count", "int", "Contracts with a bid and an ask in both feeds", "contracts", low=0)
_add("default_spread_frac", "float", "Median spread of those in the night's own feed", "fraction of mid", low=0, high=2)
_add("second_spread_frac", "float", "Median spread of the same contracts in the second feed", "fraction of mid", low=0,
     high=2)  # fmt: skip
_add(
    "spread_ratio",
    "float",
    "A median spread over another: the night's own feed over the second, or tonight over its last nights",
    low=0,
)
_add("clock_gap_minutes", "float", "Quote time of the night's own feed less that of the second", "minutes")
_add("cross_check", "category", "Whether the feeds agree, or too little to tell", allowed=CROSS_CHECKS)
_add("check_note", "str", "What the comparison says of whose quotes these are, or why it says nothing")

# Fundamentals
_add("fact_tag", "category", "What the company reports", source="XBRL tag of dei or us-gaap")
_add("fact_unit", "category", "Unit of the fact", source="XBRL")
_add("period_end_date", "date", "Last day of the period, or day of the balance", "ISO date")
_add("period_days", "int", "Length of the period, both ends counted; 0 for a balance", "days", low=0)
_add("filed_date", "date", "Day stamped on the filing; its facts count from the next day on", "ISO date")
_add("fact_value", "float", "The value", "as fact_unit says")
_add("filing_form", "str", "Form of the filing", source="SEC")
_add("shares_count", "float", "Shares outstanding, on the share count of the night", "shares", low=0)
_add("shares_tag", "category", "Which fact the share count is")
_add("market_cap_usd", "float", "Close times shares", "USD", low=0)
_add("eps_ttm_usd", "float", "Earnings of the last four quarters per share of the night", "USD per share")
_add("eps_tag", "category", "Which fact the earnings are")
_add("pe_ratio", "float", "Close over earnings of the last four quarters", "times", low=0)
_add("cfo_ttm_usd", "float", "Cash flow from operations of the last four quarters", "USD")
_add("pcf_ratio", "float", "Market capitalisation over cash flow from operations", "times", low=0)
_add("quick_ratio", "float", "Current assets less inventory, over current liabilities", "times")
_add("dividends_ttm_usd", "float", "Dividends of the last four quarters per share of the night", "USD per share")
_add("dividends_tag", "category", "Which fact the dividends are")
_add("dividend_yield_frac", "float", "Dividends of the last four quarters over the close", "fraction")
_add("earnings_cover", "float", "Dividend cover: earnings over dividends per share; not the cover of a hedge's cost",
     "times")  # fmt: skip
for _name, _what in (
    ("shares", "a share count"), ("market_cap", "a market capitalisation"), ("eps", "earnings of four quarters"),
    ("pe", "a price-earnings ratio"), ("cfo", "a cash flow of four quarters"), ("pcf", "a price-cash-flow ratio"),
    ("quick", "a quick ratio"), ("dividends", "dividends of four quarters"), ("yield", "a dividend yield"),
    ("cover", "a dividend cover"),
):  # fmt: skip
    _add(f"{_name}_status", "category", f"Why there is or is not {_what}", allowed=RATIO_STATUSES)
_add("available_date", "date", "First night that could know every fact behind the row", "ISO date")
_add("is_stale", "bool", "Something behind the row is old: the close, or a newest report of 200 days ago")

# Ledger
_add("night_status", "category", "RUNNING, COMPLETE or FAILED", allowed=("RUNNING", "COMPLETE", "FAILED"))
_add("outcome", "category", "OK, or NO_DATA where the VIX chain is missing", allowed=("OK", "NO_DATA"))
_add("reason", "str", "Why")
_add("run_id", "str", "Identity of the run that wrote the row")
_add("code_version", "str", "Version of the distribution")
_add("rules_hash", "str", "Hash of universe, profiles and rules")
_add("claimed_at_utc", "timestamp", "When the night was claimed", "UTC")
_add("finished_at_utc", "timestamp", "When the night turned COMPLETE or FAILED", "UTC")
_add("source", "str", "Source the night was run from: live, simulated, or recorded:PATH")
_add("publication_no", "int", "Number of the publication, in order; unchanged answers keep theirs", low=1)
_add("based_on_no", "int", "Highest publication_no of earlier nights when this one read their state; 0 for none", low=0)
_add("answers_sha256", "str", "Hash of every published core_ and out_ row of the night")
_add("rows_in_count", "int", "Rows decoded from the payloads", "rows", low=0)
_add("rows_published_count", "int", "Rows that passed validation", "rows", low=0)
_add("rows_quarantined_count", "int", "Rows in quarantine", "rows", low=0)
_add("url", "str", "Address of the payload, without secrets")
_add("http_status_count", "int", "Status code", low=0)
_add("payload_outcome", "category", "LANDED or MISSING", allowed=("LANDED", "MISSING"))
_add("bytes_count", "int", "Size of the body", "bytes", low=0)
_add("etag", "str", "Entity tag, where there is one")
_add("fetched_at_utc", "timestamp", "When the body arrived", "UTC")
_add("check_name", "str", "Rule that was evaluated")
_add("check_column", "str", "Column or columns of the rule")
_add("severity", "category", "What a failure takes out", allowed=SEVERITIES)
_add("is_success", "bool", "The rule held")
_add("evaluated_count", "int", "Rows the rule looked at", "rows", low=0)
_add("unexpected_count", "int", "Rows that broke the rule", "rows", low=0)
_add("rule_name", "str", "Rule that took the row out, the first of the gravest it broke; as check_name")
_add("observed", "str", "What the broken rules saw in their columns; of a suspended group the fact that broke")
_add("row_key", "str", "Key of the rejected row")
_add("row_json", "str", "The rejected row; empty for a suspended group, whose rows are in the lake")
_add("rows_count", "int", "Rejected rows behind the entry", "rows", low=1)

# Gaps, alerts
_add("gap_status", "category", "OPEN, FILLED, or LOST where the source cannot give the session any more",
     allowed=GAP_STATUSES)  # fmt: skip
_add("attempts_count", "int", "Attempts so far", low=0)
_add("noted_at_utc", "timestamp", "When the gap was first seen", "UTC")
_add("closed_at_utc", "timestamp", "When the gap was filled or given up", "UTC")
_add("alert_id", "str", "Hash of night, rule, subject and what it turned to; the same alert has the same one")
_add("alert_rule", "str", "Rule that raised the alert")
_add("subject", "str", "What the alert is about: a ladder, a payload, a night")
_add("turned_to", "str", "What the subject turned to; turning back is another alert")
_add("alert_severity", "category", "How soon a person should look", allowed=ALERT_SEVERITIES)
_add("title", "str", "The alert in one line")
_add("body", "str", "What was expected, what was found, what to do")
_add(
    "alert_status", "category", "PENDING, DELIVERED, QUIET (kept, not sent) or DEAD (given up)", allowed=ALERT_STATUSES
)
_add("quiet_reason", "str", "Why an alert is not sent; of one that was, that the night was published again without it")
_add("created_at_utc", "timestamp", "When the alert was raised", "UTC")
_add("channel", "str", "Name of the channel, never its address")
_add("delivery_status", "category", "PENDING, SENT or DEAD", allowed=DELIVERY_STATUSES)
_add("next_attempt_at_utc", "timestamp", "Not tried again before", "UTC")
_add("sent_at_utc", "timestamp", "When the channel took it", "UTC")
_add("last_error", "str", "What the channel said last, without its address")
