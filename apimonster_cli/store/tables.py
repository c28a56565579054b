"""The schema. The comments are what docs/store.md shows a user, column by column.

A change here needs a new file in migrations/versions and its revision as HEAD in migrate.py.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    text,
)

from apimonster_cli.store.kinds import JsonText, Moment, Words

PRIORITIES = (0, 1)  # of deliveries that somebody waits for, and of those of bulk events and of replays

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, comment="number of the event, as `sync show` takes it; never used twice"),
    Column("connection", Text, nullable=False, comment="connection it came in through"),
    Column("event", Text, comment="what it is, such as `utmstat.new_lead`; empty when nothing recognised it"),
    Column(
        "status",
        Text,
        nullable=False,
        comment="`accepted`, `stale` (too late to be delivered), `unmatched` (nothing recognised it), `rejected`, or `forgotten` "
        "(what was in it is erased)",
    ),
    Column("object_key", Words, comment="which thing it is about; empty when that cannot be told"),
    Column("received_at", Moment, nullable=False, comment="when it came in"),
    Column("repeats", Integer, nullable=False, comment="how many times the same event was sent again"),
    Column("repeat_key", Words, comment="what tells a repeat from a new event; empty when repeats cannot be told"),
    Column("reason", Words, comment="why it was rejected, not matched or not delivered"),
    Column("remote", Words, comment="address of the sender"),
    Column("content_type", Words, comment="content type that the sender named"),
    Column("query", JsonText, nullable=False, comment="query parameters of the webhook, JSON"),
    Column("headers", JsonText, nullable=False, comment="headers of the webhook, JSON, secrets masked"),
    Column("payload", Words, comment="the event as JSON, the sender's own text where that was JSON"),
    Column("body", LargeBinary, comment="the raw body where it was not JSON"),
    Column("change", Text, comment="of a pulled one: `created`, `updated` or `deleted`"),
    Column("version", BigInteger, comment="version of the thing that it shows; empty when that cannot be told"),
    Index("events_by_time", "received_at"),
    Index("events_by_object", "connection", "event", "object_key"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True, comment="number of the delivery; never used twice"),
    Column(
        "event_id",
        ForeignKey("events.id", ondelete="CASCADE"),
        nullable=False,
        comment="event that is delivered → `events.id`",
    ),
    Column("bundle", Text, nullable=False, comment="bundle that the event goes through"),
    Column("object_key", Words, comment="that of the event: one object's events go through a bundle in order"),
    Column("state", Text, nullable=False, comment="`waiting`, `running`, `done`, `filtered` or `failed`"),
    Column("behind", Integer, comment="older delivery of the same object that has to end first → `deliveries.id`"),
    Column("due_at", Moment, nullable=False, comment="when to work on it next; of a running one, when its lease ends"),
    Column("attempt", Integer, nullable=False, comment="how many times it was taken up"),
    Column("tries", Integer, nullable=False, comment="tries that count towards giving up"),
    Column("turned_away", Boolean, nullable=False, comment="1: the last attempt ended before its call was sent"),
    Column("worker", Text, comment="worker that holds it; empty unless running"),
    Column("at_step", Text, comment="step that it is at, or was at last"),
    Column("created_at", Moment, nullable=False, comment="when it was made"),
    Column("first_tried_at", Moment, comment="when its first attempt began"),
    Column("closed_at", Moment, comment="when it ended; empty while it is open"),
    Column("failing", Words, comment="why it was given up; its `on_failure` steps run from then on"),
    Column("error", Words, comment="what went wrong last, or what the filter refused"),
    Column(
        "priority",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="0, or 1 when its event is one of a great many that nobody waits for, or is replayed: those with 0 go first",
    ),
    Column(
        "interrupted",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="how many times in a row the program ended in the middle of an attempt",
    ),
    sqlite_autoincrement=True,
)
is_open = deliveries.c.closed_at.is_(None)
is_free = and_(is_open, deliveries.c.behind.is_(None))  # open, and no older one of the same object before it
Index("deliveries_by_event", deliveries.c.event_id)
Index("deliveries_by_state", deliveries.c.state)
# Partial, so that what is closed costs nothing; due holds all that a claim looks at before it takes a row. PostgreSQL's own
# argument for that would load all there is for PostgreSQL, with every start of the program.
Index(
    "deliveries_due",
    deliveries.c.priority,
    deliveries.c.due_at,
    deliveries.c.id,
    deliveries.c.bundle,
    sqlite_where=is_free,
)
# The object first: with the bundle first SQLite would prefer this index for a claim, and sort all that waits.
Index("deliveries_open", deliveries.c.object_key, deliveries.c.bundle, sqlite_where=is_open)
Index(
    "deliveries_behind",
    deliveries.c.behind,
    sqlite_where=deliveries.c.behind.is_not(None),
)

steps = Table(
    "steps",
    metadata,
    Column(
        "delivery_id",
        ForeignKey("deliveries.id", ondelete="CASCADE"),
        primary_key=True,
        comment="delivery → `deliveries.id`",
    ),
    Column(
        "step",
        Text,
        primary_key=True,
        comment="id of the step, `.0` behind it for its first item; `on_failure.` stands before those of on_failure",
    ),
    Column("position", Integer, nullable=False, comment="its place in the bundle, from 0"),
    Column("action", Text, nullable=False, comment="what it does, such as `retailcrm.create_order`"),
    Column("outcome", Text, nullable=False, comment="`done`, `skipped` or `failed`"),
    Column("ended_at", Moment, nullable=False, comment="when it ended"),
    Column("fields", JsonText, nullable=False, comment="target fields as they were built, JSON, secrets masked"),
    Column("origins", JsonText, nullable=False, comment="where each target field came from, JSON"),
    Column("output", JsonText, nullable=False, comment="what came out, for later steps to use, JSON"),
    Column("error", Words, comment="why it failed or was skipped"),
)

transactions = Table(
    "transactions",
    metadata,
    Column("id", Integer, primary_key=True, comment="number of the transaction; never used twice"),
    Column("delivery_id", Integer, comment="delivery it belongs to; may be pruned before it; empty for a pull"),
    Column("event_id", Integer, comment="event of that delivery; may be pruned before it; empty for a pull"),
    Column("bundle", Text, nullable=False, comment="bundle of that delivery, or that pulls"),
    Column("step", Text, nullable=False, comment="id of the step, or `pull`"),
    Column("connection", Text, nullable=False, comment="connection that was called"),
    Column(
        "action", Text, nullable=False, comment="what the step does, such as `retailcrm.create_order`; the event pulled"
    ),
    Column("method", Text, nullable=False, comment="`GET`, `POST`, …"),
    Column("url", Words, nullable=False, comment="address that was called, secrets masked"),
    Column("writes", Boolean, nullable=False, comment="1: the call changes something on the other side"),
    Column(
        "state",
        Text,
        nullable=False,
        comment="`sent`, `answered`, `unknown` (it may have happened), `turned_away` (it did not) or `planned` (dry run)",
    ),
    Column("status", Integer, comment="HTTP status of the answer"),
    Column("sent_at", Moment, nullable=False, comment="when it was put on record, just before it was sent"),
    Column("ended_at", Moment, comment="when the answer came or was given up on"),
    Column("error", Words, comment="what went wrong"),
    Column("request", Words, comment="body that was sent, secrets masked"),
    Column("answer", Words, comment="body that came back, secrets masked"),
    Index("transactions_by_delivery", "delivery_id"),
    Index("transactions_by_event", "event_id"),
    Index("transactions_by_time", "sent_at"),
    sqlite_autoincrement=True,
)

repeat_keys = Table(
    "repeat_keys",
    metadata,
    Column("key", String(32), primary_key=True, comment="hash of connection, event, object key and repeat key"),
    Column("event_id", Integer, nullable=False, comment="first event with them; may be pruned before the key"),
    Column("seen_at", Moment, nullable=False, comment="when that event came in"),
    Index("repeat_keys_by_time", "seen_at"),
    sqlite_with_rowid=False,
)

versions = Table(
    "versions",
    metadata,
    Column("connection", Text, primary_key=True, comment="connection that the events came in through"),
    Column("object_key", Words, primary_key=True, comment="which thing they are about"),
    Column("event", Text, primary_key=True, comment="what they are, such as `salesdrive.new_order`"),
    Column("version", BigInteger, nullable=False, comment="highest version among them"),
    Column("seen_at", Moment, nullable=False, comment="when that came in"),
    Index("versions_by_time", "seen_at"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("bundle", Text, primary_key=True, comment="bundle that pulls"),
    Column("reading", Text, primary_key=True, comment="`schedule`, or the period of a backfill"),
    Column("complete", Moment, comment="when the last complete read began: the next goes on from there"),
    Column("tried_at", Moment, comment="when the last pull began, whatever became of it"),
    Column("failures", Integer, nullable=False, comment="pulls that failed since the last complete one"),
    Column("retry_at", Moment, comment="when to pull again after a failure"),
    Column("error", Words, comment="why the last pull failed; empty when it did not"),
    Column("holder", Text, comment="program that is pulling; empty when none is"),
    Column("held_until", Moment, comment="when another may take over from it"),
    Column("attempt", Integer, nullable=False, comment="how many times it was pulled"),
    Column("read", Integer, nullable=False, comment="number of the read, unique within the bundle → `pulled.read`"),
    Column("window_start", Moment, comment="start of the window of an unfinished read"),
    Column("window_end", Moment, comment="end of that window"),
    Column("began_at", Moment, comment="when that read began"),
    Column("page", Integer, nullable=False, comment="last page of it whose objects are kept"),
    Column("pages", Integer, comment="how many pages it has, as the service said last"),
)

pulled = Table(
    "pulled",
    metadata,
    Column("bundle", Text, primary_key=True, comment="bundle that pulled it"),
    Column("object_key", Words, primary_key=True, comment="which object it is"),
    Column("content", Text, nullable=False, comment="hash of what is compared"),
    Column("moment", Moment, comment="moment by which windows hold it or not"),
    Column("updated_at", Moment, comment="when the service says that it was last changed"),
    Column("gone", Boolean, nullable=False, comment="1: the last event said that it is deleted"),
    Column("payload", Words, nullable=False, comment="the object as it was last, JSON"),
    Column("event_id", Integer, nullable=False, comment="event of its last change; may be pruned before it"),
    Column("read", Integer, nullable=False, comment="read that showed it last"),
    Column("seen_at", Moment, nullable=False, comment="when that was"),
    Column("asked_at", Moment, comment="when it was last asked for alone, its window not showing it"),
    Index("pulled_by_moment", "bundle", "moment"),
    Index("pulled_by_time", "seen_at"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("connection", Text, primary_key=True, comment="connection whose credentials are refused"),
    Column("since", Moment, nullable=False, comment="since when"),
    Column("reason", Words, nullable=False, comment="what the service said"),
)

store = Table(
    "store",
    metadata,
    Column("id", String(8), primary_key=True, comment="name of this database; part of ids derived from its numbers"),
    Column("created_at", Moment, nullable=False, comment="when the database was made"),
    Column("checked_at", Moment, nullable=False, comment="when it was last tried whether a commit works"),
)
