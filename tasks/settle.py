"""The morning after: fetch the trigger index's history once more where a night was decided on a provisional close."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from alvh_core.errors import AlvhError
from alvh_core.schemas import LADDER_SIGNALS
from alvh_core.upkeep import is_settled, was_provisional
from tasks.land import archive_payload
from tasks.night import Night
from tasks.sources.catalogue import read_table
from tasks.sources.source import INDEX


@task(cache_policy=NO_CACHE)
def settle_closes(night: Night) -> bool:
    """Archive the published close of a night in place of its provisional one; tell whether there is one.

    The history the night was decided on stays in the archive under its hash.
    """
    if not was_provisional(night.warehouse.night(night.source_mode, night.trade_date, tables=[LADDER_SIGNALS])):
        return False
    request = next(r for r in night.requests if (r.dataset, r.symbol) == (INDEX, "VIX"))
    try:
        payload = night.client.get(request.url, request.symbol)
        history = read_table(INDEX, payload.body, request.symbol, request.url)
    except AlvhError as error:
        get_run_logger().warning("the close of %s stays provisional: %s", night.trade_date, error)
        return False
    if not is_settled(history, night.trade_date):
        return False
    night.archive.supersede(request.url)
    archive_payload(night, request, payload)
    return True
