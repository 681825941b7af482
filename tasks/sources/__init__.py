"""Adapters to where data comes from: one HTTP client, its transports, a module per provider, the exchange calendar."""
