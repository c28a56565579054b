"""The clients of a configuration."""

from dataclasses import replace

import pytest

from apimonster_cli.core.call import Request
from apimonster_cli.core.errors import PermanentError
from apimonster_cli.daemon.clients import Clients
from tests.engine.support import FakeClock, bundle, config


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
