"""Calltouch: the journal of deals, pulled on a schedule."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from apimonster_cli.connectors.calltouch.answers import RECORDS, judge
from apimonster_cli.connectors.calltouch.deal import changed_at, content, dated, deal_key
from apimonster_cli.connectors.calltouch.parameters import NO_WINDOW, PARAMETERS, by_number, whole_days
from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.settings import TIMEZONE, check_safe_address, outgoing_rate, timeout
from apimonster_cli.connectors.spec import (
    Access,
    Asking,
    Connector,
    Event,
    PageNumber,
    Pull,
    QueryKey,
    Setting,
    Window,
)

ORDER = Event(
    "calltouch.order",
    "Сделка журнала: новая, изменённая или удалённая",
    fields="order",
    samples=(
        "order.json",
        "call.json",
        "request.json",
        "sparse.json",
        "deleted.json",
        "manual.json",
        "other_currency.json",
    ),
    open_fields=("custom",),
)
ORDERS = Pull(
    event=ORDER,
    path="/calls-service/RestAPI/{site_id}/orders-diary/orders",
    window=whole_days,
    ahead=timedelta(days=1),  # whether the last day asked for is part of the answer is written nowhere: ask to tomorrow
    longest=timedelta(days=90),  # one public client (callibri-export) says that the service takes three months at most
    pages=PageNumber("page", size="limit", most=1000, total="pageTotal", count="recordsTotal"),
    items=RECORDS,
    object_key=deal_key,
    moment=dated,
    updated=changed_at,
    content=content,
    deleted="isDeleted",
    find=by_number,
    params=PARAMETERS,
    no_window=NO_WINDOW,
)


def probe(asking: Asking) -> Access:
    """Ask for one deal of today, if there is one: token and site_id are right when that is answered."""
    today = asking.now.astimezone(asking.settings["timezone"])
    window = whole_days(Window(today, today + timedelta(days=1)))
    asking.ask(ORDERS.request(asking.settings, [*window.items(), ("page", "1"), ("limit", "1")]))
    return Access()


CONNECTOR = Connector(
    name="calltouch",
    title="Calltouch",
    settings=(
        Setting("site_id", "integer", "The id of the site in the account.", required=True),
        Setting("token", "text", "The API token (clientApiId) of a login of the account.", required=True, secret=True),
        Setting(
            "url", "url", "The address of the service.", default="https://api.calltouch.ru", check=check_safe_address
        ),
        Setting(
            TIMEZONE.name, TIMEZONE.kind, "The time zone of the account's dates.", default=ZoneInfo("Europe/Moscow")
        ),
        outgoing_rate(5.0),  # five more wait on their side; the eleventh in a second fails (the page of this method)
        timeout(60),
    ),
    catalogue=Catalogue(Path(__file__).parent),
    pulls=(ORDERS,),
    url="url",
    auth=QueryKey("clientApiId", "token"),
    judge=judge,
    probe=probe,
    rate_shared_by="host",  # counted for each address that calls come from, whatever the site and the token
)
