"""What a ladder costs, what it pays in a shock: columns and tables."""

from alvh_core.registry.spec import TableSpec

COST_TABLES: tuple[TableSpec, ...] = ()
