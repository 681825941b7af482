"""Columns and tables declared topic by topic; `alvh_core.columns` and `alvh_core.schemas` collect them."""
