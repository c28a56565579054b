"""Places where a test may end the program as a power cut would, to see what the next start makes of it.

Off unless the environment says `SYNC_CRASH_AT=<point>` or `SYNC_CRASH_AT=<point>:<n>` for the n-th passing. Nobody but a test has a
reason to set it: whoever can, can end the program anyway.
"""

import itertools
import os
import signal

VARIABLE = "SYNC_CRASH_AT"
POINTS = (
    "before-commit",  # a batch is written, not committed
    "after-commit",  # committed, and nobody told: webhooks are not answered yet
    "after-answer",  # a webhook is answered
    "after-claim",  # deliveries are held, and nobody works on them
    "after-intent",  # a call is on record, not sent
    "after-send",  # a call is sent, its answer not read
    "before-outcome",  # the answer is read, what became of the call not on record
    "prune",  # old rows are deleted, not committed
    "reload",  # the listener has the new files, the workers do not
    "migration",  # a script has run, not committed
    "pull-page",  # a page is read, its events not kept
)

_wanted, _, _number = os.environ.get(VARIABLE, "").partition(":")
_passings = itertools.count(1)  # counting is atomic: points are passed in several threads


def point(name: str) -> None:
    """End the program here if the environment asks for it."""
    if name == _wanted and next(_passings) == int(_number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
