"""What the numbers of a ladder rest on: the profile that compares, and profit per premium."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011", "0010"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns; rows of earlier nights have none of it."""
    op.add_column("out_alvh__daily_pairs", sa.Column("profile", _TEXT))
    op.add_column("out_alvh__daily_book", sa.Column("pnl_per_premium_frac", sa.Double))
