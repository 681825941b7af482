"""On how many of its nights a ladder held contracts, and how sure the slope of a host on rates is."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0019", "0018"

_BOOK, _COSTS = "out_alvh__daily_book", "out_alvh__daily_costs"
_LADDER = ("source_mode", "host", "variant", "hedge_symbol", "profile")


def upgrade() -> None:
    """Add the columns and count the nights before: the next night goes on from them. Old statuses stay as told."""
    op.add_column("out_basis__daily_hosts", sa.Column("rate_beta_se", sa.Double))
    op.add_column("out_basis__daily_hosts", sa.Column("rate_nobs_count", sa.BigInteger))
    for table in (_BOOK, _COSTS):
        op.add_column(table, sa.Column("held_nights_count", sa.BigInteger))
    ladder = ", ".join(_LADDER)
    held = (
        f"select trade_date, {ladder}, sum(case when units_open > 0 then 1 else 0 end) "  # noqa: S608 - names of this file
        f"over (partition by {ladder} order by trade_date) as nights from {_BOOK}"
    )
    for table in (_BOOK, _COSTS):
        same = " and ".join(f"{table}.{name} = held.{name}" for name in ("trade_date", *_LADDER))
        op.execute(f"update {table} set held_nights_count = held.nights from ({held}) as held where {same}")  # noqa: S608
