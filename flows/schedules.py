"""What runs when: the deployments of `alvh serve`; deploy/prefect.yaml says the same for work pools.

Times are New York's, so that they follow its daylight saving; none lies between 01:00 and 03:00, which some days lack
and some have twice. What a flow does is its own module's business.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alvh_core.sessions import NEW_YORK

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One deployment: a flow by module path, and when it runs; without a cron it is started by hand."""

    name: str
    entrypoint: str
    description: str
    cron: str | None = None


DEPLOYMENTS = (
    Deployment(name="nightly", entrypoint="flows.nightly.nightly", cron="30 18 * * 1-5",
               description="One trading night, 18:30 New York; a weekday without a session ends as MarketClosed."),
    Deployment(name="watch", entrypoint="flows.watch.watch", cron="*/15 19-23 * * 1-5",
               description="Takes up tonight's night if its run died, sends what alerts are due, and raises the alarm "
                           "when the night is not COMPLETE by ALVH_DEADLINE."),
    Deployment(name="reconcile", entrypoint="flows.reconcile.reconcile", cron="30 7 * * 2-6",
               description="The morning after: fills gaps of the last sessions and replaces provisional closes."),
    Deployment(name="backfill", entrypoint="flows.backfill.backfill",
               description="Runs every session of a period that is not published yet; give start and end."),
    Deployment(name="report", entrypoint="flows.reports.report_night",
               description="Writes the page of a published night anew; give trade_date."),
)  # fmt: skip


def runner_deployments() -> "list[RunnerDeployment]":
    """Return the deployments as Prefect's runner serves them.

    A second run of one deployment waits and finds its work done; cancelling newcomers would lock a night out after a
    crash.
    """
    from prefect.client.schemas.objects import (  # noqa: PLC0415 - seconds
        ConcurrencyLimitConfig,
        ConcurrencyLimitStrategy,
    )
    from prefect.deployments.runner import EntrypointType  # noqa: PLC0415
    from prefect.flows import load_flow_from_entrypoint  # noqa: PLC0415
    from prefect.schedules import Cron  # noqa: PLC0415

    one_at_a_time = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)
    made: list[Any] = [
        load_flow_from_entrypoint(planned.entrypoint).to_deployment(
            planned.name, description=planned.description, concurrency_limit=one_at_a_time,
            schedules=[Cron(planned.cron, timezone=NEW_YORK)] if planned.cron else [],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for planned in DEPLOYMENTS
    ]  # fmt: skip
    return made
