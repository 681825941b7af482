"""What a database said, in our own error tree: which of it may be tried again, and nothing that must not be printed."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from alvh_core.errors import FatalError, RetriableError
from tasks.warehouse import postgresql, sqlite


@contextlib.contextmanager
def clear_errors(where: str) -> Iterator[None]:
    """Give the database's own words, without the statement and its thousands of values.

    Raises
    ------
    RetriableError
        The connection failed or broke, or others held what was needed; a transaction leaves nothing half done.
    FatalError
        The database refuses.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        if is_passing(error):
            raise RetriableError(
                f"warehouse, {where}: expected an answer, found: {_words(error)}; nothing is half done, try again "
                "once the database answers"
            ) from error.orig
        raise FatalError(f"warehouse, {where}: {_words(error)}; nothing was changed") from error.orig


def is_passing(error: sa.exc.DBAPIError) -> bool:
    """Tell whether a database may answer later what it does not answer now."""
    return error.connection_invalidated or sqlite.is_busy(error.orig) or postgresql.is_tired(error.orig)


def _words(error: sa.exc.DBAPIError) -> str:
    return str(error.orig).strip()
