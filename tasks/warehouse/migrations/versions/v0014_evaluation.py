"""The evaluation of every ladder on all its nights: what a verdict rests on."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0014", "0013"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEYS = ("source_mode", "host", "variant", "hedge_symbol", "profile")
_COUNTS = ("valued_nights_count", "windows5_count", "stress_windows_count", "deep_losses_count")
_MEASURES = (
    "es95_unhedged_frac", "es95_hedged_frac", "hedge_cost_frac", "benefit_mid_ratio", "benefit_eff_ratio",
    "benefit_touch_ratio", "derisk_saved_frac", "edge_frac", "edge_low_frac", "edge_high_frac", "placebo_p_value",
    "cagr_unhedged_frac", "cagr_hedged_frac", "drawdown_unhedged_frac", "drawdown_hedged_frac", "basis_hit_frac",
    "stress_payoff_usd", "friction_share_frac",
)  # fmt: skip


def upgrade() -> None:
    """Make the table; nights before have no rows in it."""
    op.create_table(
        "out_alvh__daily_evaluation",
        sa.Column("trade_date", sa.Date, primary_key=True, nullable=False),
        *(sa.Column(name, _TEXT, primary_key=True, nullable=False) for name in _KEYS),
        sa.Column("evaluation_status", _TEXT, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTS),
        sa.Column("evaluated_from_date", sa.Date),
        *(sa.Column(name, sa.Double) for name in _MEASURES),
        sa.Column("stress_offsets", _TEXT),
    )
