"""Indicators, basis between host and VIX, regimes and event windows: columns and tables."""

from alvh_core.registry.spec import TableSpec

BASIS_TABLES: tuple[TableSpec, ...] = ()
