"""Rules of the universe's entries, and what they say tonight: columns and tables."""

from alvh_core.registry.spec import NIGHT, TableSpec, column

RULE_NAMES = ("rsi_percentile", "ad_correlation", "macd_cross", "event_window", "macro_context")
RULE_STATES = ("OFF", "CLEAR", "ACTIVE", "WARMING_UP", "NO_DATA")

column("host_rule", "category", "Adaptation rule declared by the host's universe entry", allowed=RULE_NAMES)
column("is_enabled", "bool", "The rule may change what the ladder does; else it is only told")
column("rule_state", "category", "OFF, CLEAR, ACTIVE, or why it cannot be told", allowed=RULE_STATES)
column("rule_reason", "str", "What was read, and what follows")
column("level_vol_points", "float", "Level of the layer after the rule; empty where the rule leaves it", "VIX points")
column("blocks_new", "bool", "No new layer is bought tonight; what is held stays")
column("is_arming", "bool", "In place of the trigger index: true arms the layer, false disarms it, empty leaves it")

HOST_RULES = TableSpec(
    name="out_alvh__daily_host_rules",
    key=(*NIGHT, "host", "host_rule", "layer_no"),
    values=("is_enabled", "rule_state", "rule_reason", "level_vol_points?", "blocks_new", "is_arming?"),
    description="What the rules of a host say tonight about every layer; they speak to profiles of mode trigger",
)
RULE_TABLES: tuple[TableSpec, ...] = (HOST_RULES,)
