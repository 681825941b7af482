"""Rules of the universe's entries, and what they say tonight: columns and tables."""

from alvh_core.registry.spec import NIGHT, TableSpec, column

UNIT_BASES = ("contracts", "premium")
SIZE_STATUSES = ("OK", "CAPPED", "TOO_SMALL", "NO_QUOTE", "NOT_IN_LADDER")
RULE_NAMES = ("rsi_percentile", "ad_correlation", "macd_cross", "event_window", "macro_context")
RULE_STATES = ("OFF", "CLEAR", "ACTIVE", "WARMING_UP", "NO_DATA")

column("side", "int", "1 where the layer is bought, -1 where it is sold", low=-1, high=1)
column("unit_basis", "category", "Whether units are contracts or shares of a premium budget", allowed=UNIT_BASES)
column("budget_usd", "float", "Premium that the layer may spend at this purchase", "USD", low=0)
column("residual_usd", "float", "Budget that whole contracts leave", "USD")
column("budget_used_frac", "float", "Share of the budget that is spent at the ask; empty where there is no budget or "
       "no price", "fraction", low=0, high=1)  # fmt: skip
column("min_account_usd", "float", "Hedged notional whose budget pays for one contract; filled only where size_status "
       "is TOO_SMALL", "USD", low=0)  # fmt: skip
column(
    "size_status",
    "category",
    "Whether the layer's size could be bought, and why not; NO_QUOTE where no contract has a price",
    allowed=SIZE_STATUSES,
)
column("is_eligible", "bool", "The leg alone passes the 8 % rule, or its layer is held and its spread is still below "
       "the exit limit: a roll may buy it")  # fmt: skip
column("missing_count", "int", "Published nights of this source mode without a usable reading", "nights", low=0)
column("untrusted_count", "int", "Of the nights with a reading, those on quotes whose scope may carry no verdict",
       "nights", low=0)  # fmt: skip
column("host_rule", "category", "Adaptation rule declared by the host's universe entry", allowed=RULE_NAMES)
column("is_enabled", "bool", "The rule may change what the ladder does; else it is only told")
column("rule_state", "category", "OFF, CLEAR, ACTIVE, or why it cannot be told", allowed=RULE_STATES)
column("rule_reason", "str", "What was read, and what follows")
column("level_factor", "float", "What the layer's level is multiplied by in every ladder of the host, whatever its "
       "profile; empty where the rule leaves it", low=0)  # fmt: skip
column("level_vol_points", "float", "Level of the layer after the rule in the default profile, the entry's overrides "
       "laid over it; empty where the rule leaves it", "VIX points")  # fmt: skip
column("is_new_blocked", "bool", "No new layer is bought tonight; what is held stays")
column("is_index_ignored", "bool", "The trigger index does not arm the layer, the rule does")
column("is_arming", "bool", "In place of the trigger index: true arms the layer, false disarms it, empty leaves it")

HOST_RULES = TableSpec(
    name="out_alvh__daily_host_rules",
    key=(*NIGHT, "host", "host_rule", "layer_no"),
    values=("is_enabled", "rule_state", "rule_reason", "level_vol_points?", "is_new_blocked", "is_index_ignored",
            "is_arming?", "level_factor?"),
    description="What the rules of a host say tonight about every layer; they speak to profiles of mode trigger",
)  # fmt: skip
RULE_TABLES: tuple[TableSpec, ...] = (HOST_RULES,)
