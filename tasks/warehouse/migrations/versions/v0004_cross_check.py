"""A sample of chains against a second feed."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "core_quality__daily_cross_check",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("symbol", _TEXT, primary_key=True),
        sa.Column("venue_scope", _TEXT),
        sa.Column("second_scope", _TEXT, nullable=False),
        sa.Column("compared_count", sa.BigInteger, nullable=False),
        sa.Column("default_spread_frac", sa.Double),
        sa.Column("second_spread_frac", sa.Double),
        sa.Column("spread_ratio", sa.Double),
        sa.Column("clock_gap_minutes", sa.Double),
        sa.Column("cross_check", _TEXT, nullable=False),
        sa.Column("check_note", _TEXT, nullable=False),
        sa.Column("payload_sha256", _TEXT, nullable=False),
    )
