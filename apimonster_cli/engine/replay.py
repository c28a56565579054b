"""What can be delivered again, under the bundles as they are now; and what of it is in the service already."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apimonster_cli.bundles.model import Bundle, Config, Connection, Step
from apimonster_cli.connectors.spec import Recognised
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import CallError, PermanentError
from apimonster_cli.engine.asking import Account
from apimonster_cli.engine.call import Client
from apimonster_cli.engine.context import context_of, identity
from apimonster_cli.engine.renamed import names_on_record
from apimonster_cli.store.api import Store
from apimonster_cli.store.past import PastDelivery, PastEvent, Replay
from apimonster_cli.store.rows import Claimed, EventRow, FinishedStep, Lease

_NOTHING_IN_IT = {
    "rejected": "it could not be read when it came in",
    "forgotten": "what was in it was erased by sync forget",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A delivery that can be made again. delivery: as it ended; None when the event never went through the bundle."""

    item: Replay
    event: PastEvent
    delivery: PastDelivery | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An event that is not delivered again, and why; bundle: through which, None for all."""

    event_id: int
    bundle: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What is delivered again, and what of that which was asked for is not."""

    chosen: tuple[Chosen, ...]
    left_out: tuple[LeftOut, ...]


def choose(config: Config, store: Store, past: Iterable[PastEvent], *, failed: bool, bundle: str | None) -> Choice:
    """Return what of the events can be delivered again. failed: only failed deliveries; bundle: only through this one."""
    found = [each for event in past for each in _of_event(config, store, event, failed=failed, only=bundle)]
    return Choice(
        tuple(each for each in found if isinstance(each, Chosen)),
        tuple(each for each in found if isinstance(each, LeftOut)),
    )


def _of_event(
    config: Config, store: Store, event: PastEvent, *, failed: bool, only: str | None
) -> Iterator[Chosen | LeftOut]:
    if event.status in _NOTHING_IN_IT:
        yield LeftOut(event.id, None, _NOTHING_IN_IT[event.status])
        return
    if event.connection not in config.connections:
        yield LeftOut(event.id, None, f"there is no connection {event.connection} any more")
        return
    known = Recognised(event.event, event.object_key) if event.event else _recognised(config, store, event)
    if known.event is None:
        yield LeftOut(event.id, None, "nothing recognises it")
        return
    made = {delivery.bundle: delivery for delivery in event.deliveries}
    takes = [name for name, each in config.bundles.items() if _takes(each, event, known.event, made)]
    new = (None, None) if event.event else (known.event, known.object_key)
    for name in dict.fromkeys([*takes, *made]):
        delivery = made.get(name)
        if only not in (None, name) or (failed and (delivery is None or delivery.state != "failed")):
            continue
        if delivery is not None and delivery.state in ("waiting", "running"):
            yield LeftOut(event.id, name, f"it is on its way ({delivery.state})")
        elif name not in config.bundles:
            yield LeftOut(event.id, name, f"there is no bundle {name} any more")
        elif name not in takes:
            yield LeftOut(event.id, name, f"the bundle {name} does not take {known.event} any more")
        else:
            yield Chosen(Replay(event.id, name, delivery.id if delivery else None, *new), event, delivery)
    if not takes and not made:
        yield LeftOut(event.id, None, f"no bundle takes {known.event}")


def _takes(bundle: Bundle, event: PastEvent, name: str, made: Mapping[str, PastDelivery]) -> bool:
    """Return whether a bundle takes an event; a pulled one belongs to the bundle that pulled it alone."""
    if bundle.connection.name != event.connection or name not in {each.name for each in bundle.events}:
        return False
    return event.change is None or bundle.name in made


def _recognised(config: Config, store: Store, event: PastEvent) -> Recognised:
    """Return what an event is that nothing recognised when it came in: connector and settings may know it by now."""
    connection = config.connections[event.connection]
    row = store.event(event.id)
    if connection.connector.hook is None or row is None or row.payload is None:
        return Recognised(None)
    raw = row.body if row.body is not None else row.payload.encode()
    return connection.connector.hook.recognise(exactjson.loads(row.payload), connection.settings, raw)


# what is there already ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Looking:
    """connectors.spec.Call, for the one call that looks whether something is there."""

    fields: Mapping[str, Any]
    options: Mapping[str, Any]
    settings: Mapping[str, Any]
    identity: str
    doubtful: bool = False

    def ask(self, request: Request) -> Answer:
        """Refuse: which call it would be is asked, and nothing else."""
        raise PermanentError(f"{request.path} cannot be asked here")


@dataclass(frozen=True, slots=True)
class _Look:
    chosen: Chosen
    step: Step
    request: Request


def what_is_there(
    config: Config, store: Store, chosen: Sequence[Chosen], client_of: Callable[[str], Client], clock: Clock
) -> dict[Replay, bool]:
    """Return for each of `chosen` whether the service has what its first making step would make; what cannot be told is left out.

    Looks of the same kind go as one call where the service has such a call.
    """
    together: defaultdict[tuple[str, str, tuple[tuple[str, str], ...]], list[_Look]] = defaultdict(list)
    for each in chosen:
        look = _look(config, store, each)
        if look is not None:
            together[look.step.connection.name, look.step.action_name, look.request.query].append(look)
    found: dict[Replay, bool] = {}
    for (connection, _, _), looks in together.items():
        account = Account(config.connections[connection], client_of(connection), clock)
        found |= _asked(account, looks)
    return found


def _look(config: Config, store: Store, chosen: Chosen) -> _Look | None:
    """Return the look of the first step that has one; None when its fields cannot be built beforehand."""
    bundle = config.bundles[chosen.item.bundle]
    place = next((place for place, step in enumerate(bundle.steps) if step.action.look and not step.for_each), None)
    row = store.event(chosen.event.id)
    if place is None or row is None or row.payload is None:
        return None
    step = bundle.steps[place]
    claimed = _as_claimed(row, chosen, store)
    try:
        scope = context_of(claimed, bundle, config.settings).scope(step)
        fields = step.fields.build(scope).fields
        key = names_on_record(bundle.steps, claimed)[place]
        call = _Looking(fields, step.options, step.connection.settings, identity(claimed, key))
        return _Look(chosen, step, step.action.look(call)) if step.action.look else None
    except (CallError, ValueError):  # what an earlier step brings may be missing; the delivery itself will tell
        return None


def _as_claimed(row: EventRow, chosen: Chosen, store: Store) -> Claimed:
    """Return the delivery as a worker would get it, with what earlier steps have brought."""
    rows = store.deliveries(row.id) if chosen.delivery else []
    steps = [step for each in rows if each.bundle == chosen.item.bundle for step in each.steps]
    return Claimed(
        lease=Lease(chosen.item.delivery_id or 0, "", 1),
        event_id=row.id,
        event=chosen.item.event or row.event or "",
        connection=row.connection,
        bundle=chosen.item.bundle,
        object_key=chosen.item.object_key if chosen.item.event else row.object_key,
        received_at=row.received_at,
        payload=row.payload or "null",
        query=row.query,
        headers=row.headers,
        finished=tuple(FinishedStep(step.step, step.outcome, step.output, step.error) for step in steps),
        doubtful={},
        store_id=store.store_id(),
        tries=0,
        first_tried_at=None,
        actions={step.step: step.action for step in steps},
        change=row.change,
    )


def _asked(account: Account, looks: Sequence[_Look]) -> dict[Replay, bool]:
    batches = looks[0].step.action.batches
    batch = next((each for each in batches if each.key(looks[0].request) is not None), None)
    most = batch.most if batch else 1
    found: dict[Replay, bool] = {}
    for start in range(0, len(looks), most):
        part = looks[start : start + most]
        requests = [look.request for look in part]
        try:
            answers = (
                batch.split(requests, account.ask(batch.join(requests))) if batch else [_answer(account, *requests)]
            )
        except CallError:
            return found  # asking on would only take time
        for look, answer in zip(part, answers, strict=True):
            there = _is_there(account.connection, look.request, answer)
            if there is not None:
                found[look.chosen.item] = there
    return found


def _answer(account: Account, request: Request) -> Answer | CallError:
    try:
        return account.ask(request)
    except PermanentError as error:
        return error


def _is_there(connection: Connection, request: Request, answer: Answer | CallError | None) -> bool | None:
    if isinstance(answer, PermanentError):
        return False
    if not isinstance(answer, Answer):
        return None
    try:
        if connection.connector.judge is not None:
            connection.connector.judge(request, answer)
    except PermanentError:
        return False
    except CallError:
        return None
    return True
