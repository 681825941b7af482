"""Scenarios of every resolved profile, for a host's entry may change it; rules that move levels tell the factor."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0012", "0011"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NAME, _NEW = "out_alvh__daily_scenarios", "new_scenarios"
_KEY = "trade_date, source_mode, hedge_symbol, option_right, profile"
_VALUES = ("premium_usd", "shocked_forward_usd", "value_mid_usd", "value_vol_up_usd", "gain_usd", "liq_tonight_usd",
           "liq_p95_usd", "liq_x2_usd", "liq_x3_usd")  # fmt: skip


def upgrade() -> None:
    """Give the scenarios their host; until now they were of the first host, in the alphabet, of the night's costs."""
    op.add_column("out_alvh__daily_costs", sa.Column("scenario_host", _TEXT))
    op.add_column("out_alvh__daily_host_rules", sa.Column("level_factor", sa.Double))
    op.create_table(
        _NEW,
        sa.Column("trade_date", sa.Date, primary_key=True, nullable=False),
        *(sa.Column(name, _TEXT, primary_key=True, nullable=False)
          for name in ("source_mode", "hedge_symbol", "option_right", "profile", "scenario_host")),
        *(sa.Column(name, sa.BigInteger, primary_key=True, nullable=False, autoincrement=False)
          for name in ("shock_vol_points", "scenario_layer_no")),
        sa.Column("units_target", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Double) for name in _VALUES),
        sa.Column("scenario_status", _TEXT, nullable=False),
    )  # fmt: skip
    rest = f"shock_vol_points, scenario_layer_no, units_target, {', '.join(_VALUES)}, scenario_status"
    first = (
        "select trade_date, source_mode, hedge_symbol, profile, min(host) as scenario_host, "
        "case when variant = 'V3_NATIVE' then 'P' else 'C' end as option_right "
        "from out_alvh__daily_costs group by 1, 2, 3, 4, 6"
    )
    op.execute(
        f"insert into {_NEW} ({_KEY}, scenario_host, {rest}) "  # noqa: S608 - names of this file
        f"select {_KEY}, coalesce(booked.scenario_host, ''), {rest} from {_NAME} left join ({first}) as booked "
        "using (trade_date, source_mode, hedge_symbol, profile, option_right)"
    )
    op.drop_table(_NAME)
    op.rename_table(_NEW, _NAME)
