"""Adapters to the warehouse: engine, tables from the registry, the ledger of nights, publishing."""
