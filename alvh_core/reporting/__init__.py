"""The view model of the nightly report: what the page says, already in words and formatted numbers, and nothing else.

Enter through `night_view`. Every number comes from the night's published tables or its priced quotes; nothing is computed
that another module decides. How it looks (HTML, plots) is `tasks.render`; no markup here.
"""

from alvh_core.reporting.model import NightView
from alvh_core.reporting.view import night_view

__all__ = ["NightView", "night_view"]
