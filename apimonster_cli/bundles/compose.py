"""YAML text → nodes, with anchors, aliases and merge keys worked in.

The C parser reads; only when it refuses is the pure Python one asked, which also takes what YAML 1.2 allows and 1.1 did not
(`{event: sample:utmstat.new_lead}`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from apimonster_cli.bundles.nodes import LINE_END, Entry, List, Mapping, Node, Scalar, read_plain
from apimonster_cli.bundles.problem import Problem
from apimonster_cli.bundles.rules import duplicate, syntax
from apimonster_cli.core.place import Place

try:
    from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # re-exported without saying so
except ImportError:  # pragma: no cover - an interpreter without the compiled part; the pure parser does all the work
    CParser = None

_DEEPEST = 60
_MOST_NODES = 100_000  # aliases counted as often as they are used: a few lines could stand for millions of values
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_STRING = "tag:yaml.org,2002:str"
_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"}


def compose(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """Return the one document in `text` and the problems found on the way; None when there is none to go on with."""
    text = text.removeprefix("\ufeff")
    try:
        events = list(_events(text))
    except YAMLError as error:
        return None, [syntax.unreadable(error, text, file)]
    documents = [event for event in events if isinstance(event, DocumentStartEvent)]
    if not documents:
        return None, [syntax.empty(file)]
    if len(documents) > 1:
        mark = documents[1].start_mark
        return None, [syntax.problem(Place(file, mark.line + 1, mark.column + 1), syntax.SEVERAL)]
    composer = _Composer(file, LINE_END.split(text), iter(events[events.index(documents[0]) + 1 :]))
    try:
        root = composer.node(next(composer.events), 0)
    except _GiveUpError as stop:
        return None, [stop.problem]
    return root, composer.problems


def _events(text: str) -> Iterable[Event]:
    if CParser is None:
        return list(YAML(typ="safe", pure=True).parse(text))
    try:
        return _parsed(text)
    except YAMLError:
        return list(YAML(typ="safe", pure=True).parse(text))


def _parsed(text: str) -> list[Event]:
    parser = CParser(text)
    events = []
    while parser.check_event():
        events.append(parser.get_event())
    return events


class _GiveUpError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class _Composer:
    """Turns the events of one document into nodes."""

    file: str
    lines: list[str]
    events: Iterator[Any]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    """id of an anchored node → how many nodes it stands for."""
    open_anchors: set[str] = field(default_factory=set)
    count: int = 0

    def node(self, event: Any, depth: int) -> Node:
        if depth > _DEEPEST:
            raise _GiveUpError(syntax.problem(self.place(event), syntax.DEEP))
        if isinstance(event, AliasEvent):
            return self.alias(event)
        before = self.count
        self.grow(1, event)
        if event.anchor:
            self.open_anchors.add(event.anchor)
        if isinstance(event, ScalarEvent):
            made: Node = self.scalar(event)
        elif isinstance(event, SequenceStartEvent):
            made = self.list(event, depth)
        else:
            made = self.mapping(event, depth)
        if event.anchor:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = made
            self.sizes[id(made)] = self.count - before
        return made

    def alias(self, event: AliasEvent) -> Node:
        if event.anchor in self.open_anchors:
            raise _GiveUpError(
                syntax.problem(self.place(event), f"*{event.anchor} stands inside &{event.anchor} itself")
            )
        if event.anchor not in self.anchors:
            raise _GiveUpError(syntax.unknown_anchor(self.place(event), event.anchor, self.anchors))
        made = self.anchors[event.anchor]
        self.grow(self.sizes[id(made)], event)
        return made

    def grow(self, by: int, event: Event) -> None:
        self.count += by
        if self.count > _MOST_NODES:
            raise _GiveUpError(syntax.problem(self.place(event), syntax.HUGE))

    def scalar(self, event: ScalarEvent) -> Scalar:
        text = event.value
        if _HALF_CHARACTER.search(text):
            raise _GiveUpError(syntax.problem(self.place(event), syntax.HALF, self.width(event)))
        plain = bool(event.implicit[0]) and not event.style
        if event.tag and event.tag not in {_STRING, "!"}:
            self.problems.append(syntax.tag(self.place(event), event.tag))
        return Scalar(
            place=self.place(event),
            value=read_plain(text) if plain else text,
            text=text,
            start=event.start_mark.index,
            end=event.end_mark.index,
            width=self.width(event),
            plain=plain,
        )

    def list(self, event: SequenceStartEvent, depth: int) -> List:
        self.check_tag(event)
        items = []
        while not isinstance(inner := next(self.events), SequenceEndEvent):
            items.append(self.node(inner, depth + 1))
        return List(self.place(event), tuple(items))

    def mapping(self, event: MappingStartEvent, depth: int) -> Mapping:
        self.check_tag(event)
        own: dict[str, Entry] = {}
        merged: list[Node] = []
        while not isinstance(inner := next(self.events), MappingEndEvent):
            key = self.node(inner, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if isinstance(key, Mapping) and event.flow_style:
                self.problems.append(syntax.problem(self.place(event), syntax.TEMPLATE, width=2))
                own[""] = Entry(Scalar(key.place, "", ""), value)
            elif not isinstance(key, Scalar):
                self.problems.append(syntax.problem(key.place, syntax.NO_KEY))
            elif key.plain and key.text == "<<":
                merged.append(value)
            elif key.text in own:
                self.problems.append(duplicate.key(key, own[key.text].key))
            else:
                own[key.text] = Entry(key, value)
        for node in merged:
            self.merge(own, node)
        return Mapping(self.place(event), tuple(own.values()))

    def merge(self, own: dict[str, Entry], node: Node) -> None:
        for source in node.items if isinstance(node, List) else (node,):
            if isinstance(source, Mapping):
                for entry in source:
                    own.setdefault(entry.key.text, entry)
            else:
                self.problems.append(syntax.problem(source.place, "<<: takes in another mapping, such as *name"))

    def check_tag(self, event: Any) -> None:
        if event.tag and event.tag not in _PLAIN_TAGS:
            self.problems.append(syntax.tag(self.place(event), event.tag))

    def place(self, event: Event) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def width(self, event: Event) -> int:
        start, end = event.start_mark, event.end_mark
        if end.line == start.line:
            return max(1, int(end.column - start.column))
        line = self.lines[start.line] if start.line < len(self.lines) else ""
        return max(1, len(line.rstrip()) - int(start.column))
