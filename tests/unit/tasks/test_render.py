"""The page: self-contained, safe against hostile data, the same bytes for the same night, never without its numbers."""

import re
from html.parser import HTMLParser

import pytest

from alvh_core import frames
from alvh_core.reporting.model import SpreadPlot, TriggerPlot
from alvh_core.reporting.quality_page import RuleWords, quality_page
from alvh_core.reporting.view import night_view
from alvh_core.schemas import LADDER_SIGNALS, META_PAYLOADS, META_QUARANTINE, META_VALIDATIONS, VERDICTS_TABLE
from alvh_core.universe import Asset, Root
from tasks.render.page import render_quality, render_report
from tasks.render.plots import spread_svg, trigger_svg

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"
QUOTES = "core_options__daily_quotes"
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects tags, attributes and text; remembers tags that do not close."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.words, self.stack, self.broken = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data):
        if self.stack and self.stack[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words)).replace("\u00a0", " ")


def _render(night, **options):
    return render_report(night_view(night.tables, night.priced, night.universe, **options))


def _change(night, spec, **values):
    night.tables[spec.name] = frames.conform(night.tables[spec.name].assign(**values), spec)


@pytest.mark.parametrize("empty", [pytest.param(False, id="full"), pytest.param(True, id="no data")])
@pytest.mark.parametrize("mode", ["live", "recorded", "simulated"])
def test_page_is_well_formed_and_self_contained(report_night, mode, empty):
    html = _render(report_night(mode, empty=empty), ledger={"source_mode": mode})
    page = Page(html)
    assert (page.broken, page.stack) == ([], [])
    assert html.startswith("<!DOCTYPE html>")
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    links = [
        value for name, value in page.attributes if name in {"src", "href", "xlink:href", "action", "poster", "srcset"}
    ]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"@import|url\((?!#)", html)
    assert "default-src 'none'" in html
    assert len(html) < 1_500_000


def _render_quality(night, **options):
    history = options.pop("history", night.tables[META_VALIDATIONS.name])
    words = {(QUOTES, "CROSSED", "ask_usd,bid_usd"): RuleWords("ask_usd >= bid_usd", HOSTILE)}
    return render_quality(quality_page(night.tables, history, words, **options), "../report.html")


@pytest.mark.parametrize("empty", [pytest.param(False, id="full"), pytest.param(True, id="no data")])
@pytest.mark.parametrize("mode", ["live", "simulated"])
def test_the_quality_page_is_well_formed_self_contained_and_labelled(report_night, mode, empty):
    html = _render_quality(report_night(mode, empty=empty), ledger={"source_mode": mode, "rules_hash": HOSTILE})
    page = Page(html)
    assert (page.broken, page.stack) == ([], [])
    assert html.startswith("<!DOCTYPE html>")
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not any(name.startswith("on") or name in {"src", "xlink:href", "srcset"} for name, _ in page.attributes)
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = {value for name, value in page.attributes if name == "href"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert {link for link in links if not link.startswith("#")} == {"../report.html"}
    assert not re.search(r"@import|url\((?!#)", html)
    assert "default-src 'none'" in html
    assert page.text.count("SIMULATED — not evidence") == (page.tags.count("section") + 1 if mode == "simulated" else 0)


def test_the_quality_page_says_what_was_refused_and_why(report_night):
    night = report_night()
    _change(night, META_QUARANTINE, observed=HOSTILE, reason=f"CROSSED: {HOSTILE}", symbol=HOSTILE)
    page = Page(_render_quality(night, ledger={"rows_in_count": 400, "rows_quarantined_count": 6,
                                               "rows_published_count": 394}))  # fmt: skip
    for words in ("Passed with 1 broken rule of 2; taken out: 6 rows.", "400 contracts in = 394 published + 6",
                  "CROSSED takes out the row: 6 rows of core_options__daily_quotes", "5 of 6 entries", HOSTILE,
                  "at fault in 1 of 1 night, at most 1.500 %", "answered 404, expected 200"):  # fmt: skip
        assert words in page.text
    assert "rect" in page.tags


def test_the_report_and_its_quality_page_lead_to_one_another(report_night):
    night = report_night()
    view = night_view(night.tables, night.priced, night.universe)
    links = {value for name, value in Page(render_report(view, "quality/x.html")).attributes if name == "href"}
    assert {link for link in links if not link.startswith("#")} == {"quality/x.html"}


def test_links_inside_the_page_lead_somewhere_and_ids_are_unique(report_night):
    page = Page(_render(report_night()))
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in page.attributes if name == "href"} <= set(ids)


def test_simulated_is_said_on_every_section(report_night):
    page = Page(_render(report_night("simulated")))
    assert page.text.count("SIMULATED — not evidence") == page.tags.count("section") + 1
    assert "source: SIMULATED" in page.text
    assert "SIMULATED 4/4/2 ladder" in page.text  # the title


@pytest.mark.parametrize("mode", ["live", "recorded"])
def test_nothing_is_called_simulated_that_is_not(report_night, mode):
    page = Page(_render(report_night(mode)))
    assert "SIMULATED" not in page.text
    assert f"source: {mode.upper()}" in page.text
    assert not any("ribbon" in str(value) for name, value in page.attributes if name == "class")


def test_sections_stand_in_the_order_of_the_questions(report_night):
    page = Page(_render(report_night()))
    ids = [value for name, value in page.attributes if name == "id"]
    order = ["answers", "verdicts", "legs", "spreads", "triggers", "volatility", "quality", "missing", "rules"]
    assert [name for name in ids if name in order] == order


def test_hostile_text_is_shown_and_not_obeyed(report_night):
    night = report_night()
    _change(night, VERDICTS_TABLE, tonight="BLOCKED", tonight_reason=HOSTILE, reasons=f"CODE: {HOSTILE}")
    _change(night, LADDER_SIGNALS, block_reason=HOSTILE)
    _change(night, META_PAYLOADS, reason=HOSTILE, payload_outcome="MISSING")
    _change(night, META_QUARANTINE, reason=HOSTILE)
    bad = Asset(symbol=HOSTILE, wire_symbol="X", asset_class=HOSTILE, roots=(Root(name="X"),))
    night.universe[HOSTILE] = bad
    night.priced["underlying"] = night.priced["underlying"].astype("str").replace("XLK", HOSTILE)
    html = _render(night, ledger={"code_version": HOSTILE})
    page = Page(html)
    assert not {"script", "img"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert page.broken == []
    assert html.count("&lt;script&gt;") > 8
    assert "{{7*7}}" in page.text
    assert "49" not in re.findall(r"(?<=&amp;)\d+", html)


def test_numbers_of_the_frames_are_on_the_page(report_night):
    night = report_night()
    text = Page(_render(night)).text
    signals = night.tables[LADDER_SIGNALS.name]
    for spread in signals["s_ladder_frac"].dropna():
        assert f"{spread:.2%}".replace("%", " %") in text
    for row in night.tables["out_alvh__daily_ladder_legs"].dropna(subset=["strike_usd"]).itertuples():
        assert f"{row.bid_usd:,.2f}" in text
        assert f"{row.break_even_usd:,.2f} → {row.break_even_touch_usd:,.2f}" in text
    for expected in ("18.77", "55.4", "12.34 %", "MISSING_LEG: layer 2 NO_EXPIRY", "EEM: answered 404, expected 200",
                     "400 contracts in = 394 published + 6 quarantined", "Educational, not advice"):  # fmt: skip
        assert expected in text


def test_same_night_same_bytes(report_night):
    assert _render(report_night()) == _render(report_night())


def test_empty_night_says_why(report_night):
    text = Page(_render(report_night(empty=True), ledger={"trade_date": "2026-07-16", "source_mode": "live"})).text
    for words in (
        "NO_DATA: no ladder was computed",
        "No ladder was computed.",
        "No contract to draw.",
        "No chain arrived.",
    ):
        assert words in text


def test_code_version_is_shown_where_given(report_night):
    assert "Code version" not in _render(report_night())
    assert "v1.2.3" in _render(report_night(), ledger={"code_version": "v1.2.3"})


def test_nothing_to_draw_is_no_picture():
    assert spread_svg(SpreadPlot(boxes=(), limit_frac=0.08, layer_labels=(), without="")) == ""


def test_without_levels_close_and_forwards_nothing_is_drawn():
    assert trigger_svg(TriggerPlot(close=None, levels=(), disarm_levels=(), curve=(), legs=())) == ""


def test_triggers_are_drawn_without_close_and_forwards():
    svg = trigger_svg(TriggerPlot(close=None, levels=(18.0, 22.0), disarm_levels=(16.0, 20.0), curve=(), legs=()))
    assert "layer 2" in svg
    assert ">close" not in svg


@pytest.mark.parametrize(("slope", "is_below"), [(0.1, True), (-0.1, False)])
def test_the_label_of_the_close_stands_where_the_forwards_are_not(slope, is_below):
    curve = tuple((days, 20.0 + slope * days) for days in (4, 18, 32))
    svg = trigger_svg(TriggerPlot(close=20.0, levels=(18.0,), disarm_levels=(16.0,), curve=curve, legs=()))
    close = float(re.findall(r'<use [^>]* y="([\d.]+)" style="fill: var\(--ink\)', svg)[-1])
    label = float(re.search(r' y="([\d.]+)"[^>]*>close 20\.00<', svg)[1])
    assert (label > close + 8) if is_below else (label < close - 4), "its foot; y grows downwards"


def test_two_medians_have_two_names(report_night):
    night = report_night()
    view = night_view(night.tables, night.priced, night.universe)
    assert ">window median</text>" in spread_svg(view.spread_plot)
    for table in (view.class_scores, view.underlying_scores):
        assert "Median of tenors" in [column.label for column in table.columns]


def test_plots_take_their_colours_from_the_page(report_night):
    night = report_night()
    view = night_view(night.tables, night.priced, night.universe)
    for svg in (spread_svg(view.spread_plot), trigger_svg(view.triggers.plot)):
        assert svg.startswith("<svg role=")
        assert not re.search(r"(fill|stroke): #", svg)
        assert "<style" not in svg
        assert "DejaVu" not in svg
    assert set(re.findall(r"var\((--[\w-]+)\)", svg)) <= set(re.findall(r"(--[\w-]+):", render_report(view)))
