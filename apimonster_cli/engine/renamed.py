"""Under which names the steps of a delivery stand on record, when the bundle was edited while the delivery waited."""

from collections.abc import Sequence

from apimonster_cli.bundles.model import Step
from apimonster_cli.engine.context import ON_FAILURE
from apimonster_cli.store.rows import Claimed


def names_on_record(steps: Sequence[Step], claimed: Claimed, prefix: str = "") -> list[str]:
    """Return for each of `steps` its name in the store; prefix: of the names that such steps have there.

    A step that was renamed after it was begun keeps its old name there: taken for a new one it would be done twice, and what is
    made of its name (an external id) would not be found again. A record whose name is gone from the bundle belongs to a step
    that has none and does the same action: a finished one to the step in its place, a doubtful one to the first such step.
    """
    names = [prefix + step.id for step in steps]
    actions = {_whole(name): action for name, action in claimed.actions.items()}
    doubtful = {_whole(name) for name in claimed.doubtful}
    begun = [name for name in actions if name.startswith(ON_FAILURE) == (prefix == ON_FAILURE)]
    for place, old in enumerate(begun):
        if old in names:
            continue
        places = range(len(steps)) if old in doubtful else range(place, min(place + 1, len(steps)))
        for heir in places:
            if names[heir] not in actions and steps[heir].action_name == actions[old]:
                names[heir] = old
                break
    return names


def _whole(name: str) -> str:
    """Return the name of the step that an item belongs to, or that of a step as it is."""
    prefix = ON_FAILURE if name.startswith(ON_FAILURE) else ""
    return prefix + name.removeprefix(prefix).partition(".")[0]
