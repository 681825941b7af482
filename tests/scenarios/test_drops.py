"""Scenario 33: files that a desk drops, up to the quotes of an imported night."""

import io
from datetime import date
from pathlib import Path

import pandas as pd
from prefect.logging import disable_run_logger

from alvh_core.schemas import OPTION_QUOTES, SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.normalise import LANDED
from tasks.receive import Desk, receive
from tasks.settings import Settings
from tasks.sources.source import CHAIN

SAMPLE = Path(__file__).parents[1] / "contract" / "data" / "filedrops" / "datashop.csv"
HALF_DAY = date(2026, 11, 27)


def test_33_an_early_close_leaves_the_block_of_a_quarter_to_four_blank(road, calendar, tmp_path):
    """The close is taken, at 13:00, and no volatility of the other clock; the second delivery changes nothing."""
    rows = pd.read_csv(SAMPLE, dtype="str", keep_default_na=False)
    blank = [name for name in rows if name.endswith("_1545")]
    dropped = tmp_path / "UnderlyingOptionsEODCalcs_2026-11-27.csv"
    rows = rows.assign(quote_date=str(HALF_DAY), expiration=rows["root"].map({"VIX": "2026-12-16",
                       "VIXW": "2026-12-02"}), **dict.fromkeys(blank, ""))  # fmt: skip
    dropped.write_text(rows.to_csv(index=False))
    desk = Desk(universe=DEFAULT_UNIVERSE, calendar=calendar, raw_root=Settings(home=tmp_path / "home").raw_root)
    with disable_run_logger():
        outcomes = [one.outcome for _ in range(2) for one in receive.fn(desk, dropped)]
    assert outcomes == ["LANDED", "KNOWN"]
    mine = road(day=HALF_DAY, source="imported")

    (snapshot,) = mine.read((CHAIN, "VIX")).table(SNAPSHOTS).to_dict("records")
    assert snapshot["venue_scope"] == "cboe_datashop_eod"
    assert snapshot["quote_at_utc"] == pd.Timestamp("2026-11-27 18:00Z")
    assert (snapshot["quote_clock"], snapshot["minutes_to_close"]) == ("at_close", 0.0)
    quotes = mine.table(OPTION_QUOTES, LANDED)
    closing = pd.read_csv(io.StringIO(SAMPLE.read_text()))
    assert sorted(quotes["bid_usd"]) == sorted(closing["bid_eod"])
    assert quotes["vendor_iv_vol"].isna().all()
    assert quotes["vendor_delta"].isna().all()
