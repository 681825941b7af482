"""Corporate actions, settlements of VIX futures and their gap to the forwards, breadth."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0007", "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make three tables, widen one."""
    op.add_column("core_options__daily_forwards", sa.Column("vx_settle_vol_points", sa.Double))
    op.add_column("core_options__daily_forwards", sa.Column("vx_gap_vol_points", sa.Double))
    op.create_table(
        "core_market__daily_actions",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("symbol", _TEXT, primary_key=True),
        sa.Column("ex_date", sa.Date, primary_key=True),
        sa.Column("dividend_usd", sa.Double, nullable=False),
        sa.Column("split_ratio", sa.Double, nullable=False),
        sa.Column("payload_sha256", _TEXT, nullable=False),
        sa.Column("row_position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "core_vol__daily_vx_settlements",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("settle_date", sa.Date, primary_key=True),
        sa.Column("expiry_date", sa.Date, primary_key=True),
        sa.Column("settle_kind", _TEXT, primary_key=True),
        sa.Column("futures_symbol", _TEXT, nullable=False),
        sa.Column("settle_vol_points", sa.Double),
        sa.Column("open_usd", sa.Double),
        sa.Column("high_usd", sa.Double),
        sa.Column("low_usd", sa.Double),
        sa.Column("close_usd", sa.Double),
        sa.Column("volume_count", sa.Double),
        sa.Column("payload_sha256", _TEXT, nullable=False),
        sa.Column("row_position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "out_market__daily_breadth",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("breadth_method", _TEXT, primary_key=True),
        sa.Column("before_date", sa.Date, nullable=False),
        sa.Column("advances_count", sa.BigInteger, nullable=False),
        sa.Column("declines_count", sa.BigInteger, nullable=False),
        sa.Column("unchanged_count", sa.BigInteger, nullable=False),
        sa.Column("members_count", sa.BigInteger, nullable=False),
        sa.Column("ad_diff_count", sa.BigInteger, nullable=False),
        sa.Column("ad_line_count", sa.BigInteger, nullable=False),
        sa.Column("line_from_date", sa.Date, nullable=False),
    )
