"""What the numbers of a ladder rest on: the profile that compares, profit per premium, the beta of a dividend value."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011", "0010"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns; rows of earlier nights have none of it."""
    op.add_column("out_alvh__daily_pairs", sa.Column("profile", _TEXT))
    op.add_column("out_fundamentals__daily_dividend_value", sa.Column("ddm_beta", sa.Double))
    op.add_column("out_fundamentals__daily_dividend_value", sa.Column("ddm_beta_kind", _TEXT))
    op.add_column("out_alvh__daily_book", sa.Column("pnl_per_premium_frac", sa.Double))
