"""Adapters to the lake: raw payloads as they arrived, Parquet tables, SQL over them."""
