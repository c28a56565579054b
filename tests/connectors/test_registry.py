"""What holds for every connector, a new one included."""

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.connectors.catalogue import is_open
from apimonster_cli.connectors.spec import Action, Connector, Event, Pull, Setting
from apimonster_cli.core import exactjson

CONNECTORS = [registry.connector(name) for name in registry.names()]
SETTINGS = [(connector, setting) for connector in CONNECTORS for setting in connector.settings]
EVENTS = [(connector, event) for connector in CONNECTORS for event in connector.events]
SAMPLES = [
    (connector, event, sample)
    for connector, event in EVENTS
    for sample in event.samples
    if not connector.pull(event.name)
]
PULLS = [(connector, pull) for connector in CONNECTORS for pull in connector.pulls]
ACTIONS = [(connector, action) for connector in CONNECTORS for action in connector.actions]


def _name(value: Any) -> str:
    return value.event.name if isinstance(value, Pull) else getattr(value, "name", str(value))


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_a_connector_is_found_under_its_own_name(connector: Connector) -> None:
    found = registry.connector(connector.name)

    assert found is connector
    assert connector.title


@pytest.mark.parametrize(("connector", "setting"), SETTINGS, ids=_name)
def test_a_setting_has_help_and_a_default_that_passes_its_own_check(connector: Connector, setting: Setting) -> None:
    assert setting.help.endswith(".")
    assert not (setting.required and setting.default is not None)
    if setting.check and setting.default is not None:
        setting.check(setting.default)


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_a_connector_names_each_setting_once(connector: Connector) -> None:
    names = [setting.name for setting in connector.settings]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_address_and_key_are_declared_settings(connector: Connector) -> None:
    named = [connector.url, connector.headers, connector.auth.setting if connector.auth else None]

    assert [name for name in named if name and not connector.setting(name)] == []
    assert bool(connector.actions or connector.pulls) == bool(connector.url and connector.judge)


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_secrets_are_marked_so(connector: Connector) -> None:
    telling = {"token", "api_key", "secret", "headers", "signature"}

    assert [setting.name for setting in connector.settings if setting.name in telling and not setting.secret] == []


@pytest.mark.parametrize(("connector", "event"), EVENTS, ids=_name)
def test_an_event_has_a_title_fields_and_a_sample(connector: Connector, event: Event) -> None:
    fields = connector.catalogue.fields(event.fields)

    assert event.title
    assert event.name.startswith(f"{connector.name}.")
    assert event.samples
    assert fields or event.open_fields


@pytest.mark.parametrize(("connector", "event", "sample"), SAMPLES, ids=_name)
def test_a_sample_is_recognised_as_the_event_it_belongs_to(connector: Connector, event: Event, sample: str) -> None:
    body = (connector.catalogue.folder / "samples" / sample).read_bytes()
    assert connector.hook

    found = connector.hook.recognise(json.loads(body), {}, body)

    assert found.event == event.name
    assert not connector.hook.is_address_check(json.loads(body))


@pytest.mark.parametrize(("connector", "pull"), PULLS, ids=_name)
def test_every_pulled_sample_is_an_object_with_a_key_and_a_moment(connector: Connector, pull: Pull) -> None:
    samples = [
        exactjson.loads((connector.catalogue.folder / "samples" / sample).read_bytes()) for sample in pull.event.samples
    ]

    keys = [pull.object_key(sample) for sample in samples]

    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert all(pull.moment(sample, UTC) for sample in samples)
    assert all(pull.content(sample) and pull.find(sample, {}) for sample in samples)


@pytest.mark.parametrize(("connector", "pull"), PULLS, ids=_name)
def test_a_pull_is_asked_for_with_what_is_declared(connector: Connector, pull: Pull) -> None:
    names = [parameter.name for parameter in pull.params]
    settings = {setting.name: setting.default or "7" for setting in connector.settings}

    request = pull.request(settings, ())

    assert "{" not in request.path
    assert len(names) == len(set(names))
    assert set(pull.no_window) <= set(names)
    assert all(parameter.help.endswith(".") for parameter in pull.params)


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_no_sample_lies_about_unused(connector: Connector) -> None:
    there = {file.name for file in Path(connector.catalogue.folder, "samples").glob("*")}

    assert there == {sample for event in connector.events for sample in event.samples}


@pytest.mark.parametrize(("connector", "action"), ACTIONS, ids=_name)
def test_an_action_has_a_title_and_its_lists(connector: Connector, action: Action) -> None:
    inputs = connector.catalogue.fields(action.inputs)
    outputs = connector.catalogue.fields(action.outputs)

    assert action.title
    assert outputs
    assert [name for group in action.needs for name in group if name not in inputs] == []
    assert all(option.help.endswith(".") for option in action.options)


@pytest.mark.parametrize(("connector", "action"), ACTIONS, ids=_name)
def test_every_code_that_an_action_takes_can_be_looked_up(connector: Connector, action: Action) -> None:
    named = {field.ref for field in connector.catalogue.fields(action.inputs).values() if field.ref}

    assert named <= {reference.name for reference in connector.references}


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_references_name_settings_that_exist(connector: Connector) -> None:
    named = [reference.setting for reference in connector.references if reference.setting]

    assert [name for name in named if not connector.setting(name)] == []
    assert not connector.references or connector.probe


@pytest.mark.parametrize(("connector", "action"), ACTIONS, ids=_name)
def test_the_inside_of_every_unspelt_output_is_open(connector: Connector, action: Action) -> None:
    outputs = connector.catalogue.fields(action.outputs)

    unspelt = [
        field.id
        for field in outputs.values()
        if field.type in ("object", "array") and not any(other.startswith(f"{field.id}.") for other in outputs)
    ]
    assert [name for name in unspelt if not is_open(action.open_outputs, name)] == []


@pytest.mark.parametrize("connector", CONNECTORS, ids=_name)
def test_every_field_is_of_a_known_type(connector: Connector) -> None:
    known = {"string", "integer", "number", "boolean", "date", "time", "datetime", "array", "object"}

    fields = [field for name in connector.catalogue.names() for field in connector.catalogue.fields(name).values()]

    assert {field.type for field in fields} <= known
    assert all(field.id and field.title != "" for field in fields)


def test_events_and_actions_are_found_by_their_full_names() -> None:
    events = [registry.event(name) for name in registry.event_names()]
    actions = [registry.action(name) for name in registry.action_names()]

    assert events == EVENTS
    assert actions == ACTIONS


@pytest.mark.parametrize("name", ["retailcrm.nothing", "nobody.create_order", "retailcrm", ""])
def test_an_unknown_name_is_nothing(name: str) -> None:
    assert registry.event(name) is None
    assert registry.action(name) is None


def test_the_key_of_a_connection_travels_in_its_header() -> None:
    headers = registry.connector("retailcrm").call_headers({"api_key": "invented-key"})

    assert headers == {"X-API-KEY": "invented-key"}


def test_headers_written_in_a_connection_travel_with_every_call() -> None:
    headers = registry.connector("http").call_headers({"headers": {"Authorization": "Bearer invented"}})

    assert headers == {"Authorization": "Bearer invented"}
