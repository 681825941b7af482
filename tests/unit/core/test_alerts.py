"""Alerts by value: what a night raises, what stays quiet, who hears it."""

import re
import textwrap
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core import frames
from alvh_core.alerting.findings import NightEvidence, bundled
from alvh_core.alerting.ladders import deployed_on
from alvh_core.alerting.nights import FINDERS, night_alerts, watch_alert
from alvh_core.alerting.plan import alert_plan
from alvh_core.alerting.quiet import told, with_quiet
from alvh_core.alerting.rules import ALERT_RULES, AlertLimits, tuned_rules
from alvh_core.errors import ContractError
from alvh_core.profiles import PROFILES
from alvh_core.schemas import CROSS_CHECK, LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE, META_ALERTS, NIGHT_TABLES, TABLES

DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"
DAY, BEFORE = date(2026, 7, 16), date(2026, 7, 15)
NIGHT_FALL = datetime(2026, 7, 16, 22, 45, tzinfo=UTC)
VIX_BOOK = [("SPX", "V0_REF", "VIX"), ("SPX", "V1_SAME_HEDGE", "VIX"), ("KO", "V1_SAME_HEDGE", "VIX")]
KO_PUTS = [("KO", "V3_NATIVE", "KO")]
EMPTY = {spec.name: frames.empty(spec) for spec in NIGHT_TABLES}
ZERO = {"float": 0.0, "int": 0, "bool": False, "str": "", "category": "", "date": DAY, "timestamp": NIGHT_FALL}


def rows_of(name, rows, day=DAY, mode="live"):
    """Rows of a table, what is not given is null or nothing."""
    spec = TABLES[name]
    blank = {c.name: None if spec.is_nullable(c.name) else ZERO[c.dtype] for c in spec.columns}
    full = [blank | {"trade_date": pd.Timestamp(day), "source_mode": mode} | row for row in rows]
    return frames.conform(pd.DataFrame(full), spec) if rows else frames.empty(spec)


def ladders(books, **values):
    names = ("host", "variant", "hedge_symbol")
    return [dict(zip(names, book, strict=True)) | {"profile": "trigger_442"} | values for book in books]


def signals(books, state, spread, day=DAY, clock="at_close"):
    values = {"filter_state": state, "s_ladder_frac": spread, "quote_clock": clock, "vix_close_vol_points": 18.77}
    return rows_of(LADDER_SIGNALS.name, ladders(books, **values), day)


def tables(**named):
    """The tables of a night by name without prefix; the others are empty."""
    return EMPTY | {next(name for name in EMPTY if name.endswith(key)): frame for key, frame in named.items()}


def evidence(tonight, before=None, history=(), bought=(), counts=None, told_filters=None, mode="live", limits=None,
             profile=PROFILES["trigger_442"]):  # fmt: skip
    return NightEvidence(
        trade_date=DAY, source_mode=mode, tonight=tonight, before=before or tables(),
        history=frames.concat(history, LADDER_SIGNALS), bought_legs=frames.concat(bought, LADDER_LEGS),
        counts=counts or {}, told=told_filters or {}, limits=limits or AlertLimits(),
        profiles={"SPX": profile, "KO": profile},
    )  # fmt: skip


def raised(night, rule=None):
    """Rule, subject, what it turned to and severity of every alert."""
    alerts = night_alerts(night, NIGHT_FALL)
    found = zip(alerts["alert_rule"], alerts["subject"], alerts["turned_to"], alerts["alert_severity"], strict=True)
    return sorted(alert for alert in found if rule in {None, alert[0]})


def text_of(night, rule):
    alerts = night_alerts(night, NIGHT_FALL)
    return alerts[alerts["alert_rule"] == rule].iloc[0]


def test_every_rule_has_somebody_who_looks():
    watched = {"night_missing", "night_failed", "night_restated", "rules_failed"}
    assert set(FINDERS) | watched == set(ALERT_RULES)
    assert set(FINDERS) & watched == set()


def test_an_empty_night_raises_nothing():
    assert night_alerts(evidence(tables()), NIGHT_FALL).empty


# The filter


@pytest.mark.parametrize(("was", "now", "turned_to"), [
    pytest.param("PASS", "FAIL_ILLIQUID", "FAILS", id="fails"),
    pytest.param("FAIL_ILLIQUID", "PASS", "PASSES", id="passes"),
    pytest.param("MISSING_LEG", "PASS", None, id="a-missing-leg-was-no-refusal"),
    pytest.param("PASS", "MISSING_LEG", "UNREAD", id="a-missing-leg-is-no-refusal"),
    pytest.param("PASS", "BAD_QUOTE", "UNREAD", id="nor-is-a-bad-quote"),
    pytest.param("FAIL_ILLIQUID", "MISSING_LEG", None, id="nobody-relied-on-a-refusal"),
    pytest.param("FAIL_TICK", "FAIL_ILLIQUID", None, id="fails-otherwise"),
    pytest.param("PASS", "PASS", None, id="passes-still"),
    pytest.param("PASS", "NO_DATA", None, id="no-data-is-no-flip"),
])  # fmt: skip
def test_a_flip_is_one_alert_for_all_hosts_of_a_chain(was, now, turned_to):
    night = evidence(
        tables(ladder_signals=signals(VIX_BOOK, now, 0.0914)), history=[signals(VIX_BOOK, was, 0.03, BEFORE)]
    )
    expected = [("filter_flip", "VIX calls", turned_to, "WARNING")] if turned_to else []
    assert raised(night, "filter_flip") == expected


def test_a_flip_says_what_was_and_what_is():
    night = evidence(tables(ladder_signals=signals(VIX_BOOK, "FAIL_ILLIQUID", 0.0914)),
                     history=[signals(VIX_BOOK, "PASS", 0.0321, BEFORE)])  # fmt: skip
    alert = text_of(night, "filter_flip")
    assert alert.title == "WARNING 2026-07-16: VIX calls fail the 8 % rule, FAIL_ILLIQUID (9.14%)"
    assert alert.body.startswith(
        "Expected: PASS, 3.21% of the premium, as on 2026-07-15\nFound: FAIL_ILLIQUID, 9.14% of the premium\n"
        "Concerns: hosts KO, SPX\nTo do: "
    )
    assert f"alert {alert.alert_id}" in alert.body


def test_a_flip_is_seen_across_a_night_without_data():
    history = [signals(KO_PUTS, "PASS", 0.03, date(2026, 7, 14)), signals(KO_PUTS, "NO_DATA", np.nan, BEFORE)]
    night = evidence(tables(ladder_signals=signals(KO_PUTS, "ZERO_BID", 2.0)), history=history)
    assert raised(night, "filter_flip") == [("filter_flip", "KO puts", "FAILS", "WARNING")]


def test_a_flip_is_one_against_the_latest_reading():
    history = [signals(KO_PUTS, "FAIL_TICK", 0.2, BEFORE), signals(KO_PUTS, "PASS", 0.03, date(2026, 7, 14))]
    assert raised(evidence(tables(ladder_signals=signals(KO_PUTS, "ZERO_BID", 2.0)), history=history)) == []


def test_hosts_with_parameters_of_their_own_are_a_book_of_their_own():
    apart = signals(VIX_BOOK[2:], "FAIL_TICK", 0.2)
    now = frames.concat([signals(VIX_BOOK[:2], "FAIL_ILLIQUID", 0.1), apart], LADDER_SIGNALS)
    night = evidence(tables(ladder_signals=now), history=[signals(VIX_BOOK, "PASS", 0.03, BEFORE)])
    assert [subject for _, subject, *_ in raised(night)] == ["VIX calls", "VIX calls for SPX"]


def test_a_flip_kept_quiet_is_told_later_if_it_still_holds():
    """The desk heard PASSES, then the filter failed while that was quiet: tonight nothing flips, and it is news."""
    tonight = tables(ladder_signals=signals(KO_PUTS, "FAIL_ILLIQUID", 0.1))
    history = [signals(KO_PUTS, "FAIL_ILLIQUID", 0.1, BEFORE)]
    assert raised(evidence(tonight, history=history), "filter_flip") == []
    late = evidence(tonight, history=history, told_filters={"KO puts": "PASSES"})
    assert raised(late, "filter_flip") == [("filter_flip", "KO puts", "FAILS", "WARNING")]
    heard = evidence(tonight, history=[signals(KO_PUTS, "PASS", 0.1, BEFORE)], told_filters={"KO puts": "FAILS"})
    assert raised(heard, "filter_flip") == []


def blind(books, state="MISSING_LEG", day=DAY, clock="at_close", held=0):
    """A leg has no quote; of another the spread may still be there."""
    return signals(books, state, 0.03, day, clock).assign(units_deployed_count=held)


def test_a_ladder_that_nobody_can_read_says_what_it_was():
    night = evidence(tables(ladder_signals=blind(VIX_BOOK)), history=[signals(VIX_BOOK, "PASS", 0.0321, BEFORE)])
    alert = text_of(night, "filter_flip")
    assert alert.title == "WARNING 2026-07-16: VIX calls cannot be read, MISSING_LEG"
    assert alert.body.startswith(
        "Expected: PASS, 3.21% of the premium, as on 2026-07-15\nFound: MISSING_LEG, no reading\n"
    )


@pytest.mark.parametrize(("tonight", "before", "heard", "turned_to"), [
    pytest.param(blind(KO_PUTS), "FAIL_TICK", {}, None, id="failed"),
    pytest.param(blind(KO_PUTS, held=4), "FAIL_TICK", {}, "UNREAD", id="failed-and-held"),
    pytest.param(blind(KO_PUTS, held=4), "FAIL_TICK", {"KO puts": "UNREAD"}, None, id="told-already"),
    pytest.param(blind(KO_PUTS), "PASS", {"KO puts": "PASSES"}, "UNREAD", id="told-that-it-passes"),
    pytest.param(blind(KO_PUTS, "BAD_QUOTE", clock="after_hours"), "PASS", {}, None, id="after-hours-tell-the-chains"),
    pytest.param(signals(KO_PUTS, "PASS", 0.04), "PASS", {"KO puts": "UNREAD"}, "PASSES", id="read-again"),
    pytest.param(signals(KO_PUTS, "ZERO_BID", 2.0), "FAIL_TICK", {"KO puts": "UNREAD"}, "FAILS", id="again-and-fails"),
    pytest.param(signals(KO_PUTS, "PASS", 0.04), "PASS", {}, None, id="read-again-and-nobody-was-told"),
])  # fmt: skip
def test_a_blind_night_is_told_where_a_desk_relies_on_the_reading(tonight, before, heard, turned_to):
    night = evidence(tables(ladder_signals=tonight), history=[signals(KO_PUTS, before, 0.03, BEFORE)],
                     told_filters=heard)  # fmt: skip
    assert raised(night, "filter_flip") == (
        [("filter_flip", "KO puts", turned_to, "WARNING")] if turned_to else [])  # fmt: skip
    if turned_to and "UNREAD" in heard.values():
        assert "KO puts can be read again: " in text_of(night, "filter_flip").title


def test_the_name_of_a_blind_book_does_not_depend_on_who_relied_on_it():
    own = [("VNQ", "V1_SAME_HEDGE", "VIX")]  # a host with parameters of its own
    before = [signals(VIX_BOOK, "FAIL_ILLIQUID", 0.09, BEFORE), signals(own, "PASS", 0.05, BEFORE)]
    now = frames.concat([blind(VIX_BOOK), blind(own)], LADDER_SIGNALS)
    found = raised(evidence(tables(ladder_signals=now), history=before), "filter_flip")
    assert found == [("filter_flip", "VIX calls for VNQ", "UNREAD", "WARNING")]


def test_a_second_blind_night_is_no_news():
    history = [signals(KO_PUTS, "PASS", 0.03, date(2026, 7, 14)), blind(KO_PUTS, day=BEFORE)]
    night = evidence(tables(ladder_signals=blind(KO_PUTS)), history=history)
    assert raised(night, "filter_flip") == []
    late = replace(night, told={"KO puts": "PASSES"})  # the first was kept quiet
    assert raised(late, "filter_flip") == [("filter_flip", "KO puts", "UNREAD", "WARNING")]


def test_a_ladder_that_was_never_read_is_no_news():
    night = evidence(tables(ladder_signals=blind(KO_PUTS, held=4)), history=[blind(KO_PUTS, day=BEFORE)])
    assert raised(night, "filter_flip") == []


# Layers, verdicts


def state(books, armed, layer=1, day=DAY, **more):
    return rows_of(LADDER_STATE.name, ladders(books, layer_no=layer, is_armed=armed, **more), day)


@pytest.mark.parametrize(("was", "now", "turned_to"), [
    pytest.param(False, True, "ARMED", id="arms"), pytest.param(True, False, "DISARMED", id="disarms"),
    pytest.param(None, True, "ARMED", id="first-night"), pytest.param(None, False, None, id="first-night-calm"),
    pytest.param(True, True, None, id="stays"),
])  # fmt: skip
def test_a_layer_arms_once_for_all_ladders(was, now, turned_to):
    books = VIX_BOOK + KO_PUTS
    before = None if was is None else tables(ladder_state=state(books, was, day=BEFORE))
    tonight = tables(ladder_state=state(books, now), ladder_signals=signals(books, "PASS", 0.03))
    expected = [("layer_armed", "trigger_442 layer 1", turned_to, "WARNING")] if turned_to else []
    assert raised(evidence(tonight, before), "layer_armed") == expected
    if turned_to:
        assert "VIX closed at 18.77" in text_of(evidence(tonight, before), "layer_armed").title


def test_a_verdict_that_changes_is_told_with_its_reasons():
    def verdicts(verdict, day):
        values = {"asset_class": "x", "verdict": verdict, "reasons": "TOO_FEW_NIGHTS: 2"}
        return tables(daily_verdicts=rows_of("out_alvh__daily_verdicts", ladders(VIX_BOOK, **values), day))

    night = evidence(verdicts("ADAPT", DAY), verdicts("INSUFFICIENT", BEFORE))
    assert raised(night) == [("verdict_change", "V0_REF SPX", "ADAPT", "WARNING"),
                             ("verdict_change", "V1_SAME_HEDGE KO, SPX", "ADAPT", "WARNING")]  # fmt: skip
    assert "TOO_FEW_NIGHTS: 2" in text_of(night, "verdict_change").body
    assert raised(evidence(verdicts("ADAPT", DAY), verdicts("ADAPT", BEFORE))) == []


# Rolls


def legs(books, expiry, day, layer=1, osi="VIX   260819C00019000"):
    values = {"layer_no": layer, "osi_symbol": osi, "expiry_date": pd.Timestamp(expiry)}
    return rows_of(LADDER_LEGS.name, ladders(books, **values), day)


@pytest.mark.parametrize(("days", "due"), [
    pytest.param(22, None, id="22"), pytest.param(21, "DUE", id="21"), pytest.param(6, "DUE", id="6"),
    pytest.param(5, "LAST_DAYS", id="5"), pytest.param(1, "LAST_DAYS", id="1"), pytest.param(0, "SETTLED", id="0"),
    pytest.param(-30, "SETTLED", id="long-past"),
])  # fmt: skip
def test_a_roll_is_due_by_the_contract_that_was_bought(days, due):
    """Not by tonight's leg, which is another contract."""
    bought_on, expiry = date(2026, 6, 1), DAY + timedelta(days=days)
    held = state(VIX_BOOK, True, units_deployed=4, deployed_date=pd.Timestamp(bought_on))
    tonight = tables(ladder_state=held, ladder_legs=legs(VIX_BOOK, DAY + timedelta(days=30), DAY, osi="new"))
    night = evidence(tonight, before=tonight, bought=[legs(VIX_BOOK, expiry, bought_on)])
    expected = [("roll_due", f"layer 1 expiring {expiry}", due, "WARNING")] if due else []
    assert raised(night, "roll_due") == expected
    if due:
        assert "VIX 260819C00019000 for KO, SPX" in text_of(night, "roll_due").body
    assert deployed_on(held) == [bought_on]


@pytest.mark.parametrize(("name", "days", "due"), [
    ("weight_40_40_20", 6, []), ("weight_40_40_20", 5, []), ("weight_40_40_20", 3, ["DUE"]),
    ("weight_40_40_20", 2, ["LAST_DAYS"]), ("vxth_baseline", 3, []), ("vxth_baseline", 0, ["SETTLED"]),
])  # fmt: skip
def test_a_roll_is_due_when_its_profile_rolls(name, days, due):
    bought_on = date(2026, 6, 1)
    held = state(KO_PUTS, True, units_deployed=4, deployed_date=pd.Timestamp(bought_on))
    tonight = tables(ladder_state=held)
    night = evidence(tonight, before=tonight, bought=[legs(KO_PUTS, DAY + timedelta(days=days), bought_on)],
                     profile=PROFILES[name])  # fmt: skip
    assert [found[2] for found in raised(night, "roll_due")] == due


def test_hosts_with_terms_of_their_own_share_an_alert():
    bought_on, expiry = date(2026, 6, 1), DAY + timedelta(days=10)
    held = state(VIX_BOOK, True, units_deployed=4, deployed_date=pd.Timestamp(bought_on))
    night = evidence(tables(ladder_state=held), bought=[legs(VIX_BOOK, expiry, bought_on)])
    own = replace(PROFILES["tenor_442"], roll_dte_days=14)
    night = replace(night, profiles=night.profiles | {"KO": own})
    assert raised(night) == [("layer_armed", "trigger_442 layer 1", "ARMED", "WARNING"),
                             ("roll_due", f"layer 1 expiring {expiry}", "DUE", "WARNING")]  # fmt: skip
    assert "rolled with 14 or 21 days left" in text_of(night, "roll_due").body
    assert "tonight's quotes already" in text_of(night, "layer_armed").body


@pytest.mark.parametrize(("name", "is_armed", "why", "to_do"), [
    ("trigger_442", True, "VIX closed at 18.77", "next session's quotes"),
    ("trigger_442", False, "VIX closed at 18.77", "given up"),
    ("vxth_baseline", False, "band of VIX's forward", "is kept to its roll or settlement"),
    ("tenor_442", True, "as its profile always is", "at tonight's quotes already"),
])  # fmt: skip
def test_what_arms_a_layer_is_its_profiles_mode(name, is_armed, why, to_do):
    signal = signals(KO_PUTS, "PASS", 0.04)
    tonight = tables(ladder_state=state(KO_PUTS, is_armed), ladder_signals=signal)
    before = tables(ladder_state=state(KO_PUTS, not is_armed), ladder_signals=signal)
    alert = text_of(evidence(tonight, before=before, profile=PROFILES[name]), "layer_armed")
    assert why in alert["title"]
    assert to_do in alert["body"]


def test_layers_bought_on_several_days_keep_their_own_contracts():
    first, second = date(2026, 6, 1), date(2026, 6, 15)
    held = [state(KO_PUTS, True, layer, units_deployed=4, deployed_date=pd.Timestamp(day))
            for layer, day in ((1, first), (2, second))]  # fmt: skip
    bought = [legs(KO_PUTS, DAY + timedelta(days=days), day, layer)
              for layer, day, days in ((1, first, 3), (2, first, 4), (1, second, 40), (2, second, 20))]  # fmt: skip
    tonight = tables(ladder_state=frames.concat(held, LADDER_STATE))
    assert raised(evidence(tonight, before=tonight, bought=bought), "roll_due") == [
        ("roll_due", "layer 1 expiring 2026-07-19", "LAST_DAYS", "WARNING"),
        ("roll_due", "layer 2 expiring 2026-08-05", "DUE", "WARNING"),
    ]
    assert deployed_on(tonight[LADDER_STATE.name]) == [first, second]


def test_a_leg_bought_tonight_is_tonights_leg():
    held = state(VIX_BOOK, True, units_deployed=4, deployed_date=pd.Timestamp(DAY))
    tonight = tables(ladder_state=held, ladder_legs=legs(VIX_BOOK, DAY + timedelta(days=3), DAY))
    assert [found[2] for found in raised(evidence(tonight, before=tonight), "roll_due")] == ["LAST_DAYS"]


@pytest.mark.parametrize(("is_armed", "new", "due"), [
    pytest.param(True, "VIX   260819C00020000", ["DUE"], id="another contract"),
    pytest.param(True, "VIX   260819C00019000", [], id="the same contract"),
    pytest.param(False, "VIX   260819C00020000", [], id="given up"),
])  # fmt: skip
def test_what_the_book_does_not_roll_is_not_due(is_armed, new, due):
    bought_on, expiry = date(2026, 6, 1), DAY + timedelta(days=18)
    held = state(VIX_BOOK, is_armed, units_deployed=4, deployed_date=pd.Timestamp(bought_on))
    tonight = tables(ladder_state=held, ladder_legs=legs(VIX_BOOK, expiry, DAY, osi=new))
    night = evidence(tonight, before=tonight, bought=[legs(VIX_BOOK, expiry, bought_on)])
    assert [found[2] for found in raised(night, "roll_due")] == due


@pytest.mark.parametrize(("age", "due"), [(6, []), (7, ["DUE"]), (8, ["DUE"])])
def test_a_profile_that_holds_for_its_time_is_due_after_it(age, due):
    bought_on = DAY - timedelta(days=age)
    held = state(KO_PUTS, True, units_deployed=4, deployed_date=pd.Timestamp(bought_on))
    tonight = tables(ladder_state=held, ladder_legs=legs(KO_PUTS, DAY + timedelta(days=40), DAY, osi="new"))
    night = evidence(tonight, before=tonight, bought=[legs(KO_PUTS, DAY + timedelta(days=30), bought_on)],
                     profile=PROFILES["calendar_sell2"])  # fmt: skip
    assert [found[2] for found in raised(night, "roll_due")] == due
    if due:
        assert "rolled with 3 days left or after 7 days" in text_of(night, "roll_due").body


@pytest.mark.parametrize("held", [
    pytest.param({"units_deployed": 0}, id="nothing-held"),
    pytest.param({"units_deployed": 4, "deployed_date": pd.Timestamp(2026, 6, 2)}, id="leg-not-known"),
])  # fmt: skip
def test_no_roll_without_a_contract(held):
    tonight = tables(ladder_state=state(VIX_BOOK, True, **held))
    night = evidence(tonight, before=tonight, bought=[legs(VIX_BOOK, DAY, date(2026, 6, 1))])
    assert raised(night, "roll_due") == []


# Spreads

SPREADS = (
    0.030,
    0.034,
    0.032,
    0.031,
    0.040,
    0.033,
    0.035,
    0.030,
    0.036,
    0.038,
)  # 3 % to 4 %: the margin is half a point


def nights_of(spreads, clock="at_close", state="PASS"):
    days = [BEFORE - timedelta(days=at) for at in range(len(spreads))]
    return [signals(VIX_BOOK, state, spread, day, clock) for day, spread in zip(days, spreads, strict=True)]


@pytest.mark.parametrize(("history", "tonight", "turned_to"), [
    pytest.param(nights_of(SPREADS), 0.0451, "WIDER", id="wider"),
    pytest.param(nights_of(SPREADS), 0.0449, None, id="within-the-margin"),
    pytest.param(nights_of(SPREADS), 0.0249, "TIGHTER", id="tighter"),
    pytest.param(nights_of(SPREADS[:9]), 0.5, None, id="nine-nights-are-too-few"),
    pytest.param(nights_of(SPREADS, "after_hours"), 0.5, None, id="after-hours-does-not-count"),
    pytest.param(nights_of(SPREADS, state="MISSING_LEG"), 0.5, None, id="half-a-ladder-does-not-count"),
    pytest.param(nights_of((None,) * 9, state="ZERO_BID") + nights_of((0.03,) * 10)[9:], 0.5, None,
                 id="a-night-without-a-bid-has-no-spread"),
    pytest.param(nights_of((None,) * 30, state="ZERO_BID") + nights_of(SPREADS * 4)[30:], 0.5, "WIDER",
                 id="nor-does-it-push-out-one-that-has"),
    pytest.param(nights_of(SPREADS * 2 + (0.5,)), 0.2, "WIDER", id="the-21st-night-is-forgotten"),
])  # fmt: skip
def test_a_spread_leaves_its_own_range(history, tonight, turned_to):
    night = evidence(tables(ladder_signals=signals(VIX_BOOK, "PASS", tonight)), history=history)
    expected = [("spread_regime", "VIX calls", turned_to, "INFO")] if turned_to else []
    assert raised(night, "spread_regime") == expected


# Data


def payloads(*missing, landed=(("option_chain", "SPX"),), day=DAY):
    rows = [{"dataset": d, "symbol": s, "payload_outcome": "MISSING", "reason": f"{s}: 404"} for d, s in missing]
    rows += [{"dataset": d, "symbol": s, "payload_outcome": "LANDED"} for d, s in landed]
    return tables(payloads=rows_of("meta_payloads", rows, day))


def test_what_is_newly_missing_is_told_by_kind():
    lost = [("option_chain", "XLF"), ("option_chain", "KO"), ("daily_bars", "KO"), ("index_history", "VIX")]
    night = evidence(payloads(*lost), payloads(("daily_bars", "KO"), day=BEFORE))
    assert raised(night) == [("source_missing", "index_history", "VIX", "WARNING"),
                             ("source_missing", "option_chain", "KO, XLF", "WARNING")]  # fmt: skip


@pytest.mark.parametrize(
    ("lost", "landed", "discount", "told"),
    [
        (["UST2025"], ["UST2026"], 0.99, []),
        (["UST2025"], ["UST2026"], None, ["UST2025"]),
        (["UST2026"], ["UST2025"], 0.99, ["UST2026"]),
        (["UST2026", "UST2025"], [], None, ["UST2025, UST2026"]),
    ],
)
def test_a_missing_curve_of_last_year_is_no_news_on_a_night_that_has_its_curve(lost, landed, discount, told):
    names = [[("treasury_curve", symbol) for symbol in symbols] for symbols in (lost, landed)]
    discounted = rows_of("core_options__daily_forwards", [{"underlying": "SPX", "root": "SPX", "discount": discount,
                                                           "expiry_date": pd.Timestamp(2026, 8, 19)}])  # fmt: skip
    night = evidence(payloads(*names[0], landed=names[1]) | {"core_options__daily_forwards": discounted})
    assert raised(night) == [("source_missing", "treasury_curve", symbols, "WARNING") for symbols in told]


def test_the_vix_chain_is_graver_and_for_itself():
    night = evidence(payloads(("option_chain", "VIX"), ("option_chain", "KO")))
    assert raised(night) == [("source_missing", "option_chain", "KO", "WARNING"),
                             ("source_missing", "option_chain VIX", "VIX", "CRITICAL")]  # fmt: skip


def sampled(**ratios):
    """Cross-checks by symbol; a ratio beyond a quarter differs."""
    rows = [
        {"symbol": name, "spread_ratio": ratio, "default_spread_frac": 0.04 * ratio, "second_spread_frac": 0.04,
         "compared_count": 50, "check_note": "note", "venue_scope": "nbbo", "second_scope": "nbbo",
         "cross_check": "AGREES" if 0.8 <= ratio <= 1.25 else "DIFFERS"}
        for name, ratio in ratios.items()
    ]  # fmt: skip
    return tables(cross_check=rows_of(CROSS_CHECK.name, rows))


@pytest.mark.parametrize(("before", "now", "expected"), [
    ({}, {"VIX": 1.1, "KO": 0.9}, []),
    ({}, {"VIX": 2.0, "KO": 0.5}, [("spreads of KO", "NARROWER"), ("spreads of VIX", "WIDER")]),
    ({"VIX": 1.5}, {"VIX": 2.0}, []), ({"VIX": 0.5}, {"VIX": 2.0}, [("spreads of VIX", "WIDER")]),
    ({"KO": 2.0}, {"VIX": 2.0}, [("spreads of VIX", "WIDER")]), ({"VIX": 2.0}, {"VIX": 1.0}, []),
])  # fmt: skip
def test_feeds_that_differ_are_told_once(before, now, expected):
    night = evidence(sampled(**now), sampled(**before))
    assert raised(night) == [("feeds_differ", *alert, "WARNING") for alert in expected]


def test_what_differs_is_told_with_both_medians():
    alert = text_of(evidence(sampled(VIX=2.0)), "feeds_differ")
    assert alert.title == "WARNING 2026-07-16: VIX is wider than in the second feed"
    assert "Found: 8.00% of the premium, the second feed 4.00%, 50 contracts; note" in alert.body


def test_another_sample_that_is_missing_is_no_news():
    """Every night another symbol is asked of the second feed; that it is down is told once."""
    tonight, before = ([("cross_check", symbol) for symbol in names] for names in (("VIX", "KO"), ("VIX", "XLF")))
    payloads = [
        tables(payloads=rows_of("meta_payloads", [
            {"dataset": dataset, "symbol": symbol, "payload_outcome": "MISSING", "reason": "no token"}
            for dataset, symbol in missing]))
        for missing in (tonight, before)
    ]  # fmt: skip
    assert raised(evidence(payloads[0], payloads[1])) == []
    assert raised(evidence(payloads[0])) == [("source_missing", "cross_check", "KO, VIX", "WARNING")]


def test_missing_still_is_no_news():
    lost = [("option_chain", "VIX"), ("option_chain", "KO")]
    assert raised(evidence(payloads(*lost), payloads(*lost, day=BEFORE))) == []


def suspended(*symbols):
    return rows_of("meta_quarantine", [
        {"dataset": "q", "row_key": s, "severity": "underlying", "reason": "every quote zero", "row_position": 0}
        for s in symbols
    ])  # fmt: skip


def late(*symbols):
    return rows_of("core_options__daily_snapshots", [{"underlying": s, "quote_clock": "after_hours"} for s in symbols])


def gaps(*points):
    days = pd.to_datetime(["2026-08-19", "2026-09-16"])
    rows = [{"underlying": "VIX", "root": "VIX", "expiry_date": day, "vx_gap_vol_points": gap}
            for day, gap in zip(days, points, strict=False)]  # fmt: skip
    return rows_of("core_options__daily_forwards", rows)


@pytest.mark.parametrize(("tonight", "before", "expected"), [
    pytest.param({"quarantine": suspended("KO")}, {}, [("suspended chains", "KO", "WARNING")], id="suspended"),
    pytest.param({"quarantine": suspended("VIX")}, {}, [("suspended chains", "VIX", "CRITICAL")], id="suspended-vix"),
    pytest.param({"quarantine": suspended("KO", "VIX")}, {"quarantine": suspended("VIX")},
                 [("suspended chains", "KO", "WARNING")], id="suspended-news-only"),
    pytest.param({"ladder_signals": signals(KO_PUTS, "NO_DATA", np.nan)}, {},
                 [("chains without a reading", "KO", "WARNING")], id="unread"),
    pytest.param({"ladder_signals": signals(VIX_BOOK, "NO_DATA", np.nan)}, {},
                 [("chains without a reading", "VIX", "CRITICAL")], id="unread-vix"),
    pytest.param({"ladder_signals": signals(KO_PUTS, "NO_DATA", np.nan), "quarantine": suspended("KO")}, {},
                 [("suspended chains", "KO", "WARNING")], id="unread-because-suspended"),
    pytest.param({"ladder_signals": signals(VIX_BOOK, "PASS", 0.03), "snapshots": late("VIX", "SPX")}, {},
                 [("chains quoted after hours", "VIX", "WARNING")], id="late-where-a-ladder-is-bought"),
    pytest.param({"forwards": gaps(0.4, -0.6)}, {},
                 [("forwards off the VX futures", "VIX 2026-09-16", "WARNING")], id="off-the-futures"),
    pytest.param({"forwards": gaps(0.6, None)}, {"forwards": gaps(0.7)}, [], id="off-the-futures-news-only"),
])  # fmt: skip
def test_what_arrived_and_cannot_be_used(tonight, before, expected):
    night = evidence(tables(**tonight), tables(**before))
    assert raised(night, "data_degraded") == [("data_degraded", *alert) for alert in expected]


@pytest.mark.parametrize(
    ("rejected", "is_told"), [pytest.param(50, False, id="at-the-limit"), pytest.param(51, True, id="above")]
)
def test_a_large_quarantine_is_told(rejected, is_told):
    night = evidence(tables(), counts={"rows_in_count": 1000, "rows_quarantined_count": rejected})
    assert bool(raised(night, "data_degraded")) == is_told


def test_a_night_that_is_claimed_anew_has_no_share_of_rejects():
    night = evidence(tables(), counts={"rows_in_count": None, "rows_quarantined_count": None})
    assert raised(night, "data_degraded") == []


# The alert itself


def test_simulated_stands_in_the_title():
    night = evidence(payloads(("option_chain", "KO")), mode="simulated")
    assert night_alerts(night, NIGHT_FALL)["title"].tolist() == [
        "WARNING 2026-07-16 SIMULATED: option chain missing: KO"
    ]


def test_the_same_alert_has_the_same_identity():
    night = evidence(payloads(("option_chain", "KO")))
    ids = [night_alerts(which, at)["alert_id"].item() for which, at in (
        (night, NIGHT_FALL), (night, NIGHT_FALL + timedelta(days=1)), (replace(night, trade_date=BEFORE), NIGHT_FALL),
        (replace(night, source_mode="recorded"), NIGHT_FALL), (evidence(payloads(("option_chain", "O"))), NIGHT_FALL),
    )]  # fmt: skip
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_a_disabled_rule_says_nothing():
    rules = tuned_rules({"source_missing": {"enabled": False}, "night_failed": {"enabled": False}}, "t")
    assert night_alerts(evidence(payloads(("option_chain", "KO"))), NIGHT_FALL, rules).empty
    assert watch_alert("night_failed", DAY, "live", reason="x", created_at=NIGHT_FALL, rules=rules).empty


@pytest.mark.parametrize("name", ["night_missing", "night_failed", "night_restated", "rules_failed"])
def test_a_watcher_raises_a_night(name):
    alert = watch_alert(name, DAY, "live", reason="RUNNING since 18:30", created_at=NIGHT_FALL).iloc[0]
    assert (alert.subject, alert.alert_severity) == ("night", ALERT_RULES[name].severity)
    assert "Found: RUNNING since 18:30" in alert.body
    again = watch_alert(name, DAY, "live", reason="still", created_at=NIGHT_FALL, turned_to="a" * 64)
    assert again["alert_id"].item() != alert.alert_id


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_the_order_of_rows_does_not_matter(report_night_tables, seed):
    shuffler = np.random.default_rng(seed)

    def shuffled(frame):
        return frame.iloc[shuffler.permutation(len(frame))].reset_index(drop=True)

    tonight, before, history = report_night_tables
    whole = evidence(tonight, before, [history], counts={"rows_in_count": 10, "rows_quarantined_count": 6})
    mixed = replace(
        whole, tonight={name: shuffled(frame) for name, frame in tonight.items()}, history=shuffled(history),
        before={name: shuffled(frame) for name, frame in before.items()},
    )  # fmt: skip
    expected = night_alerts(whole, NIGHT_FALL)
    assert len(expected) >= 6
    assert expected["alert_id"].is_monotonic_increasing
    pd.testing.assert_frame_equal(night_alerts(mixed, NIGHT_FALL), expected)


@pytest.fixture(scope="module")
def report_night_tables():
    """Two nights on which much happens: flips both ways, an arming, a verdict, missing and suspended chains."""
    books = VIX_BOOK + KO_PUTS + [("SPX", "V3_NATIVE", "SPX")]
    values = {"asset_class": "x", "reasons": "r"}
    now = frames.concat([signals(VIX_BOOK, "PASS", 0.03), signals(books[3:], "FAIL_TICK", 0.2)], LADDER_SIGNALS)
    then = frames.concat(
        [signals(VIX_BOOK, "ZERO_BID", 2.0, BEFORE), signals(books[3:], "PASS", 0.01, BEFORE)], LADDER_SIGNALS
    )
    tonight = payloads(("option_chain", "XLF"), ("option_chain", "O"), ("daily_bars", "KO")) | {
        LADDER_SIGNALS.name: now, LADDER_STATE.name: state(books, True), "meta_quarantine": suspended("IYR", "VNQ"),
        "out_alvh__daily_verdicts": rows_of("out_alvh__daily_verdicts", ladders(books, verdict="ADAPT", **values)),
    }  # fmt: skip
    before = tables(ladder_signals=then, ladder_state=state(books, False, day=BEFORE), daily_verdicts=rows_of(
        "out_alvh__daily_verdicts", ladders(books, verdict="HOLDS", **values), BEFORE))  # fmt: skip
    return tonight, before, then


# Quiet


def alert(rule="filter_flip", subject="VIX calls", turned_to="FAILS", day=DAY, status="PENDING", mode="live",
          severity="WARNING", created_at=NIGHT_FALL):  # fmt: skip
    row = {
        "alert_id": f"{rule} {subject} {turned_to} {day}", "alert_rule": rule, "subject": subject,
        "turned_to": turned_to, "alert_severity": severity, "alert_status": status, "created_at_utc": created_at,
    }  # fmt: skip
    return rows_of(META_ALERTS.name, [row], day, mode)


def quiet_reason(new, *recent, calendar, **more):
    kept = with_quiet(new, frames.concat(recent, META_ALERTS), calendar, **more).iloc[0]
    assert (kept.alert_status == "QUIET") == isinstance(kept.quiet_reason, str)
    return kept.quiet_reason if kept.alert_status == "QUIET" else None


@pytest.mark.parametrize(("last", "is_quiet"), [
    pytest.param(alert(day=date(2026, 7, 14)), True, id="two-sessions-ago"),
    pytest.param(alert(day=date(2026, 7, 13)), False, id="three-sessions-ago"),
    pytest.param(alert(day=date(2026, 7, 14), status="DELIVERED"), True, id="delivered"),
    pytest.param(alert(day=date(2026, 7, 14), status="QUIET"), False, id="quiet-itself"),
    pytest.param(alert(day=date(2026, 7, 14), status="DEAD"), False, id="never-got-out"),
    pytest.param(alert(day=date(2026, 7, 14), turned_to="PASSES"), False, id="other-direction"),
    pytest.param(alert(day=date(2026, 7, 14), subject="KO puts"), False, id="other-subject"),
    pytest.param(alert(day=date(2026, 7, 14), rule="spread_regime"), False, id="other-rule"),
    pytest.param(alert(day=date(2026, 7, 14), mode="recorded"), False, id="other-mode"),
    pytest.param(alert(day=DAY), False, id="itself-raised-again"),
    pytest.param(alert(day=date(2026, 7, 17)), False, id="a-later-session"),
])  # fmt: skip
def test_the_same_news_is_not_told_twice_within_two_sessions(calendar, last, is_quiet):
    reason = quiet_reason(alert(), last, calendar=calendar)
    assert reason == ("repeats 2026-07-14, 2 sessions ago; quiet for 2" if is_quiet else None)


def test_quiet_counts_sessions_not_days(calendar):
    monday, friday = date(2026, 7, 20), date(2026, 7, 17)
    later = datetime(2026, 7, 20, 22, 45, tzinfo=UTC)
    assert quiet_reason(alert(day=monday, created_at=later), alert(day=friday), calendar=calendar)


def test_critical_is_told_every_time(calendar):
    grave = alert("source_missing", severity="CRITICAL")
    assert quiet_reason(grave, alert("source_missing", day=BEFORE), calendar=calendar) is None


def test_simulated_nights_are_quiet_unless_asked(calendar):
    assert quiet_reason(alert(mode="simulated"), calendar=calendar) == "simulated night"
    assert quiet_reason(alert(mode="simulated"), calendar=calendar, speaks_simulated=True) is None


@pytest.mark.parametrize(("written", "is_quiet"), [
    pytest.param(datetime(2026, 7, 21, 3, 59, tzinfo=UTC), False, id="four-days-new-york"),
    pytest.param(datetime(2026, 7, 21, 4, 1, tzinfo=UTC), True, id="five-days"),
])  # fmt: skip
def test_old_news_is_quiet_even_if_critical(calendar, written, is_quiet):
    reason = quiet_reason(alert(created_at=written, severity="CRITICAL"), calendar=calendar)
    assert bool(reason) == is_quiet


def test_what_was_told_last():
    recent = frames.concat([
        alert(day=date(2026, 7, 14), turned_to="PASSES", status="DELIVERED"), alert(day=date(2026, 7, 13)),
        alert(day=BEFORE, status="QUIET"), alert(subject="KO puts", day=DAY), alert("roll_due", day=BEFORE),
    ], META_ALERTS)  # fmt: skip
    assert told(recent, "filter_flip", DAY) == {"VIX calls": "PASSES"}


# The plan


def test_rules_are_tuned():
    rules = tuned_rules({"filter_flip": {"severity": "INFO", "quiet_nights": 9}}, "alerts.toml")
    assert (rules["filter_flip"].severity, rules["filter_flip"].quiet_nights) == ("INFO", 9)
    assert rules["roll_due"] == ALERT_RULES["roll_due"]


@pytest.mark.parametrize(("document", "expected"), [
    pytest.param({"rules": {"flip": {}}}, "rules.flip: no such rule; expected one of filter_flip", id="rule"),
    pytest.param({"rules": {"roll_due": {"quiet": 1}}}, "rules.roll_due: unknown key 'quiet'", id="key"),
    pytest.param({"rules": {"roll_due": {"quiet_nights": True}}}, "a whole number of sessions", id="bool"),
    pytest.param({"rules": {"roll_due": {"quiet_nights": -1}}}, "a whole number of sessions", id="negative"),
    pytest.param({"rules": {"roll_due": {"severity": "LOUD"}}}, "INFO, WARNING, CRITICAL, found 'LOUD'", id="loud"),
    pytest.param({"rules": {"roll_due": {"enabled": 1}}}, "true or false", id="enabled"),
    pytest.param({"rules": {"roll_due": 5}}, "expected a table", id="rule-no-table"),
    pytest.param({"rules": 5}, "rules: expected a table", id="rules-no-table"),
    pytest.param({"channel": {}}, "unknown key 'channel'; expected channels or rules", id="section"),
    pytest.param({"channels": {"desk": {"adress": "env:X"}}}, "channels.desk: unknown key 'adress'", id="channel-key"),
    pytest.param({"channels": {"desk": {"address": "env:X", "min_severity": "LOW"}}}, "min_severity", id="severity"),
    pytest.param({"channels": {"desk": {"address": "env:X", "quiet_hours": "9-5"}}}, "New York times", id="hours"),
    pytest.param({"channels": {"desk": {}}}, "channels.desk: expected address", id="no-address"),
])  # fmt: skip
def test_a_wrong_plan_says_where(document, expected):
    with pytest.raises(ContractError) as refused:
        alert_plan(document, "alerts.toml")
    assert str(refused.value).startswith("alerts.toml: ")
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    "entry", ["mailto://me:hunter2@host", {"address": "json://hunter2"}, {"address": "env:A B hunter2"}]
)
def test_an_address_in_the_file_is_refused_and_not_repeated(entry):
    with pytest.raises(ContractError, match="does not belong in a file") as refused:
        alert_plan({"channels": {"desk": entry}}, "alerts.toml")
    assert "hunter2" not in str(refused.value)


def test_a_channel_takes_what_is_grave_enough():
    table = {"address": "block:desk-alerts", "min_severity": "WARNING"}
    plan = alert_plan({"channels": {"desk": table, "all": "env:ALL_ADDRESS"}}, "t")
    desk, everything = plan.channels
    assert (desk.address_kind, desk.address_name, desk.severities) == ("block", "desk-alerts", ("WARNING", "CRITICAL"))
    assert everything.severities == ("INFO", "WARNING", "CRITICAL")


@pytest.mark.parametrize(("hours", "clock", "is_quiet"), [
    pytest.param("22:00-07:00", time(21, 59), False, id="before"),
    pytest.param("22:00-07:00", time(22, 0), True, id="starts"),
    pytest.param("22:00-07:00", time(3, 0), True, id="night"),
    pytest.param("22:00-07:00", time(7, 0), False, id="ends"),
    pytest.param("12:00-13:00", time(12, 30), True, id="lunch"),
    pytest.param("12:00-13:00", time(13, 0), False, id="after-lunch"),
])  # fmt: skip
def test_quiet_hours_are_new_yorks_and_let_critical_through(hours, clock, is_quiet):
    channel = alert_plan({"channels": {"desk": {"address": "env:A", "quiet_hours": hours}}}, "t").channels[0]
    instant = datetime.combine(DAY, clock, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    assert channel.severities_at(instant) == (("CRITICAL",) if is_quiet else channel.severities)


def test_a_bundle_is_one_message():
    assert bundled([("t", "b")]) == ("t", "b")
    title, body = bundled([("first", "one"), ("second", "two")])
    assert title == "first (and 1 more)"
    assert body == "first\n-----\none\n\nsecond\n------\ntwo"


def test_the_document_knows_every_rule_as_it_is():
    rows = re.findall(r"^\| `(\w+)` \| (\w+)[^|]*\| (?:(\d+) nights )?\|", DOCUMENT.read_text(), re.MULTILINE)
    documented = {name: (severity, int(quiet or 0)) for name, severity, quiet in rows}
    assert documented == {rule.name: (rule.severity, rule.quiet_nights) for rule in ALERT_RULES.values()}


def test_the_example_of_the_document_is_a_plan():
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    plan = alert_plan(tomllib.loads(textwrap.dedent(example[1])), "docs/alerts.md")
    assert [channel.name for channel in plan.channels] == ["desk", "pager", "risk"]
    assert not plan.rules["spread_regime"].is_enabled
