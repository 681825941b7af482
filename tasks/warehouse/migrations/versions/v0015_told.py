"""How much of a budget is spent, and which profits rest on old marks."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0015", "0014"


def upgrade() -> None:
    """Widen the tables; rows of nights before know nothing of it."""
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("budget_used_frac", sa.Double))
    op.add_column("out_alvh__daily_book", sa.Column("old_marks_count", sa.BigInteger))
    op.add_column("out_alvh__daily_book", sa.Column("oldest_mark_date", sa.Date))
