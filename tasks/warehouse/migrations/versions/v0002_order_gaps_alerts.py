"""The order of publications and what each is based on; gaps; the outbox of alerts."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Widen the ledger; make three tables."""
    op.add_column("meta_nights", sa.Column("source", _TEXT))
    op.add_column("meta_nights", sa.Column("publication_no", sa.BigInteger))
    op.add_column("meta_nights", sa.Column("based_on_no", sa.BigInteger))
    op.add_column("meta_nights", sa.Column("answers_sha256", _TEXT))
    op.create_table(
        "meta_gaps",
        sa.Column("trade_date", sa.Date, primary_key=True),
        sa.Column("universe", _TEXT, primary_key=True),
        sa.Column("source_mode", _TEXT, primary_key=True),
        sa.Column("gap_status", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("attempts_count", sa.BigInteger, nullable=False),
        sa.Column("noted_at_utc", sa.DateTime, nullable=False),
        sa.Column("closed_at_utc", sa.DateTime),
    )
    op.create_table(
        "meta_alerts",
        sa.Column("alert_id", _TEXT, primary_key=True),
        sa.Column("trade_date", sa.Date, nullable=False),
        sa.Column("source_mode", _TEXT, nullable=False),
        sa.Column("alert_rule", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("turned_to", _TEXT, nullable=False),
        sa.Column("alert_severity", _TEXT, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("body", _TEXT, nullable=False),
        sa.Column("alert_status", _TEXT, nullable=False),
        sa.Column("quiet_reason", _TEXT),
        sa.Column("created_at_utc", sa.DateTime, nullable=False),
    )
    op.create_table(
        "meta_alert_deliveries",
        sa.Column("alert_id", _TEXT, primary_key=True),
        sa.Column("channel", _TEXT, primary_key=True),
        sa.Column("delivery_status", _TEXT, nullable=False),
        sa.Column("attempts_count", sa.BigInteger, nullable=False),
        sa.Column("next_attempt_at_utc", sa.DateTime),
        sa.Column("sent_at_utc", sa.DateTime),
        sa.Column("last_error", _TEXT),
    )
