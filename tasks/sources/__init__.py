"""Adapters to where data comes from: one HTTP client, its transports, one module per provider, the exchange calendar."""
