"""A draft without errors → the frozen Config that the engine and the daemon use."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from apimonster_cli.bundles.draft import Draft, DraftBundle, DraftConnection, DraftStep
from apimonster_cli.bundles.model import Bundle, Config, Connection, Retry, Settings, Step
from apimonster_cli.core.redact import Redactor

T = TypeVar("T")


def build(draft: Draft, redactor: Redactor, files: tuple[Path, ...]) -> Config:
    """Return the Config; the rules have seen to it that nothing is missing from the draft."""
    connections = {name: _connection(made) for name, made in draft.connections.items()}
    return Config(
        settings=Settings(**draft.settings),
        connections=connections,
        bundles={made.name.text: _bundle(made, connections) for made in draft.bundles},
        redactor=redactor,
        files=files,
        base=files[0].parent,
    )


def settings_only(draft: Draft, redactor: Redactor, files: tuple[Path, ...]) -> Config:
    """Return the Config of files with mistakes, as far as it is known: the settings alone."""
    return Config(Settings(**draft.settings), {}, {}, redactor, files, files[0].parent)


def _connection(made: DraftConnection) -> Connection:
    return Connection(made.name.text, _there(made.connector), made.settings, made.name.place)


def _bundle(made: DraftBundle, connections: dict[str, Connection]) -> Bundle:
    return Bundle(
        name=made.name.text,
        title=made.title,
        events=tuple(made.known_events),
        connection=connections[_there(made.connection).name.text],
        filter=made.filter,
        steps=tuple(_step(step, connections) for step in made.steps),
        on_failure=tuple(_step(step, connections) for step in made.on_failure),
        tests=tuple(made.cases),
        place=made.name.place,
        pull=made.pull,
    )


def _step(made: DraftStep, connections: dict[str, Connection]) -> Step:
    return Step(
        id=made.id,
        action=_there(made.action),
        action_name=made.action_name,
        connection=connections[_there(made.connection).name.text],
        filter=made.filter,
        fields=_there(made.fields),
        options=made.options,
        on_error=cast("Literal['fail', 'continue']", made.on_error),
        retry=_retry(made.retry),
        place=made.node.place,
        for_each=made.for_each,
        cache=made.cache,
        max_calls=made.max_calls,
    )


def _retry(written: Mapping[str, Any]) -> Retry:
    default = Retry()
    return Retry(
        attempts=written.get("attempts"),
        lasts=cast("timedelta", written.get("for", default.lasts)),
        backoff=cast("timedelta", written.get("backoff", default.backoff)),
    )


def _there(part: T | None) -> T:
    if part is None:
        raise AssertionError("a draft with a missing part has no error")
    return part
