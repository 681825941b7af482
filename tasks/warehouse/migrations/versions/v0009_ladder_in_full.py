"""The ladder in full: more columns of legs, signals and verdicts; tables of rules, basis, book, tightness and costs."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0009", "0008"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KINDS: dict[str, Any] = {
    "date": sa.Date, "time": sa.DateTime, "text": _TEXT, "int": sa.BigInteger, "float": sa.Double, "bool": sa.Boolean,
}  # fmt: skip
# Columns of a table: name and kind; the first so many are its key, a question mark is a column that may be null.
_WIDER = {
    "out_alvh__daily_ladder_legs":
        "side int, unit_basis text, multiplier int, volume_count float, open_interest_count float, "
        "bid_size_count float, ask_size_count float, discount float, years float, budget_usd float, "
        "residual_usd float, min_account_usd float, size_status text",
    "out_alvh__daily_ladder_signals": "is_eligible bool",
    "out_alvh__daily_verdicts": "missing_count int",
}  # fmt: skip
_NEW = {
    "out_alvh__daily_host_rules": (5,
        "trade_date date, source_mode text, host text, host_rule text, layer_no int, is_enabled bool, "
        "rule_state text, rule_reason text, level_vol_points float?, is_new_blocked bool, is_index_ignored "
        "bool, is_arming bool?"),
    "out_market__daily_indicators": (3,
        "trade_date date, source_mode text, symbol text, bar_date date, bars_count int, close_usd float, "
        "rsi14 float?, rsi_pctile_frac float?, rsi_status text, macd_line_usd float?, macd_signal_usd float?, "
        "macd_hist_usd float?, macd_cross text, macd_status text, ma50_usd float?, ma200_usd float?, hv20_vol "
        "float?, hv63_vol float?"),
    "out_market__daily_regime": (3,
        "trade_date date, source_mode text, symbol text, vix_close_vol_points float?, vix_regime text, "
        "edr_frac float?, edr_status text, contango_frac float?, front_over_rv_frac float?, "
        "is_bt_vix_above_200dma bool?, is_bt_iv_over_rv bool?, is_bt_contango bool?, is_bt_all bool?, "
        "bt_base_rate_frac float?, bt_nights_count int, bt_true_count int, fwd_beta_30 float, fwd_beta_110 "
        "float, fwd_beta_220 float, fwd_beta_status text"),
    "out_basis__daily_hosts": (3,
        "trade_date date, source_mode text, host text, vix_beta_frac float?, vix_beta_se float?, "
        "vix_beta_r2_frac float?, vix_beta_nobs_count int, vix_beta_status text, vol_beta float?, vol_beta_se "
        "float?, vol_beta_nobs_count int, vol_beta_status text, stress_beta float?, stress_beta_se float?, "
        "stress_nobs_count int, stress_beta_status text, ad_corr63 float?, ad_rank_corr63 float?, ad_corr_se "
        "float?, is_ad_divergence bool?, ad_status text, breadth_scope text, rate_beta_frac float?, "
        "rate_share_frac float?, rate_status text"),
    "out_market__daily_event_windows": (4,
        "trade_date date, source_mode text, event_type text, event_date date, event_at_utc time, "
        "window_pos_count int, is_in_window bool, is_blocking bool"),
    "out_market__daily_macro_context": (3,
        "trade_date date, source_mode text, host text, reer_level float?, reer_date date?, ppi_event_ratio "
        "float?, ppi_ratio_low float?, ppi_ratio_high float?, ppi_events_count int, context_status text"),
    "out_alvh__daily_positions": (8,
        "trade_date date, source_mode text, host text, variant text, hedge_symbol text, profile text, "
        "layer_no int, osi_symbol text, root text, expiry_date date, option_right text, strike_usd float, "
        "multiplier int, entry_date date, entry_mid_usd float, entry_spread_usd float, units_open int, "
        "dte_days int, mark_usd float?, liquidation_usd float?, last_mark_usd float, last_mark_date date, "
        "is_profit_taken bool, position_state text, position_reason text?"),
    "out_alvh__daily_fills": (8,
        "trade_date date, source_mode text, host text, variant text, hedge_symbol text, profile text, "
        "layer_no int, fill_no int, fill_kind text, osi_symbol text, units_traded int, fill_mid_usd float, "
        "fill_spread_usd float, fees_usd float, cash_mid_usd float, crossing_usd float, fill_reason text"),
    "out_alvh__daily_book": (6,
        "trade_date date, source_mode text, host text, variant text, hedge_symbol text, profile text, "
        "units_open int, book_mark_usd float?, book_liquidation_usd float?, pnl_mid_usd float, cash_mid_usd "
        "float, crossing_usd float, fees_usd float, sum_pnl_mid_usd float, sum_pnl_calm_usd float, "
        "sum_crossing_usd float, sum_fees_usd float, sum_premium_usd float, sum_outlay_days_usd float, "
        "book_nights_count int, calm_nights_count int, rolls_due_count int, rolls_done_count int"),
    "out_liquidity__daily_parity": (5,
        "trade_date date, source_mode text, underlying text, root text, expiry_date date, dte_days int, "
        "band_pairs_count int, parity_ratio_median float?, parity_ratio_max float?, conv_edge_usd float?, "
        "rev_edge_usd float?, is_edge_positive bool?, american_excess_usd float?, synth_halfspread_bp float?, "
        "r_implied_frac float?, r_implied_se_frac float?, fin_gap_bp float?, financing_status text"),
    "out_liquidity__daily_leg_tightness": (3,
        "trade_date date, source_mode text, osi_symbol text, underlying text, spread_frac float?, "
        "spread_ticks float?, is_tick_constrained bool?, eas_bp float?, iv_spread_vol float?, "
        "depth_imbalance_frac float?, close_widening_ratio float?, adverse_selection_status text"),
    "out_liquidity__daily_book_spreads": (4,
        "trade_date date, source_mode text, hedge_symbol text, option_right text, s_ladder_frac float?, "
        "vix_regime text, s_regime_pctile_frac float?, s_p95_frac float?, spread_nights_count int, "
        "regime_nights_count int"),
    "out_alvh__daily_ladder_tightness": (6,
        "trade_date date, source_mode text, host text, variant text, hedge_symbol text, profile text, "
        "acid_test_ratio float?, qr_binding_layer int?, qr_basis text"),
    "out_alvh__daily_scenarios": (7,
        "trade_date date, source_mode text, hedge_symbol text, option_right text, profile text, "
        "shock_vol_points int, scenario_layer_no int, units_target int, premium_usd float?, "
        "shocked_forward_usd float?, value_mid_usd float?, value_vol_up_usd float?, gain_usd float?, "
        "liq_tonight_usd float?, liq_p95_usd float?, liq_x2_usd float?, liq_x3_usd float?, scenario_status "
        "text"),
    "out_alvh__daily_costs": (6,
        "trade_date date, source_mode text, host text, variant text, hedge_symbol text, profile text, "
        "hedged_notional_usd float, be_shock_mid_vol_points float?, be_shock_touch_vol_points float?, "
        "be_shock_status text, stress_price_mid_ratio float?, stress_price_touch_ratio float?, carry_mid_bp "
        "float?, friction_eff_bp float?, friction_touch_bp float?, fees_bp float?, financing_bp float?, "
        "hedge_cost_of_capital_bp float?, cost_status text, dividend_cover_ratio float?"),
    "out_alvh__daily_structure": (6,
        "trade_date date, source_mode text, host text, variant text, hedge_symbol text, profile text, "
        "structure_beta float?, structure_beta_se float?, structure_r2_frac float?, structure_weeks_count "
        "int, structure_status text, beta_host_unhedged float?, beta_host_hedged float?, irr_unhedged_frac "
        "float?, irr_hedged_mid_frac float?, irr_hedged_touch_frac float?, irr_drag_bp float?, irr_status "
        "text"),
    "out_fundamentals__daily_dividend_value": (3,
        "trade_date date, source_mode text, symbol text, asset_class text, dividends_ttm_usd float?, "
        "required_return_frac float?, ddm_value_usd float?, ddm_gap_frac float?, ddm_status text, "
        "class_pe_ratio float?"),
}  # fmt: skip


def upgrade() -> None:
    """Widen what is there and make the new tables."""
    for table, columns in _WIDER.items():
        for name, kind in map(str.split, columns.split(", ")):
            op.add_column(table, sa.Column(name, _KINDS[kind]))
    for table, (keys, columns) in _NEW.items():
        op.create_table(table, *(_column(text, at < keys) for at, text in enumerate(columns.split(", "))))


def _column(text: str, is_key: bool) -> sa.Column[Any]:
    name, kind = text.removesuffix("?").split()
    return sa.Column(name, _KINDS[kind], primary_key=is_key, nullable=text.endswith("?"))
