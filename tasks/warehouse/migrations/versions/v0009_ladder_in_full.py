"""The ladder in full: more columns of legs, signals and verdicts; tables of rules, basis, regime and events."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0009", "0008"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_LEGS = {
    "side": sa.BigInteger, "unit_basis": _TEXT, "multiplier": sa.BigInteger, "volume_count": sa.Double,
    "open_interest_count": sa.Double, "bid_size_count": sa.Double, "ask_size_count": sa.Double, "discount": sa.Double,
    "budget_usd": sa.Double, "residual_usd": sa.Double, "min_account_usd": sa.Double, "size_status": _TEXT,
}  # fmt: skip


def upgrade() -> None:
    """Widen what is there and make the new tables."""
    for name, kind in _LEGS.items():
        op.add_column("out_alvh__daily_ladder_legs", sa.Column(name, kind))
    op.add_column("out_alvh__daily_ladder_signals", sa.Column("is_eligible", sa.Boolean))
    op.add_column("out_alvh__daily_verdicts", sa.Column("missing_count", sa.BigInteger))
    op.create_table(
        "out_alvh__daily_host_rules",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("host", _TEXT, primary_key=True),
        sa.Column("host_rule", _TEXT, primary_key=True),
        sa.Column("layer_no", sa.BigInteger, primary_key=True),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("rule_state", _TEXT, nullable=False),
        sa.Column("rule_reason", _TEXT, nullable=False),
        sa.Column("level_vol_points", sa.Double),
        sa.Column("blocks_new", sa.Boolean, nullable=False),
        sa.Column("ignores_index", sa.Boolean, nullable=False),
        sa.Column("is_arming", sa.Boolean),
    )
    op.create_table(
        "out_market__daily_indicators",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("symbol", _TEXT, primary_key=True),
        sa.Column("bar_date", sa.Date, nullable=False),
        sa.Column("bars_count", sa.BigInteger, nullable=False),
        sa.Column("close_usd", sa.Double, nullable=False),
        sa.Column("rsi14", sa.Double),
        sa.Column("rsi_pctile_frac", sa.Double),
        sa.Column("rsi_status", _TEXT, nullable=False),
        sa.Column("macd_line_usd", sa.Double),
        sa.Column("macd_signal_usd", sa.Double),
        sa.Column("macd_hist_usd", sa.Double),
        sa.Column("macd_cross", _TEXT, nullable=False),
        sa.Column("macd_status", _TEXT, nullable=False),
        sa.Column("ma50_usd", sa.Double),
        sa.Column("ma200_usd", sa.Double),
        sa.Column("hv20_vol", sa.Double),
        sa.Column("hv63_vol", sa.Double),
    )
    op.create_table(
        "out_market__daily_regime",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("vix_close_vol_points", sa.Double),
        sa.Column("vix_regime", _TEXT, nullable=False),
        sa.Column("edr_frac", sa.Double),
        sa.Column("edr_status", _TEXT, nullable=False),
        sa.Column("contango_frac", sa.Double),
        sa.Column("front_over_rv_frac", sa.Double),
        sa.Column("is_bt_vix_above_200dma", sa.Boolean),
        sa.Column("is_bt_iv_over_rv", sa.Boolean),
        sa.Column("is_bt_contango", sa.Boolean),
        sa.Column("is_bt_all", sa.Boolean),
        sa.Column("bt_base_rate_frac", sa.Double),
        sa.Column("bt_nights_count", sa.BigInteger, nullable=False),
        sa.Column("bt_true_count", sa.BigInteger, nullable=False),
        sa.Column("fwd_beta_30", sa.Double, nullable=False),
        sa.Column("fwd_beta_110", sa.Double, nullable=False),
        sa.Column("fwd_beta_220", sa.Double, nullable=False),
        sa.Column("fwd_beta_status", _TEXT, nullable=False),
    )
    op.create_table(
        "out_basis__daily_hosts",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("host", _TEXT, primary_key=True),
        sa.Column("vix_beta_frac", sa.Double),
        sa.Column("vix_beta_se", sa.Double),
        sa.Column("vix_beta_r2_frac", sa.Double),
        sa.Column("vix_beta_nobs_count", sa.BigInteger, nullable=False),
        sa.Column("vix_beta_status", _TEXT, nullable=False),
        sa.Column("vol_beta", sa.Double),
        sa.Column("vol_beta_se", sa.Double),
        sa.Column("vol_beta_nobs_count", sa.BigInteger, nullable=False),
        sa.Column("vol_beta_status", _TEXT, nullable=False),
        sa.Column("stress_beta", sa.Double),
        sa.Column("stress_beta_se", sa.Double),
        sa.Column("stress_nobs_count", sa.BigInteger, nullable=False),
        sa.Column("stress_beta_status", _TEXT, nullable=False),
        sa.Column("ad_corr63", sa.Double),
        sa.Column("ad_rank_corr63", sa.Double),
        sa.Column("ad_corr_se", sa.Double),
        sa.Column("is_ad_divergence", sa.Boolean),
        sa.Column("ad_status", _TEXT, nullable=False),
        sa.Column("breadth_scope", _TEXT, nullable=False),
        sa.Column("rate_beta_frac", sa.Double),
        sa.Column("rate_share_frac", sa.Double),
        sa.Column("rate_status", _TEXT, nullable=False),
    )
    op.create_table(
        "out_market__daily_event_windows",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("event_type", _TEXT, primary_key=True),
        sa.Column("event_date", sa.Date, primary_key=True),
        sa.Column("event_at_utc", sa.DateTime(), nullable=False),
        sa.Column("window_pos_count", sa.BigInteger, nullable=False),
        sa.Column("is_in_window", sa.Boolean, nullable=False),
        sa.Column("is_blocking", sa.Boolean, nullable=False),
    )
    op.create_table(
        "out_market__daily_macro_context",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("host", _TEXT, primary_key=True),
        sa.Column("reer_level", sa.Double),
        sa.Column("reer_date", sa.Date),
        sa.Column("ppi_event_ratio", sa.Double),
        sa.Column("ppi_ratio_low", sa.Double),
        sa.Column("ppi_ratio_high", sa.Double),
        sa.Column("ppi_events_count", sa.BigInteger, nullable=False),
        sa.Column("context_status", _TEXT, nullable=False),
    )
