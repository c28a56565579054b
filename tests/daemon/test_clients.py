"""The clients of a configuration."""

from dataclasses import replace

import pytest

from apimonster_cli.bundles.model import Config, Connection
from apimonster_cli.connectors import registry
from apimonster_cli.core.call import Request
from apimonster_cli.core.errors import PermanentError, TransientError
from apimonster_cli.daemon.clients import Clients, Rates
from tests.engine.support import CONNECTOR, PLACE, FakeClock, bundle, config


def test_a_connection_keeps_its_client() -> None:
    clients = Clients(config(bundle()), FakeClock())

    client = clients.of("crm")

    assert clients.of("crm") is client
    assert client.describe(Request("GET", "/find")) == ("https://crm.example/find", None)


def test_a_connection_that_only_listens_cannot_be_called() -> None:
    made = config(bundle())
    site = made.bundles["leads"].connection
    listens = replace(site, connector=replace(site.connector, url=None))

    with pytest.raises(PermanentError, match="connection site .* only listens"):
        Clients(replace(made, connections={"site": listens}), FakeClock()).of("site")


def sites(**rates: float | None) -> Config:
    """Return connections to one host, whose service counts all calls from here together."""
    counted = replace(CONNECTOR, rate_shared_by="host")
    made = {
        name: Connection(name, counted, {"url": f"https://API.example/{name}", "rate": rate}, PLACE)
        for name, rate in rates.items()
    }
    return replace(config(bundle()), connections=made)


def test_connections_to_one_host_share_a_rate_where_the_service_counts_them_together() -> None:
    made, rates = sites(one=5.0, two=5.0), Rates(FakeClock())

    first, second = (rates.of(connection, made) for connection in made.connections.values())

    assert first is second


def test_shops_of_one_key_share_its_rate() -> None:
    account, other = "https://demo.retailcrm.ru", "https://other.retailcrm.ru"
    keys = {"one": (account, "a"), "two": (account, "a"), "key": (account, "b"), "account": (other, "a")}
    made = {
        name: Connection(name, registry.connector("retailcrm"), {"url": url, "api_key": key, "rate": 10.0}, PLACE)
        for name, (url, key) in keys.items()
    }
    whole, rates = replace(config(bundle()), connections=made), Rates(FakeClock())

    held = {name: rates.of(connection, whole) for name, connection in made.items()}

    assert held["one"] is held["two"]
    assert len({id(rate) for rate in held.values()}) == 3


def test_the_slowest_of_shared_rates_holds_for_all() -> None:
    made, rates = sites(one=5.0, two=2.0, three=None), Rates(FakeClock())

    shared = [rates.of(connection, made) for connection in made.connections.values()]

    assert shared[0]
    assert shared[0].reserve() == 0
    assert 0.5 <= shared[0].reserve() < 0.6  # half a second is two a second, and a little more for the way
    assert shared[1] is shared[0] is shared[2]


def test_connections_that_are_counted_alone_have_rates_of_their_own() -> None:
    made = {
        name: Connection(name, CONNECTOR, {"url": "https://crm.example", "rate": 10.0}, PLACE)
        for name in ("one", "two")
    }
    whole, rates = replace(config(bundle()), connections=made), Rates(FakeClock())

    first, second = (rates.of(connection, whole) for connection in made.values())

    assert first is not second


def test_a_rate_outlives_a_reload_unless_it_is_changed() -> None:
    rates = Rates(FakeClock())
    before, same, slower = sites(one=5.0), sites(one=5.0, two=5.0), sites(one=1.0)

    held = [rates.of(each.connections["one"], each) for each in (before, same, slower)]

    assert held[0] is held[1]
    assert held[2] is not held[0]


def test_a_connection_without_a_rate_has_none() -> None:
    made = sites(one=None)

    assert Rates(FakeClock()).of(made.connections["one"], made) is None


@pytest.mark.parametrize("private", [None, False])
def test_a_connector_for_any_host_reaches_private_networks_only_where_its_connection_says_so(
    *, private: bool | None
) -> None:
    http = registry.connector("http")
    closed = Connection("hook", http, {"url": "http://127.0.0.1:9", "private": private}, PLACE)
    opened = Connection("own", http, {"url": "http://127.0.0.1:9", "private": True}, PLACE)
    clients = Clients(replace(config(bundle()), connections={"hook": closed, "own": opened}), FakeClock())

    with pytest.raises(PermanentError, match="private: true"):
        clients.of("hook").send(Request("GET", "/"))
    with pytest.raises(TransientError, match="refuses the connection"):
        clients.of("own").send(Request("GET", "/"))
