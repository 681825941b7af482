"""Every chain beside its own last nights."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0008", "0007"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "core_quality__daily_drift",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("underlying", _TEXT, primary_key=True),
        sa.Column("nights_count", sa.BigInteger, nullable=False),
        sa.Column("contracts_ratio", sa.Double),
        sa.Column("two_sided_change_frac", sa.Double),
        sa.Column("spread_ratio", sa.Double),
        sa.Column("quotes_hash", _TEXT),
        sa.Column("is_repeated", sa.Boolean, nullable=False),
    )
