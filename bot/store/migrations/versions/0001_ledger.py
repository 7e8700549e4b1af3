"""The ledger and the archive: every table, its guards, and the full-text index."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE campaigns (
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_campaigns PRIMARY KEY (name)
    ) STRICT
    """,
    """
    CREATE TABLE articles (
        id INTEGER NOT NULL,
        campaign TEXT NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        language TEXT NOT NULL,
        seen INTEGER NOT NULL,
        title TEXT NOT NULL,
        body TEXT NOT NULL,
        text TEXT NOT NULL,
        CONSTRAINT pk_articles PRIMARY KEY (id),
        CONSTRAINT uq_articles_campaign UNIQUE (campaign, name)
    ) STRICT
    """,
    """
    CREATE TABLE published (
        campaign TEXT NOT NULL,
        article TEXT NOT NULL,
        at INTEGER NOT NULL,
        CONSTRAINT pk_published PRIMARY KEY (campaign, article)
    ) STRICT
    """,
    """
    CREATE TABLE problems (
        source TEXT NOT NULL,
        number INTEGER NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_problems PRIMARY KEY (source, number)
    ) STRICT
    """,
    """
    CREATE TABLE channels (
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        paused TEXT NOT NULL,
        rest INTEGER,
        rest_why TEXT,
        quota TEXT,
        quota_at INTEGER,
        CONSTRAINT pk_channels PRIMARY KEY (name)
    ) STRICT
    """,
    """
    CREATE TABLE plans (
        channel TEXT NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_plans PRIMARY KEY (channel),
        CONSTRAINT fk_plans_channel FOREIGN KEY (channel) REFERENCES channels (name)
    ) STRICT
    """,
    """
    CREATE TABLE hold (
        id INTEGER NOT NULL,
        active INTEGER NOT NULL,
        why TEXT NOT NULL,
        since INTEGER,
        CONSTRAINT pk_hold PRIMARY KEY (id),
        CONSTRAINT ck_hold_single CHECK (id = 1)
    ) STRICT
    """,
    """
    CREATE TABLE deliveries (
        id TEXT NOT NULL,
        campaign TEXT NOT NULL,
        article TEXT NOT NULL,
        excerpt_digest TEXT NOT NULL,
        channel TEXT NOT NULL,
        round INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        version INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        anyway INTEGER NOT NULL,
        state TEXT NOT NULL,
        slot INTEGER,
        due INTEGER,
        not_before INTEGER,
        expires INTEGER,
        lease INTEGER,
        moved INTEGER NOT NULL,
        why TEXT NOT NULL,
        doubted INTEGER,
        withdrawing INTEGER,
        CONSTRAINT pk_deliveries PRIMARY KEY (id),
        CONSTRAINT uq_deliveries_campaign UNIQUE (campaign, article, excerpt_digest, channel, round),
        CONSTRAINT uq_deliveries_channel UNIQUE (channel, slot),
        CONSTRAINT ck_deliveries_state CHECK (state IN ('held', 'scheduled', 'sending', 'retrying', 'uncertain',
                                                        'sent', 'failed', 'cancelled', 'retracted')),
        CONSTRAINT ck_deliveries_lease CHECK (state <> 'sending' OR lease IS NOT NULL),
        CONSTRAINT fk_deliveries_channel FOREIGN KEY (channel) REFERENCES channels (name)
    ) STRICT
    """,
    """
    CREATE TABLE posts (
        delivery TEXT NOT NULL,
        revision INTEGER NOT NULL,
        digest TEXT NOT NULL,
        excerpt TEXT NOT NULL,
        post TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        CONSTRAINT pk_posts PRIMARY KEY (delivery, revision),
        CONSTRAINT fk_posts_delivery FOREIGN KEY (delivery) REFERENCES deliveries (id)
    ) STRICT
    """,
    """
    CREATE TABLE attempts (
        seq INTEGER NOT NULL,
        delivery TEXT NOT NULL,
        part INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        "key" TEXT NOT NULL,
        key_at INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        armed INTEGER NOT NULL,
        deadline INTEGER NOT NULL,
        channel TEXT NOT NULL,
        cost INTEGER NOT NULL,
        CONSTRAINT pk_attempts PRIMARY KEY (seq),
        CONSTRAINT uq_attempts_delivery UNIQUE (delivery, part, epoch),
        CONSTRAINT fk_attempts_delivery FOREIGN KEY (delivery) REFERENCES deliveries (id)
    ) STRICT
    """,
    """
    CREATE TABLE strays (
        delivery TEXT NOT NULL,
        part INTEGER NOT NULL,
        armed INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        "key" TEXT NOT NULL,
        key_at INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        deadline INTEGER NOT NULL,
        cost INTEGER NOT NULL,
        campaign TEXT NOT NULL,
        article TEXT NOT NULL,
        channel TEXT NOT NULL,
        CONSTRAINT pk_strays PRIMARY KEY (delivery, part, armed)
    ) STRICT
    """,
    """
    CREATE TABLE outcomes (
        seq INTEGER NOT NULL,
        delivery TEXT NOT NULL,
        part INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        ended INTEGER NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_outcomes PRIMARY KEY (seq),
        CONSTRAINT fk_outcomes_delivery FOREIGN KEY (delivery, part, epoch)
            REFERENCES attempts (delivery, part, epoch)
    ) STRICT
    """,
    """
    CREATE TABLE receipts (
        delivery TEXT NOT NULL,
        part INTEGER NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_receipts PRIMARY KEY (delivery, part),
        CONSTRAINT fk_receipts_delivery FOREIGN KEY (delivery) REFERENCES deliveries (id)
    ) STRICT
    """,
    """
    CREATE TABLE removals (
        delivery TEXT NOT NULL,
        part INTEGER NOT NULL,
        at INTEGER NOT NULL,
        CONSTRAINT pk_removals PRIMARY KEY (delivery, part),
        CONSTRAINT fk_removals_delivery FOREIGN KEY (delivery, part) REFERENCES receipts (delivery, part)
    ) STRICT
    """,
    """
    CREATE TABLE moves (
        seq INTEGER NOT NULL,
        delivery TEXT NOT NULL,
        at INTEGER NOT NULL,
        state TEXT NOT NULL,
        why TEXT NOT NULL,
        CONSTRAINT pk_moves PRIMARY KEY (seq),
        CONSTRAINT fk_moves_delivery FOREIGN KEY (delivery) REFERENCES deliveries (id)
    ) STRICT
    """,
    """
    CREATE TABLE acts (
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        "by" TEXT NOT NULL,
        verb TEXT NOT NULL,
        subject TEXT NOT NULL,
        words TEXT NOT NULL,
        chain TEXT NOT NULL,
        CONSTRAINT pk_acts PRIMARY KEY (number)
    ) STRICT
    """,
    """
    CREATE TABLE sightings (
        channel TEXT NOT NULL,
        receipt_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        CONSTRAINT pk_sightings PRIMARY KEY (channel, receipt_id)
    ) STRICT
    """,
    """
    CREATE TABLE heard (
        channel TEXT NOT NULL,
        until INTEGER NOT NULL,
        CONSTRAINT pk_heard PRIMARY KEY (channel)
    ) STRICT
    """,
)

INDEXES = (
    "CREATE INDEX ix_published_at ON published (at)",
    "CREATE INDEX ix_deliveries_waiting ON deliveries (channel, due, id) WHERE state IN ('scheduled', 'retrying')",
    "CREATE INDEX ix_deliveries_state ON deliveries (state, due, id)",
    (
        "CREATE INDEX ix_deliveries_ended ON deliveries (state, moved DESC, id) "
        "WHERE state IN ('sent', 'failed', 'retracted', 'cancelled')"
    ),
    "CREATE INDEX ix_attempts_channel ON attempts (channel, armed)",
    "CREATE INDEX ix_outcomes_attempt ON outcomes (delivery, part, epoch)",
    "CREATE INDEX ix_moves_delivery ON moves (delivery)",
)

#: bot.domain.delivery.TRANSITIONS as it was when this migration was written; a test compares the two.
MOVES = (
    "held>scheduled",
    "held>cancelled",
    "held>retracted",
    "held>uncertain",
    "scheduled>held",
    "scheduled>sending",
    "scheduled>sent",
    "scheduled>cancelled",
    "scheduled>uncertain",
    "sending>sent",
    "sending>retrying",
    "sending>failed",
    "sending>uncertain",
    "retrying>sending",
    "retrying>held",
    "retrying>cancelled",
    "retrying>sent",
    "retrying>retracted",
    "retrying>uncertain",
    "uncertain>sent",
    "uncertain>retrying",
    "uncertain>failed",
    "failed>held",
    "failed>retracted",
    "sent>retracted",
)

NEVER_EDITED = ("posts", "attempts", "outcomes", "receipts", "removals", "moves", "acts")

TRIGGERS = (
    # One text to search: SQLite would build a list anew at every move.
    f"""
    CREATE TRIGGER deliveries_transition BEFORE UPDATE OF state ON deliveries
    WHEN NOT instr(' {" ".join(MOVES)} ', ' ' || OLD.state || '>' || NEW.state || ' ')
    BEGIN SELECT RAISE(ABORT, 'a delivery cannot make this move'); END
    """,
    """
    CREATE TRIGGER deliveries_added AFTER INSERT ON deliveries
    BEGIN INSERT INTO moves (delivery, at, state, why) VALUES (NEW.id, NEW.moved, NEW.state, NEW.why); END
    """,
    """
    CREATE TRIGGER deliveries_moved AFTER UPDATE OF state, moved ON deliveries
    BEGIN INSERT INTO moves (delivery, at, state, why) VALUES (NEW.id, NEW.moved, NEW.state, NEW.why); END
    """,
    """
    CREATE TRIGGER deliveries_sent AFTER UPDATE OF state ON deliveries WHEN NEW.state = 'sent'
    BEGIN INSERT OR IGNORE INTO published (campaign, article, at) VALUES (NEW.campaign, NEW.article, NEW.moved); END
    """,
    """
    CREATE TRIGGER deliveries_retracted AFTER UPDATE OF state ON deliveries WHEN NEW.state = 'retracted'
    BEGIN
        DELETE FROM published WHERE campaign = NEW.campaign AND article = NEW.article AND NOT EXISTS (
            SELECT 1 FROM deliveries
            WHERE campaign = NEW.campaign AND article = NEW.article AND state = 'sent'
        );
    END
    """,
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} are never edited'); END
        """
        for table in NEVER_EDITED
        for verb in ("UPDATE", "DELETE")
    ),
)

#: External content, so that texts are stored once (sqlite.org/fts5.html, "External Content Tables").
FULL_TEXT = (
    """
    CREATE VIRTUAL TABLE articles_fts USING fts5(
        title, text, content='articles', content_rowid='id', prefix='2 3', tokenize='unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER articles_added AFTER INSERT ON articles
    BEGIN INSERT INTO articles_fts (rowid, title, text) VALUES (NEW.id, NEW.title, NEW.text); END
    """,
    """
    CREATE TRIGGER articles_deleted AFTER DELETE ON articles
    BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', OLD.id, OLD.title, OLD.text);
    END
    """,
    """
    CREATE TRIGGER articles_edited AFTER UPDATE OF title, text ON articles
    BEGIN
        INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', OLD.id, OLD.title, OLD.text);
        INSERT INTO articles_fts (rowid, title, text) VALUES (NEW.id, NEW.title, NEW.text);
    END
    """,
)


def upgrade() -> None:
    """Make an empty file a Handbill database."""
    for statement in (*TABLES, *INDEXES, *TRIGGERS, *FULL_TEXT):
        op.execute(statement)
