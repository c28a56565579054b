"""What deliveries wait for: connections that are paused because their key is refused."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from apimonster_cli.cli import masking, output
from apimonster_cli.store.rows import Pause

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Config

Waits = Mapping[str, Sequence[Pause]]
"""Bundle → the paused connections that its steps call; other bundles are left out."""


def waits_of(config: "Config", pauses: Sequence[Pause]) -> Waits | None:
    """Return what waiting deliveries wait for, bundle by bundle; None when it is not known, for no bundle is."""
    if not config.bundles:
        return None
    called = {
        name: {step.connection.name for step in (*bundle.steps, *bundle.on_failure)}
        for name, bundle in config.bundles.items()
    }
    waits = {name: [pause for pause in pauses if pause.connection in names] for name, names in called.items()}
    return {name: found for name, found in waits.items() if found}


def named(waits: Waits | None, bundle: str, state: str) -> list[str]:
    """Return the paused connections that a delivery in this state waits for."""
    return [pause.connection for pause in waits.get(bundle, ())] if waits and state == "waiting" else []


def sentences(waits: Waits | None, zone: tzinfo, *, reveal: bool) -> dict[str, str]:
    """Return what the waiting deliveries of each bundle wait for, in words."""
    return {
        bundle: "; ".join(sentence(pause, zone, reveal=reveal) for pause in pauses)
        for bundle, pauses in (waits or {}).items()
    }


def sentence(pause: Pause, zone: tzinfo, *, reveal: bool) -> str:
    """Return since when and why a connection is paused."""
    reason = pause.reason if reveal else masking.words(pause.reason)
    return f"{pause.connection} is paused since {output.moment(pause.since, zone)}: {reason}"


def tell(pauses: Sequence[Pause], zone: tzinfo, *, reveal: bool) -> None:
    """Say beside the result which connections are paused, and what to do."""
    for pause in pauses:
        output.tell(
            f"{sentence(pause, zone, reveal=reveal)}. Its deliveries wait; once the key is mended they go on by themselves."
        )
