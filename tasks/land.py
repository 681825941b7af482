"""Stage land: every payload of the night into the raw archive, before anything that could fail looks at it.

One small task per payload, so that each is retried by itself and seen in the UI; retries only on `RetriableError`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prefect import get_run_logger, runtime
from prefect.tasks import exponential_backoff

from alvh_core.errors import AlvhError, RetriableError, SkippableError
from alvh_core.landing import Landing
from tasks.assets import RAW, stage
from tasks.lake.raw import RawEntry
from tasks.lake.store import StoreError
from tasks.night import Night
from tasks.sources.catalogue import PayloadRequest, check_payload, same_source
from tasks.sources.client import Payload, RecordedMissError
from tasks.sources.fetching import ask


def is_retriable(_task: Any, _run: Any, state: Any) -> bool:
    """Tell Prefect to retry what may succeed later, and nothing else."""
    try:
        state.result()
    except RetriableError:
        return True
    except Exception:  # noqa: BLE001 - whatever it is, it is not ours to retry
        return False
    return False


@stage(writes=[RAW], task_run_name="land-{request.dataset}-{request.symbol}", retries=3,
       retry_delay_seconds=exponential_backoff(2), retry_jitter_factor=0.5,
       retry_condition_fn=is_retriable)  # fmt: skip
def land(night: Night, request: PayloadRequest) -> Landing:
    """Fetch, check and archive one payload; what is already archived is not fetched again."""
    found = (night.archive.find_whole(url) for url in request.urls)
    entry = next((entry for entry in found if entry is not None and entry.dataset == request.dataset), None)
    if entry is None:
        is_first_try = (runtime.task_run.run_count or 1) == 1
        entry = archive_payload(night, request, fetch(night, request, is_first_try=is_first_try))
        get_run_logger().info("%s %s: %d bytes", request.dataset, request.symbol, entry.bytes_count)
    return entry.landing(request.dataset, request.symbol)


def land_quietly(night: Night, request: PayloadRequest) -> Landing:
    """Land one payload inside `tasks.assets.untracked`, without retries: nothing there is asked over the network."""
    try:
        return outcome(request, land(night, request))
    except AlvhError as error:
        return outcome(request, error)


def fetch(night: Night, request: PayloadRequest, *, is_first_try: bool = False) -> Payload:
    """Fetch and check one payload, at the first of its addresses that gives one.

    Parameters
    ----------
    night : Night
    request : PayloadRequest
    is_first_try : bool
        An address that asks to come back is given the chance before the next one is asked.

    Returns
    -------
    Payload
        A chain from before the close is the newest that the publisher's hosts have.

    Raises
    ------
    RetriableError, SkippableError
        None does; tells what each said, and is retriable where one of them is.
    """
    errors: list[AlvhError] = []
    early: list[tuple[Any, Payload]] = []
    for url in request.urls:
        if early and not same_source(request.dataset, url, early[0][1].url):
            break
        try:
            payload = archived_payload(night, url) or ask(night.client, request.dataset, request.symbol, url)
            taken = check_payload(request, payload, night.universe, night.session, night.calendar)
        except RecordedMissError:
            raise
        except (RetriableError, SkippableError) as error:
            if is_first_try and isinstance(error, RetriableError) and not early:
                raise
            errors.append(error)
        else:
            if taken is None or taken["quote_clock"] != "in_session":
                return payload
            early.append((taken["quote_at_utc"], payload))  # another host of the publisher may have a newer copy
    if early:
        return max(early, key=lambda copy: copy[0])[1]
    raise all_of(errors)


def all_of(errors: Sequence[AlvhError]) -> AlvhError:
    """Return several refusals as one: it is worth coming back if it is to one of them."""
    if len(errors) == 1:
        return errors[0]
    told = "; ".join(map(str, errors))
    return RetriableError(told) if any(isinstance(error, RetriableError) for error in errors) else SkippableError(told)


def archived_payload(night: Night, url: str) -> Payload | None:
    """Return a body that another dataset has landed already: some share an address, and it is asked once.

    Only `fetch` looks there, in its turn: what landed as a second feed's sample must not pass for the first feed's.
    """
    entry = night.archive.find_whole(url)
    if entry is None:
        return None
    return Payload(
        url=url, http_status=entry.http_status, body=night.archive.read(url), etag=entry.etag,
        last_modified=entry.last_modified, fetched_at_utc=datetime.fromisoformat(entry.fetched_at_utc),
        source_mode=entry.source_mode,
    )  # fmt: skip


def archive_payload(night: Night, request: PayloadRequest, payload: Payload) -> RawEntry:
    """Archive a body with its origin; what the archive holds already stays."""
    return night.archive.put(
        payload.body, dataset=request.dataset, symbol=request.symbol, url=payload.url, source_mode=night.source_mode,
        http_status=payload.http_status, payload_sha256=payload.sha256, etag=payload.etag,
        last_modified=payload.last_modified, fetched_at_utc=payload.fetched_at_utc.isoformat(),
    )  # fmt: skip


def outcome(request: PayloadRequest, result: Landing | BaseException) -> Landing:
    """Turn a failed task into a missing payload with its reason: one symbol never stops the night.

    Raises
    ------
    BaseException
        What is not one of our errors is a fault of the program, and a `StoreError` one of the disk, not of a payload.
    """
    if isinstance(result, Landing):
        return result
    if isinstance(result, StoreError) or not isinstance(result, AlvhError):
        raise result
    return Landing(dataset=request.dataset, symbol=request.symbol, url=request.url, reason=str(result))
