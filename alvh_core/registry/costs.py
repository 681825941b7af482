"""What a ladder costs, what it pays in a shock: columns and tables."""

from alvh_core.registry.spec import NIGHT, NIGHT_LADDER, TableSpec, column

SCENARIO_STATUSES = ("OK", "WEAK_BETA", "NO_BETA", "NO_LEG")  # a ladder has the last of its layers
COST_STATUSES = ("OK", "NEVER_HELD", "INSUFFICIENT", "NO_RETURNS")
HELD_STATUSES = ("OK", "FLOOR", "WEAK_BETA", "NO_BETA", "NO_VOL", "NO_QUOTE")  # a book has the last of its contracts'
SHOCK_STATUSES = ("OK", "NO_LEG", "WEAK_BETA", "NO_BETA", "NO_SOLUTION")
STRUCTURE_STATUSES = ("OK", "IDENTICAL_INSTRUMENTS", "INSUFFICIENT")
IRR_STATUSES = ("OK", "NOT_HELD", "NO_SIGN_CHANGE", "MULTIPLE_SIGN_CHANGES", "TOO_SHORT", "NO_DATA")
PAIR_STATUSES = ("KEPT", "REJECTED", "INSUFFICIENT", "IDENTICAL", "NO_CANDIDATE")
BETA_KINDS = ("HEDGED", "UNHEDGED_STRESS", "NONE")
DDM_STATUSES = ("OK", "NO_FACTS", "NOT_REPORTED", "NO_DIVIDEND", "NO_BETA", "NO_RATE", "R_NOT_ABOVE_G")

column("scenario_host", "category", "First host, in the alphabet, of those whose ladders are this one: same chain and "
       "same parameters, the universe entry's laid over the profile's")  # fmt: skip
column("shock_vol_points", "int", "Points that spot VIX jumps", "VIX points", low=0)
column("scenario_layer_no", "int", "Layer 1 to 3; 0 is the whole ladder", low=0, high=3)
column("shocked_forward_usd", "float", "Forward after the shock, damped by tenor or by the host's own beta",
       "USD or points", low=0)  # fmt: skip
column("value_mid_usd", "float", "Value after the shock at mid, volatility unchanged", "USD")
column("value_vol_up_usd", "float", "The same with volatility 10 points higher", "USD")
column("gain_usd", "float", "Value after the shock at mid less that before it, the premium at mid", "USD")
column("liq_tonight_usd", "float", "What a sale brings after the shock at tonight's spread", "USD")
column("liq_p95_usd", "float", "The same at the 95th percentile of the chain's spread over its last 252 nights; empty, "
       "also where the status is OK, below 20 nights with a spread", "USD")  # fmt: skip
column("liq_x2_usd", "float", "The same at twice tonight's spread", "USD")
column("liq_x3_usd", "float", "The same at three times tonight's spread", "USD")
column(
    "scenario_status",
    "category",
    "Why there is or is not a value; WEAK_BETA where the beta of the underlying to "
    "VIX is within 1.645 of its errors of zero: nobody knows which way a jump moves it",
    allowed=SCENARIO_STATUSES,
)
column("held_gain_usd", "float", "Value after the shock less the value at mid tonight", "USD")
column("held_status", "category", "Why there is or is not a value: FLOOR where a bought contract without a "
       "volatility (its iv_status says why) counts at its intrinsic value after the shock, the least it can be worth; "
       "WEAK_BETA where how its underlying follows VIX is within 1.645 errors of not at all, NO_BETA where it is not "
       "known; NO_VOL where a contract has no forward, or a "
       "sold one no volatility; NO_QUOTE where one has no usable quote of its own tonight",
       allowed=HELD_STATUSES)  # fmt: skip
column("be_shock_mid_vol_points", "float", "Smallest jump of spot VIX at which the ladder bought at mid is even: "
       "0 at once, as it should be; more would mean that model and quotes differ",
       "VIX points", low=0)  # fmt: skip
column("be_shock_touch_vol_points", "float", "The same bought at the ask", "VIX points", low=0)
column(
    "be_shock_status",
    "category",
    "Why there is or is not a break-even at the touch below 100 points; WEAK_BETA "
    "where the beta of the underlying to VIX is within 1.645 of its errors of zero",
    allowed=SHOCK_STATUSES,
)
column("stress_price_mid_ratio", "float", "Premium at mid over the value at spot VIX + 10, the implied volatility of "
       "every contract unchanged, of VIX calls too; a share's rises with VIX, so that own puts look dearer beside VIX "
       "calls than they are; none where no leg or no beta is known", low=0)  # fmt: skip
column("stress_price_touch_ratio", "float", "Premium at the ask over the value at spot VIX + 10; implied volatility is "
       "unchanged as at mid, which biases the comparison against own puts", low=0)  # fmt: skip
column("hedged_notional_usd", "float", "What the basis points are of", "USD", low=0)
column("carry_mid_bp", "float", "What nights without stress cost at mid, a year", "bp of the notional")
column("friction_eff_bp", "float", "Crossing cost at k = 0.59, a year; linear in k", "bp of the notional", low=0)
column("friction_touch_bp", "float", "Crossing cost at the touch, a year", "bp of the notional", low=0)
column("fees_bp", "float", "Fees, a year", "bp of the notional", low=0)
column("financing_bp", "float", "Premium outlay at the three-month rate, a year", "bp of the notional")
column("hedge_cost_of_capital_bp", "float", "Carry, friction at the touch, fees and financing: the honest name of a "
       "hedge's WACC", "bp of the notional")  # fmt: skip
column("cost_status", "category", "OK with 63 nights, 63 of them calm, held or not: held_nights_count tells how many "
       "it was held on; NEVER_HELD where nothing was ever traded, so that no cost is known; NO_RETURNS where in 63 "
       "nights the host had none to tell calm from stress", allowed=COST_STATUSES)  # fmt: skip
column("dividend_cover_ratio", "float", "A year's dividends of the notional over the cost of the hedge, nights "
       "without a contract in it: read it beside held_nights_count; hosts compare by profiles sized by premium",
       low=0)  # fmt: skip
column("structure_beta", "float", "Weekly P&L of the ladder over the premium that it has bought since its first night, "
       "on the same of the SPX ladder")  # fmt: skip
column("structure_beta_se", "float", "Its Newey-West error", low=0)
column("structure_alpha_frac", "float", "What it earns a week where the SPX ladder earns nothing: the intercept",
       "fraction of the premium since the first night")  # fmt: skip
column("structure_r2_frac", "float", "Share explained", "fraction", low=0, high=1)
column("structure_weeks_count", "int", "Weeks behind it", "weeks", low=0)
column("structure_status", "category", "NULL by construction where the calls are the same", allowed=STRUCTURE_STATUSES)
column("beta_host_unhedged", "float", "Weekly return of the host on SPX's")
column("beta_host_hedged", "float", "The same with the ladder's P&L over the notional added")
column("irr_unhedged_frac", "float", "Internal rate of the host alone over the window", "fraction a year")
column("irr_hedged_mid_frac", "float", "Host and ladder, filled at mid", "fraction a year")
column("irr_hedged_touch_frac", "float", "Host and ladder, filled at the touch, sold at the bid", "fraction a year")
column("irr_drag_bp", "float", "Unhedged less hedged at the touch", "bp a year")
column("irr_status", "category", "Why there is or is not a rate: NO_DATA where the host, or what is held on the first "
       "or the last night, has no price; MULTIPLE_SIGN_CHANGES where no rate is the only one",
       allowed=IRR_STATUSES)  # fmt: skip
column("required_return_frac", "float", "10-year yield plus beta times the declared equity premium", "fraction a year")
column("ddm_beta", "float", "Beta on SPX behind the required return")
column("ddm_beta_kind", "category", "HEDGED: weekly, with the comparing profile's ladder of VIX calls; else of the "
       "host alone on SPX's worst days", allowed=BETA_KINDS)  # fmt: skip
column("ddm_value_usd", "float", "Gordon value D1 / (r - g), g declared", "USD per share", low=0)
column("ddm_gap_frac", "float", "Close over Gordon value, less one", "fraction")
column("ddm_status", "category", "Why there is or is not a value: NO_DIVIDEND where a dividend of zero is reported, "
       "NOT_REPORTED where the company reports none, NO_FACTS where dividends_status of the ratios has another reason",
       allowed=DDM_STATUSES)  # fmt: skip
column(
    "class_pe_ratio", "float", "Sum of market caps over sum of earnings in the asset class; loss-makers count", low=0
)
column("drip_shares", "float", "What one share of 365 days ago has become, each dividend reinvested at the close of "
       "its ex date, untaxed, splits undone", "shares", low=1)  # fmt: skip
column("dividends_year_usd", "float", "Dividends with an ex date in the last 365 days, on the shares of the night",
       "USD per share", low=0)  # fmt: skip
column("payments_count", "int", "Dividends behind it", "dividends", low=1)
column("pair_symbol", "category", "Instrument chosen on the first half of the sessions, tried beside the ladder")
column("pair_direction", "int", "1 bought, -1 sold short", low=-1, high=1)
column("pair_candidates_count", "int", "Candidates declared for the host that the universe holds", "candidates", low=0)
column("pair_nobs_count", "int", "Sessions before tonight into which the ladder was held, host and ladder known",
       "sessions", low=0)  # fmt: skip
column("pair_choice_stress_count", "int", "Those of the first half on which the host lost 2 % or more", "sessions",
       low=0)  # fmt: skip
column("pair_stress_count", "int", "Those of the second half, on which the pair is judged", "sessions", low=0)
column("pair_weight_frac", "float", "Share of the hedge budget that the pair takes from the ladder", "fraction",
       low=0, high=0.3)  # fmt: skip
column("pair_corr_stress", "float", "Correlation of pair and ladder on the stress sessions of the second half",
       low=-1, high=1)  # fmt: skip
column("pair_choice_es", "float", "Shortfall saved on stress sessions of the first half: what chose the pair",
       "USD a session per USD of hedge budget")  # fmt: skip
column("pair_incremental_es", "float", "Shortfall saved on stress sessions of the second half, out of sample",
       "USD a session per USD of hedge budget")  # fmt: skip
column("pair_p_value", "float", "Share of bootstrap draws in which nothing is saved", "fraction", low=0, high=1)
column("pair_status", "category", "KEPT only if something is saved with p below 0.10", allowed=PAIR_STATUSES)
column("pair_reason", "str", "Why, in numbers")

SCENARIOS = TableSpec(
    name="out_alvh__daily_scenarios",
    key=(*NIGHT, "hedge_symbol", "option_right", "profile", "scenario_host", "shock_vol_points",
         "scenario_layer_no"),
    values=("units_target", "premium_usd?", "shocked_forward_usd?", "value_mid_usd?", "value_vol_up_usd?", "gain_usd?",
            "liq_tonight_usd?", "liq_p95_usd?", "liq_x2_usd?", "liq_x3_usd?", "scenario_status"),
    description="What tonight's ladder would be worth after a jump of VIX, and what a sale of it would bring",
)  # fmt: skip
HELD_SCENARIOS = TableSpec(
    name="out_alvh__daily_held_scenarios",
    key=(*NIGHT_LADDER, "shock_vol_points"),
    values=("units_open", "book_mark_usd?", "value_mid_usd?", "value_vol_up_usd?", "held_gain_usd?", "liq_tonight_usd?",
            "liq_p95_usd?", "liq_x2_usd?", "liq_x3_usd?", "held_status"),
    description="What each paper book that holds something would be worth after a jump of VIX, and what a sale of it "
    "would bring",
)  # fmt: skip
COSTS = TableSpec(
    name="out_alvh__daily_costs",
    key=NIGHT_LADDER,
    values=("hedged_notional_usd", "be_shock_mid_vol_points?", "be_shock_touch_vol_points?", "be_shock_status",
            "stress_price_mid_ratio?", "stress_price_touch_ratio?", "carry_mid_bp?", "friction_eff_bp?",
            "friction_touch_bp?", "fees_bp?", "financing_bp?", "hedge_cost_of_capital_bp?", "cost_status",
            "dividend_cover_ratio?", "scenario_host?", "held_nights_count?"),
    description="What a ladder costs a year in basis points of what it protects, and what it takes to earn it back",
)  # fmt: skip
STRUCTURE = TableSpec(
    name="out_alvh__daily_structure",
    key=NIGHT_LADDER,
    values=("structure_beta?", "structure_beta_se?", "structure_r2_frac?", "structure_weeks_count", "structure_status",
            "beta_host_unhedged?", "beta_host_hedged?", "irr_unhedged_frac?", "irr_hedged_mid_frac?",
            "irr_hedged_touch_frac?", "irr_drag_bp?", "irr_status", "structure_alpha_frac?"),
    description="Ladders of the profile that compares beside the SPX ladder and the host alone, last 252 nights",
)  # fmt: skip
DIVIDEND_VALUE = TableSpec(
    name="out_fundamentals__daily_dividend_value",
    key=(*NIGHT, "symbol"),
    values=("asset_class", "dividends_ttm_usd?", "required_return_frac?", "ddm_value_usd?", "ddm_gap_frac?",
            "ddm_status", "class_pe_ratio?", "ddm_beta?", "ddm_beta_kind?"),
    description="Dividend-discount value of single stocks, and the P/E of their class",
)  # fmt: skip
DRIP = TableSpec(
    name="out_market__daily_drip",
    key=(*NIGHT, "symbol"),
    values=("dividends_year_usd", "payments_count", "drip_shares?"),
    description="A year of dividends reinvested, of every symbol of which dividends are known",
)
PAIRS = TableSpec(
    name="out_alvh__daily_pairs",
    key=(*NIGHT, "host"),
    values=("pair_symbol?", "pair_direction?", "pair_candidates_count", "pair_nobs_count", "pair_choice_stress_count",
            "pair_stress_count", "pair_weight_frac", "pair_corr_stress?", "pair_choice_es?", "pair_incremental_es?",
            "pair_p_value?", "pair_status", "pair_reason", "profile?"),
    description="Whether a second instrument beside the comparing profile's ladder earns its place (V4), by host",
)  # fmt: skip
COST_TABLES: tuple[TableSpec, ...] = (SCENARIOS, HELD_SCENARIOS, COSTS, STRUCTURE, DIVIDEND_VALUE, DRIP, PAIRS)
