"""The view model of the nightly report: what the page says, already in words and formatted numbers, and nothing else.

Enter through `alvh_core.reporting.view.night_view`. Every number comes from the night's published tables or its
priced quotes; nothing is computed that another module decides. How it looks (HTML, plots) is `tasks.render`; no markup.
"""
