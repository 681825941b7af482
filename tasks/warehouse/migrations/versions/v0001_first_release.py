"""The tables of the first release, as they were; a warehouse made before there were revisions has just these."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None

# Byte order on every server: its locale must neither order the answers nor, when it is upgraded, break their indexes.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "date": sa.Date(), "timestamp": sa.DateTime(), "str": _TEXT, "float": sa.Double(), "int": sa.BigInteger(),
    "bool": sa.Boolean(),
}  # fmt: skip

# Key, then the other columns; ? may be null.
_TABLES = {
    "core_options__daily_snapshots": (
        "trade_date date, source_mode str, underlying str",
        "asset_class str, quote_at_utc timestamp, rendered_at_utc timestamp, quote_age_minutes float, "
        "minutes_to_close float, quote_clock str, venue_scope str, underlying_price_usd float?, "
        "vendor_iv30_vol float?, contracts_count int, payload_sha256 str",
    ),
    "core_options__daily_forwards": (
        "trade_date date, source_mode str, underlying str, root str, expiry_date date",
        "dte_days int, years float, forward_usd float?, discount float?, forward_gap_usd float?, pairs_count int, "
        "forward_status str",
    ),
    "core_rates__daily_curve": (
        "trade_date date, source_mode str, curve_date date, tenor_years float",
        "par_yield_frac float, zero_rate_frac float, payload_sha256 str, row_position int",
    ),
    "core_market__daily_closes": (
        "trade_date date, source_mode str, symbol str",
        "close_usd float, bar_date date, hv20_vol float?",
    ),
    "out_alvh__daily_ladder_legs": (
        "trade_date date, source_mode str, host str, variant str, hedge_symbol str, profile str, layer_no int",
        "units_target int, osi_symbol str?, root str?, expiry_date date?, dte_days int?, forward_usd float?, "
        "strike_usd float?, delta_fwd float?, iv_vol float?, bid_usd float?, ask_usd float?, mid_usd float?, "
        "spread_frac float?, tick_floor_frac float?, extrinsic_usd float?, break_even_usd float?, "
        "break_even_touch_usd float?, be_erosion_usd float?, be_erosion_frac float?, tenor_error_days int?, "
        "delta_error float?, premium_usd float?, quote_clock str?, is_armed bool, leg_action str, leg_status str",
    ),
    "out_alvh__daily_ladder_signals": (
        "trade_date date, source_mode str, host str, variant str, hedge_symbol str, profile str",
        "vix_close_vol_points float?, is_vix_provisional bool?, layers_armed_count int, units_armed_count int, "
        "units_deployed_count int, s_ladder_frac float?, s_simple_frac float?, s_median_frac float?, "
        "s_worst_frac float?, tick_floor_frac float?, ladder_premium_usd float?, be_erosion_max_frac float?, "
        "quote_clock str?, filter_state str, action str, block_reason str?",
    ),
    "out_alvh__daily_ladder_state": (
        "trade_date date, source_mode str, host str, variant str, hedge_symbol str, profile str, layer_no int",
        "is_armed bool, armed_date date?, below_count int, retries_count int, units_deployed int, deployed_date date?",
    ),
    "out_liquidity__daily_spread_scores": (
        "trade_date date, source_mode str, level str, key str",
        "score float, s_median_frac float?, two_sided_frac float, contracts_count int, coverage_frac float, "
        "score_min float, members_count int, score_version str, quotes_note str",
    ),
    "out_alvh__daily_verdicts": (
        "trade_date date, source_mode str, asset_class str, host str, variant str, hedge_symbol str, profile str",
        "verdict str, tonight str, tonight_reason str, nights_count int, reasons str",
    ),
    "out_vol__daily_model_free": (
        "trade_date date, source_mode str, underlying str",
        "iv30_vol float?, method str, status str, near_expiry_date date?, next_expiry_date date?, "
        "vendor_iv30_vol float?, hv20_vol float?",
    ),
    "meta_nights": (
        "trade_date date, universe str, source_mode str",
        "night_status str, outcome str?, reason str?, run_id str, code_version str, rules_hash str, "
        "claimed_at_utc timestamp, finished_at_utc timestamp?, rows_in_count int?, rows_published_count int?, "
        "rows_quarantined_count int?",
    ),
    "meta_payloads": (
        "trade_date date, source_mode str, dataset str, symbol str",
        "payload_outcome str, reason str?, url str, http_status_count int?, bytes_count int?, payload_sha256 str?, "
        "etag str?, fetched_at_utc timestamp?",
    ),
    "meta_validations": (
        "trade_date date, source_mode str, dataset str, check_name str, check_column str",
        "severity str, is_success bool, evaluated_count int, unexpected_count int",
    ),
    "meta_quarantine": (
        "trade_date date, source_mode str, dataset str, row_key str, row_position int, payload_sha256 str",
        "severity str, reason str, rows_count int, row_json str?",
    ),
}


def upgrade() -> None:
    """Make every table."""
    for name, (key, values) in _TABLES.items():
        op.create_table(name, *_columns(key, is_key=True), *_columns(values, is_key=False))


def _columns(text: str, *, is_key: bool) -> list[sa.Column[object]]:
    pairs = [pair.split() for pair in text.split(", ")]
    return [
        sa.Column(name, _TYPES[kind.rstrip("?")], primary_key=is_key, nullable=kind.endswith("?"), autoincrement=False)
        for name, kind in pairs
    ]
