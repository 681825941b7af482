"""Average volume and time value by the day of legs, why there is an acid test or none, and what a roll costs."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011", "0010"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Widen the tables; rows of nights before know nothing of it."""
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("adv20_count", sa.Double))
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("adv20_nights_count", sa.BigInteger))
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("extrinsic_frac", sa.Double))
    op.add_column("out_alvh__daily_ladder_legs", sa.Column("extrinsic_usd_per_day", sa.Double))
    for name in ("roll_cost_mid_usd", "roll_cost_crossing_usd", "tv_before_usd_per_day", "tv_after_usd_per_day"):
        op.add_column("out_alvh__daily_fills", sa.Column(name, sa.Double))
    op.add_column("out_alvh__daily_ladder_tightness", sa.Column("qr_status", _TEXT))
