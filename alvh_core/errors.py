"""The one error tree of the pipeline, named by what the caller does.

* AlvhError
  * RetriableError   - the same call may succeed later: back off and try again
  * SkippableError   - this symbol, expiry or night is lost: record the reason, carry on with the others
    * AbsentNightError - the source does not hold the night: where it alone was asked for, a wrong argument
  * FatalError       - nothing sensible can follow: stop, keep what is landed and published
    * ContractError  - a frame, a file or a setting is not what its registry entry says

Every message says what was expected, what was found, where, and what to do.
"""

_MESSAGE_CHARS = 2000  # it goes to logs, tables and pages, and what it quotes may be a vendor's megabyte


class AlvhError(Exception):
    """Anything the pipeline raises on purpose.

    Parameters
    ----------
    message : str
        Expected, found, where, what to do; a very long one is cut.

    Attributes
    ----------
    http_status : int, optional
        What a server answered, where that is the reason.
    """

    http_status: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= _MESSAGE_CHARS else f"{message[:_MESSAGE_CHARS]} [cut]")


class RetriableError(AlvhError):
    """The same call may succeed later; the only class that tasks retry."""


class SkippableError(AlvhError):
    """One symbol or expiry is lost for tonight, or one night of a recording; the others go on and say so."""


class AbsentNightError(SkippableError):
    """The source does not hold the night that was asked for; it may hold others."""


class FatalError(AlvhError):
    """Nothing sensible can follow; what is landed and published stays."""


class ContractError(FatalError):
    """A frame, a file or a setting breaks its registry entry."""
