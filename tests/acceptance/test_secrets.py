"""Nothing that the program says, answers or writes holds a secret, whatever goes wrong and whoever quotes it.

The files of every fault run are searched by the oracle; here it is what commands print, what is answered over HTTP, and what becomes of
mistakes in the very line of a secret.
"""

import http.client
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apimonster_cli.cli.main import run
from tests.acceptance.canaries import ALL, SECRETS, VARIABLES, Search, environment, write_env
from tests.acceptance.partner import knock, partner
from tests.acceptance.processes import Program, free_port, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import BUNDLES, Sender, ended, status_payload, still_open

LEADS = 3
DELIVERIES = 2 * LEADS + 1  # and one signed webhook of the landing page
SEARCH = Search(ALL)
MORE = """\
  deals: {{type: calltouch, site_id: 12345, token: "${{CALLTOUCH_KEY}}", url: "{crm}"}}
bundles:
  diary:
    source: {{event: calltouch.order, every: 1s, params: {{limit: 10}}}}
    steps:
      - action: retailcrm.create_order
        fields: {{externalId: "ct-{{{{ orderNumber }}}}", phone: client.phones}}
"""

pytestmark = pytest.mark.acceptance


@dataclass(frozen=True)
class Place:
    """A daemon at work, with failed deliveries behind it, beside services that quote what they are sent."""

    folder: Path
    program: Program
    admin: int
    answers: dict[str, int]
    heard: list[tuple[str, dict[str, str]]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    admin = free_port()
    crm = sandbox(folder, faults="echo=0.2", more=["--deals", "5"])
    with partner(200, 503, 400) as other, running(crm, "/sandbox/health"):
        program = Program(["run", "bundles.yaml"], folder, free_port())
        write_env(folder)
        text = BUNDLES.format(
            port=program.port, crm=(at := f"http://127.0.0.1:{crm.port}"), partner=other.url, rate=200
        )
        text = text.replace("settings:\n", f"settings:\n  admin: 127.0.0.1:{admin}\n")
        (folder / "bundles.yaml").write_text(text.replace("bundles:\n", MORE.format(crm=at), 1), encoding="utf-8")
        with running(program, "/readyz"):
            answers = knock(program.port, 1)
            sender = Sender(program.port)
            for lead in range(1, LEADS + 1):
                sender.post(lead_payload(lead))
                sender.post(status_payload(lead, 9))
            wait_for(lambda: ended(folder) >= DELIVERIES and not still_open(folder), "every delivery has ended")
            yield Place(folder, program, admin, answers, other.heard)


@pytest.fixture(autouse=True)
def at_home(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in the folder of the daemon, at a terminal so wide that no line of a table is broken."""
    monkeypatch.chdir(place.folder)
    monkeypatch.setenv("COLUMNS", "3000")


def test_the_secrets_go_where_they_belong(place: Place) -> None:
    path, headers = place.heard[0]

    assert place.answers["signed"] == 200
    assert {place.answers[how] for how in ("forged", "signed with the secret itself")} == {401}
    assert {place.answers[how] for how in ("with another's token", "with a sign too many")} == {404}
    assert headers["Authorization"] == f"Basic {VARIABLES['PARTNER_BASIC']}"
    assert headers["X-Key"] == f"Bearer {SECRETS['PARTNER_KEY']}"
    assert "c90dNv4Jf7gs6" in path  # of what the field map sends


COMMANDS = [
    "history",
    "history --reveal --json",
    "history --search Клиент",
    "show 1",
    "show 2 --reveal",
    "show 3 --reveal --json",
    "transactions --reveal",
    "transactions --reveal --json",
    "transactions --reveal --csv",
    "transactions --search 9f3b",
    "check",
    "check --json",
    "check --online",
    "check --online --json",
    "test",
    "test --json",
    "doctor",
    "doctor --json",
    "replay --failed",
    "replay 2 3 --json",
    "backup copy.db",
    "restore copy.db --verify",
    "prune",
    "forget 74950000002 --yes",
    "forget 74950000003 --yes --json",
    "pull diary --from {yesterday}",
    "run",  # beside the daemon that runs already
    "urls",
    "urls --json",
    "fields",
    "fields retailcrm create_order",
    "fields --json",
    "schema",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_a_secret(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    code = run(["--debug", *command.format(yesterday=yesterday).split()])

    said = printed(capsys)
    assert code in (0, 1, 2)
    assert said
    # The addresses to paste are what `sync urls` is for.
    shown = {"LEADS_HOOK", "LANDING_HOOK"} if command.startswith("urls") else set()
    assert {found.partition(",")[0] for found in SEARCH.text(said)} == shown


def test_no_answer_holds_a_secret(place: Place) -> None:
    landing, leads = SECRETS["LANDING_HOOK"], SECRETS["LEADS_HOOK"]
    asked = [
        *((place.program.port, "GET", path) for path in ("/healthz", "/readyz", "/", "/hooks/", f"/{landing}")),
        *((place.program.port, method, f"/hooks/landing/{landing}") for method in ("GET", "DELETE", "PUT", "HEAD")),
        *((place.program.port, "POST", f"/hooks/{name}/{landing}/x?key={leads}") for name in ("landing", "site-leads")),
        *((place.admin, "GET", path) for path in ("/", "/metrics", "/favicon.ico", f"/{landing}")),
    ]

    answers = [ask(*one) for one in asked]

    assert [SEARCH.text(answer) for answer in answers] == [[]] * len(asked)
    assert all(answers)


BROKEN = {
    "a sign too many": ('api_key: "${CRM_KEY}"', "api_key: '${CRM_KEY}' x"),
    "a quote left open": ('token: "${LEADS_HOOK}"', 'token: "${LEADS_HOOK}'),
    "an unknown key": ('X-Key: "Bearer ${PARTNER_KEY}"}', 'X-Key: "Bearer ${PARTNER_KEY}"}\n    tokne: ${PARTNER_KEY}'),
    "a token that fits no address": ('token: "${LANDING_HOOK}"', 'token: "${CALLTOUCH_KEY}"'),
    "a secret as a number": ("rate: 200/s", "rate: ${CRM_KEY}"),
    "a secret as an address": ("bot${PARTNER_PATH}", "bot?${CALLTOUCH_KEY}#x"),
    "a secret as an action": ("action: retailcrm.create_order", "action: ${PROMO}"),
    "a secret as a path": ("firstName: contact.name", "firstName: ${PROMO}"),
    "a secret as a template": ("firstName: contact.name", 'firstName: "{{ ${CRM_KEY} }}"'),
    "a secret as a schedule": ("every: 1s", "cron: ${PROMO}"),
    "a secret as a scheme": ("scheme: hmac-sha256", "scheme: ${LANDING_SECRET}"),
    "a secret twice": ("site: main", 'site: main, api_key: "${CRM_KEY}"'),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("written", ["as variables", "as they are"])
def test_a_mistake_in_the_line_of_a_secret_does_not_show_it(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, written: str
) -> None:
    good, bad = BROKEN[how]
    text = (place.folder / "bundles.yaml").read_text(encoding="utf-8")
    assert good in text
    text = text.replace(good, bad)
    if written == "as they are":
        for name in environment():
            text = text.replace(f"${{{name}}}", in_quotes(VARIABLES[name]))
    broken = tmp_path / "broken.yaml"
    broken.write_text(text, encoding="utf-8")
    shutil.copy(place.folder / ".env", tmp_path)
    commands = (["check", broken], ["check", "--json", broken], ["history", "--config", broken], ["test", broken])

    codes = [run(["--debug", *map(str, command)]) for command in commands]

    said = printed(capsys)
    assert set(codes) <= {0, 1, 2}
    assert b"broken.yaml:" in said
    assert SEARCH.text(said) == []


def test_a_reload_of_a_broken_file_does_not_log_it(place: Place) -> None:
    file, log = place.folder / "bundles.yaml", place.folder / "run.log"
    good = file.read_text(encoding="utf-8")
    literal = good.replace("${CRM_KEY}", in_quotes(SECRETS["CALLTOUCH_KEY"]))
    try:
        file.write_text(literal.replace("retailcrm.create_order", "${PROMO}"), encoding="utf-8")
        assert place.program.process
        place.program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: b"were not taken over" in log.read_bytes(), "the mistake to be told")
        answered = ask(place.admin, "GET", "/") + ask(place.program.port, "GET", "/readyz")
    finally:
        file.write_text(good, encoding="utf-8")

    assert SEARCH.text(log.read_bytes()) == []
    assert SEARCH.text(answered) == []


def test_the_list_of_processes_shows_none(place: Place) -> None:
    assert place.program.process
    ours = [place.program.process.pid, os.getpid()]

    shown = b"".join(Path(f"/proc/{number}/cmdline").read_bytes() for number in ours)

    assert SEARCH.text(shown) == []


def test_the_folder_holds_none(place: Place) -> None:
    assert list(SEARCH.folder(place.folder)) == []


def in_quotes(secret: str) -> str:
    """Return a secret as it is written between double quotes in YAML."""
    return secret.replace("\\", "\\\\").replace('"', '\\"')


def printed(capsys: pytest.CaptureFixture[str]) -> bytes:
    said = capsys.readouterr()
    return re.sub(r"\x1b\[[0-9;]*m", "", said.out + said.err).encode()


def ask(port: int, method: str, path: str) -> bytes:
    """Return status, headers and body of an answer on loopback."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, headers={"X-Key": "none"})
        answer = connection.getresponse()
        return f"{answer.status}\n{answer.headers}".encode() + answer.read()
