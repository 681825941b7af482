"""What all nights together say of a ladder: columns and table."""

from alvh_core.registry.spec import NIGHT_LADDER, TableSpec, column

EVALUATION_STATUSES = ("OK", "TOO_SHORT", "NEVER_HELD", "NO_CLOSES", "NO_VALUES")

column("evaluated_from_date", "date", "First session of the nights that are evaluated", "ISO date")
column("valued_nights_count", "int", "Nights with a close of the host and a mark of all that was held", "nights", low=0)
column("windows5_count", "int", "Spans of five sessions with both ends known; they overlap", "spans", low=0)
column("evaluation_status", "category", "Why there are or are not measures; TOO_SHORT below 63 spans",
       allowed=EVALUATION_STATUSES)  # fmt: skip
column("es95_unhedged_frac", "float", "Mean loss on the worst 5 % of five-session spans, host alone", "fraction")
column("es95_hedged_frac", "float", "The same with the ladder, crossing at k = 0.59", "fraction")
column("hedge_cost_frac", "float", "What the ladder lost a year at k = 0.59, of the notional; negative where it "
       "earned", "fraction a year")  # fmt: skip
column("benefit_mid_ratio", "float", "H: shortfall saved over the year's cost, at mid; none where nothing was lost")
column("benefit_eff_ratio", "float", "The same at k = 0.59")
column("benefit_touch_ratio", "float", "The same at the touch")
column("derisk_saved_frac", "float", "Shortfall saved by holding so much less of the host, and bills instead, that it "
       "costs a year what the ladder does; all of it where bills earned more", "fraction")  # fmt: skip
column("edge_frac", "float", "Shortfall that the ladder saves at k = 0.59 beyond that", "fraction")
column("edge_low_frac", "float", "Lower end of its 90 % interval, by blocks; drawn only where a verdict hangs on it",
       "fraction")  # fmt: skip
column("edge_high_frac", "float", "Upper end", "fraction")
column("placebo_p_value", "float", "Share of random trigger calendars of equal spells that do as well", "fraction",
       low=0, high=1)  # fmt: skip
column("cagr_unhedged_frac", "float", "Growth of the host alone", "fraction a year", low=-1)
column("cagr_hedged_frac", "float", "Growth with the ladder, at k = 0.59", "fraction a year")
column("drawdown_unhedged_frac", "float", "Deepest fall from a high, host alone", "fraction", low=-1, high=0)
column("drawdown_hedged_frac", "float", "The same with the ladder", "fraction", high=0)
column("deep_losses_count", "int", "Spans of 20 sessions in which the host lost 10 % or more, and not the filter alone "
       "kept the ladder out", "spans", low=0)  # fmt: skip
column("basis_hit_frac", "float", "Share of them in which the ladder earned something, at k = 0.59", "fraction",
       low=0, high=1)  # fmt: skip
column("stress_windows_count", "int", "Stress windows that the nights cover, and that not the filter alone kept the "
       "ladder out of", "windows", low=0)  # fmt: skip
column("stress_payoff_usd", "float", "What the ladder earned in the stress windows that count, at mid", "USD")
column("friction_share_frac", "float", "Crossing at k = 0.59 and fees of all nights over that; none where it earned "
       "nothing", "fraction", low=0)  # fmt: skip
column("stress_offsets", "str", "Window by window: ladder's gain at k = 0.59 over the host's loss, or that the filter "
       "kept it out")  # fmt: skip

EVALUATION = TableSpec(
    name="out_alvh__daily_evaluation",
    key=NIGHT_LADDER,
    values=("evaluation_status", "valued_nights_count", "windows5_count", "stress_windows_count", "deep_losses_count",
            "evaluated_from_date?", "es95_unhedged_frac?", "es95_hedged_frac?", "hedge_cost_frac?",
            "benefit_mid_ratio?", "benefit_eff_ratio?", "benefit_touch_ratio?", "derisk_saved_frac?", "edge_frac?",
            "edge_low_frac?", "edge_high_frac?", "placebo_p_value?", "cagr_unhedged_frac?", "cagr_hedged_frac?",
            "drawdown_unhedged_frac?", "drawdown_hedged_frac?", "basis_hit_frac?", "stress_payoff_usd?",
            "friction_share_frac?", "stress_offsets?"),
    description="What all nights together say of a ladder beside its host alone, and beside holding less of the host",
)  # fmt: skip
EVALUATION_TABLES: tuple[TableSpec, ...] = (EVALUATION,)
