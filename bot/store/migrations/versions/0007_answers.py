"""What programs were told, by the keys they asked with."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    """
    CREATE TABLE answers (
        caller TEXT NOT NULL,
        "key" TEXT NOT NULL,
        at INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        status INTEGER,
        headers TEXT NOT NULL,
        body BLOB NOT NULL,
        CONSTRAINT pk_answers PRIMARY KEY (caller, "key")
    ) STRICT
    """,
    "CREATE INDEX ix_answers_at ON answers (at)",
)


def upgrade() -> None:
    """Add the table."""
    for statement in STATEMENTS:
        op.execute(statement)
