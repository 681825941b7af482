"""What a night changes about the ladders: filter, layers, verdicts, rolls, spreads.

One pure function per rule. Hosts that share a hedge chain share its reading (V1 equals V0), so an alert is about a
book, the calls or the puts of one chain, and lists the hosts: a desk wants one message, not twenty-four.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.alerting.findings import BOUGHT_LEGS, Finding, NightEvidence
from alvh_core.book.exits import rolls_due
from alvh_core.readings import is_reading
from alvh_core.schemas import LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE, VERDICTS_TABLE
from alvh_core.triggers import LADDER, LAYER


def filter_flips(night: NightEvidence) -> Iterator[Finding]:
    """Find books that pass the 8 % rule and did not, or the other way round, and those that it is blind on now.

    Compared with what the desk was last told, else with the last night that had a reading: a flip that was kept quiet
    is told once the quiet is over, if it still holds. No reading is no refusal, and is news only where a desk relies on
    one: the book passed, or is held. Once told, the next reading is news too. Of chains that did not come, or came
    after hours, `alvh_core.alerting.sources` speaks.
    """
    both = _read_before(night)
    is_relied_on = (both["filter_state_before"] == "PASS") | (both["units_deployed_count"] > 0)
    values = ["filter_state", "s_ladder_frac", "filter_state_before", "s_ladder_frac_before", "trade_date_before",
              "is_blind", "was_blind"]  # fmt: skip
    alike = [both["hedge_symbol"], both["variant"] == "V3_NATIVE", *(both[name] for name in values)]
    both["is_news"] = (~both["is_blind"] | is_relied_on).groupby(alike, dropna=False).transform("any")
    for subject, hosts, row in _books(both, [*values, "is_news"]):  # books are named before any is left out
        turned_to = UNREAD if row.is_blind else _passes(row.filter_state)
        before = UNREAD if row.is_blind and row.was_blind else _passes(row.filter_state_before)
        last_told = night.told.get(subject, before)
        if not row.is_news or turned_to == last_told:
            continue
        does, to_do = _TURNED[turned_to]
        again = "can be read again: " if last_told == UNREAD else ""
        measured = "no reading" if row.is_blind else f"{_share(row.s_ladder_frac)} of the premium"
        yield Finding(
            subject=subject, turned_to=turned_to,
            headline=f"{subject} {again}{does.format(state=row.filter_state, share=_share(row.s_ladder_frac))}",
            expected=f"{row.filter_state_before}, {_share(row.s_ladder_frac_before)} of the premium, as on "
                     f"{row.trade_date_before:%Y-%m-%d}",
            found=f"{row.filter_state}, {measured}", concerns=f"hosts {hosts}", to_do=to_do,
        )  # fmt: skip


UNREAD = "UNREAD"
_TURNED = {
    "PASSES": ("pass the 8 % rule ({share})",
               "see the legs in the night's report before any order: armed layers can be bought"),
    "FAILS": ("fail the 8 % rule, {state} ({share})",
              "see the legs in the night's report before any order; armed layers are not bought"),
    UNREAD: ("cannot be read, {state}", "see in the night's report which leg or quote is missing: it is not bought"),
}  # fmt: skip


def _read_before(night: NightEvidence) -> pd.DataFrame:
    """Return tonight's books that are read, or should be, beside the last night on which each was."""
    past, signals = night.history.sort_values("trade_date"), night.tonight[LADDER_SIGNALS.name]
    read = past[is_reading(past)].drop_duplicates(LADDER, keep="last")
    last = past.drop_duplicates(LADDER, keep="last")
    last = frames.as_text(last[LADDER].assign(was_blind=_is_blind(last)))
    tonight = signals.assign(is_blind=_is_blind(signals))
    tonight = frames.as_text(tonight[tonight["is_blind"] | is_reading(tonight)])
    read = frames.as_text(read[[*LADDER, "trade_date", "filter_state", "s_ladder_frac"]])
    return tonight.merge(read, on=LADDER, suffixes=("", "_before")).merge(last, on=LADDER)


def _is_blind(signals: pd.DataFrame) -> pd.Series:
    """Tell which chains came in time, and let the 8 % rule not be read."""
    came = signals["filter_state"].ne("NO_DATA") & signals["quote_clock"].ne("after_hours")
    return came & ~is_reading(signals)


def armed_layers(night: NightEvidence) -> Iterator[Finding]:
    """Find layers that are armed after tonight's close and were not, or the other way round."""
    tonight, before = (
        frames.as_text(tables[LADDER_STATE.name][[*LAYER, "is_armed"]]) for tables in (night.tonight, night.before)
    )
    both = tonight.merge(before, on=LAYER, how="left", suffixes=("", "_before"))
    changed = both[both["is_armed"] != both["is_armed_before"].eq(True)]
    changed = changed.assign(mode=_terms(night, changed["host"], "mode").fillna("trigger"))
    close = night.tonight[LADDER_SIGNALS.name]["vix_close_vol_points"].max()
    for (profile, layer, is_armed), part in changed.groupby(["profile", "layer_no", "is_armed"]):
        became, modes = (
            "armed" if is_armed else "disarmed",
            sorted(set(part["mode"])),
        )  # a host's entry may have its own
        why = "; ".join(f"VIX closed at {close:.2f}" if mode == "trigger" else _WHY[mode] for mode in modes)
        yield Finding(
            subject=f"{profile} layer {layer}", turned_to=became.upper(),
            headline=f"layer {layer} {became}, {why}",
            expected=f"layer {layer} {'not armed' if is_armed else 'armed'}, as the night before",
            found=f"{became}, {why}", concerns=f"hosts {_names(part['host'])}",
            to_do="; ".join(_TO_DO[bool(is_armed), mode] for mode in modes),
        )  # fmt: skip


_WHY = {"bands": "by the band of VIX's forward", "always": "as its profile always is"}
_NEXT, _KEPT = (
    "orders go to the next session's quotes, where the 8 % rule passes",
    "nothing new is bought; what is held ",
)
_TO_DO = {
    (True, "trigger"): _NEXT, (True, "bands"): _NEXT,
    (True, "always"): "bought at tonight's quotes already, where the 8 % rule passes",
    (False, "trigger"): "paper positions of the layer are given up; nothing new is bought",
    (False, "bands"): f"{_KEPT}is kept to its roll or settlement", (False, "always"): f"{_KEPT}is kept to its roll",
}  # fmt: skip


def _terms(night: NightEvidence, hosts: pd.Series, name: str) -> pd.Series:
    """Return a term of the profile of every host; null where its ladder sleeps tonight."""
    return hosts.map({host: getattr(profile, name) for host, profile in night.profiles.items()})


def changed_verdicts(night: NightEvidence) -> Iterator[Finding]:
    """Find verdicts that are others than the night before."""
    tonight, before = (frames.as_text(tables[VERDICTS_TABLE.name]) for tables in (night.tonight, night.before))
    both = tonight.merge(before[[*LADDER, "verdict"]], on=LADDER, suffixes=("", "_before"))
    changed = both[both["verdict"] != both["verdict_before"]]
    for (variant, old, new), part in changed.groupby(["variant", "verdict_before", "verdict"]):
        hosts = _names(part["host"])
        yield Finding(
            subject=f"{variant} {hosts}", turned_to=str(new), headline=f"{variant} turned {new} for {hosts}",
            expected=f"{old}, as the night before", found=f"{new}: {'; '.join(sorted(set(part['reasons'])))}",
            to_do="read the reasons in out_alvh__daily_verdicts before anything is made of it",
        )  # fmt: skip


def deployed_on(state: pd.DataFrame) -> list[date]:
    """Return the sessions on which the layers that a `LADDER_STATE` holds were bought."""
    held = state.loc[state["units_deployed"] > 0, "deployed_date"].dropna()
    return sorted({day.date() for day in held})


def due_rolls(night: NightEvidence) -> Iterator[Finding]:
    """Find contracts held on paper that their profile rolls by now, or that are near their settlement or past it."""
    contracts = _held_contracts(night)
    roll = contracts["roll_dte_days"].fillna(0)  # 0: held to settlement
    # a profile that rolls later than the last days begin is late the day after its own
    limits = [contracts["days"] <= 0, contracts["days"] <= np.minimum(night.limits.last_dte_days, roll - 1),
              rolls_due(contracts, pd.Timestamp(night.trade_date))]  # fmt: skip
    due = np.select(limits, ["SETTLED", "LAST_DAYS", "DUE"], default="")
    contracts = contracts.assign(due=due)[due != ""]
    for (expiry, layer, due, left), part in contracts.groupby(["expiry_date", "layer_no", "due", "days"]):
        settled, rolls = due == "SETTLED", _times_of_rolls(part)
        yield Finding(
            subject=f"layer {layer} expiring {expiry:%Y-%m-%d}", turned_to=str(due),
            headline=f"layer {layer} has settled and is still held on paper" if settled
                     else f"layer {layer} is due to roll, {left} days left",
            expected=f"rolled {rolls}" if rolls else "closed at its settlement",
            found=f"expires {expiry:%Y-%m-%d}, {'settled' if settled else f'{left} days left'}",
            concerns=f"{_names(part['osi_symbol'])} for {_names(part['host'])}",
            to_do="the layer protects nothing any more: decide whether to buy it anew" if settled
                  else "sell the leg and buy its units at the next tenor, if the new leg passes the 8 % rule; in its "
                       "last days sell it either way",
        )  # fmt: skip


def _held_contracts(night: NightEvidence) -> pd.DataFrame:
    """Return the contracts that are held with the terms of their profiles, as `rolls_due` asks for them."""
    state, legs = night.tonight[LADDER_STATE.name], night.tonight[LADDER_LEGS.name]
    held = frames.as_text(state.loc[state["units_deployed"] > 0, [*LAYER, "is_armed", "deployed_date"]])
    bought = frames.as_text(frames.concat([night.bought_legs, legs], BOUGHT_LEGS))
    bought = bought[[*LAYER, "trade_date", "osi_symbol", "expiry_date"]].drop_duplicates([*LAYER, "trade_date"])
    tonight = frames.as_text(legs[[*LAYER, "osi_symbol"]]).rename(columns={"osi_symbol": "new_symbol"})
    held = held.rename(columns={"deployed_date": "entry_date"})
    found = held.merge(bought, left_on=[*LAYER, "entry_date"], right_on=[*LAYER, "trade_date"])
    found = found.dropna(subset="expiry_date").merge(tonight, on=LAYER, how="left")
    terms = {name: _terms(night, found["host"], name) for name in ("mode", "roll_dte_days", "hold_days")}
    return found.assign(**terms, days=(found["expiry_date"] - pd.Timestamp(night.trade_date)).dt.days)


def _times_of_rolls(contracts: pd.DataFrame) -> str:
    """Say when the profiles of some contracts roll them; nothing where they hold them to their settlement."""
    times = (" or ".join(map(str, sorted({int(days) for days in contracts[name].dropna()} - {0})))
             for name in ("roll_dte_days", "hold_days"))  # fmt: skip
    words = zip(times, ("with {} days left", "after {} days"), strict=True)
    return " or ".join(word.format(days) for days, word in words if days)


def spread_regimes(night: NightEvidence) -> Iterator[Finding]:
    """Find spreads outside the range of their own last nights; quotes after hours and half ladders do not count.

    Nor does a night on which nobody bid for any leg: a range is of the nights that have a spread.
    """
    signals = night.tonight[LADDER_SIGNALS.name]
    past = night.history[is_reading(night.history) & night.history["s_ladder_frac"].notna()].sort_values("trade_date")
    past = past.groupby(LADDER, observed=True).tail(night.limits.regime_nights)
    spread = past.groupby(LADDER, observed=True)["s_ladder_frac"].agg(low="min", high="max", nights="size")
    both = frames.as_text(signals[is_reading(signals)]).merge(frames.as_text(spread.reset_index()), on=LADDER)
    both = both[both["nights"] >= night.limits.regime_min_nights]
    margin = night.limits.regime_margin_frac * (both["high"] - both["low"])
    wider, tighter = (both["s_ladder_frac"] > both["high"] + margin), (both["s_ladder_frac"] < both["low"] - margin)
    both = both.assign(turned=np.select([wider, tighter], ["WIDER", "TIGHTER"], default=""))
    for subject, hosts, row in _books(both[both["turned"] != ""], ["turned", "s_ladder_frac", "low", "high", "nights"]):
        span = f"{_share(row.low)} to {_share(row.high)}"
        yield Finding(
            subject=subject, turned_to=row.turned,
            headline=f"spread of {subject} is {row.turned.lower()} than in {row.nights} nights: "
                     f"{_share(row.s_ladder_frac)}, was {span}",
            expected=f"{span} of the premium, the range of the last {row.nights} nights with a spread",
            found=_share(row.s_ladder_frac), concerns=f"hosts {hosts}",
            to_do="look for news, a stale feed or a changed tick size before trusting tonight's filter",
        )  # fmt: skip


def _books(ladders: pd.DataFrame, values: Sequence[str]) -> Iterator[tuple[str, str, Any]]:
    """Yield subject, hosts and values of every book; hosts with parameters of their own are a book of their own."""
    if ladders.empty:
        return
    kind = np.where(ladders["variant"] == "V3_NATIVE", "puts", "calls")
    books = ladders.assign(book=ladders["hedge_symbol"] + " " + kind)
    groups = books.groupby(["book", *values], dropna=False)["host"].agg([_names, "nunique"]).reset_index()
    groups = groups.sort_values(["book", "nunique", "_names"], ascending=[True, False, True])
    is_other = groups["book"].duplicated()
    subjects = groups["book"] + np.where(is_other, " for " + groups["_names"], "")
    yield from zip(subjects, groups["_names"], groups.itertuples(index=False), strict=True)


def _names(values: pd.Series) -> str:
    return ", ".join(sorted({" ".join(str(value).split()) for value in values}))


def _passes(filter_state: str) -> str:
    return "PASSES" if filter_state == "PASS" else "FAILS"


def _share(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.2%}"
