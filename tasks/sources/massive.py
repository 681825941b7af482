"""Massive (once Polygon.io): option chain snapshots, paged. Quotes need a paid plan; without one nothing can be scored.

What `next_url` leads to is asked with the key again: it is never in an address.
"""

BASE_URL = "https://api.massive.com"
KEY = "ALVH_MASSIVE_KEY"
