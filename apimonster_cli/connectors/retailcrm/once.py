"""What is made once, whatever became of earlier tries and whoever made it first."""

from collections.abc import Callable, Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm.answers import AlreadyExistsError
from apimonster_cli.connectors.spec import Call
from apimonster_cli.core.errors import PermanentError

Thing = Mapping[str, Any]


def once(  # noqa: PLR0913 - two by place, the rest by name
    call: Call,
    what: str,
    *,
    look: Callable[[], Thing | None],
    make: Callable[[], Thing],
    taken: Callable[[PermanentError], bool] = lambda error: isinstance(error, AlreadyExistsError),
    unseen: str = "check site of the connection, and that the key reaches that shop",
) -> tuple[Thing, bool]:
    """Return (what `make` made, True), or (what `look` found instead, False).

    After a doubtful try it looks before it makes. taken: whether a refusal means that the thing is there already.
    what, unseen: for the sentence when the service says so and does not show it: "an order with externalId 7", and what to do.
    """
    if call.doubtful:
        found = look()
        if found is not None:
            return found, False
    try:
        return make(), True
    except PermanentError as error:
        if not taken(error):
            raise
        found = look()
        if found is None:
            raise PermanentError(
                f"RetailCRM says that {what} already exists, but does not show it: {unseen} ({error})"
            ) from error
        return found, False
