"""What managers write on an article beside their own words: passages, channels, alt texts."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "ALTER TABLE overrides ADD COLUMN start INTEGER",
    """
    CREATE TABLE destinations (
        campaign TEXT NOT NULL,
        article TEXT NOT NULL,
        channel TEXT NOT NULL,
        goes INTEGER NOT NULL,
        CONSTRAINT pk_destinations PRIMARY KEY (campaign, article, channel),
        CONSTRAINT fk_destinations_channel FOREIGN KEY (channel) REFERENCES channels (name),
        CONSTRAINT ck_destinations_goes CHECK (goes IN (0, 1))
    ) STRICT
    """,
    """
    CREATE TABLE alts (
        campaign TEXT NOT NULL,
        article TEXT NOT NULL,
        image TEXT NOT NULL,
        text TEXT NOT NULL,
        CONSTRAINT pk_alts PRIMARY KEY (campaign, article, image)
    ) STRICT
    """,
)


def upgrade() -> None:
    """Add the column and both tables."""
    for statement in STATEMENTS:
        op.execute(statement)
