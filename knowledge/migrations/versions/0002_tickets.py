"""Tickets: what a volunteer must look at, and what was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tickets."""
    op.create_table(
        "tickets",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Float, nullable=False),
        sa.Column("answer", sa.Text, nullable=True),
        sa.Column("answered_by", sa.String(120), nullable=True),
        sa.Column("answered_at", sa.Float, nullable=True),
        sa.Column("told_at", sa.Float, nullable=True),
    )
    op.create_index("ix_tickets_person", "tickets", ["person"])
