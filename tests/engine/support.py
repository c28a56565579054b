"""What the engine's tests are built from: a clock that is moved by hand, a service that answers by script, bundles in code."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apimonster_cli.bundles.model import Bundle, Config, Connection, Retry, Settings, Step
from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.spec import Action, Call, Connector, Event
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import PermanentError, RefusedError, TransientError
from apimonster_cli.core.place import Place
from apimonster_cli.core.redact import Redactor
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import Claimed, DeliveryRow, HistoryFilter, NewEvent, TransactionRow
from apimonster_cli.values.condition import compile_filter
from apimonster_cli.values.field import compile_field_map

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PLACE = Place("bundles.yaml", 1, 1)
SECRET = "s3cret-key-of-the-shop"
LEASE = timedelta(minutes=5)
LOST = TransientError("the answer was lost", may_have_happened=True)
DOWN = TransientError("nobody answers", may_have_happened=False)


class FakeClock:
    """Stands still; sleeping moves it. leapt: by how much somebody has set it."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.leapt = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed) + self.leapt

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.passed += seconds


Reply = Answer | Exception | Callable[[Request], Answer]


def answer(data: Any = None, status: int = 200) -> Answer:
    return Answer(status, {}, exactjson.dumps({} if data is None else data).encode())


@dataclass
class Service:
    """A client whose other side answers by script; without one it answers {}."""

    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    turned_away: TransientError | None = None

    def describe(self, request: Request) -> tuple[str, str | None]:
        return f"https://crm.example{request.path}", None if request.json is None else exactjson.dumps(request.json)

    def reserve(self) -> None:
        if self.turned_away:
            raise self.turned_away

    def send(self, request: Request) -> Answer:
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else answer()
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply


def put(call: Call) -> Mapping[str, Any]:
    """Write the fields; after a doubtful end look first."""
    if call.doubtful:
        found = call.ask(Request("GET", "/find", query=(("id", call.identity),))).json()
        if found:
            return {"found": True, **found}
    request = Request("POST", "/put", json={"id": call.identity, **call.fields}, writes=True)
    return dict(call.ask(request).json())


def look(call: Call) -> Mapping[str, Any]:
    return dict(
        call.ask(Request("GET", "/find", query=tuple((key, str(value)) for key, value in call.fields.items()))).json()
    )


def judge(request: Request, given: Answer) -> None:
    if given.status in (401, 403):
        raise RefusedError("the key is refused")
    if given.status == 400:
        raise PermanentError("phone is wrong")
    if given.status == 429:
        raise TransientError("too many", may_have_happened=False)
    if given.status >= 500:
        raise TransientError(f"status {given.status}", may_have_happened=request.writes)


PUT = Action("put", "Put", "put.inputs", "put.outputs", put)
LOOK = Action("look", "Look", "look.inputs", "look.outputs", look, writes=False)
CONNECTOR = Connector("crm", "CRM", (), Catalogue("."), actions=(PUT, LOOK), url="url", judge=judge)
MOSCOW = ZoneInfo("Europe/Moscow")


def connection(name: str = "crm", **settings: Any) -> Connection:
    return Connection(name, CONNECTOR, {"url": "https://crm.example", **settings}, PLACE)


def step(
    step_id: str = "order",
    fields: Mapping[str, Any] | None = None,
    *,
    action: Action = PUT,
    to: Connection | None = None,
    only: Mapping[str, Any] | None = None,
    **more: Any,
) -> Step:
    return Step(
        id=step_id,
        action=action,
        action_name=f"crm.{action.name}",
        connection=to or connection(),
        filter=compile_filter(only) if only else None,
        fields=compile_field_map({"name": "name"} if fields is None else fields, lambda _target: None),
        options={},
        on_error=more.pop("on_error", "fail"),
        retry=Retry(**more),
        place=PLACE,
    )


def bundle(
    *steps: Step, name: str = "leads", only: Mapping[str, Any] | None = None, on_failure: tuple[Step, ...] = ()
) -> Bundle:
    return Bundle(
        name=name,
        title=None,
        events=(Event("site.lead", "Lead", "lead"),),
        connection=Connection("site", CONNECTOR, {}, PLACE),
        filter=compile_filter(only) if only else None,
        steps=steps or (step(),),
        on_failure=on_failure,
        tests=(),
        place=PLACE,
    )


def config(*bundles: Bundle, **settings: Any) -> Config:
    connections = {
        each.connection.name: each.connection for made in bundles for each in (*made.steps, *made.on_failure)
    }
    return Config(
        settings=Settings(timezone=MOSCOW, **settings),
        connections=connections,
        bundles={made.name: made for made in bundles},
        redactor=Redactor([SECRET]),
        files=(),
        base=Path(),
    )


class Bench:
    """A store in a folder of its own, an engine over scripted services, and a clock."""

    def __init__(self, folder: Path, *bundles: Bundle, dry_run: bool = False, **settings: Any) -> None:
        self.clock = FakeClock()
        self.config = config(*bundles, **settings)
        self.services = {name: Service() for name in self.config.connections}
        self.store: Store = open_store("sqlite:///test.db", base=folder, daemon=True, clock=self.clock)
        self.engine = self.fresh_engine(dry_run=dry_run)

    @property
    def crm(self) -> Service:
        return self.services["crm"]

    def fresh_engine(self, *, dry_run: bool = False) -> Engine:
        return Engine(self.store, self.config, self.services.__getitem__, self.clock, dry_run=dry_run)

    def accept(
        self, payload: Any = None, *, key: str | None = None, to: tuple[str, ...] | None = None, bulk: bool = False
    ) -> int:
        event = NewEvent(
            connection="site",
            event="site.lead",
            status="accepted",
            received_at=self.clock.now(),
            payload=exactjson.dumps({"name": "Анна"} if payload is None else payload),
            object_key=key,
            bundles=to or tuple(self.config.bundles),
            bulk=bulk,
        )
        return self.store.accept(event).result(timeout=10).event_id

    def claim(self) -> list[Claimed]:
        return self.store.claim("w", list(self.config.bundles), limit=16, lease=LEASE, now=self.clock.now())

    def deliver_due(self) -> list[str | None]:
        """Deliver what is due now and return the outcomes."""
        return [self.engine.deliver(claimed, self.config.bundles[claimed.bundle]) for claimed in self.claim()]

    def deliver_next(self) -> list[str | None]:
        """Let the time pass until something is due, and deliver it."""
        due = self.store.next_due(list(self.config.bundles))
        assert due is not None
        self.clock.passed = max(self.clock.passed, (due - START).total_seconds())
        return self.deliver_due()

    def delivery(self, event_id: int = 1, number: int = 0) -> DeliveryRow:
        return self.store.deliveries(event_id)[number]

    def transactions(self) -> list[TransactionRow]:
        """Return the calls on record, the oldest first."""
        return self.store.transactions(HistoryFilter())[::-1]


@contextmanager
def bench(folder: Path, *bundles: Bundle, dry_run: bool = False, **settings: Any) -> Iterator[Bench]:
    made = Bench(folder, *bundles, dry_run=dry_run, **settings)
    try:
        yield made
    finally:
        made.store.close_store()


def held_by_nobody(claimed: Claimed) -> Claimed:
    """Return the claim of a worker that has meanwhile lost it."""
    return replace(claimed, lease=replace(claimed.lease, attempt=claimed.lease.attempt - 1))


class Benches:
    """Makes benches that are closed after the test."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def __call__(self, *bundles: Bundle, **more: Any) -> Bench:
        return self._stack.enter_context(bench(self._folder, *bundles, **more))
