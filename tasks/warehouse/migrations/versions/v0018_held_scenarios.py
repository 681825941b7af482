"""What paper books that hold something would be worth after a jump of VIX."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0018", "0017"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table; nights before have no rows in it."""
    op.create_table(
        "out_alvh__daily_held_scenarios",
        sa.Column("trade_date", sa.Date, primary_key=True, nullable=False),
        *(sa.Column(name, _TEXT, primary_key=True, nullable=False)
          for name in ("source_mode", "host", "variant", "hedge_symbol", "profile")),
        sa.Column("shock_vol_points", sa.BigInteger, primary_key=True, nullable=False),
        sa.Column("units_open", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Double)
          for name in ("book_mark_usd", "value_mid_usd", "value_vol_up_usd", "held_gain_usd", "liq_tonight_usd",
                       "liq_p95_usd", "liq_x2_usd", "liq_x3_usd")),
        sa.Column("held_status", _TEXT, nullable=False),
    )  # fmt: skip
