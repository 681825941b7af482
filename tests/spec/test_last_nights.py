"""A table's rows over the last nights that have any, for what is told as a trend."""

from dataclasses import replace
from datetime import date

import pandas as pd

from alvh_core.schemas import META_PAYLOADS, META_VALIDATIONS, VERDICTS_TABLE
from tasks.warehouse.repository import NightKey, Warehouse

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


def test_what_is_kept_of_earlier_nights_is_what_a_fresh_reader_finds(warehouse, night, url):
    other = Warehouse(url)  # publishes behind the reader's back

    def published(day, mark, rows=3):
        key = replace(KEY, trade_date=date(2026, 7, day))
        other.claim(key, run_id="r", code_version="0", rules_hash="x")
        other.publish(key, night(key, rows=rows, mark=mark), run_id="r", outcome="OK", reason=None, counts={})

    def same_as_fresh():
        for spec in (VERDICTS_TABLE, VERDICTS_TABLE.only(["trade_date", "reasons"]), META_PAYLOADS):
            kept, fresh = (w.last_nights(spec, "simulated", KEY.trade_date, 3) for w in (warehouse, Warehouse(url)))
            pd.testing.assert_frame_equal(kept, fresh)
        return kept["url"].drop_duplicates().tolist()

    assert same_as_fresh() == []
    published(13, "a")
    published(15, "b")
    assert same_as_fresh() == ["a", "b"]
    published(14, "late")
    assert same_as_fresh() == ["a", "late", "b"]
    published(14, "restated", rows=4)
    assert same_as_fresh() == ["a", "restated", "b"]
    other.claim(replace(KEY, trade_date=date(2026, 7, 14)), run_id="again", code_version="0", rules_hash="x")
    assert same_as_fresh() == ["a", "restated", "b"], "until it publishes again, its rows are what others read"
    published(16, "c")
    assert same_as_fresh() == ["restated", "b", "c"]
    other.close()


def test_who_changes_what_was_read_changes_nothing_that_is_kept(warehouse, night):
    warehouse.claim(KEY, run_id="r", code_version="0", rules_hash="x")
    warehouse.publish(KEY, night(KEY), run_id="r", outcome="OK", reason=None, counts={})
    first = warehouse.last_nights(VERDICTS_TABLE, "simulated", KEY.trade_date, 3)
    as_read = first.copy()
    first.loc[:, "reasons"] = "changed"
    pd.testing.assert_frame_equal(warehouse.last_nights(VERDICTS_TABLE, "simulated", KEY.trade_date, 3), as_read)
