"""How a host hangs together with VIX: betas, tenors, regimes, indicators of the night."""
