"""`sync demo`: the whole system at work on this machine, and whether every lead has become an order."""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.leads import Posting, deal_order, more_leads, samples
from apimonster_cli.cli.opening import store_beside
from apimonster_cli.cli.stage import API_KEY, Stage, client_to, stage
from apimonster_cli.cli.stopping import until_stopped
from apimonster_cli.cli.urls import addresses
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Request
from apimonster_cli.core.errors import SyncError

if TYPE_CHECKING:
    from apimonster_cli.cli.output import Advance
    from apimonster_cli.store.api import Store
    from apimonster_cli.store.rows import DeliveryRow
    from apimonster_cli.transport.client import Client

_RATE = "1000/s"  # the look-alike sets no limit; the real service takes 10 calls a second
_SENDERS = 8
_PAGE = 100
_SHOWN = 40
_PATIENCE = 60.0  # seconds without any progress before the demo gives up


@dataclass(frozen=True, slots=True)
class Sent:
    """A posting that was acknowledged, or a deal that was pulled, and the id of its event; 0 for a deal that did not come."""

    posting: Posting
    event_id: int


def command(
    *,
    leads: Annotated[int, typer.Option(min=0, help="Send this many more leads, made up.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed makes up the same leads.")] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,
) -> int:
    """Show the whole system at work, with no account and no network.

    Look-alikes of RetailCRM and Calltouch and the daemon run on this machine; the daemon reads the diary of deals, sample
    events are posted over HTTP, and in the end the CRM is asked for every order. Exit code 0 only when each lead and each
    deal has become exactly one order.
    """
    begun = time.monotonic()
    with stage(rate=_RATE) as set_up, store_beside(set_up.config) as store:
        sent = play(set_up, store, more_leads(leads, seed=seed))
        orders = orders_in_crm(set_up)
        failed = report(sent, store, orders, time.monotonic() - begun)
        if keep:
            _stay(set_up)
    return WORK_FAILED if failed else 0


def play(set_up: Stage, store: "Store", leads: Sequence[Posting]) -> list[Sent]:
    """Wait for the diary, post the samples one after the other and the leads all at once; return when every delivery is closed."""
    shipped = samples()
    total = len(shipped) + len(leads) + len(set_up.deals)
    client = client_to(set_up.daemon, "daemon", set_up.config)
    tokens = {name: str(row.settings.get("token")) for name, row in set_up.config.connections.items()}
    senders = ThreadPoolExecutor(_SENDERS)
    sent: list[Sent] = []
    try:
        with output.progress(f"{total} events on their way to the CRM", total) as advance:
            sent += pulled(set_up, store)
            for posting in shipped:  # one of them is about an order that an earlier one makes
                sent.append(post(client, posting, tokens))
                settle(set_up, store, advance)
            posts = [senders.submit(post, client, lead, tokens) for lead in leads]
            settle(set_up, store, advance, posts)
    finally:
        senders.shutdown(cancel_futures=True)
        client.close()
    return sorted(sent + [done.result() for done in posts], key=lambda one: one.event_id)


def post(client: "Client", posting: Posting, tokens: Mapping[str, str]) -> Sent:
    """Send one event as the real sender does; SyncError when it is not acknowledged."""
    path = f"/hooks/{posting.connection}/{tokens[posting.connection]}"
    answer = client.send(posting.request(path))
    if answer.status != 200:
        raise SyncError(f"the daemon answered {answer.status} to {posting.event}: {answer.text()}")
    return Sent(posting, int(answer.json()["event"]))


def settle(set_up: Stage, store: "Store", advance: "Advance", posts: "Sequence[Future[Sent]]" = ()) -> None:
    """Wait until everything is posted and no delivery is open; SyncError when nothing moves any more."""
    closed, moved = -1, time.monotonic()
    while True:
        posted = all(post.done() for post in posts)  # asked before the store is, which then knows all of them
        states = store.counts().deliveries
        open_ = states.get("waiting", 0) + states.get("running", 0)
        if sum(states.values()) - open_ != closed:
            closed, moved = sum(states.values()) - open_, time.monotonic()
            advance(closed)
        if posted and not open_:
            return
        set_up.check_alive()
        if time.monotonic() - moved > _PATIENCE:
            raise SyncError(f"{open_} deliveries have not moved for {_PATIENCE:.0f} s:\n{set_up.log()}")
        time.sleep(0.03)


def pulled(set_up: Stage, store: "Store") -> list[Sent]:
    """Wait until the daemon has asked for the diary once; return its deals, with their events where they came in."""
    from apimonster_cli.store.rows import HistoryFilter

    end = time.monotonic() + _PATIENCE
    while not any(state.complete for state in store.pull_states()):
        set_up.check_alive()
        if time.monotonic() > end:
            raise SyncError(f"the daemon has not read the diary within {_PATIENCE:.0f} s:\n{set_up.log()}")
        time.sleep(0.03)
    events = store.events(HistoryFilter(connection="deals", limit=len(set_up.deals)))
    by_order = {deal_order(exactjson.loads(event.payload or "{}")): event.id for event in events}
    return [
        Sent(Posting("deals", "calltouch.order", deal, name), by_order.get(name, 0))
        for deal in set_up.deals
        for name in (deal_order(deal),)
    ]


def orders_in_crm(set_up: Stage) -> list[dict[str, Any]]:
    """Return every order that the CRM holds, asked page by page through its API."""
    client = client_to(set_up.crm, "crm", set_up.config, {"X-API-KEY": API_KEY})
    found: list[dict[str, Any]] = []
    page = pages = 1
    try:
        while page <= pages:
            answer = client.send(Request("GET", "/api/v5/orders", query=(("limit", str(_PAGE)), ("page", str(page)))))
            if answer.status != 200:
                raise SyncError(f"the look-alike answered {answer.status} when asked for its orders: {answer.text()}")
            body = answer.json()
            found += body["orders"]
            pages, page = body["pagination"]["totalPageCount"], page + 1
    finally:
        client.close()
    return found


def report(sent: Sequence[Sent], store: "Store", orders: Sequence[Mapping[str, Any]], seconds: float) -> bool:
    """Print what became of each event and the verdict; return whether an order is missing or there twice."""
    by_external_id: dict[str, list[Mapping[str, Any]]] = {}
    for order in orders:
        by_external_id.setdefault(str(order.get("externalId")), []).append(order)
    rows = (row for one in sent[:_SHOWN] for row in _rows(one, store.deliveries(one.event_id), by_external_id))
    output.table(("id", "event", "bundle", "outcome", "order", "status", "customer"), rows)
    if len(sent) > _SHOWN:
        output.say(f"… and {len(sent) - _SHOWN} more")
    expected = {one.posting.external_id for one in sent} - {None}
    missing = sorted(expected - by_external_id.keys(), key=str)
    doubled = sorted(external_id for external_id, found in by_external_id.items() if len(found) > 1)
    output.say(
        f"{len(sent)} events, {len(expected)} orders expected, {len(orders)} in the CRM: "
        f"{len(missing)} missing, {len(doubled)} there twice. {seconds:.1f} s."
    )
    for text, names in (("missing", missing), ("there twice", doubled)):
        if names:
            output.say(f"{text}: {', '.join(map(str, names[:_SHOWN]))}")
    return bool(missing or doubled)


def _rows(
    one: Sent, deliveries: "Iterable[DeliveryRow]", orders: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterable[Sequence[Any]]:
    for delivery in deliveries:
        order = _order_of(one, delivery, orders)
        person = " ".join(str(order[key]) for key in ("firstName", "lastName") if order.get(key))
        yield (
            one.event_id,
            one.posting.event,
            delivery.bundle,
            delivery.state,
            f"{order['number']} (id {order['id']})" if order else delivery.error,
            order.get("status"),
            person,
        )


def _order_of(
    one: Sent, delivery: "DeliveryRow", orders: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Mapping[str, Any]:
    """Return the CRM's order of a delivery: the one that its event was to make, else the one that a step wrote to."""
    if one.posting.external_id:
        return next(iter(orders.get(one.posting.external_id, ())), {})
    written = {str(step.output.get("id")) for step in delivery.steps if step.outcome == "done"}
    return next((order for found in orders.values() for order in found if str(order["id"]) in written), {})


def _stay(set_up: Stage) -> None:
    with until_stopped() as wait:
        output.say()
        output.say(f"RetailCRM look-alike  {set_up.crm} (API key {API_KEY}, site main)")
        output.say(f"Calltouch look-alike  {set_up.crm} (token {API_KEY}, site_id 12345)")
        for row in addresses(set_up.config):
            output.say(f"{row['connection']:<21} {row['url']}")
        output.say(f"bundle file, store    {set_up.folder}")
        output.say("Ctrl-C ends it all and deletes the folder.")
        output.flush()
        wait()
