"""The report's view model: what it says is what the frames hold, and an empty night is said, not hidden."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.profiles import PROFILES
from alvh_core.reporting.view import night_view
from alvh_core.schemas import LADDER_LEGS, LADDER_SIGNALS, PRICED_QUOTES, SNAPSHOTS, SPREAD_SCORES, VERDICTS_TABLE
from alvh_core.summary import verdict_matrix


def _view(night, **options):
    return night_view(night.tables, night.priced, night.universe, **options)


def _cells(table):
    return [[cell.text for cell in row.cells] for row in table.rows if row.cells]


def _change(night, spec, where, **values):
    frame = night.tables[spec.name].astype(dict.fromkeys(values, "object"))
    for name, value in values.items():
        frame.loc[where(frame), name] = value
    night.tables[spec.name] = frames.conform(frame, spec)


def test_headline_says_the_night_and_answers_both_questions(report_night):
    head = _view(report_night()).headline
    assert (head.trade_date, head.weekday, head.source_mode, head.outcome) == (
        "2026-07-16",
        "Thursday",
        "recorded",
        "OK",
    )
    facts = {fact.label: fact.value for fact in head.facts}
    assert facts == {"VIX close": "18.77", "Deployable tonight": "5 of 10", "Verdicts": "INSUFFICIENT 10",
                     "Option chains": "4 of 5", "Quote clock": "in session 1 · at the close 3"}  # fmt: skip
    adapted, falls = head.answers
    assert adapted.lead == "Not answered yet: all 6 ladders on 2 hosts outside SPX are INSUFFICIENT."
    assert adapted.points[0] == ("Best-covered ladder: 1 night of 250 with a reading of the whole ladder, on quotes of "
                                 "a trusted scope.")  # fmt: skip
    assert adapted.points[1] == "TOO_FEW_NIGHTS: 2 of 250 nights with a reading of the whole ladder — 6 ladders"
    assert falls.lead == ("Tonight 5 of 10 ladders pass the 8 % rule, 3 are blocked by their spread, "
                          "2 cannot be measured.")  # fmt: skip
    assert falls.points[0].endswith("leg missing 1, no data 1.")


def test_the_terminal_puts_a_spread_without_all_its_legs_in_brackets_as_the_page_does(report_night):
    night = report_night()
    rows = {row["host"]: row for row in verdict_matrix(night.tables)}
    assert rows["XLK"]["V3 native"].split() == ["(8.57%)", "MISSING_LEG"]
    assert rows["XLK"]["V1 VIX"].split() == ["3.21%", "PASS"]
    shown = {row.host: row.cells[-1].reading for group in _view(night).matrix.groups for row in group.rows}
    assert shown["XLK"] == "(8.57 %)"


def test_variants_are_counted_with_their_distinct_readings(report_night):
    rows = _cells(_view(report_night()).headline.answers[1].table)
    assert [row[:7] for row in rows] == [
        ["V0 reference", "VIX calls", "1", "1", "1", "0", "0"],
        ["V1 same hedge", "VIX calls", "3", "1", "3", "0", "0"],
        ["V2 wrapper", "VXX calls", "3", "1", "0", "3", "0"],
        ["V3 native", "own puts", "3", "3", "1", "0", "2"],
    ]
    assert [row[7] for row in rows] == ["3.21 %", "3.21 %", "71.71 %", "1.49 %"]


def test_other_verdicts_are_counted(report_night):
    night = report_night()
    _change(night, VERDICTS_TABLE, lambda f: f["host"] == "XLK", verdict="HOLDS", reasons="H above the benchmark")
    view = _view(night)
    assert view.headline.answers[0].lead == (
        "Of 6 ladders on 2 hosts outside SPX: HOLDS 3, ADAPT 0, FALLS_APART 0, INSUFFICIENT 3."
    )
    sector = next(group for group in view.matrix.groups if group.label == "Sector ETFs")
    assert sector.rows[0].verdict == "HOLDS"
    assert {cell.verdict_symbol for cell in sector.rows[0].cells if cell} == {"●"}


def test_matrix_has_every_host_and_variant_once(report_night):
    matrix = _view(report_night()).matrix
    assert [group.label for group in matrix.groups] == ["S&P 500 index", "Sector ETFs", "Emerging-market ETFs"]
    assert [(c.label, c.note) for c in matrix.columns] == [
        ("V0 reference", "VIX calls Δ 0.50"), ("V1 same hedge", "VIX calls Δ 0.50"), ("V2 wrapper", "VXX calls Δ 0.50"),
        ("V3 native", "host's own puts Δ −0.30"),
    ]  # fmt: skip
    xlk = matrix.groups[1].rows[0]
    assert [cell and (cell.symbol, cell.reading, cell.word) for cell in xlk.cells] == [
        None, ("✓", "3.21 %", "deployable"), ("✕", "71.71 %", "too wide"), ("◐", "(8.57 %)", "leg missing"),
    ]  # fmt: skip
    reasons = {reason.number: reason for reason in matrix.reasons}
    assert xlk.cells[1].reason_no is None
    assert reasons[xlk.cells[3].reason_no].text == "MISSING_LEG: layer 2 NO_EXPIRY"
    assert reasons[xlk.cells[2].reason_no].who == "V2 VXX: all 3 hosts"


def test_filter_passed_after_hours_is_not_deployable(report_night):
    night = report_night()
    _change(night, LADDER_SIGNALS, lambda f: f["hedge_symbol"] == "SPX", filter_state="BAD_QUOTE",
            quote_clock="after_hours")  # fmt: skip
    _change(night, VERDICTS_TABLE, lambda f: f["hedge_symbol"] == "SPX", tonight="BLOCKED",
            tonight_reason="AFTER_HOURS: quotes taken after_hours")  # fmt: skip
    cell = _view(night).matrix.groups[0].rows[0].cells[3]
    assert (cell.symbol, cell.word, cell.tone) == ("~", "after hours", "warn")


def test_wide_after_hours_says_nothing_about_spreads(report_night):
    night = report_night()
    _change(night, LADDER_SIGNALS, lambda f: f["hedge_symbol"] == "VXX", quote_clock="after_hours")
    falls = _view(night).headline.answers[1]
    assert falls.lead.endswith("0 are blocked by their spread, 5 cannot be measured.")
    assert "after hours 3" in falls.points[0]


def test_the_cell_of_a_ladder_that_buys_is_about_what_it_buys(report_night):
    """Two layers of three are bought tonight, and their spread decides; the table of legs shows the whole ladder."""
    night = report_night()
    _change(night, LADDER_SIGNALS, lambda f: f["hedge_symbol"] == "VIX", buy_filter_state="FAIL_ILLIQUID",
            s_buy_frac=0.0912)  # fmt: skip
    view = _view(night)
    cell = view.matrix.groups[0].rows[0].cells[1]
    assert (cell.symbol, cell.reading, cell.word) == ("✕", "9.12 %", "too wide")
    assert [row[7] for row in _cells(view.headline.answers[1].table)][:2] == ["9.12 %", "9.12 %"]
    assert view.hedge_legs[0].summary.startswith("✓ deployable: spread 3.21 % of the premium")


def test_proxy_and_unknown_states_are_named(report_night):
    night = report_night()
    for spec in (LADDER_SIGNALS, VERDICTS_TABLE, LADDER_LEGS):
        _change(night, spec, lambda f: f["hedge_symbol"] == "EEM", hedge_symbol="SPY")
    _change(night, LADDER_SIGNALS, lambda f: f["hedge_symbol"] == "SPY", filter_state="NEW_STATE")
    view = _view(night)
    row = view.matrix.groups[2].rows[0]
    assert (row.remark, row.cells[3].word) == ("V3 in SPY", "NEW_STATE")
    assert ["EEM", "option_chain", "V3 stands in SPY", "EEM: answered 404, expected 200"] in _cells(view.missing)
    assert any("EEM through SPY" in row.heading for row in view.native_legs.table.rows)


def test_legs_carry_the_frames_numbers(report_night):
    night = report_night()
    vix, vxx = _view(night).hedge_legs
    assert (vix.title, vix.remark) == ("VIX calls: V0 reference and V1 same hedge", "The hedge of all 3 hosts.")
    assert _cells(vix.table)[0] == [
        "1: 4 units", "VIX 2026-08-19 19 call", "34 (+4)", "18.55", "0.51", "86.9 %", "1.72", "1.78", "1.750", "3.43 %",
        "0.57 %", "1.75", "20.75 → 20.78", "0.030 (1.36 %)", "700", "OK · armed · ARM",
    ]  # fmt: skip
    assert vix.summary.startswith(
        "✓ deployable: spread 3.21 % of the premium (limit 8 %), worst leg 3.53 % (limit 16 %)"
    )
    assert vxx.tone == "bad"


def test_hosts_with_limits_of_their_own_are_shown_apart(report_night):
    night = report_night()
    here = lambda f: (f["host"] == "EEM") & (f["hedge_symbol"] == "VIX")  # noqa: E731
    _change(night, LADDER_SIGNALS, here, spread_limit_frac=0.03)
    tables = _view(night).hedge_legs
    assert [t.remark for t in tables] == ["The hedge of SPX, XLK.", "The hedge of EEM.", "The hedge of all 3 hosts."]
    assert ["limit 8 %" in t.summary for t in tables] == [True, False, True]
    assert "spread 3.21 % of the premium (limit 3 %)" in tables[1].summary


def test_legs_that_differ_by_host_are_shown_apart_and_states_counted(report_night):
    night = report_night()
    here = lambda f: (f["host"] == "XLK") & (f["hedge_symbol"] == "VIX")  # noqa: E731
    _change(
        night, LADDER_LEGS, lambda f: here(f) & (f["layer_no"] == 2), osi_symbol="VIX   261021C00025000", strike_usd=25
    )
    _change(
        night, LADDER_LEGS, lambda f: (f["host"] == "EEM") & (f["layer_no"] == 1), is_armed=False, leg_action="IDLE"
    )
    tables = _view(night).hedge_legs
    assert [t.remark for t in tables] == ["The hedge of SPX, EEM.", "The hedge of XLK.", "The hedge of all 3 hosts."]
    assert _cells(tables[0].table)[0][-1] == "OK · armed 2 of 3 · ARM 2 · IDLE 1"
    assert _cells(tables[1].table)[1][1] == "VIX 2026-10-21 25 call"


def test_native_legs_say_what_is_missing(report_night):
    native = _view(report_night()).native_legs
    assert native.summary == "1 of 3 hosts pass their filter"
    headings = [row.heading for row in native.table.rows if row.heading]
    assert headings[1] == "XLK · Sector ETFs · ◐ leg missing · spread 8.57 %, worst leg 9.43 %"
    gap = _cells(native.table)[4]
    assert (gap[1], gap[3], gap[-1]) == ("—", "—", "NO_EXPIRY · not armed · IDLE")
    assert len(_cells(native.table)) == 6  # no rows of dashes for the chain that did not arrive


def test_spread_plot_covers_the_band_and_counts_dead_strikes(report_night):
    night = report_night()
    plot = _view(night).spread_plot
    assert [box.label for box in plot.boxes] == ["SPX", "XLK"]
    alive = night.priced[(night.priced["underlying"] == "SPX") & (night.priced["quote_flag"] == "OK")]
    box = plot.boxes[0]
    assert box.median == pytest.approx(alive["spread_frac"].median())
    assert (box.band_count, box.two_sided_count, box.listed_count) == (48, 48, 60)
    assert box.layer_medians[0] == box.median
    assert np.isnan(box.layer_medians[1:]).all()
    assert plot.without == "VIX, EEM, VXX"


def test_an_underlying_outside_the_universe_still_has_a_box(report_night):
    night = report_night()
    del night.universe["XLK"]
    assert _view(night).spread_plot.boxes[1].class_key == "unknown"


def test_eight_columns_of_priced_quotes_are_enough(report_night):
    night = report_night()
    whole = _view(night)
    night.priced = night.priced[["underlying", "dte_days", "option_right", "delta_fwd", "strike_usd", "forward_usd",
                                 "spread_frac", "quote_flag"]]  # fmt: skip
    assert repr(_view(night)) == repr(whole)


def test_scores_and_volatility_are_those_of_the_frames(report_night):
    view = _view(report_night())
    assert _cells(view.class_scores)[0][:3] == ["S&P 500 index", "55.4", "3.0 %"]
    assert _cells(view.underlying_scores)[0][-2:] == ["3 of 3", "closing quotes"]
    spx, xlk = _cells(view.volatility)
    assert spx[2:7] == ["12.34 %", "12.00 %", "+0.34", "11.01 %", "+1.33"]
    assert xlk[2:7] == ["—"] * 5
    assert xlk[-1] == "NO_EXPIRY: none within 15 days of 30"


@pytest.mark.parametrize(
    ("close", "provisional", "lead"),
    [
        pytest.param(18.0, False, "VIX closed at 18.00 (published), at or above 18 of 18 / 22 / 28.", id="level equal"),
        pytest.param(17.99, True, "VIX closed at 17.99 (provisional), below the first level 18.", id="below"),
        pytest.param(30.0, False, "VIX closed at 30.00 (published), at or above 18 and 22 and 28 of 18 / 22 / 28.",
                     id="gap through all"),
        pytest.param(np.nan, False, "The close of VIX is not known: every layer holds its state, nothing is inferred.",
                     id="unknown"),
    ],
)  # fmt: skip
def test_trigger_lead(report_night, close, provisional, lead):
    night = report_night()
    _change(
        night, LADDER_SIGNALS, lambda f: f["host"].notna(), vix_close_vol_points=close, is_vix_provisional=provisional
    )
    view = _view(night)
    assert view.triggers.lead == lead
    assert (view.triggers.plot.close is None) == np.isnan(close)
    assert ("provisional" in view.headline.facts[0].note) == provisional


@pytest.mark.parametrize(("mode", "note"), [
    ("trigger", "trigger state held"), ("always", "nothing follows from it"), ("bands", "nothing follows from it"),
])  # fmt: skip
def test_a_close_that_is_not_known_holds_the_state_of_a_trigger_alone(report_night, mode, note):
    night = report_night()
    _change(night, LADDER_SIGNALS, lambda f: f["host"].notna(), vix_close_vol_points=np.nan)
    named = {"trigger": "trigger_442", "always": "tenor_442", "bands": "vxth_baseline"}[mode]
    profile = replace(PROFILES[named], name="trigger_442")  # the night's own
    fact = _view(night, profile=profile).headline.facts[0]
    assert (profile.mode, fact.value, fact.note) == (mode, "unknown", note)


def test_trigger_table_and_plot(report_night):
    view = _view(report_night()).triggers
    assert _cells(view.table)[0] == [
        "1",
        "18",
        "+0.77",
        "16",
        "30 d",
        "4",
        "10 of 10",
        "2026-07-16",
        "ARM",
        "0",
        "0 of 10",
    ]
    assert view.plot.curve == ((34, 18.55), (97, 20.34), (216, 21.1))
    assert [(leg.days, leg.strike) for leg in view.plot.legs] == [(34, 19.0), (97, 22.0), (216, 23.0)]


def test_hosts_with_their_own_levels_are_named(report_night):
    night = report_night()
    night.universe["XLK"] = replace(night.universe["XLK"], profile_overrides={"levels_vol_points": (20.0, 25.0, 30.0)})
    assert _view(night).triggers.remark.endswith("Levels of their own: XLK.")


def test_rows_in_are_rows_out(report_night):
    quality = _view(report_night()).quality
    assert quality.balance.startswith("400 contracts in = 394 published + 6 quarantined")
    assert quality.is_balanced
    assert _cells(quality.broken)[0][1:] == ["CROSSED", "ask_usd,bid_usd", "the row", "6", "400"]
    assert _cells(quality.quarantine)[0][2:] == ["CROSSED: ask_usd >= bid_usd", "6", "6"]
    clocks = {row[0]: row[2:6] for row in _cells(quality.clocks)}
    assert clocks["SPX"] == ["at the close", "2026-07-16 16:00:00", "at the close", "48 min"]
    assert clocks["VIX"] == ["at the close", "2026-07-16 16:15:00", "15 min after", "48 min"]
    assert clocks["XLK"] == ["in session", "2026-07-16 11:27:00", "4 h 33 min before", "48 min"]


def test_ledger_counts_win_and_a_loss_is_told(report_night):
    ledger = {"rows_in_count": 500, "rows_published_count": 394, "rows_quarantined_count": 6, "code_version": "9.9",
              "run_id": None}  # fmt: skip
    view = _view(report_night(), ledger=ledger)
    assert not view.quality.is_balanced
    assert ("Code version", "9.9") in view.foot.provenance
    assert "Run" not in dict(view.foot.provenance)


def test_missing_says_what_it_costs(report_night):
    assert _cells(_view(report_night()).missing) == [
        ["EEM", "daily_bars", "no close, no hv20", "EEM: timed out"],
        ["EEM", "option_chain", "1 ladder NO_DATA: EEM", "EEM: answered 404, expected 200"],
    ]


def test_rules_are_those_given(report_night):
    view = _view(report_night(), profile=replace(PROFILES["trigger_442"], spread_limit_frac=0.075))
    assert "exactly 7.5 % fails" in view.foot.rules[0]
    assert view.spread_plot.limit_frac == 0.075


def test_empty_night_is_said_not_hidden(report_night):
    view = _view(report_night(empty=True), ledger={"trade_date": "2026-07-16", "source_mode": "live"})
    assert (view.headline.trade_date, view.headline.source_mode) == ("2026-07-16", "live")
    assert (view.headline.outcome, view.headline.outcome_reason) == ("NO_DATA", "no ladder was computed")
    assert view.headline.answers[0].lead.startswith("No reading")
    assert view.matrix.groups == view.hedge_legs == view.spread_plot.boxes == ()
    assert view.missing.empty == "Nothing: every payload landed."


def test_night_without_anything_has_no_date(report_night):
    assert _view(report_night(empty=True)).headline.trade_date == "unknown"


def test_when_all_is_measurable_nothing_is_excused(report_night):
    night = report_night()
    for name in (LADDER_LEGS, LADDER_SIGNALS, VERDICTS_TABLE):
        frame = night.tables[name.name]
        night.tables[name.name] = frame[frame["hedge_symbol"].isin(["VIX", "VXX", "SPX"])].reset_index(drop=True)
    falls = _view(night).headline.answers[1]
    assert falls.lead.endswith("3 are blocked by their spread, 0 cannot be measured.")
    assert not any("Not measurable" in point for point in falls.points)


def test_missing_hedge_index_is_the_outcome(report_night):
    night = report_night()
    _change(
        night,
        LADDER_SIGNALS,
        lambda f: f["hedge_symbol"] == "VIX",
        filter_state="NO_DATA",
        block_reason="NO_DATA: VIX: gone",
    )
    _change(
        night,
        VERDICTS_TABLE,
        lambda f: f["hedge_symbol"] == "VIX",
        tonight="BLOCKED",
        tonight_reason="NO_DATA: VIX: gone",
    )
    view = _view(night)
    assert (view.headline.outcome, view.headline.outcome_reason) == ("NO_DATA", "VIX: gone")
    assert view.hedge_legs[0].summary == "∅ NO_DATA: VIX: gone"
    assert view.hedge_legs[0].table.rows == ()
    assert ["VIX", "chain without a reading", "4 ladders NO_DATA: all 3 hosts", "VIX: gone"] in _cells(view.missing)


def test_a_chain_that_did_not_arrive_is_told_from_one_without_a_reading(report_night):
    night = report_night()
    night.tables[SNAPSHOTS.name] = night.tables[SNAPSHOTS.name].iloc[:0]
    why = "NO_DATA: no forward; NOT_ARMED: below"
    _change(night, LADDER_SIGNALS, lambda f: f["hedge_symbol"] == "VIX", filter_state="NO_DATA", block_reason=why)
    cells = _cells(_view(night).missing)
    assert ["VIX", "no chain tonight", "4 ladders NO_DATA: all 3 hosts", "no forward"] in cells


def test_inputs_are_not_changed(report_night):
    night = report_night()
    before = {name: frame.copy() for name, frame in night.tables.items()}
    _view(night)
    for name, frame in night.tables.items():
        pd.testing.assert_frame_equal(frame, before[name])
    assert list(night.priced.columns) == list(PRICED_QUOTES.names)


def test_a_chain_without_a_score_is_a_dash_without_a_bar(report_night):
    night = report_night()
    _change(night, SPREAD_SCORES, lambda f: f["key"] == "XLK", score=np.nan, score_min=np.nan)
    last = _view(night).underlying_scores.rows[-1].cells
    assert [cell.text for cell in last[:1]] == ["XLK"]
    assert (last[2].text, last[2].bar) == ("—", None)


_NO_LEVELS = {
    "tenor_442": (
        "tenor_442 has no trigger: its layers are always armed. VIX closed at 18.77; nothing follows from it.",
        "Units 4 / 4 / 2 contracts, armed by: always armed, rolled.",
    ),
    "vxth_baseline": (
        (
            "vxth_baseline has no levels: the forward of VIX at the first layer's expiry, tonight 18.55, lies in a "
            "band. Bands end at 15 / 30 / 50 and buy 0 % / 1 % / 0.5 % / 0 % of the notional. VIX closed at 18.77; "
            "nothing follows from it."
        ),
        "Units 1 / 0 / 0 of the premium, armed by: forward of VIX, edges 15 / 30 / 50.",
    ),
}


@pytest.mark.parametrize("name", _NO_LEVELS)
def test_a_profile_that_no_close_arms_is_told_no_levels(report_night, name):
    night, profile = report_night(), PROFILES[name]
    lead, armed = _NO_LEVELS[name]
    for key, frame in night.tables.items():
        night.tables[key] = frame.assign(profile=name) if "profile" in frame else frame
    view = _view(night, profile=profile)
    assert view.triggers.lead == lead
    assert "level" not in view.triggers.remark
    assert (view.triggers.plot.levels, view.triggers.plot.disarm_levels) == ((), ())
    assert [row[1:4] for row in _cells(view.triggers.table)] == [["—"] * 3] * 3
    assert _cells(view.triggers.table)[0][-1] == "0"
    assert armed in view.foot.rules


def test_the_trigger_profile_says_what_arms_it(report_night):
    assert "Units 4 / 4 / 2 contracts, armed by: VIX close 18 / 22 / 28." in _view(report_night()).foot.rules
