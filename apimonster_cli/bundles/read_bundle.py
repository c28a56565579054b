"""One bundle's nodes → DraftBundle: source, steps, and the options that belong to each action."""

from typing import Any

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.draft import Draft, DraftBundle, DraftStep
from apimonster_cli.bundles.nodes import List, Mapping, Node, Scalar
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.rules import action, connection, duplicate, event, key, name, value
from apimonster_cli.connectors import registry
from apimonster_cli.values.path import compile_path


def read_bundle(written: Scalar, node: Mapping, draft: Draft, report: Report) -> DraftBundle:
    """Return the bundle called `written`, with every part that can be read."""
    made = DraftBundle(written, node, filter_node=node.get("filter"))
    where = f"bundle {written.text}"
    key.check_keys(report, node, keys.BUNDLE, where, at=written)
    if (title := node.get("title")) is not None:
        made.title = value.read(report, "text", title)
    made.source_node = value.mapping(report, node.get("source"), "source:")
    if made.source_node is not None:
        _read_source(made, made.source_node, draft, report)
    seen: dict[str, DraftStep] = {}
    made.steps = _read_steps(node.get("steps"), "steps:", seen, draft, report)
    made.on_failure = _read_steps(node.get("on_failure"), "on_failure:", seen, draft, report)
    made.cases_node = value.items(report, node.get("tests"), "tests:")
    return made


def _read_source(made: DraftBundle, node: Mapping, draft: Draft, report: Report) -> None:
    key.check_keys(report, node, (*keys.SOURCE, *keys.SCHEDULE), "source")
    written = node.get("event")
    if written is None:
        return
    for item in written if isinstance(written, List) else (written,):
        one = value.scalar(report, item, "event:")
        if one is not None:
            made.events.append((one, event.known(report, one)))
    made.connector = event.only_connector(report, written, made)
    if made.connector is not None:
        named = node.get("connection")
        made.connection = connection.choose(report, draft, named, made.connector, made.events[0][0])


def _read_steps(
    node: Node | None, where: str, seen: dict[str, DraftStep], draft: Draft, report: Report
) -> list[DraftStep]:
    written = value.items(report, node, where)
    if written is None:
        return []
    if not written.items and where == "steps:":
        report.at(written, value.NAME, "steps: is empty; a bundle does at least one thing")
    steps = []
    for item in written:
        step_node = value.mapping(report, item, "a step")
        if step_node is not None:
            steps.append(_read_step(step_node, seen, draft, report))
    return steps


def _read_step(node: Mapping, seen: dict[str, DraftStep], draft: Draft, report: Report) -> DraftStep:
    made = DraftStep(node, "", filter_node=node.get("filter"))
    made.action_node = value.scalar(report, node.get("action"), "action:")
    found = action.known(report, made.action_node) if made.action_node else None
    if found is not None:
        made.connector, made.action = found
    _read_id(made, seen, report)
    _check_step_keys(made, report)
    if found is not None and made.action_node is not None:
        made.connection = connection.choose(report, draft, node.get("connection"), found[0], made.action_node)
        _read_options(made, report)
    _read_for_each(made, report)
    made.fields_node = value.mapping(report, node.get("fields"), "fields:")
    for name_, kind in (("extra_fields", "boolean"), ("on_error", "text")):
        if (written := node.get(name_)) is not None:
            choices = ("fail", "continue") if name_ == "on_error" else ()
            setattr(made, name_, value.read(report, kind, written, choices))
    if (retry := node.get("retry")) is not None:
        made.retry = _read_retry(retry, report)
    if (cache := node.get("cache")) is not None:
        made.cache = value.read(report, "duration", cache)
    if (most := node.get("max_calls")) is not None:
        made.max_calls = _read_positive("max_calls", most, report)
    return made


def _read_id(made: DraftStep, seen: dict[str, DraftStep], report: Report) -> None:
    written = value.scalar(report, made.node.get("id"), "id:")
    if written is not None:
        name.check_name(report, written, "a step")
    made.id_node = written or made.action_node
    made.id = written.text if written else made.action_name.rpartition(".")[2]
    if made.id_node is None or not made.id:
        return
    first = seen.setdefault(made.id, made)
    if first is not made and first.id_node is not None:
        report.add(duplicate.step(made.id_node, made.id, first.id_node, named=written is not None))


def _read_for_each(made: DraftStep, report: Report) -> None:
    node = made.node.get("for_each")
    written = None if node is None else value.read(report, "path", node)
    made.for_each = None if written is None else compile_path(written)
    if made.id == "on_failure" and node is not None:
        report.at(
            made.id_node or node, name.NAME, "a step with for_each cannot be called on_failure; give it another id"
        )


def _check_step_keys(made: DraftStep, report: Report) -> None:
    if made.action is not None:
        own = made.action.options
    else:  # its action is unknown, and so are the keys of its own: take those of all actions
        found = [registry.action(name) for name in registry.action_names()] if made.action_node else []
        own = tuple(option for one in found if one for option in one[1].options)
    table = (*keys.STEP, *(keys.Key(option.name, option.kind, option.help) for option in own))
    key.check_keys(report, made.node, table, f"step {made.id}" if made.id else "a step")


def _read_options(made: DraftStep, report: Report) -> None:
    for option in made.action.options if made.action else ():
        node = made.node.get(option.name)
        if node is None:
            made.options[option.name] = option.default
        else:
            made.options[option.name] = value.read(report, option.kind, node, option.choices)


def _read_retry(node: Node, report: Report) -> dict[str, Any]:
    written = value.mapping(report, node, "retry:")
    if written is None:
        return {}
    key.check_keys(report, written, keys.RETRY, "retry")
    found: dict[str, Any] = {}
    for declared in keys.RETRY:
        inner = written.get(declared.name)
        if inner is not None:
            counts = declared.kind == "integer"
            read = _read_positive(declared.name, inner, report) if counts else value.read(report, declared.kind, inner)
            found[declared.name] = read
    return found


def _read_positive(name_: str, node: Node, report: Report) -> int | None:
    found: int | None = value.read(report, "integer", node)
    if found is not None and found < 1:
        report.at(node, value.NAME, f"{name_} has to be at least 1")
    return found
