"""When a person last tapped a menu: WeChat gives a tap other messages than a word."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the moment; 0 is never."""
    op.add_column("addresses", sa.Column("menu_at", sa.Float, nullable=False, server_default="0"))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("addresses", "menu_at")
