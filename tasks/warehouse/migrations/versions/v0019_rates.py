"""How sure the slope of a host on rates is."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0019", "0018"


def upgrade() -> None:
    """Widen the table; rows of nights before do not tell it."""
    op.add_column("out_basis__daily_hosts", sa.Column("rate_beta_se", sa.Double))
    op.add_column("out_basis__daily_hosts", sa.Column("rate_nobs_count", sa.BigInteger))
