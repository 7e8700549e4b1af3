"""What was found at the addresses that posts lead to."""

from alembic import op

revision = "0003"
down_revision = "0002"

LOOKS = """
    CREATE TABLE looks (
        url TEXT NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_looks PRIMARY KEY (url)
    ) STRICT
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(LOOKS)
