"""The keys of a bundle file and what each is for: read by the reader, the JSON Schema and the messages alike."""

from dataclasses import dataclass
from typing import Literal

from apimonster_cli.connectors.spec import SettingKind

Kind = SettingKind | Literal["address", "store", "any"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key. kind: how its value is read, as for a connection's settings; `any` where the reader does it by itself."""

    name: str
    kind: Kind
    help: str
    required: bool = False
    choices: tuple[str, ...] = ()


TOP = (
    Key("version", "integer", "The version of the bundle language: 1.", required=True),
    Key("settings", "any", "Settings of the daemon; every key is optional."),
    Key("connections", "any", "Accounts of services, by a name of yours."),
    Key("bundles", "any", "When this event arrives and passes this filter, do these steps; by a name of yours."),
)
SETTINGS = (
    Key("store", "store", "Where events are kept: sqlite:///apimonster.db or postgresql://user@host/db."),
    Key("listen", "address", "Where webhooks and health checks are answered, such as 127.0.0.1:8080."),
    Key("admin", "address", "Where the web page and the metrics are; off when absent."),
    Key("public_url", "url", "The address that the outside world reaches `listen` by; `sync urls` prints it."),
    Key("timezone", "zone", "The time zone of local times that carry none, such as Europe/Moscow."),
    Key("retention", "any", "How long what came in and went out is kept."),
    Key("workers", "integer", "How many deliveries are worked on at once; 16 unless set."),
    Key("queue_limit", "integer", "How many deliveries may wait before webhooks are put off; 200000 unless set."),
)
RETENTION = (
    Key("events", "duration", "How long events and their deliveries are kept; 14d unless set."),
    Key("transactions", "duration", "How long outgoing calls are kept; 90d unless set."),
)
BUNDLE = (
    Key("title", "text", "What people call it."),
    Key("source", "any", "Which events the bundle is for.", required=True),
    Key("filter", "any", "Conditions on the event, path by path; all must hold."),
    Key("steps", "any", "What to do, in this order.", required=True),
    Key("on_failure", "any", "Steps that run once when a delivery is given up."),
    Key("tests", "any", "Cases for `sync test`."),
)
SOURCE = (
    Key("event", "any", "The event, or a list of events of one connector.", required=True),
    Key("connection", "text", "The connection it comes by; may be left out while only one fits."),
)
SCHEDULE = (
    Key("every", "duration", "How often a pulled event is asked for, such as 10m."),
    Key("cron", "text", "When a pulled event is asked for, such as 30 6 * * 1-5, in the time zone of the connection."),
    Key("lookback", "duration", "How far back each pull reads again, such as 30d; 3d unless set."),
    Key("params", "any", "What the pull asks with, beside its window."),
)
STEP = (
    Key("id", "text", "The step's name; the action's own unless set."),
    Key("action", "text", "What to do, such as retailcrm.create_order.", required=True),
    Key("connection", "text", "The connection to do it on; may be left out while only one fits."),
    Key("for_each", "path", "A list: the step is done once for each item of it."),
    Key("filter", "any", "Conditions; the step is skipped unless all hold."),
    Key("fields", "any", "Target field: where its value comes from."),
    Key("extra_fields", "boolean", "true lets through target fields that the catalogue does not know."),
    Key("on_error", "text", "fail (the default) stops the delivery, continue goes on.", choices=("fail", "continue")),
    Key("retry", "any", "How long the step is tried again."),
    Key("cache", "duration", "How long an answer is used again, such as 10m; for actions that read."),
    Key("max_calls", "integer", "The most calls that one try of the step makes; the step fails when it needs more."),
)
RETRY = (
    Key("attempts", "integer", "At most this many tries."),
    Key("for", "duration", "At most this long, such as 24h."),
    Key("backoff", "duration", "The first pause between tries, such as 5s; it doubles."),
)
CASE = (
    Key("name", "text", "What the case shows.", required=True),
    Key("event", "any", "sample:utmstat.new_lead, a file beside this one, or the event itself.", required=True),
    Key("patch", "any", "Dotted path: value, put into the event."),
    Key("responses", "any", "Step: what it answers in the test."),
    Key("expect", "any", "filtered, or step by step what would be sent.", required=True),
)
META = ("event_id", "received_at", "connection", "event", "bundle", "attempt", "change", "headers", "query", "error")
"""What a path finds under `meta`."""
STEP_STATUS = "status"
"""What a path finds under `steps.<id>` beside the action's outputs: done, skipped or failed."""
STEP_ITEMS = "items"
"""What a step with for_each has beside its status: outputs and status of each item."""
STEP_OUTPUT = "output"
"""The other one: all outputs as they came, a `status` among them that is the service's own."""


def names(*tables: tuple[Key, ...]) -> list[str]:
    """Return the names of all keys in some tables."""
    return [key.name for table in tables for key in table]
