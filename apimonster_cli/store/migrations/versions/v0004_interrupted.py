"""Interruptions are counted: a delivery that ends the program each time is given up."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the count."""
    op.add_column("deliveries", sa.Column("interrupted", sa.Integer(), nullable=False, server_default=sa.text("0")))
