"""How much of a budget is spent, which profits rest on old marks, and chains that no score can be given."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0016", "0015"


def upgrade() -> None:
    """Widen the tables; rows of nights before know nothing of it, and have a 0 where there was no reading."""
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("budget_used_frac", sa.Double))
    op.add_column("out_alvh__daily_book", sa.Column("old_marks_count", sa.BigInteger))
    op.add_column("out_alvh__daily_book", sa.Column("oldest_mark_date", sa.Date))
    with op.batch_alter_table("out_liquidity__daily_spread_scores") as scores:
        for name in ("score", "score_min"):
            scores.alter_column(name, existing_type=sa.Double(), nullable=True)
