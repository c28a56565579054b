"""The words a connector is written in.

A connector is data: settings, events, actions and the fields of both. Where data cannot say it, a small function does.
`check`, `fields`, `schema`, the docs, the sandbox and the engine all read this one declaration.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal, Protocol
from urllib.parse import quote

from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import CallError

SettingKind = Literal[
    "text", "integer", "boolean", "url", "duration", "rate", "zone", "size", "networks", "path", "mapping", "list"
]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a connection, beside `type`.

    kind: how the written value is read: duration → timedelta, rate → float calls a second, zone → ZoneInfo,
    size → bytes as int (`1MiB`, `500KB`), networks → tuple of ip networks, path → text checked as a source path,
    list → tuple of texts, mapping → dict as written (then `check` may refine it).
    default: the value in its read form; None when there is none.
    check: takes the read value and raises ValueError with a sentence when it cannot be used.
    choices: the allowed values of a text, or of each entry of a list.
    """

    name: str
    kind: SettingKind
    help: str
    default: Any = None
    required: bool = False
    secret: bool = False
    shortest: int = 0
    choices: tuple[str, ...] = ()
    check: Callable[[Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a hook made of a payload.

    event: the full event name, or None when nothing recognises the payload: it is kept as `unmatched`.
    object_key: which thing the event is about; None when it cannot be told (then the event stands alone).
    repeat_key: which re-sending it is; None when repeats cannot be told.
    repeat: "ever" when any earlier event with the same keys makes this one a repeat; "latest" when only the newest event
    of the same object does (a status may go A, B, A, B with identical content: only an immediate repeat is one).
    version: how often the thing was changed when this was sent, from 0 to 2**63 - 1; None when it cannot be told. An event with
    a lower version than the connection has seen of the same object is late: it shows the object as it no longer is.
    """

    event: str | None
    object_key: str | None = None
    repeat_key: str | None = None
    repeat: Literal["ever", "latest"] = "ever"
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of event that a connector brings in.

    name: full, `utmstat.new_lead`. fields: name of the list in the connector's catalogue.
    samples: file names in the connector's samples folder, the best one first.
    open_fields: prefixes under which senders add fields of their own, so unknown paths are no mistake there; `*` is everywhere.
    See catalogue.is_open.
    bulk: it comes in great numbers at once and nobody waits for it, so its deliveries give way to those of other events.
    """

    name: str
    title: str
    fields: str
    samples: tuple[str, ...] = ()
    open_fields: tuple[str, ...] = ()
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """How events of a connector arrive when the other side sends them.

    recognise: (payload, settings of the connection, raw body) → what it is. Pure; never raises for any payload.
    is_address_check: payload → True for the known test bodies of form builders, which become no event.
    derive: payload → further fields made from it, which bundles read like the sender's own. They are made anew for each
    delivery and not stored; a field that the payload has already keeps its value. Pure; never raises for any payload.
    """

    events: tuple[Event, ...]
    recognise: Callable[[Any, Mapping[str, Any], bytes], Recognised]
    is_address_check: Callable[[Any], bool] = lambda _payload: False
    derive: Callable[[Any], Mapping[str, Any]] = lambda _payload: {}


@dataclass(frozen=True, slots=True)
class Window:
    """What a pull asks for: from `start` up to, and not with, `end`. Both are aware, in the zone of the connection's dates."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Pages that are asked for by their number, counted from 1.

    number, size: the request parameters. most: the largest size, asked for unless the bundle sets another.
    total, count: where the answer says how many pages and how many objects there are; an answer may leave them out.
    """

    number: str
    size: str
    most: int
    total: str
    count: str | None = None


@dataclass(frozen=True, slots=True)
class Pull:
    """How events of a connector arrive when we have to ask for them. Functions are pure and take one object as it was answered.

    path: below the connection's address, `{site_id}` standing for a setting.
    window: Window → parameters that ask for it. The answer must hold all objects from its start to the midnight before its end.
    ahead: how far past the present a scheduled window goes. longest: a longer window is read in pieces.
    items: where the answer has its list; a bare list is taken as well.
    object_key: which object it is; None when that cannot be told.
    moment: (object, zone) → the moment that the window filters by; None when it has none.
    updated: (object, zone) → when it was last changed, by which the newer of two copies is known; None when it does not say.
    content: what is compared to know whether it has changed.
    deleted: the flag that says that the object is deleted.
    find: (object, the bundle's parameters) → ways to ask for this one alone, tried in turn until one shows it.
    params: request parameters that a bundle may set under `source.params`; no_window: those in whose presence no window is sent.
    """

    event: Event
    path: str
    window: Callable[[Window], Mapping[str, str]]
    pages: PageNumber
    items: str
    object_key: Callable[[Mapping[str, Any]], str | None]
    moment: Callable[[Mapping[str, Any], tzinfo], datetime | None]
    updated: Callable[[Mapping[str, Any], tzinfo], datetime | None]
    content: Callable[[Mapping[str, Any]], Any]
    find: Callable[[Mapping[str, Any], Mapping[str, str]], Sequence[Mapping[str, str]]]
    deleted: str | None = None
    ahead: timedelta = timedelta(days=1)
    longest: timedelta | None = None
    params: tuple[Setting, ...] = ()
    no_window: tuple[str, ...] = ()

    def request(self, settings: Mapping[str, Any], query: Iterable[tuple[str, str]]) -> Request:
        """Return the call that asks a connection with `settings` for objects."""
        return Request("GET", self.path.format_map(_Quoted(settings)), query=tuple(query))


class _Quoted(dict[str, Any]):
    """Settings as parts of a path."""

    def __getitem__(self, name: str) -> str:
        return quote(str(super().__getitem__(name)), safe="")


@dataclass(frozen=True, slots=True)
class Option:
    """A key of a step that belongs to the action alone, such as `on_duplicate`."""

    name: str
    help: str
    choices: tuple[str, ...] = ()
    kind: Literal["text", "boolean"] = "text"
    default: Any = None


class Asker(Protocol):
    """Who makes one call at a time."""

    def ask(self, request: Request) -> Answer:
        """Make one call and return its answer, judged by the connector's `judge`; CallError otherwise."""


class Call(Asker, Protocol):
    """What an action is handed to do its work.

    fields: the target fields as a nested object, already converted to the catalogue's types.
    options: the action's own keys of the step, defaults filled in.
    settings: the connection's settings in their read form.
    identity: stable for this bundle, step and object: what an external id is derived from.
    doubtful: an earlier try of this step may have reached the service although no answer came back.
    """

    @property
    def fields(self) -> Mapping[str, Any]:
        """Return the target fields."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Return the action's own keys."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return the connection's settings."""

    @property
    def identity(self) -> str:
        """Return what an external id is derived from."""

    @property
    def doubtful(self) -> bool:
        """Return whether an earlier try may have reached the service."""


class Asking(Asker, Protocol):
    """What is handed to those who ask an account about itself; they only read."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return the connection's settings."""

    @property
    def now(self) -> datetime:
        """Return the present moment, aware."""


@dataclass(frozen=True, slots=True)
class Access:
    """What the key of a connection may do.

    scopes: its rights; None where the service does not tell them. reached: name of a reference → the codes of it that the key
    reaches; a reference that is not named is reached whole.
    """

    scopes: frozenset[str] | None = None
    reached: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of a reference. code: what calls name it by; active: False when the account has switched it off."""

    code: str
    title: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """A list of things that an account has and that calls name by their codes: statuses, shops, managers.

    name: as the catalogue's fields have it in `ref`. title: what one of them is called in messages, `order type`.
    read: asks for all of them; CallError. scope: the right that asking needs.
    setting: the setting of a connection that names one; a connection whose key reaches several of them should have it.
    """

    name: str
    title: str
    read: Callable[[Asking], Sequence[Entry]]
    scope: str | None = None
    setting: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """How calls of one kind, made by many deliveries at once, may go as a single one. Functions are pure.

    most: how many at once. key: what tells a call from the others of its batch; None when it goes by itself.
    join: the calls → the one that is sent for them. split: (the calls, its answer) → for each of them the answer that it would
    have got, an error, or None when it has to be sent by itself.
    """

    most: int
    key: Callable[[Request], str | None]
    join: Callable[[Sequence[Request]], Request]
    split: Callable[[Sequence[Request], Answer], Sequence[Answer | CallError | None]]


@dataclass(frozen=True, slots=True)
class Action:
    """What a connector can do in a step.

    name: without the connector, `create_order`. inputs, outputs: names of lists in the connector's catalogue.
    run: does it, through `call.ask` alone, and returns the outputs. Run again after a doubtful end it must look before it writes.
    writes: it changes something, so `--dry-run` plans it instead of calling.
    open_inputs: prefixes under which any field goes (`customFields`).
    needs: groups of inputs of which at least one must be mapped.
    batches: how its calls may go many at once, for a backfill; none when they cannot.
    scopes: the rights that a key needs for it, those included that it needs only after an unclear end.
    settles: only a look keeps what it makes from being made twice, so the connection's `timeout` passes between doubt and look.
    look: the call that shows whether what it would make is there: answered when it is, PermanentError when not. None: no single
    call does.
    """

    name: str
    title: str
    inputs: str
    outputs: str
    run: Callable[[Call], Mapping[str, Any]]
    writes: bool = True
    options: tuple[Option, ...] = ()
    open_inputs: tuple[str, ...] = ()
    open_outputs: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    batches: tuple[Batch, ...] = ()
    scopes: tuple[str, ...] = ()
    settles: bool = False
    look: Callable[[Call], Request] | None = None


@dataclass(frozen=True, slots=True)
class HeaderKey:
    """The key travels in a header."""

    header: str
    setting: str


@dataclass(frozen=True, slots=True)
class QueryKey:
    """The key travels in the query, so whoever sees the whole address has it: only the client that sends the call does."""

    parameter: str
    setting: str


@dataclass(frozen=True, slots=True)
class Connector:
    """One service.

    url: the setting that holds the address of outgoing calls, None for a connector that only listens.
    judge: takes (request, answer) and raises TransientError, RefusedError or PermanentError when the answer is none.
    settings: declared keys of a connection; `connectors.settings` has the ones that many share.
    headers: the setting (a mapping) that holds further headers of every call.
    private: the setting (a boolean) that lets calls reach this machine and private networks; without it they never do. None:
    they may.
    rate_shared_by: whose calls the `rate` counts together: those of one connection, of all connections with the same key to the
    same host, or of all to the same host, for a service that counts by the address that calls come from.
    probe: asks whether the credentials work, and what they allow; CallError when they do not. None: that cannot be asked.
    references: what fields and settings name by code, as the account can be asked for it.
    """

    name: str
    title: str
    settings: tuple[Setting, ...]
    catalogue: Catalogue
    hook: Hook | None = None
    pulls: tuple[Pull, ...] = ()
    actions: tuple[Action, ...] = ()
    url: str | None = None
    auth: HeaderKey | QueryKey | None = None
    headers: str | None = None
    private: str | None = None
    judge: Callable[[Request, Answer], None] | None = None
    rate_shared_by: Literal["connection", "key", "host"] = "connection"
    probe: Callable[[Asking], Access] | None = None
    references: tuple[Reference, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def call_headers(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """Return the headers that every call of a connection with `settings` carries, its key among them."""
        headers = dict(settings.get(self.headers) or {}) if self.headers else {}
        if isinstance(self.auth, HeaderKey):
            headers[self.auth.header] = settings[self.auth.setting]
        return headers

    def call_query(self, settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Return the secret parameters that every call of a connection with `settings` carries."""
        return ((self.auth.parameter, settings[self.auth.setting]),) if isinstance(self.auth, QueryKey) else ()

    def public_only(self, settings: Mapping[str, Any]) -> bool:
        """Return whether the calls of a connection with `settings` are kept to public addresses."""
        return self.private is not None and not settings.get(self.private)

    def setting(self, name: str) -> Setting | None:
        """Return the setting called `name`."""
        return next((setting for setting in self.settings if setting.name == name), None)

    def reference(self, name: str) -> Reference | None:
        """Return the reference called `name`."""
        return next((reference for reference in self.references if reference.name == name), None)

    def action(self, name: str) -> Action | None:
        """Return the action called `name` (without the connector)."""
        return next((action for action in self.actions if action.name == name), None)

    def event(self, name: str) -> Event | None:
        """Return the event with the full name `name`."""
        return next((event for event in self.events if event.name == name), None)

    def pull(self, event: str) -> Pull | None:
        """Return how the event with the full name `event` is asked for; None for one that is sent."""
        return next((pull for pull in self.pulls if pull.event.name == event), None)

    @property
    def events(self) -> tuple[Event, ...]:
        """Return every event that the connector brings in."""
        return (*(self.hook.events if self.hook else ()), *(pull.event for pull in self.pulls))
