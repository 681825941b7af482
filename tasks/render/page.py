"""The page itself: the view model through the template, everything from data escaped, nothing fetched from anywhere."""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from alvh_core.reporting.model import NightView
from tasks.render.plots import CLASS_HUES, spread_svg, trigger_svg

TEMPLATE = "report.html.j2"


def render_report(view: NightView) -> str:
    """Lay the night out as one HTML page.

    Parameters
    ----------
    view : NightView

    Returns
    -------
    str
        A whole document: no script, and no style, font or image from outside. The same view gives the same text.
    """
    # the plots are our own markup around escaped labels; all else goes through autoescape
    plots = {"spread_svg": Markup(spread_svg(view.spread_plot)), "trigger_svg": Markup(trigger_svg(view.triggers.plot))}  # noqa: S704
    return _template().render(view=view, hues=CLASS_HUES, **plots)


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("tasks.render", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["prose"] = _prose
    return environment.get_template(TEMPLATE)


def _prose(text: str) -> str:
    """Keep a number and its sign on one line."""
    return text.replace(" %", "\u00a0%").replace("$ ", "$\u00a0")
