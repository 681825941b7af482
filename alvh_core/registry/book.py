"""The paper book: positions, fills, marks and their sums: columns and tables."""

from alvh_core.registry.spec import NIGHT_LADDER, TableSpec, column

FILL_KINDS = ("OPEN", "ROLL_CLOSE", "ROLL_OPEN", "TAKE_PROFIT", "DISARM", "CLOSE_OUT", "SETTLE")
EXIT_STATES = ("HELD", "DEFERRED", "NO_QUOTE", "AWAITING_SETTLEMENT")

column("entry_date", "date", "Session of the fill that opened the position", "ISO date")
column("units_open", "int", "Contracts open; a position's negative where sold, a book's all of them, sold ones too",
       "contracts")  # fmt: skip
column("entry_mid_usd", "float", "Mid at entry", "USD per share", low=0)
column("entry_spread_usd", "float", "Ask less bid at entry", "USD per share", low=0)
column("mark_usd", "float", "Mid tonight; empty where there is no quote, nothing is carried forward", "USD per share")
column("liquidation_usd", "float", "Bid of what is bought, ask of what is sold", "USD per share", low=0)
column("last_mark_usd", "float", "Mid of the last night that had one, for differences only, never a mark of tonight",
       "USD per share", low=0)  # fmt: skip
column("last_mark_date", "date", "That night", "ISO date")
column("is_profit_taken", "bool", "Part of the position has been sold at the profit multiple")
column("position_state", "category", "Held, or why an exit that was due did not happen", allowed=EXIT_STATES)
column("position_reason", "str", "What was due, and why it waits")
column("fill_no", "int", "Fill of the ladder's night", "fills", low=1)
column("fill_kind", "category", "What the fill did; in the order of the exit protocol", allowed=FILL_KINDS)
column("fill_reason", "str", "Why, in numbers")
column("units_traded", "int", "Contracts; positive bought", "contracts")
column("fill_mid_usd", "float", "Mid of the fill; at a settlement the value paid, or the last mark where no source "
       "tells it and there was no quote on the last session", "USD per share", low=0)  # fmt: skip
column("fill_spread_usd", "float", "Ask less bid of the fill; 0 at a settlement, and at the last mark in its place",
       "USD per share", low=0)  # fmt: skip
column("fees_usd", "float", "Fees", "USD")
column("cash_mid_usd", "float", "Cash of the fill at mid, without fees; k S/2 a share is paid on top", "USD")
column("crossing_usd", "float", "Cost of crossing from mid to touch, at k = 1; linear in k", "USD")
column("roll_cost_mid_usd", "float", "Of a roll: mid of the new leg less that of the old, with the sign of the units",
       "USD per share")  # fmt: skip
column("roll_cost_crossing_usd", "float", "Of a roll: half of both spreads, at k = 1; k times it is paid on top",
       "USD per share", low=0)  # fmt: skip
column("tv_before_usd_per_day", "float", "Of a roll: time value of the old leg over its days left",
       "USD per share per day")  # fmt: skip
column("tv_after_usd_per_day", "float", "Of a roll: the same of the new leg; lower at the same delta of a longer "
       "tenor, not always where a leg far in the money goes", "USD per share per day")  # fmt: skip
column("book_mark_usd", "float", "Value of what is open at mid; none on a night with old marks", "USD")
column("book_liquidation_usd", "float", "Value of what is open at the touch: bid of what is bought, ask of what is "
       "sold; none on a night with old marks", "USD")  # fmt: skip
column("old_marks_count", "int", "Positions in the night's profit at an older mark, for want of a quote tonight; "
       "one that left the book at it is counted that night", "positions", low=0)  # fmt: skip
column("oldest_mark_date", "date", "Night of the oldest of those marks", "ISO date")
column("pnl_mid_usd", "float", "Profit of the night at mid, fees and crossing not counted; what has no quote stays "
       "at its last mark, see old_marks_count", "USD")  # fmt: skip
column("sum_pnl_mid_usd", "float", "Its sum since the ladder's first night", "USD")
column("sum_pnl_calm_usd", "float", "Its sum over nights on which the host lost less than 2 %", "USD")
column("sum_crossing_usd", "float", "Crossing cost since the first night, at k = 1", "USD")
column("sum_fees_usd", "float", "Fees since the first night", "USD")
column("sum_premium_usd", "float", "Premium of the legs bought, at mid, since the first night; no sold leg's is in it",
       "USD")  # fmt: skip
column("pnl_per_premium_frac", "float", "P&L at mid over premium bought, both since the first night: what ladders that "
       "bought unlike amounts compare by; none while nothing was bought", "fraction of the premium")  # fmt: skip
column("sum_outlay_days_usd", "float", "Value held at the last mark times calendar days, summed", "USD days")
column("book_nights_count", "int", "Nights of the book", "nights", low=0)
column("calm_nights_count", "int", "Nights on which the host lost less than 2 %", "nights", low=0)
column("held_nights_count", "int", "Nights since the first after which the ladder held open contracts, bought or sold",
       "nights", low=0)  # fmt: skip
column("rolls_due_count", "int", "Rolls that came due", "rolls", low=0)
column("rolls_done_count", "int", "Rolls that were made", "rolls", low=0)
column("armed_sessions_count", "int", "Sessions after whose close a layer was armed and the filter had a reading: of "
       "the night's order, or of the whole ladder where nothing was ordered", "sessions", low=0)  # fmt: skip
column("armed_passes_count", "int", "Those on which the 8 % filter passed; no count of orders", "sessions", low=0)
column("armed_unreadable_count", "int", "Sessions after whose close a layer was armed and the filter had no reading: "
       "a leg or its quote was missing, or the market had closed", "sessions", low=0)  # fmt: skip
column("first_arms_count", "int", "Times a layer armed and the filter had a reading of its order on the next session",
       "layers", low=0)  # fmt: skip
column("first_arms_blocked_count", "int", "Those that the filter refused", "layers", low=0)
column("pass_rate_deploy_frac", "float", "Share of armed sessions on which the filter passed, held or ordered, "
       "since the first night", "fraction", low=0, high=1)  # fmt: skip
column("filter_blocks_trigger_frac", "float", "Share of first armings that the filter stopped, since the first night",
       "fraction", low=0, high=1)  # fmt: skip

POSITIONS = TableSpec(
    name="out_alvh__daily_positions",
    key=(*NIGHT_LADDER, "layer_no", "osi_symbol"),
    values=("root", "expiry_date", "option_right", "strike_usd", "multiplier", "entry_date", "entry_mid_usd",
            "entry_spread_usd", "units_open", "dte_days", "mark_usd?", "liquidation_usd?", "last_mark_usd",
            "last_mark_date", "is_profit_taken",
            "position_state", "position_reason?"),
    description="What every ladder holds on paper after the night; the next night starts from it",
)  # fmt: skip
FILLS = TableSpec(
    name="out_alvh__daily_fills",
    key=(*NIGHT_LADDER, "layer_no", "fill_no"),
    values=("fill_kind", "osi_symbol", "units_traded", "fill_mid_usd", "fill_spread_usd", "fees_usd", "cash_mid_usd",
            "crossing_usd", "fill_reason", "roll_cost_mid_usd?", "roll_cost_crossing_usd?", "tv_before_usd_per_day?",
            "tv_after_usd_per_day?"),
    description="What every ladder traded on paper tonight; a fill at k costs cash_mid_usd less k times crossing_usd",
)  # fmt: skip
BOOK = TableSpec(
    name="out_alvh__daily_book",
    key=NIGHT_LADDER,
    values=("units_open", "book_mark_usd?", "book_liquidation_usd?", "pnl_mid_usd", "cash_mid_usd", "crossing_usd",
            "fees_usd", "sum_pnl_mid_usd", "sum_pnl_calm_usd", "sum_crossing_usd", "sum_fees_usd", "sum_premium_usd",
            "sum_outlay_days_usd", "book_nights_count", "calm_nights_count", "rolls_due_count", "rolls_done_count",
            "pnl_per_premium_frac?", "armed_sessions_count?", "armed_passes_count?", "first_arms_count?",
            "first_arms_blocked_count?", "pass_rate_deploy_frac?", "filter_blocks_trigger_frac?",
            "armed_unreadable_count?", "old_marks_count?", "oldest_mark_date?", "held_nights_count?"),
    description="The paper book of every ladder in sums since its first night",
)  # fmt: skip
BOOK_TABLES: tuple[TableSpec, ...] = (POSITIONS, FILLS, BOOK)
