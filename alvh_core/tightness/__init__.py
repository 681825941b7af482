"""How tight the market is, beyond the 8 % rule: parity, single legs, depth, and a spread beside its own history."""
