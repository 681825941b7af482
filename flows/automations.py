"""What the Prefect server watches by itself: runs whose process died without a word are marked Crashed.

A run of `watch` then takes the night up. Alarms about nights are the pipeline's own (`flows.watch`): only the ledger
knows whether a night is published.
"""

import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.automations import Automation
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.filters import EventFilter
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.states import Crashed

from flows.start import HEARTBEAT_SECONDS

SILENCE = timedelta(seconds=3 * HEARTBEAT_SECONDS)
LONG_SILENCE = timedelta(seconds=10 * HEARTBEAT_SECONDS)
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "MarketClosed", "AlreadyComplete", "AlreadyRunning")


def ensure_automations(watch_deployment: str = "watch/watch") -> None:
    """Create the automations, or bring them up to date; the deployments must be there.

    `alvh serve` calls it; beside deploy/prefect.yaml it is ``python -m flows.automations``, for the pool of containers
    followed by ``watch/watch-docker``. One that says what it should is left alone: an update makes the server forget
    which runs it was waiting for, and those that died with the last runner would be Running for ever.
    """
    with get_client(sync_client=True) as client:
        watch = client.read_deployment_by_name(watch_deployment).id
    for wanted in (_silent_runs(), _crashed_nights(watch)):
        try:
            found: Any = Automation.read(name=wanted.name)
            if _meaning(found) != _meaning(wanted):
                wanted.id = found.id
                wanted.update()
        except ValueError:  # Prefect's word for: there is none of that name
            wanted.create()


def crash_silent_runs(instant: datetime) -> list[str]:
    """Mark runs Crashed that the automation has missed, as they have been silent for long; return their names.

    A server that was busy or updated forgets whom it waited for, and a run that stays Running keeps the next run of its
    deployment waiting for ever.
    """
    since = instant - LONG_SILENCE
    with get_client(sync_client=True) as client:
        is_running = FlowRunFilter.model_validate({"state": {"type": {"any_": ["RUNNING"]}}})
        running = client.read_flow_runs(flow_run_filter=is_running)
        silent = [run for run in running if (run.start_time or instant) < since and not _heard(client, run.id, since)]
        for run in silent:
            client.set_flow_run_state(run.id, Crashed(message=f"no heartbeat for {LONG_SILENCE}"), force=True)
    return [run.name for run in silent]


def _heard(client: SyncPrefectClient, run_id: UUID, since: datetime) -> bool:
    asked = {"occurred": {"since": since}, "event": {"name": ["prefect.flow-run.heartbeat"]},
             "resource": {"id": [f"prefect.flow-run.{run_id}"]}}  # fmt: skip
    return bool(client.read_events(EventFilter.model_validate(asked), limit=1).events)


def _meaning(automation: Automation) -> dict[str, Any]:
    """Return what an automation does; not as JSON, where the order of a set differs from process to process."""
    said: dict[str, Any] = automation.model_dump(include={"trigger", "actions", "enabled"})
    said["trigger"].pop("id", None)  # each trigger object has its own
    return said


def _silent_runs() -> Automation:
    events = {f"prefect.flow-run.{end}" for end in _ENDS}
    trigger = EventTrigger(
        after={"prefect.flow-run.heartbeat"}, expect={"prefect.flow-run.heartbeat", *events}, threshold=1,
        match={"prefect.resource.id": ["prefect.flow-run.*"]}, for_each={"prefect.resource.id"},
        posture=Posture.Proactive, within=SILENCE,
    )  # fmt: skip
    message = f"no heartbeat for {SILENCE.seconds} s"
    action = ChangeFlowRunState(state=StateType.CRASHED, message=message)  # type: ignore[call-arg]  # has defaults
    return Automation(name="alvh: silent runs have crashed", trigger=trigger, actions=[action])


def _crashed_nights(watch: UUID) -> Automation:
    trigger = EventTrigger(
        expect={"prefect.flow-run.Crashed"}, match={"prefect.resource.id": ["prefect.flow-run.*"]},
        match_related={"prefect.resource.role": "flow", "prefect.resource.name": "nightly"},
        posture=Posture.Reactive, threshold=1, within=timedelta(0),
    )  # fmt: skip
    action = RunDeployment(deployment_id=watch)  # type: ignore[call-arg]  # has defaults
    return Automation(name="alvh: take up crashed nights", trigger=trigger, actions=[action])


if __name__ == "__main__":
    ensure_automations(*sys.argv[1:2])
