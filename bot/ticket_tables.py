"""The tables of tickets and of what was said on them."""

from __future__ import annotations

import sqlalchemy as sa

from knowledge.database import metadata

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("person", sa.String(64), nullable=False, index=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("answer", sa.Text, nullable=True),
    sa.Column("answered_by", sa.String(120), nullable=True),
    sa.Column("answered_at", sa.Float, nullable=True),
    sa.Column("told_at", sa.Float, nullable=True),  # before the ledger; no longer written
    sa.Column("due_at", sa.Float, nullable=False, server_default="0"),
    sa.Column("claimed_by", sa.String(40), nullable=True),
    sa.Column("claimed_at", sa.Float, nullable=True),
    sa.Column("resolved_at", sa.Float, nullable=True, index=True),
    sa.Column("draft", sa.String(120), nullable=True),
)
ticket_lines = sa.Table(
    "ticket_lines",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("ticket", sa.String(20), nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("delivery", sa.Integer, nullable=True),
)
