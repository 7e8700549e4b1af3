"""People, the sessions in which they are signed in, tokens of programs and one-time links."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = (
    """
    CREATE TABLE people (
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        made INTEGER NOT NULL,
        disabled INTEGER,
        password TEXT NOT NULL,
        totp TEXT NOT NULL,
        step INTEGER NOT NULL,
        CONSTRAINT pk_people PRIMARY KEY (name),
        CONSTRAINT ck_people_role CHECK (role IN ('viewer', 'editor', 'approver', 'admin'))
    ) STRICT
    """,
    """
    CREATE TABLE sessions (
        id TEXT NOT NULL,
        digest TEXT NOT NULL,
        person TEXT NOT NULL,
        made INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        place TEXT NOT NULL,
        agent TEXT NOT NULL,
        CONSTRAINT pk_sessions PRIMARY KEY (id),
        CONSTRAINT uq_sessions_digest UNIQUE (digest),
        CONSTRAINT fk_sessions_person FOREIGN KEY (person) REFERENCES people (name)
    ) STRICT
    """,
    """
    CREATE TABLE tokens (
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        rights TEXT NOT NULL,
        made INTEGER NOT NULL,
        expires INTEGER,
        used INTEGER,
        CONSTRAINT pk_tokens PRIMARY KEY (name),
        CONSTRAINT uq_tokens_digest UNIQUE (digest)
    ) STRICT
    """,
    """
    CREATE TABLE links (
        person TEXT NOT NULL,
        digest TEXT NOT NULL,
        purpose TEXT NOT NULL,
        made INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        CONSTRAINT pk_links PRIMARY KEY (person),
        CONSTRAINT uq_links_digest UNIQUE (digest),
        CONSTRAINT fk_links_person FOREIGN KEY (person) REFERENCES people (name)
    ) STRICT
    """,
)


def upgrade() -> None:
    """Add them."""
    for statement in TABLES:
        op.execute(statement)
