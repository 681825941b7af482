"""Quarantine says which rule, whose row, and what the rule saw."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0006", "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_CODE = {"postgresql": "split_part(reason, ':', 1)", "sqlite": "substr(reason, 1, instr(reason || ':', ':') - 1)"}


def upgrade() -> None:
    """Widen the quarantine; the rule of older rows is the first word of their reason."""
    for name in ("rule_name", "symbol", "observed"):
        op.add_column("meta_quarantine", sa.Column(name, _TEXT))
    code = _CODE[op.get_bind().dialect.name]
    op.execute(f"update meta_quarantine set rule_name = {code}")  # noqa: S608 - our own words
