"""The macro calendar and the macro series, as known on each night."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make two tables."""
    op.create_table(
        "core_macro__events",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("event_type", _TEXT, primary_key=True),
        sa.Column("event_source", _TEXT, primary_key=True),
        sa.Column("event_period", _TEXT, primary_key=True),
        sa.Column("event_date", sa.Date, primary_key=True),
        sa.Column("known_from_date", sa.Date, primary_key=True),
        sa.Column("event_at_utc", sa.DateTime, nullable=False),
        sa.Column("time_source", _TEXT, nullable=False),
        sa.Column("event_title", _TEXT, nullable=False),
        sa.Column("superseded_date", sa.Date),
        sa.Column("moved_to_date", sa.Date),
        sa.Column("payload_sha256", _TEXT, nullable=False),
    )
    op.create_table(
        "core_macro__series",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("series_id", _TEXT, primary_key=True),
        sa.Column("observation_date", sa.Date, primary_key=True),
        sa.Column("known_from_date", sa.Date, primary_key=True),
        sa.Column("series_value", sa.Double, nullable=False),
        sa.Column("series_unit", _TEXT, nullable=False),
        sa.Column("superseded_date", sa.Date),
        sa.Column("series_source", _TEXT, nullable=False),
        sa.Column("known_by", _TEXT, nullable=False),
        sa.Column("payload_sha256", _TEXT, nullable=False),
    )
