"""What can go wrong, grouped by what happens next.

SyncError                something a user may be told; str(error) is a whole sentence
├── ConfigError          nothing starts until a file, a variable or an option is mended (exit code 2)
├── StoreError           the database cannot be used: busy, full, read-only, damaged, newer than the program
└── CallError            an outgoing call, or a step around it, did not work out
    ├── TransientError   try again later; says whether the call may have been carried out all the same
    ├── RefusedError     the connection's key, address or shop is wrong: it waits until that is mended
    └── PermanentError   repeating cannot help: the delivery fails with the reason
        └── FieldError   a field could not get its value; names file, line, field and value
"""

from apimonster_cli.core.place import Place


class SyncError(Exception):
    """Something a user may be told: what is wrong, where, and what to do."""

    exit_code = 1


class ConfigError(SyncError):
    """The files, variables or options do not let the program start."""

    exit_code = 2


class StoreError(SyncError):
    """The store cannot be read or written."""


class CallError(SyncError):
    """A step's call did not work out."""


class TransientError(CallError):
    """Worth another try.

    may_have_happened: the service may have carried the call out although no answer said so.
    retry_after: seconds that the service, or our own limit, asks us to wait; None when nothing was said.
    turned_away: the call was never started because of a limit; it does not count as an attempt.
    """

    def __init__(
        self,
        message: str,
        *,
        may_have_happened: bool,
        retry_after: float | None = None,
        turned_away: bool = False,
    ) -> None:
        super().__init__(message)
        self.may_have_happened = may_have_happened
        self.retry_after = retry_after
        self.turned_away = turned_away


class RefusedError(CallError):
    """The service refuses the connection as a whole: its key, address or shop. No delivery is to blame."""


class PermanentError(CallError):
    """Repeating cannot help."""


class FieldError(PermanentError):
    """A target field could not get its value."""

    def __init__(self, reason: str, *, target: str, place: Place | None = None) -> None:
        where = f"{place}: " if place else ""
        super().__init__(f"{where}field {target}: {reason}")
        self.reason = reason
        self.target = target
        self.place = place
