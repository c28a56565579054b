"""Bundle files as written: what the rules look at, before anything is known to be right.

A part that could not be read is None; rules pass over it, for its own problem is told already.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from apimonster_cli.bundles.model import Case, PullPlan
from apimonster_cli.bundles.nodes import List, Mapping, Node, Scalar
from apimonster_cli.connectors.spec import Action, Connector, Event
from apimonster_cli.values.condition import Filter
from apimonster_cli.values.field import FieldMap
from apimonster_cli.values.path import Path as ValuePath


@dataclass(slots=True)
class DraftConnection:
    """One entry of `connections:`. settings: in their read form, defaults filled in."""

    name: Scalar
    node: Mapping
    connector: Connector | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    used: bool = False


@dataclass(slots=True)
class DraftStep:
    """One entry of `steps:` or `on_failure:`. options: the action's own keys, defaults filled in; retry: as read.

    for_each: the list that it goes through; None when it has none, or one that cannot be read. cache, max_calls: as read.
    """

    node: Mapping
    id: str
    id_node: Scalar | None = None
    action_node: Scalar | None = None
    connector: Connector | None = None
    action: Action | None = None
    connection: DraftConnection | None = None
    filter_node: Node | None = None
    filter: Filter | None = None
    fields_node: Mapping | None = None
    fields: FieldMap | None = None
    options: dict[str, Any] = field(default_factory=dict)
    extra_fields: bool = False
    on_error: str = "fail"
    retry: Dict[str, Any] = field(default_factory=dict)
    for_each: ValuePath | None = None
    cache: timedelta | None = None
    max_calls: int | None = None

    @property
    def action_name(self) -> str:
        """Return the full name as written."""
        return self.action_node.text if self.action_node else ""


@dataclass(slots=True)
class DraftBundle:
    """One entry of `bundles:`. events: each name as written and what it means."""

    name: Scalar
    node: Mapping
    title: str | None = None
    source_node: Mapping | None = None
    events: list[tuple[Scalar, Event | None]] = field(default_factory=list)
    connector: Connector | None = None
    connection: DraftConnection | None = None
    pull: PullPlan | None = None
    filter_node: Node | None = None
    filter: Filter | None = None
    steps: list[DraftStep] = field(default_factory=list)
    on_failure: list[DraftStep] = field(default_factory=list)
    cases_node: List | None = None
    cases: list[Case] = field(default_factory=list)

    @property
    def all_steps(self) -> list[DraftStep]:
        """Return the steps and, after them, those of on_failure."""
        return [*self.steps, *self.on_failure]

    @property
    def known_events(self) -> list[Event]:
        """Return the events that are known; empty unless all of them are."""
        known = [event for _, event in self.events if event]
        return known if len(known) == len(self.events) else []


@dataclass(slots=True)
class Draft:
    """All files together. whole: every file could be read, so what is not here is nowhere. folders: file → the folder it is in.

    setting_nodes: where each setting stands. settings_hold: they are meant as they are here, whatever is wrong elsewhere.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    setting_nodes: dict[str, Node] = field(default_factory=dict)
    connections: dict[str, DraftConnection] = field(default_factory=dict)
    bundles: list[DraftBundle] = field(default_factory=list)
    whole: bool = True
    settings_hold: bool = True
    folders: Dict[str, Path] = field(default_factory=dict)
