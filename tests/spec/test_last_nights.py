"""A table's rows over the last nights that have any, for what is told as a trend."""

from dataclasses import replace
from datetime import date

from alvh_core.schemas import META_VALIDATIONS
from tasks.warehouse.repository import NightKey

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")


def test_the_last_nights_of_a_mode_up_to_a_night(warehouse, night):
    for day, mode in ((13, "simulated"), (14, "simulated"), (15, "recorded"), (16, "simulated"), (17, "simulated")):
        key = replace(KEY, trade_date=date(2026, 7, day), source_mode=mode)
        warehouse.claim(key, run_id="r", code_version="0", rules_hash="x")
        warehouse.publish(key, night(key, rows=3), run_id="r", outcome="OK", reason=None, counts={})
    found = warehouse.last_nights(META_VALIDATIONS, "simulated", KEY.trade_date, 2)
    assert found["trade_date"].dt.day.value_counts().to_dict() == {14: 3, 16: 3}
    assert set(found["source_mode"]) == {"simulated"}
    assert len(warehouse.last_nights(META_VALIDATIONS, "simulated", KEY.trade_date, 20)) == 9
    assert warehouse.last_nights(META_VALIDATIONS, "live", KEY.trade_date, 20).empty
