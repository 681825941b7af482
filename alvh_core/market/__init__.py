"""The simulated market: seeded paths, listings and quotes, written out as the vendor's wire bytes.

Enter through `alvh_core.market.simulated.SimulatedMarket`. Parsing those bytes back belongs to the sources, never here.
"""
