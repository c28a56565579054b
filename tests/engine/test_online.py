"""What a service says of the files: over HTTP against the look-alikes, and of what these do not have by answers of our own."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.bundles.load import load_text
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.daemon.clients import Clients
from apimonster_cli.engine.online import Standing, ask_all
from apimonster_cli.sandbox.account import SCOPES, Key
from apimonster_cli.sandbox.faults import parse_faults
from apimonster_cli.sandbox.server import Sandbox

FILE = """\
version: 1
connections:
  site-leads: {{type: utmstat, token: invented-hook-token}}
  crm: {{type: retailcrm, url: "{url}", api_key: {key}{site}}}
bundles:
  leads:
    source: {{event: utmstat.new_lead}}
    steps:
      - id: order
        action: retailcrm.create_order
        fields:
          phone: contact.phone
          {fields}
"""
KEY = "invented-api-key"


def written(url: str, *fields: str, key: str = KEY, site: str | None = "main") -> str:
    named = f", site: {site}" if site else ""
    return FILE.format(url=url, key=key, site=named, fields="\n          ".join(fields))


def ask(text: str, client_of: Callable[[str], Any] | None = None) -> list[Standing]:
    loaded = load_text(text, environ={}, file="bundles.yaml", folder=Path())
    assert loaded.config, [problem.line() for problem in loaded.problems]
    assert loaded.draft
    clock = SystemClock()
    return ask_all(loaded.config, loaded.draft, client_of or Clients(loaded.config, clock).of, clock)


def lines(text: str, client_of: Callable[[str], Any] | None = None) -> list[str]:
    return [problem.line() for standing in ask(text, client_of) for problem in standing.problems]


@contextmanager
def crm(*keys: Key, sites: tuple[str, ...] = ("main",), faults: str = "") -> Iterator[str]:
    with Sandbox(keys=keys or (Key(KEY),), sites=sites, faults=parse_faults(faults)).serve() as running:
        yield running.url


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with crm() as running:
        yield running


def test_finds_nothing_wrong_with_what_is_there(url: str) -> None:
    fields = ("status: {value: new}", "managerId: 2", "customFields.city: source.first_click.geo.city_name")

    (standing,) = ask(written(url, *fields))

    assert (standing.connection.name, standing.problems, standing.error) == ("crm", (), None)
    assert standing.access
    assert standing.access.scopes == frozenset(SCOPES)
    assert standing.ahead is not None
    assert abs(standing.ahead.total_seconds()) < 60


@pytest.mark.parametrize(
    ("field", "place", "said"),
    [
        ("status: {value: nwe}", "13:27", "crm has no order status nwe (did you mean new?)"),
        ("status: {value: Выполнен}", "13:27", "crm has no order status Выполнен (did you mean complete?)"),
        (
            "status: {from: status_id, lookup: {1: nwe}, default: new}",
            "13:49",
            "no order status nwe (did you mean new?)",
        ),
        ("managerId: 7", "13:22", "crm has no manager 7; there is 1 or 2"),
        ("orderType: {value: gift}", "13:30", "no order type gift; there is eshop-individual or eshop-legal"),
        ("shipmentStore: {value: shpo}", "13:34", "crm has no store shpo (did you mean shop?)"),
        ("countryIso: {value: RUS}", "13:31", "crm has no country RUS (did you mean RU?)"),
        ("payments.0.type: {value: chash}", "13:36", "crm has no payment type chash (did you mean cash?)"),
        ("items: {each: items, fields: {status: {value: nev}}}", "13:57", "no status of an order line nev"),
        ("customFields.citi: id", "13:11", "crm has no custom field of orders citi (did you mean city?)"),
    ],
)
def test_finds_a_code_that_the_account_does_not_have_and_where_it_stands(
    url: str, field: str, place: str, said: str
) -> None:
    (line,) = lines(written(url, field))

    assert line.startswith(f"bundles.yaml:{place}: error: ")
    assert said in line
    assert line.endswith(" [online]")


def test_takes_the_code_of_a_group_where_an_order_is_looked_for(url: str) -> None:
    text = written(url, "status: {value: cancel-group}").replace("create_order", "find_order")

    assert lines(text) == []


def test_finds_an_unknown_site(url: str) -> None:
    (line,) = lines(written(url, site="mian"))

    assert line.startswith("bundles.yaml:4:")
    assert "crm has no shop mian (did you mean main?)" in line


def test_finds_a_site_out_of_the_keys_reach() -> None:
    with crm(Key(KEY, sites=("main",)), sites=("main", "second")) as url:
        (line,) = lines(written(url, site="second"))

    assert "the key of crm does not reach the shop second, it reaches main" in line


def test_warns_of_a_missing_site_where_the_key_reaches_several() -> None:
    with crm(sites=("main", "second")) as url:
        (line,) = lines(written(url, site=None))

    assert line.startswith("bundles.yaml:4:3: warning: ")
    assert "more than one shop (main or second)" in line


def test_tells_a_wrong_key_at_its_connection(url: str) -> None:
    (standing,) = ask(written(url, "status: {value: nwe}", key="mistyped-api-key"))

    (problem,) = standing.problems
    assert standing.access is None
    assert problem.line().startswith("bundles.yaml:4:3: error: connection crm: RetailCRM does not know the key")
    assert "mistyped-api-key" not in problem.line()


def test_tells_which_right_the_key_lacks_at_the_action_that_needs_it() -> None:
    scopes = tuple(scope for scope in SCOPES if scope != "order_write")
    with crm(Key(KEY, scopes=scopes)) as url:
        (line,) = lines(written(url))

    assert line.startswith("bundles.yaml:10:17: error: ")
    assert "retailcrm.create_order needs order_write, which the key of crm does not have" in line


def test_warns_when_the_key_may_not_look_codes_up() -> None:
    with crm(Key(KEY, scopes=("order_read", "order_write"))) as url:
        found = lines(written(url, "status: {value: nwe}", "managerId: 7"))

    assert [line.partition(" [")[0] for line in found] == [
        (
            "bundles.yaml:4:3: warning: the key of crm does not have reference_read, so it was not looked up whether each "
            "shop or order status in the files exists"
        ),
        (
            "bundles.yaml:4:3: warning: the key of crm does not have user_read, so it was not looked up whether each "
            "manager in the files exists"
        ),
    ]


def test_tells_what_cannot_be_reached_and_goes_on_with_the_others(url: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f'  away: {{type: retailcrm, url: "http://127.0.0.1:{nobody.getsockname()[1]}", api_key: {KEY}}}\n'
        text = written(url, "status: {value: nwe}").replace("bundles:\n", f"{away}bundles:\n")
        text = text.replace("action: ", "connection: crm\n        action: ")

        crm_, away_ = ask(text)

    assert ["nwe" in problem.message for problem in crm_.problems] == [True]
    (problem,) = away_.problems
    assert problem.line().startswith("bundles.yaml:5:3: error: connection away: 127.0.0.1 cannot be reached")
    assert "could not be checked" in problem.message


def test_waits_when_it_is_turned_away() -> None:
    with crm(faults="limit=3/s") as url:
        found = lines(written(url, "status: {value: new}", "managerId: 1"))

    assert found == []


def test_asks_calltouch_for_a_page_of_deals() -> None:
    deals = '  deals: {{type: calltouch, site_id: {}, token: {}, url: "{}"}}\n'
    with crm() as url:
        good, bad = (
            ask(written(url).replace("bundles:\n", f"{deals.format(12345, token, url)}bundles:\n"))
            for token in ("sandbox", "mistyped-token")
        )

    assert [standing.problems for standing in good] == [(), ()]
    (problem,) = bad[1].problems
    assert "connection deals: Calltouch refuses the token" in problem.line()


class Answers:
    """A client that answers each path from a table."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table

    def reserve(self) -> None:
        pass

    def send(self, request: Request) -> Answer:
        status, data = self.table.get(request.path, (404, {"success": False, "errorMsg": "API method not found"}))
        return Answer(status, {}, exactjson.dumps({"success": status < 400, **data}).encode())


def test_warns_of_a_code_that_is_switched_off() -> None:
    statuses = {"old": {"code": "old", "name": "Старый", "active": False}}
    client = Answers(
        {
            "/api/credentials": (200, {"siteAccess": "access_full"}),
            "/api/v5/reference/sites": (200, {"sites": {"main": {"code": "main"}}}),
            "/api/v5/reference/statuses": (200, {"statuses": statuses}),
        }
    )

    (line,) = lines(written("https://demo.retailcrm.ru", "status: {value: old}"), lambda _name: client)

    assert line == "bundles.yaml:13:27: warning: the order status old is switched off in crm [online]"


def test_warns_of_a_list_that_the_service_does_not_show() -> None:
    client = Answers(
        {
            "/api/credentials": (200, {"siteAccess": "access_selective", "sitesAvailable": ["main"]}),
            "/api/v5/reference/sites": (200, {"sites": {"main": {"code": "main"}}}),
        }
    )

    (line,) = lines(written("https://demo.retailcrm.ru", "status: {value: new}"), lambda _name: client)

    assert line.startswith("bundles.yaml:4:3: warning: crm did not show each order status: ")


def test_a_code_from_a_variable_is_masked_in_what_is_said(url: str) -> None:
    text = written(url, site='"${SHOP}"')
    loaded = load_text(text, environ={"SHOP": "secret-shop"}, file="bundles.yaml", folder=Path())
    assert loaded.config
    assert loaded.draft
    clock = SystemClock()

    (standing,) = ask_all(loaded.config, loaded.draft, Clients(loaded.config, clock).of, clock)

    (problem,) = standing.problems
    assert problem.place.line == 4
    assert "secret-shop" not in problem.line()
