"""The filter's reading of what is bought and of each leg alone, its limits, and what it could not read."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0015", "0014"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns; a ladder's eligibility becomes its legs'."""
    with op.batch_alter_table("out_alvh__daily_ladder_signals") as signals:
        signals.drop_column("is_eligible")
        signals.add_column(sa.Column("s_buy_frac", sa.Double))
        signals.add_column(sa.Column("buy_filter_state", _TEXT))
        signals.add_column(sa.Column("spread_limit_frac", sa.Double))
        signals.add_column(sa.Column("worst_leg_limit_frac", sa.Double))
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("is_eligible", sa.Boolean))
    op.add_column("out_alvh__daily_book", sa.Column("armed_unreadable_count", sa.BigInteger))
