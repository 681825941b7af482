"""How tight the market is beyond the 8 % rule: columns and tables."""

from alvh_core.registry.spec import TableSpec

TIGHTNESS_TABLES: tuple[TableSpec, ...] = ()
