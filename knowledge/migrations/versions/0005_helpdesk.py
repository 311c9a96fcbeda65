"""The helpdesk: who has a ticket, what was said on it, and what is on its way to residents."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Widen tickets; create lines, deliveries and sealed addresses."""
    op.add_column("tickets", sa.Column("due_at", sa.Float, nullable=False, server_default="0"))
    op.add_column("tickets", sa.Column("claimed_by", sa.String(40), nullable=True))
    op.add_column("tickets", sa.Column("claimed_at", sa.Float, nullable=True))
    op.add_column("tickets", sa.Column("resolved_at", sa.Float, nullable=True))
    op.add_column("tickets", sa.Column("draft", sa.String(120), nullable=True))
    op.create_index("ix_tickets_resolved_at", "tickets", ["resolved_at"])
    op.create_table(
        "ticket_lines",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ticket", sa.String(20), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("delivery", sa.Integer, nullable=True),
    )
    op.create_index("ix_ticket_lines_ticket", "ticket_lines", ["ticket"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
        sa.Column("error", sa.String(40), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("settled_at", sa.Float, nullable=True),
    )
    op.create_index("ix_deliveries_person", "deliveries", ["person"])
    op.create_index("ix_deliveries_state_next_at", "deliveries", ["state", "next_at"])
    op.create_table(
        "addresses",
        sa.Column("person", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("wrote_at", sa.Float, nullable=False),
    )
