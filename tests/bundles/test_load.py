from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apimonster_cli.bundles.load import Loaded, load, load_or_raise, load_text
from apimonster_cli.bundles.model import Config
from apimonster_cli.bundles.problem import BundleError
from apimonster_cli.core.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "bundles.example.yaml"
SLIPS = [
    "{}",
    "[]",
    "~",
    "[1]",
    "{a: 1}",
    "'",
    "${",
    "${X}",
    "{{",
    "*x",
    "&x a",
    "!t a",
    "true",
    "00042",
    "$..x",
    "a b",
    "{from: a}",
]
KEY = "k-0123456789abcdef"
TOKEN = "u-0123456789abcdef"
CONNECTIONS = f"""\
connections:
  site: {{type: utmstat, token: {TOKEN}}}
  crm: {{type: retailcrm, url: "https://demo.retailcrm.ru", api_key: {KEY}}}
"""
LEADS = """\
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def check(text: str, **environ: str) -> Loaded:
    return load_text(text, environ=environ, file="bundles.yaml", folder=Path("nowhere"))


def config(text: str, **environ: str) -> Config:
    loaded = check(text, **environ)
    assert [problem.line() for problem in loaded.problems] == []
    assert loaded.config is not None
    return loaded.config


def lines(text: str, **environ: str) -> list[str]:
    return [problem.line() for problem in check(text, **environ).problems]


def test_builds_bundles_and_connections() -> None:
    made = config(f"version: 1\n{CONNECTIONS}{LEADS}")

    bundle = made.bundles["leads"]
    (step,) = bundle.steps
    assert [event.name for event in bundle.events] == ["utmstat.new_lead"]
    assert bundle.connection is made.connections["site"]
    assert (step.id, step.action_name, step.connection.name) == ("create_order", "retailcrm.create_order", "crm")
    assert (step.on_error, step.options["on_duplicate"], step.filter) == ("fail", "skip", None)
    assert step.fields.targets == ("phone",)
    assert str(step.place) == "bundles.yaml:9:9"


def test_settings_have_defaults() -> None:
    settings = config(f"version: 1\n{CONNECTIONS}{LEADS}").settings

    assert (settings.store, settings.listen, settings.admin) == ("sqlite:///apimonster.db", ("127.0.0.1", 8080), None)
    assert (settings.keep_events, settings.keep_transactions) == (timedelta(days=14), timedelta(days=90))


def test_reads_every_setting() -> None:
    text = """\
settings:
  store: postgresql://user@host/db
  listen: ":9000"
  admin: "[::1]:8081"
  public_url: https://hooks.example.org/in/
  timezone: Europe/Moscow
  retention: {events: 3d, transactions: 2w}
  workers: 4
  queue_limit: "${LIMIT}"
"""

    settings = config(f"version: 1\n{text}{CONNECTIONS}{LEADS}", LIMIT="1000").settings

    assert (settings.store, settings.listen, settings.admin) == (
        "postgresql://user@host/db",
        ("0.0.0.0", 9000),
        ("::1", 8081),
    )
    assert (settings.public_url, settings.timezone) == ("https://hooks.example.org/in", ZoneInfo("Europe/Moscow"))
    assert (settings.keep_events, settings.keep_transactions) == (timedelta(days=3), timedelta(weeks=2))
    assert (settings.workers, settings.queue_limit) == (4, 1000)


def test_reads_the_settings_of_a_connection() -> None:
    text = f"""\
connections:
  site:
    type: utmstat
    token: {TOKEN}
    timezone: Europe/Kyiv
    rate: 90/m
    max_body: 500KB
    allow_from: [203.0.113.0/24, 198.51.100.7]
    methods: GET
  crm: {{type: retailcrm, url: "https://demo.retailcrm.ru/", api_key: 123456, timeout: 1m, site: 00042}}
"""

    made = config(f"version: 1\n{text}{LEADS}").connections

    site, crm = made["site"].settings, made["crm"].settings
    assert (made["site"].zone, site["rate"], site["max_body"], site["methods"]) == (
        ZoneInfo("Europe/Kyiv"),
        1.5,
        500_000,
        ("GET",),
    )
    assert site["allow_from"] == (ip_network("203.0.113.0/24"), ip_network("198.51.100.7/32"))
    assert (crm["url"], crm["api_key"], crm["timeout"]) == ("https://demo.retailcrm.ru", "123456", timedelta(minutes=1))
    assert (crm["site"], crm["rate"]) == ("00042", 10.0)


def test_reads_the_options_and_the_retry_of_a_step() -> None:
    text = (
        LEADS
        + "        on_duplicate: edit\n        on_error: continue\n        retry: {attempts: 3, for: 2h, backoff: 10s}\n"
    )

    (step,) = config(f"version: 1\n{CONNECTIONS}{text}").bundles["leads"].steps

    assert (step.options["on_duplicate"], step.on_error) == ("edit", "continue")
    assert (step.retry.attempts, step.retry.lasts, step.retry.backoff) == (3, timedelta(hours=2), timedelta(seconds=10))


def test_steps_of_on_failure_see_all_steps() -> None:
    text = (
        LEADS
        + "    on_failure:\n      - action: retailcrm.edit_order\n        fields: {id: steps.create_order.id, managerComment: meta.error}\n"
    )

    bundle = config(f"version: 1\n{CONNECTIONS}{text}").bundles["leads"]

    assert [step.id for step in bundle.on_failure] == ["edit_order"]


def case(written: str) -> dict[str, Any]:
    text = f"{LEADS}    tests:\n      - name: one\n{written}        expect: filtered\n"
    (only,) = config(f"version: 1\n{CONNECTIONS}{text}").bundles["leads"].tests
    return dict(only.event)


def test_a_case_takes_a_shipped_sample_and_patches_it() -> None:
    event = case(
        '        event: "sample:utmstat.new_lead"\n        patch: {status_id: 9, contact.phone: null, fields.more.0.x: 00042}\n'
    )

    assert (event["status_id"], event["contact"]["phone"], event["contact"]["id"]) == (9, None, 500201)
    assert event["fields"]["more"] == {"0": {"x": "00042"}}


def test_a_patch_reaches_into_lists() -> None:
    event = case(
        "        event: {items: [{n: 1}, {n: 2}], empty: []}\n        patch: {items.1.n: 3, items.2: new, empty.x: 1}\n"
    )

    assert event == {"items": [{"n": 1}, {"n": 3}, "new"], "empty": {"x": 1}}


def test_a_patch_leaves_the_sample_as_it_was() -> None:
    case('        event: "sample:utmstat.new_lead"\n        patch: {id: 1}\n')

    assert case('        event: "sample:utmstat.new_lead"\n')["id"] == 700101


@pytest.mark.parametrize(("name", "text"), [("one.json", '{"id": 1.10}'), ("one.yaml", "id: 1.10\n")])
def test_a_case_takes_a_file_beside_the_bundle_file(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, f"leads/{name}", text)
    tests = f"    tests:\n      - {{name: one, event: leads/{name}, expect: filtered}}\n"
    write(tmp_path, "bundles.yaml", f"version: 1\n{CONNECTIONS}{LEADS}{tests}")

    made = load_or_raise(None, environ={}, cwd=tmp_path)

    assert str(made.bundles["leads"].tests[0].event["id"]) == "1.10"


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("a.json", b"{", "cannot be read: "),
        ("a.yaml", b"a: [", "cannot be read: a.yaml:1:5: error: "),
        ("a.json", b"[1]", "does not hold an event"),
        ("a.json", b"\xff", "cannot be read: it is not UTF-8 text"),
    ],
)
def test_says_what_is_wrong_with_the_file_of_a_case(name: str, raw: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(raw)
    tests = f"    tests:\n      - {{name: one, event: {name}, expect: filtered}}\n"
    write(tmp_path, "bundles.yaml", f"version: 1\n{CONNECTIONS}{LEADS}{tests}")

    (problem,) = load(None, environ={}, cwd=tmp_path).problems

    assert problem.rule == "case"
    assert problem.message.startswith(f"the file {name} {reason}")


def test_says_that_no_file_of_a_case_can_be_called_so() -> None:
    tests = '    tests:\n      - {name: one, event: "one\\0.json", expect: filtered}\n'

    (problem,) = check(f"version: 1\n{CONNECTIONS}{LEADS}{tests}").problems

    assert problem.message.endswith("cannot be read: no file can be called so")


def test_a_case_knows_where_its_expectations_stand() -> None:
    text = f"{LEADS}    tests:\n      - name: one\n        event: {{id: 1}}\n        expect:\n          create_order:\n            phone: '7'\n"

    (only,) = config(f"version: 1\n{CONNECTIONS}{text}").bundles["leads"].tests

    assert {name: str(place) for name, place in only.places.items()} == {
        "create_order": "bundles.yaml:15:11",
        "create_order.phone": "bundles.yaml:16:20",
    }


def test_files_are_merged(tmp_path: Path) -> None:
    write(tmp_path, "bundles/a.yaml", f"version: 1\nsettings: {{workers: 2}}\n{LEADS}")
    write(tmp_path, "bundles/b.yaml", f"version: 1\nsettings: {{timezone: Europe/Kyiv}}\n{CONNECTIONS}")

    made = load_or_raise(None, environ={}, cwd=tmp_path)

    assert (made.settings.workers, made.settings.timezone.key) == (2, "Europe/Kyiv")
    assert [path.name for path in made.files] == ["a.yaml", "b.yaml"]
    assert made.base == tmp_path / "bundles"


def test_the_environment_wins_over_the_env_file_beside_the_bundle_file(tmp_path: Path) -> None:
    write(tmp_path, ".env", "TOKEN=from-env-file-1\nKEY=from-env-file-2\n")
    text = CONNECTIONS.replace(TOKEN, '"${TOKEN}"').replace(KEY, '"${KEY}"')
    write(tmp_path, "bundles.yaml", f"version: 1\n{text}{LEADS}")

    made = load_or_raise(None, environ={"KEY": "from-environment"}, cwd=tmp_path)

    assert made.connections["site"].settings["token"] == "from-env-file-1"
    assert made.connections["crm"].settings["api_key"] == "from-environment"


def test_a_secret_whose_variable_is_empty_is_told_by_its_key(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RETAILCRM_API_KEY=\n", encoding="utf-8")
    crm = "{type: retailcrm, url: 'https://demo.retailcrm.ru', api_key: '${RETAILCRM_API_KEY}'}"
    write(tmp_path, "bundles.yaml", f"version: 1\nconnections:\n  crm: {crm}\n")

    loaded = load(None, environ={}, cwd=tmp_path)

    assert loaded.config is None
    assert [(problem.rule, problem.place.line) for problem in loaded.problems if problem.severity == "error"] == [
        ("secret", 3)
    ]
    assert "api_key is empty" in loaded.problems[-1].message


def test_an_unreadable_env_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff")
    write(tmp_path, "bundles.yaml", "version: 1\n")

    with pytest.raises(ConfigError, match=r"\.env cannot be read"):
        load(None, environ={}, cwd=tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "bundles.yaml", "version: 1\n")
    monkeypatch.setattr(
        Path, "read_bytes", lambda _path: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )

    with pytest.raises(ConfigError) as caught:
        load(None, environ={}, cwd=tmp_path)

    assert str(caught.value) == "the file bundles.yaml cannot be read: Permission denied"


def test_raises_with_every_problem(tmp_path: Path) -> None:
    write(tmp_path, "bundles.yaml", f"version: 2\n{CONNECTIONS}{LEADS.replace('phone:', 'fone:')}")

    with pytest.raises(BundleError) as caught:
        load_or_raise(None, environ={}, cwd=tmp_path)

    assert str(caught.value) == "the bundle files have 2 mistakes"
    assert [problem.rule for problem in caught.value.problems] == ["version", "target"]
    assert caught.value.sources["bundles.yaml"][0] == "version: 2"


def test_the_redactor_knows_every_secret() -> None:
    text = f"""\
version: 1
connections:
  site: {{type: utmstat, token: {TOKEN}}}
  landing: {{type: webhook, token: land-0123456789, signature: {{scheme: standard-webhooks, secret: whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3}}}}
  chat: {{type: http, url: "https://chat.example.org/bot${{BOT}}", headers: {{Authorization: "Bearer header-secret"}}}}
  crm: {{type: retailcrm, url: "https://demo.retailcrm.ru", api_key: {KEY}}}
"""

    redactor = check(text + LEADS, BOT="bot-42-secret").config

    assert redactor is not None
    shown = redactor.redactor.text(
        f"{TOKEN} land-0123456789 bot-42-secret Bearer header-secret {KEY} standard-webhooks"
    )
    assert shown == "••• ••• ••• ••• ••• standard-webhooks"


def test_no_problem_and_no_source_line_shows_a_secret(tmp_path: Path) -> None:
    text = CONNECTIONS.replace("https://demo", "http://${HOST}").replace(KEY, f"{KEY}, site: [1]")
    write(tmp_path, "bundles.yaml", f"version: 1\n{text}{LEADS}")

    loaded = load(None, environ={"HOST": "secret host"}, cwd=tmp_path)

    told = "\n".join([*(problem.line() for problem in loaded.problems), *loaded.sources["bundles.yaml"]])
    assert len(loaded.problems) == 2
    assert not any(secret in told for secret in (TOKEN, KEY, "secret host"))
    assert f"token: {'•' * len(TOKEN)}}}" in told


def test_the_password_of_the_store_is_a_secret() -> None:
    loaded = check(f'version: 1\nsettings: {{store: "postgresql://user:pass%20word@host/db"}}\n{CONNECTIONS}{LEADS}')

    assert loaded.config is not None
    assert loaded.config.redactor.text("pass word, pass%20word") == "•••, •••"
    assert loaded.sources["bundles.yaml"][1] == 'settings: {store: "postgresql://user:•••••••••••@host/db"}'


def test_columns_stay_when_a_secret_is_hidden() -> None:
    loaded = check(f"version: 1\n{CONNECTIONS}{LEADS}")

    assert [len(line) for line in loaded.sources["bundles.yaml"][1:4]] == [
        len(line) for line in CONNECTIONS.splitlines()
    ]


def test_a_missing_variable_is_told_once() -> None:
    connections = CONNECTIONS.replace(KEY, '"${NOWHERE}"')

    assert lines(f"version: 1\n{connections}{LEADS}") == [
        "bundles.yaml:4:70: error: the variable NOWHERE is not set; put it into .env beside this file, or into the environment [variable]"
    ]


def test_a_substituted_constant_is_converted_for_its_target() -> None:
    text = LEADS.replace(
        "fields: {phone: contact.phone}", 'fields: {phone: contact.phone, items.0.quantity: {value: "${COUNT}"}}'
    )

    assert lines(f"version: 1\n{CONNECTIONS}{text}", COUNT="2.5") == []
    assert lines(f"version: 1\n{CONNECTIONS}{text}", COUNT="many") == [
        'bundles.yaml:10:66: error: items.0.quantity cannot take this: "•••" is not a number [constant]'
    ]


def test_an_unreadable_file_makes_no_follow_up_mistakes(tmp_path: Path) -> None:
    write(tmp_path, "bundles/a.yaml", f"version: 1\n{LEADS}")
    write(tmp_path, "bundles/b.yaml", "version: 1\nconnections: {\n")

    problems = load(None, environ={}, cwd=tmp_path).problems

    assert [(problem.place.file, problem.rule) for problem in problems] == [("bundles/b.yaml", "syntax")]


@given(
    st.lists(st.tuples(st.integers(0, 150), st.sampled_from(SLIPS)), min_size=1, max_size=3),
    st.sampled_from(["value", "delete", "repeat"]),
)
@settings(max_examples=60)
def test_whatever_is_written_ends_in_problems_or_a_config(slips: list[tuple[int, str]], kind: str) -> None:
    lines_ = EXAMPLE.read_text(encoding="utf-8").split("\n")
    for number, slip in slips:
        line = lines_[number]
        key, colon, _ = line.partition(": ")
        lines_[number : number + 1] = {"value": [f"{key}{colon}{slip}"], "delete": [], "repeat": [line, line]}[kind]

    loaded = check("\n".join(lines_), UTMSTAT_HOOK_TOKEN=TOKEN, LANDING_HOOK_TOKEN=TOKEN, RETAILCRM_API_KEY=KEY)

    assert (loaded.config is None) == any(problem.severity == "error" for problem in loaded.problems)
    assert all(1 <= one.place.line <= len(lines_) + 1 and one.place.column >= 1 for one in loaded.problems)
