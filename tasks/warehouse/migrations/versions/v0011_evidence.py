"""What the numbers of a ladder rest on: the comparing profile, profit per premium, the filter's record, betas."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011", "0010"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns; rows of earlier nights have none of it."""
    op.add_column("out_alvh__daily_pairs", sa.Column("profile", _TEXT))
    op.add_column("out_fundamentals__daily_dividend_value", sa.Column("ddm_beta", sa.Double))
    op.add_column("out_fundamentals__daily_dividend_value", sa.Column("ddm_beta_kind", _TEXT))
    op.add_column("out_alvh__daily_structure", sa.Column("structure_alpha_frac", sa.Double))
    op.add_column("out_alvh__daily_book", sa.Column("pnl_per_premium_frac", sa.Double))
    for name in ("armed_sessions_count", "armed_passes_count", "first_arms_count", "first_arms_blocked_count"):
        op.add_column("out_alvh__daily_book", sa.Column(name, sa.BigInteger))
    for name in ("pass_rate_deploy_frac", "filter_blocks_trigger_frac"):
        op.add_column("out_alvh__daily_book", sa.Column(name, sa.Double))
