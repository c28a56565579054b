"""A case under `tests:` that cannot be run.

A case names its event (a shipped sample such as `sample:utmstat.new_lead`, a JSON or YAML file beside the bundle file, or the event itself),
may patch it by dotted path, and expects `filtered`, or step by step the fields that would be sent, `skipped`, `failed` or `done`.
`responses` says what a step answers. For a step with `for_each` both may be a list, an entry an item.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
    tests:
      - name: a lead becomes an order
        event: sample:utmstat.newlead
        expect: {order: {phone: "74950000012"}}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
    tests:
      - name: a lead becomes an order
        event: "sample:utmstat.new_lead"
        expect: {create_order: {phone: "74950000012"}}
```
"""

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.compose import compose
from apimonster_cli.bundles.draft import Draft, DraftBundle
from apimonster_cli.bundles.model import Case
from apimonster_cli.bundles.nodes import List, Mapping, Node, Scalar, to_data
from apimonster_cli.bundles.problem import nearest, one_of
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.rules import duplicate, key, value
from apimonster_cli.connectors import registry
from apimonster_cli.core import exactjson
from apimonster_cli.core.place import Place

NAME = "case"
SAMPLE = "sample:"
OUTCOMES = ("skipped", "failed", "done")
FILTERED = "filtered"


def check(draft: Draft, report: Report) -> None:
    """Read the cases of every bundle into the draft."""
    for bundle in draft.bundles:
        seen: dict[str, Scalar] = {}
        for node in bundle.cases_node or ():
            written = value.mapping(report, node, "a case")
            if written is not None:
                _read_case(bundle, written, draft, seen, report)


def _read_case(bundle: DraftBundle, node: Mapping, draft: Draft, seen: dict[str, Scalar], report: Report) -> None:
    key.check_keys(report, node, keys.CASE, "a case")
    name = value.scalar(report, node.get("name"), "name:")
    if name is not None:
        first = seen.setdefault(name.text, name)
        if first is not name:
            report.add(duplicate.named("case", name, first))
    event = _event(node.get("event"), draft, report)
    patch = value.mapping(report, node.get("patch"), "patch:")
    if event is not None and patch is not None:
        event = _patched(event, patch, report)
    responses = _responses(bundle, node, report)
    places = _expected(bundle, node.get("expect"), report)
    if name is not None and event is not None:
        expect_node = node.get("expect")
        expect = None if expect_node is None else to_data(expect_node)
        bundle.cases.append(Case(name.text, event, responses, expect, node.place, places))


def _event(node: Node | None, draft: Draft, report: Report) -> dict[str, Any] | None:
    if node is None:
        return None
    if isinstance(node, Mapping):
        found: Any = to_data(node)
    else:
        written = value.scalar(report, node, "event:")
        if written is None:
            return None
        if written.text.startswith(SAMPLE):
            path = _sample(written, report)
        else:
            path = draft.folders[written.place.file] / written.text
        found = None if path is None else _from_file(path, written, report)
    return found if isinstance(found, dict) else None


def _sample(node: Scalar, report: Report) -> Path | None:
    name = node.text.removeprefix(SAMPLE)
    found = registry.event(name)
    if found is None or not found[1].samples:
        near = nearest(name, registry.event_names())
        report.at(node, NAME, f"there is no sample of an event {name}", near and f"{SAMPLE}{near}")
        return None
    connector, event = found
    return connector.catalogue.folder / "samples" / event.samples[0]


def _from_file(path: Path, node: Scalar, report: Report) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
        not_text = isinstance(error, UnicodeDecodeError)
        reason = getattr(error, "strerror", None) or (
            "it is not UTF-8 text" if not_text else "no file can be called so"
        )
        report.at(node, NAME, f"the file {node.text} cannot be read: {reason}")
        return None
    try:
        found = exactjson.loads(text) if path.suffix == ".json" else _yaml(text, node.text)
    except ValueError as error:
        report.at(node, NAME, f"the file {node.text} cannot be read: {error}")
        return None
    if not isinstance(found, dict):
        report.at(node, NAME, f"the file {node.text} does not hold an event: keys and values")
    return found


def _yaml(text: str, file: str) -> Any:
    root, problems = compose(text, file)
    if root is None or problems:
        raise ValueError(problems[0].line())
    return to_data(root)


def _patched(event: dict[str, Any], patch: Mapping, report: Report) -> dict[str, Any]:
    event = deepcopy(event)
    for entry in patch:
        try:
            _put(event, entry.key.text.split("."), to_data(entry.value))
        except (LookupError, ValueError, TypeError):
            report.at(entry.key, NAME, f"the event has no place for {entry.key.text}")
    return event


def _put(inside: Any, parts: list[str], patch: Any) -> None:
    """Set a value by its dotted path, making objects on the way; a number is a place in a list, one past its end adds to it."""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if isinstance(inside, list):
            if int(part) == len(inside):
                inside.append({})
            if last:
                inside[int(part)] = patch
            inside = inside[int(part)]
        elif isinstance(inside, dict):
            if last:
                inside[part] = patch
            elif not inside.get(part):  # nothing there, or an empty value of any kind: [] is an empty object to PHP
                inside[part] = {}
            inside = inside[part]
        else:
            raise TypeError(part)


def _responses(bundle: DraftBundle, node: Mapping, report: Report) -> dict[str, Any]:
    written = value.mapping(report, node.get("responses"), "responses:")
    if written is None:
        return {}
    _check_steps(bundle, (entry.key for entry in written), report)
    found: dict[str, Any] = to_data(written)
    return found


def _expected(bundle: DraftBundle, node: Node | None, report: Report) -> dict[str, Place]:
    if node is None or (isinstance(node, Scalar) and node.text == FILTERED):
        return {}
    if not isinstance(node, Mapping):
        near = nearest(node.text, [FILTERED]) if isinstance(node, Scalar) else None
        report.at(node, NAME, f"expect: is {FILTERED}, or says for steps what would be sent", near)
        return {}
    _check_steps(bundle, (entry.key for entry in node), report)
    places: dict[str, Place] = {}
    listed = {step.id for step in bundle.all_steps if step.node.get("for_each") is not None}
    for entry in node:
        step, expected = entry.key.text, entry.value
        if step in listed and isinstance(expected, Mapping):
            message = f"{step} is done for each item of a list: write a list of what would be sent, with a dash (-) before each"
            report.at(entry.key, NAME, message)
        if step in listed and isinstance(expected, List):
            places[step] = entry.key.place
            for number, item in enumerate(expected):
                places |= _places(f"{step}.{number}", item, item.place, report)
        else:
            places |= _places(step, expected, entry.key.place, report)
    return places


def _places(step: str, expected: Node, key: Place, report: Report) -> dict[str, Place]:
    """Return where the expectations of a step, or of one item of it, stand; key: where its name does."""
    places = {step: expected.place if isinstance(expected, Scalar) else key}
    if isinstance(expected, Mapping):
        places |= {f"{step}.{inner.key.text}": inner.value.place for inner in expected}
    elif not isinstance(expected, Scalar) or expected.text not in OUTCOMES:
        message = f"for a step, expect: has the fields that would be sent, or {one_of(OUTCOMES)}"
        near = nearest(expected.text, OUTCOMES) if isinstance(expected, Scalar) else None
        report.at(expected, NAME, message, near)
    return places


def _check_steps(bundle: DraftBundle, names: Iterable[Scalar], report: Report) -> None:
    known = [step.id for step in bundle.all_steps]
    for name in names:
        if known and name.text not in known:  # without any, the steps themselves could not be read
            near = nearest(name.text, known, cutoff=0.5)
            message = f"bundle {bundle.name.text} has no step {name.text}"
            report.at(name, NAME, message if near else f"{message}; its steps are {', '.join(known)}", near)
