"""Fundamental ratios of single stocks."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make one table."""
    op.create_table(
        "out_fundamentals__daily_ratios",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("symbol", _TEXT, primary_key=True),
        sa.Column("close_usd", sa.Double),
        sa.Column("bar_date", sa.Date),
        sa.Column("shares_count", sa.Double),
        sa.Column("shares_tag", _TEXT),
        sa.Column("shares_status", _TEXT, nullable=False),
        sa.Column("market_cap_usd", sa.Double),
        sa.Column("market_cap_status", _TEXT, nullable=False),
        sa.Column("eps_ttm_usd", sa.Double),
        sa.Column("eps_tag", _TEXT),
        sa.Column("eps_status", _TEXT, nullable=False),
        sa.Column("pe_ratio", sa.Double),
        sa.Column("pe_status", _TEXT, nullable=False),
        sa.Column("cfo_ttm_usd", sa.Double),
        sa.Column("cfo_status", _TEXT, nullable=False),
        sa.Column("pcf_ratio", sa.Double),
        sa.Column("pcf_status", _TEXT, nullable=False),
        sa.Column("quick_ratio", sa.Double),
        sa.Column("quick_status", _TEXT, nullable=False),
        sa.Column("dividends_ttm_usd", sa.Double),
        sa.Column("dividends_tag", _TEXT),
        sa.Column("dividends_status", _TEXT, nullable=False),
        sa.Column("dividend_yield_frac", sa.Double),
        sa.Column("yield_status", _TEXT, nullable=False),
        sa.Column("earnings_cover", sa.Double),
        sa.Column("cover_status", _TEXT, nullable=False),
        sa.Column("period_end_date", sa.Date),
        sa.Column("available_date", sa.Date),
        sa.Column("is_stale", sa.Boolean, nullable=False),
    )
