"""Entry points: the flows, the wiring of settings to adapters, and the `alvh` command. No data frames here."""
