"""The pages: a view model through its template, everything from data escaped, nothing fetched from anywhere."""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from alvh_core.reporting.model import NightView, QualityPage
from tasks.render.plots import CLASS_HUES, spread_svg, trigger_svg


def render_report(view: NightView, quality_href: str = "") -> str:
    """Lay the night out as one HTML page.

    Parameters
    ----------
    view : NightView
    quality_href : str
        Where the quality page is, seen from this one; empty where there is none.

    Returns
    -------
    str
        A whole document: no script, and no style, font or image from outside. The same view gives the same text.
    """
    # the plots are our own markup around escaped labels; all else goes through autoescape
    plots = {"spread_svg": Markup(spread_svg(view.spread_plot)), "trigger_svg": Markup(trigger_svg(view.triggers.plot))}  # noqa: S704
    return _template("report.html.j2").render(view=view, quality_href=quality_href, hues=CLASS_HUES, **plots)


def render_quality(view: QualityPage, report_href: str) -> str:
    """Lay a night's data quality out as one HTML page.

    Parameters
    ----------
    view : QualityPage
    report_href : str
        Where the report is, seen from this page.

    Returns
    -------
    str
        As for `render_report`.
    """
    return _template("quality.html.j2").render(view=view, report_href=report_href, hues={})


@lru_cache(maxsize=2)
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("tasks.render", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["prose"] = _prose
    return environment.get_template(name)


def _prose(text: str) -> str:
    """Keep a number and its sign on one line."""
    return text.replace(" %", "\u00a0%").replace("$ ", "$\u00a0")
