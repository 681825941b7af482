"""The second engine: whether an instrument beside the ladder earns its place; and how VIX futures follow spot."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0010", "0009"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the two new tables; the betas leave the regime for one of them."""
    with op.batch_alter_table("out_market__daily_regime") as regime:
        for name in ("fwd_beta_30", "fwd_beta_110", "fwd_beta_220", "fwd_beta_status"):
            regime.drop_column(name)
    op.create_table(
        "out_alvh__daily_pairs",
        sa.Column("trade_date", sa.Date, primary_key=True, nullable=False),
        sa.Column("source_mode", _TEXT, primary_key=True, nullable=False),
        sa.Column("host", _TEXT, primary_key=True, nullable=False),
        sa.Column("pair_symbol", _TEXT),
        sa.Column("pair_direction", sa.BigInteger),
        sa.Column("pair_candidates_count", sa.BigInteger, nullable=False),
        sa.Column("pair_nobs_count", sa.BigInteger, nullable=False),
        sa.Column("pair_choice_stress_count", sa.BigInteger, nullable=False),
        sa.Column("pair_stress_count", sa.BigInteger, nullable=False),
        sa.Column("pair_weight_frac", sa.Double, nullable=False),
        sa.Column("pair_corr_stress", sa.Double),
        sa.Column("pair_choice_es", sa.Double),
        sa.Column("pair_incremental_es", sa.Double),
        sa.Column("pair_p_value", sa.Double),
        sa.Column("pair_status", _TEXT, nullable=False),
        sa.Column("pair_reason", _TEXT, nullable=False),
    )
    op.create_table(
        "out_basis__daily_term",
        sa.Column("trade_date", sa.Date, primary_key=True, nullable=False),
        sa.Column("source_mode", _TEXT, primary_key=True, nullable=False),
        sa.Column("beta_tenor_days", sa.BigInteger, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("move_date", sa.Date),
        sa.Column("future_move_vol_points", sa.Double),
        sa.Column("vix_move_vol_points", sa.Double),
        sa.Column("fwd_beta", sa.Double, nullable=False),
        sa.Column("fwd_beta_measured", sa.Double),
        sa.Column("fwd_beta_se", sa.Double),
        sa.Column("fwd_beta_nobs_count", sa.BigInteger, nullable=False),
        sa.Column("fwd_beta_status", _TEXT, nullable=False),
    )
