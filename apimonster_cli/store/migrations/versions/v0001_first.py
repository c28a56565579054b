"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _events()
    _deliveries()
    _steps()
    _transactions()
    _repeat_keys()
    _pauses()
    _store()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("event", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text()),
        sa.Column("received_at", sa.String(length=27), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("repeat_key", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("remote", sa.Text()),
        sa.Column("content_type", sa.Text()),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_object", "events", ["connection", "event", "object_key"])
    op.create_index("events_by_time", "events", ["received_at"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("behind", sa.Integer()),
        sa.Column("due_at", sa.String(length=27), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("turned_away", sa.Boolean(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("at_step", sa.Text()),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("first_tried_at", sa.String(length=27)),
        sa.Column("closed_at", sa.String(length=27)),
        sa.Column("failing", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "deliveries_behind",
        "deliveries",
        ["behind"],
        sqlite_where=sa.text("behind IS NOT NULL"),
        postgresql_where=sa.text("behind IS NOT NULL"),
    )
    op.create_index("deliveries_by_event", "deliveries", ["event_id"])
    op.create_index("deliveries_by_state", "deliveries", ["state"])
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["due_at", "id", "bundle"],
        sqlite_where=sa.text("closed_at IS NULL AND behind IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL AND behind IS NULL"),
    )
    op.create_index(
        "deliveries_open",
        "deliveries",
        ["object_key", "bundle"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", "step"),
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("sent_at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27)),
        sa.Column("error", sa.Text()),
        sa.Column("request", sa.Text()),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("transactions_by_delivery", "transactions", ["delivery_id"])
    op.create_index("transactions_by_event", "transactions", ["event_id"])
    op.create_index("transactions_by_time", "transactions", ["sent_at"])


def _repeat_keys() -> None:
    op.create_table(
        "repeat_keys",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("repeat_keys_by_time", "repeat_keys", ["seen_at"])


def _pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection"),
    )


def _store() -> None:
    op.create_table(
        "store",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("checked_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
