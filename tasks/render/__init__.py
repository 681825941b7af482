"""The nightly page: the report's view model laid out as one self-contained HTML file with inline plots.

Nothing here decides or computes a number, fetches or writes anything; what the page says is `alvh_core.reporting`.
"""
