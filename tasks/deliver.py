"""Stage deliver: what waits in the outbox goes to people.

Sending never fails a night: the outbox keeps what did not go out, and the next delivery tries again. Addresses are
fetched here, at the last moment, and go to the notifier only.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import SecretStr

from alvh_core.alerting.findings import bundled
from alvh_core.alerting.plan import AlertPlan, Channel
from alvh_core.errors import FatalError, RetriableError
from tasks.night import Night
from tasks.notify.notifier import Notifier
from tasks.settings import secret_variable
from tasks.warehouse import outbox
from tasks.warehouse.repository import Warehouse


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one channel: how many alerts it took, and why it took no more; no fault means nothing is due."""

    sent_count: int = 0
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.sent_count} sent" + (f"; {self.fault}" if self.fault else "")


@task(cache_policy=NO_CACHE)
def deliver_alerts(night: Night) -> None:
    """Send what is due; whatever goes wrong is logged, and tried again with the next delivery."""
    log = get_run_logger()
    try:
        outcomes = deliver(night.warehouse, night.alert_plan)
    except Exception as error:  # noqa: BLE001 - the night is published, whatever is wrong with the post
        log.warning("alerts wait in the outbox: %s", error)
        return
    for channel, outcome in outcomes.items():
        log.log(logging.WARNING if outcome.fault else logging.INFO, "channel %s: %s", channel, outcome)


def open_channels(channels: Iterable[Channel]) -> tuple[Notifier, dict[str, str]]:
    """Fetch the addresses of channels.

    Returns
    -------
    notifier : Notifier
    faults : dict of str to str
        Why a channel has no address, by channel.
    """
    addresses, faults = {}, {}
    for channel in channels:
        try:
            addresses[channel.name] = _address(channel)
        except FatalError as error:
            faults[channel.name] = str(error)
    return Notifier(addresses), faults


def deliver(warehouse: Warehouse, plan: AlertPlan, clock: Callable[[], datetime] | None = None, *,
            is_again: bool = False) -> dict[str, Outcome]:  # fmt: skip
    """Send what is due, gravest first, what is due together in one message.

    A channel that fails is left alone until the next delivery; one without an address spends no attempt.

    Parameters
    ----------
    warehouse : Warehouse
    plan : AlertPlan
    clock : callable, optional
        Returns the instant, with time zone.
    is_again : bool
        Also try what waits for its next attempt or was given up.

    Returns
    -------
    dict of str to Outcome
        By channel.
    """
    clock = clock or partial(datetime.now, UTC)
    started = clock()
    with warehouse.writing("outbox") as connection:
        outbox.address_alerts(connection, {c.name: c.severities for c in plan.channels}, started)
        if is_again:
            outbox.try_again(connection, [c.name for c in plan.channels], started)
    notifier, faults = open_channels(plan.channels)
    without_address = {name: Outcome(fault=fault) for name, fault in faults.items()}
    open_now = [channel for channel in plan.channels if channel.name not in faults]
    return without_address | {c.name: _drain(warehouse, notifier, c, started, clock) for c in open_now}


def _drain(
    warehouse: Warehouse, notifier: Notifier, channel: Channel, started: datetime, clock: Callable[[], datetime]
) -> Outcome:
    sent_count, name = 0, channel.name
    while True:
        with warehouse.writing("outbox") as connection:
            messages = outbox.take(connection, name, channel.severities_at(started), due_at=started, now=clock())
        if not messages:
            return Outcome(sent_count=sent_count)
        try:
            notifier.send(name, *bundled([(m.title, m.body) for m in messages]), messages[0].alert_severity)
        except (RetriableError, FatalError) as error:
            with warehouse.writing("outbox") as connection:
                outbox.record_failed(connection, name, messages, error=str(error), now=clock(),
                                     is_refused=isinstance(error, FatalError))  # fmt: skip
            return Outcome(sent_count=sent_count, fault=str(error))
        with warehouse.writing("outbox") as connection:
            outbox.record_sent(connection, name, messages, clock())
        sent_count += len(messages)


def _address(channel: Channel) -> SecretStr:
    """Fetch an address from where the plan says it is kept.

    Raises
    ------
    FatalError
        There is none.
    """
    where = f"channel {channel.name}: expected its address in "
    if channel.address_kind == "env":
        found = secret_variable(channel.address_name)
        if found is None:
            raise FatalError(f"{where}the environment variable {channel.address_name}, which is not set")
        return found
    from prefect.blocks.system import Secret  # noqa: PLC0415 - asks the Prefect server

    try:
        block: Any = Secret.load(channel.address_name)
        return SecretStr(str(block.get()))
    except Exception as error:  # noqa: BLE001 - no block, no server, no permission: its words may quote an address
        block_name = channel.address_name
        raise FatalError(
            f"{where}the Prefect Secret block {block_name}, which cannot be loaded ({type(error).__name__}); if there "
            "is none, make it on the page /blocks/catalog/secret/create of the Prefect UI (`alvh serve` has one): "
            f"{block_name} as its name, the address as its value"
        ) from None
