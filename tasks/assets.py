"""What each stage reads and writes, told to Prefect: its events then say what every table of a night was made from.

`stage` is the `@task` of a stage. Keys are the same on every machine and name no night; that, and how many rows, stands
in the event. What a table holds is `alvh_core.schemas`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect.assets import Asset, AssetProperties
from prefect.cache_policies import NO_CACHE
from prefect.context import AssetContext
from prefect.tasks import MaterializingTask

from alvh_core.registry.spec import TableSpec
from tasks.lake.tables import PART
from tasks.night import Night

STAGES = logging.getLogger("alvh.stages")  # one line per stage; quiet unless a command shows it
P = ParamSpec("P")
R = TypeVar("R")


def in_lake(table: TableSpec, part: str = PART) -> Asset:
    """Return a Parquet table as an asset; ``part`` is a stage of it, as in `tasks.lake.tables`."""
    where = table.name if part == PART else f"{table.name}/{part}"
    return _asset(f"lake/{where}", where, table.description)


def in_warehouse(table: TableSpec) -> Asset:
    """Return an SQL table as an asset."""
    return _asset(f"warehouse/{table.name}", table.name, table.description)


def _asset(path: str, name: str, description: str) -> Asset:
    return Asset(key=f"alvh://{path}", properties=AssetProperties(name=name, description=description))


RAW = _asset("lake/raw", "raw", "Payloads as they came, byte for byte")
REPORT = _asset("report", "report", "The night on one HTML page")


_UNTRACKED: ContextVar[bool] = ContextVar("untracked", default=False)


@contextmanager
def untracked() -> Iterator[None]:
    """Call stages, inside, as plain functions: a run of hundreds of nights tracks a night, not its stages.

    A tracked call costs some 25 ms of Prefect's server and as much of the client; a night has about 150.
    """
    token = _UNTRACKED.set(True)
    try:
        yield
    finally:
        _UNTRACKED.reset(token)


def is_untracked() -> bool:
    """Tell whether stages are plain functions here."""
    return _UNTRACKED.get()


class Stage(MaterializingTask[P, R]):
    """A task of the night that is called as a plain function inside `untracked`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the stage, and say so to who waits before a terminal."""
        if _UNTRACKED.get():
            return self.fn(*args, **kwargs)
        STAGES.info(self.name)
        return super().__call__(*args, **kwargs)


def stage(*, writes: Sequence[Asset], reads: Sequence[Asset] = (),
          **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:  # fmt: skip
    """Make a function of a night a task that says what it reads and writes.

    Parameters
    ----------
    writes, reads : sequence of Asset
    **options
        Of Prefect's `task`. Nothing is cached: files and the ledger make a second run go on.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            answer = function(*args, **kwargs)
            night: Any = kwargs.get("night", args[0] if args else None)
            _describe(night, writes)
            return answer

        named: dict[str, Any] = {"task_run_name": f"{function.__name__}-{{night.trade_date}}", "cache_policy": NO_CACHE}
        made: Callable[P, R] = Stage(fn=run, assets=writes, asset_deps=list(reads), **(named | options))
        return made

    return decorate


def note_rows(counts: Mapping[str, int]) -> None:
    """Tell how many rows the running stage wrote into tables of the warehouse, by name."""
    for name, count in counts.items():
        _add(f"alvh://warehouse/{name}", {"rows": count})


def _describe(night: Night, writes: Sequence[Asset]) -> None:
    about = {"trade_date": str(night.trade_date), "source_mode": night.source_mode}
    shard = {"shard": night.shard} if night.shard else {}
    for asset in writes:
        count = night.lake.rows_written.get(asset.key.removeprefix("alvh://lake/"))
        _add(asset.key, about | shard | ({} if count is None else {"rows": count}))


def _add(key: str, metadata: dict[str, Any]) -> None:
    context = AssetContext.get()
    if context is not None and not _UNTRACKED.get():  # none where a test calls the function itself
        context.add_asset_metadata(key, metadata)
