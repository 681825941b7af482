"""Inline SVG of the nightly page, drawn with matplotlib and coloured by the page's own CSS variables.

Matplotlib is imported where it is used: it costs a second. Text stays text, so that it can be read and found.
"""

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alvh_core.reporting.model import SpreadBox, SpreadPlot, TriggerPlot

# Asset class to hue angle; the page turns hues into colours that read on light and on dark.
CLASS_HUES = {
    "sp500_index": 255, "nasdaq100_index": 285, "russell2000_index": 315, "index_etf": 225, "sector_etf": 195,
    "reit_etf": 95, "emerging_etf": 75, "crypto_etf": 50, "dividend_etf": 125, "single_stock": 160,
    "volatility_etp": 20, "vix_index": 0,
}  # fmt: skip
_INK, _MUTED, _GRID, _BAD, _PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {_INK: "var(--ink)", _MUTED: "var(--muted)", _GRID: "var(--line)", _BAD: "var(--bad)",
              _PAPER: "var(--paper)"}  # fmt: skip
_LAYER_MARKERS = ("o", "^", "s")
_TICKS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.40, 1.0, 2.0)
_SMALLEST = 0.004
_WIDTH = 9.6  # inches
_LABEL_DAYS = 45  # as far as the label of the close reaches


def spread_svg(plot: SpreadPlot) -> str:
    """Draw the spread distribution of every chain, tightest first, on a logarithmic axis.

    Parameters
    ----------
    plot : SpreadPlot

    Returns
    -------
    str
        An ``<svg>`` element; empty where there is nothing to draw.
    """
    if not plot.boxes:
        return ""
    with _drawing():
        figure, axes = _figure(0.8 + 0.27 * len(plot.boxes), left=0.215, right=0.765, bottom=0.35)
        for at, box in enumerate(plot.boxes):
            _draw_box(axes, at, box)
        _spread_axes(axes, plot)
        return _svg(figure, "spreads", "Relative spreads by underlying, tightest first, with the limit marked")


def _draw_box(axes: Any, at: int, box: SpreadBox) -> None:
    hue = _class_colour(box.class_key)
    low, lower, median, upper, high = (max(v, _SMALLEST) for v in (box.low, box.lower, box.median, box.upper, box.high))
    axes.plot([low, high], [at, at], color=hue, linewidth=1.1, solid_capstyle="butt", zorder=2)
    axes.barh(at, upper - lower, left=lower, height=0.58, color=hue, alpha=0.45, linewidth=0, zorder=3)
    axes.plot([median, median], [at - 0.29, at + 0.29], color=_INK, linewidth=2.0, solid_capstyle="butt", zorder=5)
    for marker, value in zip(_LAYER_MARKERS, box.layer_medians, strict=False):
        if not math.isnan(value):  # no contracts of that tenor
            axes.plot([max(value, _SMALLEST)], [at], marker=marker, markersize=3.6, markerfacecolor="none",
                      markeredgecolor=_INK, markeredgewidth=0.8, linestyle="none", zorder=6)  # fmt: skip
    label = {"transform": axes.get_yaxis_transform(), "va": "center_baseline", "clip_on": False}
    axes.text(-0.015, at, box.label, ha="right", color=_INK, fontsize=9.5, fontweight="bold", **label)
    axes.text(-0.105, at, box.class_label, ha="right", color=hue, fontsize=7.5, **label)
    share = f"{box.two_sided_count:,}/{box.listed_count:,}"
    axes.text(1.135, at, f"{100 * box.median:.1f} %", ha="right", color=_INK, fontsize=9, **label)
    axes.text(1.235, at, f"{box.band_count:,}", ha="right", color=_MUTED, fontsize=8, **label)
    axes.text(1.405, at, share, ha="right", color=_MUTED, fontsize=8, **label)


def _spread_axes(axes: Any, plot: SpreadPlot) -> None:
    top = -1.1
    axes.set_xscale("log")
    axes.set_xlim(_SMALLEST * 0.95, 2.1)
    axes.set_ylim(len(plot.boxes) - 0.4, -0.7)
    axes.set_yticks([])
    axes.set_xticks(_TICKS, [f"{100 * tick:g} %" for tick in _TICKS])
    axes.minorticks_off()
    axes.grid(axis="x", color=_GRID, linewidth=0.6, zorder=0)
    axes.axvline(plot.limit_frac, color=_BAD, linewidth=1.6, linestyle=(0, (5, 2)), zorder=4)
    axes.text(
        plot.limit_frac,
        top,
        f"limit {100 * plot.limit_frac:g} %",
        ha="center",
        color=_BAD,
        fontsize=9,
        fontweight="bold",
    )
    head = {"transform": axes.get_yaxis_transform(), "ha": "right", "color": _MUTED, "fontsize": 7.5}
    for x, words in ((1.135, "window median"), (1.235, "n"), (1.405, "two-sided")):
        axes.text(x, top, words, **head)
    sign = {"markersize": 4, "markerfacecolor": "none", "markeredgecolor": _MUTED, "linestyle": "none"}
    for x, marker, words in zip((0.02, 0.11, 0.21), _LAYER_MARKERS, plot.layer_labels, strict=False):
        axes.plot([x], [top - 0.12], marker=marker, transform=axes.get_yaxis_transform(), clip_on=False, **sign)
        axes.text(x + 0.012, top, words, transform=axes.get_yaxis_transform(), ha="left", color=_MUTED, fontsize=7.5)


def trigger_svg(plot: TriggerPlot) -> str:
    """Draw the trigger levels, tonight's close, the forwards by expiry, and where the legs break even.

    Parameters
    ----------
    plot : TriggerPlot

    Returns
    -------
    str
        An ``<svg>`` element; empty where nothing is known.
    """
    if not (plot.levels or plot.curve or plot.close is not None):
        return ""
    with _drawing():
        figure, axes = _figure(3.3, left=0.05, right=0.885, bottom=0.5)
        last = max([day for day, _ in plot.curve] + [leg.days for leg in plot.legs] + [60]) * 1.04
        for layer, (level, below) in enumerate(zip(plot.levels, plot.disarm_levels, strict=True), start=1):
            axes.axhline(level, color=_BAD, linewidth=2.2 if (plot.close or 0.0) >= level else 1.0, zorder=2)
            axes.axhline(below, color=_MUTED, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
            axes.text(1.008, level, f"{level:g}  layer {layer}", transform=axes.get_yaxis_transform(), va="center",
                      color=_BAD, fontsize=8.5)  # fmt: skip
        _draw_curve(axes, plot)
        axes.set_xlim(-0.03 * last, last)
        axes.set_ylim(*_trigger_range(plot))
        axes.grid(axis="y", color=_GRID, linewidth=0.6, zorder=0)
        axes.set_xlabel("calendar days to expiry", color=_MUTED, fontsize=8.5)
        return _svg(figure, "triggers", "VIX close and forwards against the trigger levels, with the hedge legs")


def _draw_curve(axes: Any, plot: TriggerPlot) -> None:
    hue = _class_colour("index_etf")
    if plot.curve:
        axes.plot(*zip(*plot.curve, strict=True), color=hue, linewidth=1.6, marker="o", markersize=3.2, zorder=4)
        day, forward = plot.curve[-1]
        axes.annotate("forwards", (day, forward), (0, 6), textcoords="offset points", ha="right", color=hue,
                      fontsize=8.5, bbox={"facecolor": _PAPER, "linewidth": 0, "pad": 0.5})  # fmt: skip
    for leg in plot.legs:
        axes.plot([leg.days, leg.days], [leg.strike, leg.break_even], color=_INK, linewidth=1.0, zorder=5)
        axes.plot([leg.days], [leg.strike], marker="_", markersize=9, color=_INK, markeredgewidth=1.6, zorder=5)
        axes.plot([leg.days], [leg.break_even], marker="^", markersize=5, color=_INK, zorder=5)
        axes.annotate(leg.label, (leg.days, leg.break_even), (6, 0), textcoords="offset points", color=_INK,
                      va="center", fontsize=8)  # fmt: skip
    if plot.close is not None:
        axes.plot([0], [plot.close], marker="D", markersize=7, color=_INK, zorder=6)
        axes.annotate(f"close {plot.close:.2f}", (0, plot.close), (9, _beside_curve(plot)), va="center", color=_INK,
                      textcoords="offset points", fontsize=9.5, fontweight="bold", zorder=7,
                      bbox={"facecolor": _PAPER, "linewidth": 0, "pad": 0.5})  # fmt: skip


def _beside_curve(plot: TriggerPlot) -> float:
    """Return how far above the close its label stands, in points: on the side where the nearest forwards are not."""
    near = [forward for days, forward in plot.curve if days <= _LABEL_DAYS]
    is_above = bool(near) and sum(near) / len(near) >= (plot.close or 0.0)
    return -12.0 if is_above else 12.0


def _trigger_range(plot: TriggerPlot) -> tuple[float, float]:
    values = [*plot.levels, *plot.disarm_levels, *(f for _, f in plot.curve), *(leg.break_even for leg in plot.legs)]
    values += [] if plot.close is None else [plot.close]
    return min(values) - 1.5, max(values) + 1.5


def _figure(height: float, *, left: float, right: float, bottom: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - a second

    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_axes((left, bottom / height, right - left, 1.0 - (bottom + 0.4) / height))
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)
    axes.tick_params(length=0, colors=_MUTED, labelsize=8.5)
    return figure, axes


@contextmanager
def _drawing() -> Iterator[None]:
    """Make the drawing deterministic and keep labels out of the formula parser."""
    import matplotlib as mpl  # noqa: PLC0415 - a second

    settings: Any = {"svg.hashsalt": "alvh", "svg.fonttype": "none", "text.parse_math": False}
    with mpl.rc_context(settings):
        yield


def _svg(figure: Any, name: str, title: str) -> str:
    """Write the figure as an element of the page: own ids, the page's colours and fonts, a title for screen readers."""
    sink = io.StringIO()
    figure.savefig(sink, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = sink.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>", "", svg, count=1, flags=re.DOTALL)  # would hold for the whole page
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"| height="[\d.]+pt"| width="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r"font(-family)?: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font\1: \2var(--font)", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r"#f(\d{3})0a", lambda match: f"var(--hue-{int(match[1])})", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def _class_colour(asset_class: str) -> str:
    """Return a placeholder that `_svg` turns into the variable of the class's hue."""
    return f"#f{CLASS_HUES.get(asset_class, 999):03d}0a"
