"""Average volume and time value of legs, what a roll costs, slopes beside spreads and hosts, dividends reinvested."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0013", "0012"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Widen the tables; rows of nights before know nothing of it."""
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("adv20_count", sa.Double))
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("adv20_nights_count", sa.BigInteger))
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("extrinsic_frac", sa.Double))
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("extrinsic_usd_per_day", sa.Double))
    for name in ("roll_cost_mid_usd", "roll_cost_crossing_usd", "tv_before_usd_per_day", "tv_after_usd_per_day"):
        op.add_column("out_alvh__daily_fills", sa.Column(name, sa.Double))
    op.add_column("out_basis__daily_hosts", sa.Column("curve_10y3m_frac", sa.Double))
    op.add_column("out_basis__daily_hosts", sa.Column("curve_date", sa.Date))
    op.add_column("out_liquidity__daily_book_spreads", sa.Column("adv_sel_proxy", sa.Double))
    op.add_column("out_liquidity__daily_book_spreads", sa.Column("adv_sel_nobs_count", sa.BigInteger))
    op.add_column("out_liquidity__daily_book_spreads", sa.Column("adv_sel_quality", _TEXT))
    op.add_column("out_liquidity__daily_book_spreads", sa.Column("iv30_vol", sa.Double))
    op.add_column("out_liquidity__daily_book_spreads", sa.Column("iv30_pctile_frac", sa.Double))
    op.add_column("out_liquidity__daily_book_spreads", sa.Column("iv30_nights_count", sa.BigInteger))
    op.add_column("out_alvh__daily_ladder_tightness", sa.Column("qr_status", _TEXT))
    op.create_table(
        "out_market__daily_drip",
        sa.Column("trade_date", sa.Date, primary_key=True, nullable=False),
        sa.Column("source_mode", _TEXT, primary_key=True, nullable=False),
        sa.Column("symbol", _TEXT, primary_key=True, nullable=False),
        sa.Column("dividends_year_usd", sa.Double, nullable=False),
        sa.Column("payments_count", sa.BigInteger, nullable=False),
        sa.Column("drip_shares", sa.Double),
    )
