"""The words that managers want on a channel, and the handle directory."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """
    CREATE TABLE overrides (
        campaign TEXT NOT NULL,
        article TEXT NOT NULL,
        channel TEXT NOT NULL,
        text TEXT NOT NULL,
        CONSTRAINT pk_overrides PRIMARY KEY (campaign, article, channel),
        CONSTRAINT fk_overrides_channel FOREIGN KEY (channel) REFERENCES channels (name)
    ) STRICT
    """,
    """
    CREATE TABLE directory (
        id INTEGER NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_directory PRIMARY KEY (id),
        CONSTRAINT ck_directory_single CHECK (id = 1)
    ) STRICT
    """,
)


def upgrade() -> None:
    """Add both."""
    for statement in TABLES:
        op.execute(statement)
