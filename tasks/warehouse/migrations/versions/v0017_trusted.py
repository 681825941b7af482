"""How many of the nights behind a verdict rest on quotes that may carry none."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0017", "0016"


def upgrade() -> None:
    """Widen the table; the next night counts all nights anew, as rows of nights before do not tell it."""
    op.add_column("out_alvh__daily_verdicts", sa.Column("untrusted_count", sa.BigInteger))
