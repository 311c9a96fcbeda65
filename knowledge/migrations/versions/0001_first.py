"""The first schema: cards and their history, embeddings, conversations, feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "cards",
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("published", sa.Integer, nullable=True),
        sa.Column("latest", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_table(
        "revisions",
        sa.Column("card", sa.String(120), sa.ForeignKey("cards.key"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "publications",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("card", sa.String(120), nullable=False),
        sa.Column("number", sa.Integer, nullable=True),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("card", sa.String(120), nullable=False),
        sa.Column("number", sa.Integer, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "embeddings",
        sa.Column("fingerprint", sa.String(120), primary_key=True),
        sa.Column("text_hash", sa.String(64), primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("first_seen", sa.Float, nullable=False),
        sa.Column("last_seen", sa.Float, nullable=False),
        sa.Column("context", sa.Text, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("message_id", sa.String(128), primary_key=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("lease", sa.Float, nullable=False),
        sa.Column("reply", sa.Text, nullable=True),
        sa.Column("deferred", sa.Boolean, nullable=False),
        sa.Column("collected", sa.Boolean, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
    op.create_index("ix_inbox_person", "inbox", ["person"])
    op.create_table(
        "turns",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("cards", sa.Text, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("elapsed_ms", sa.Float, nullable=False),
    )
    op.create_index("ix_turns_person", "turns", ["person"])
    op.create_index("ix_turns_asked_at", "turns", ["asked_at"])
    op.create_table(
        "feedback",
        sa.Column("turn", sa.String(20), primary_key=True),
        sa.Column("useful", sa.Boolean, nullable=False),
        sa.Column("card", sa.String(120), nullable=False),
        sa.Column("number", sa.Integer, nullable=True),
        sa.Column("at", sa.Float, nullable=False),
    )
