"""What platforms report of what was posted, and what asking them cost."""

from alembic import op

revision = "0005"
down_revision = "0004"

#: Of a receipt's moment, whole seconds since 1970; one that cannot be read is of no time, and nobody asks about it.
MOMENT = "coalesce(CAST(strftime('%s', json_extract({body}, '$.at')) AS INTEGER), 0) * 1000000"
COUNTS = ("replies", "reposts", "likes", "views")
COLUMNS = ", ".join(f"{count} INTEGER" for count in COUNTS)

TABLES = (
    f"""
    CREATE TABLE results (
        delivery TEXT NOT NULL,
        part INTEGER NOT NULL,
        channel TEXT NOT NULL,
        published INTEGER NOT NULL,
        asks INTEGER,
        at INTEGER,
        {COLUMNS},
        CONSTRAINT pk_results PRIMARY KEY (delivery, part),
        CONSTRAINT fk_results_delivery FOREIGN KEY (delivery) REFERENCES deliveries (id)
    ) STRICT
    """,
    f"""
    CREATE TABLE totals (
        delivery TEXT NOT NULL,
        channel TEXT NOT NULL,
        published INTEGER NOT NULL,
        parts INTEGER NOT NULL,
        at INTEGER,
        {COLUMNS},
        CONSTRAINT pk_totals PRIMARY KEY (delivery),
        CONSTRAINT fk_totals_delivery FOREIGN KEY (delivery) REFERENCES deliveries (id)
    ) STRICT
    """,
    f"""
    CREATE TABLE reactions (
        delivery TEXT NOT NULL,
        part INTEGER NOT NULL,
        at INTEGER NOT NULL,
        {COLUMNS},
        CONSTRAINT pk_reactions PRIMARY KEY (delivery, part, at),
        CONSTRAINT fk_reactions_delivery FOREIGN KEY (delivery) REFERENCES deliveries (id)
    ) STRICT
    """,
    """
    CREATE TABLE reads (
        channel TEXT NOT NULL,
        at INTEGER NOT NULL,
        cost INTEGER NOT NULL,
        CONSTRAINT pk_reads PRIMARY KEY (channel, at)
    ) STRICT
    """,
)

#: What was published before; those taken back are not asked about.
PUBLISHED = f"""
    INSERT INTO results (delivery, part, channel, published, asks)
    SELECT r.delivery, r.part, d.channel, {MOMENT.format(body="r.body")},
           CASE WHEN m.part IS NULL THEN {MOMENT.format(body="r.body")} END
    FROM receipts r
    JOIN deliveries d ON d.id = r.delivery
    LEFT JOIN removals m ON m.delivery = r.delivery AND m.part = r.part
    WHERE json_valid(r.body)
"""  # noqa: S608 - no word of it comes from elsewhere

TOTALS = """
    INSERT INTO totals (delivery, channel, published, parts)
    SELECT delivery, channel, min(published), count(*) FROM results GROUP BY delivery
"""

INDEXES = (
    "CREATE INDEX ix_totals_published ON totals (published)",
    "CREATE INDEX ix_results_asks ON results (channel, asks) WHERE asks IS NOT NULL",
)

TRIGGERS = (
    f"""
    CREATE TRIGGER receipts_added AFTER INSERT ON receipts WHEN json_valid(NEW.body)
    BEGIN
        INSERT OR IGNORE INTO results (delivery, part, channel, published, asks)
        SELECT NEW.delivery, NEW.part, channel, {MOMENT.format(body="NEW.body")}, {MOMENT.format(body="NEW.body")}
        FROM deliveries WHERE id = NEW.delivery;
        INSERT INTO totals (delivery, channel, published, parts)
        SELECT delivery, channel, published, 1 FROM results WHERE delivery = NEW.delivery AND part = NEW.part
        ON CONFLICT (delivery) DO UPDATE SET parts = parts + 1, published = min(published, excluded.published);
    END
    """,  # noqa: S608 - as above
    """
    CREATE TRIGGER reactions_added AFTER INSERT ON reactions
    BEGIN
        UPDATE results
        SET at = NEW.at, replies = NEW.replies, reposts = NEW.reposts, likes = NEW.likes, views = NEW.views
        WHERE delivery = NEW.delivery AND part = NEW.part AND (at IS NULL OR at <= NEW.at);
        UPDATE totals
        SET (at, replies, reposts, likes, views) = (
            SELECT max(at), sum(replies), sum(reposts), sum(likes), max(views) FROM results WHERE delivery = NEW.delivery
        )
        WHERE delivery = NEW.delivery;
    END
    """,
    """
    CREATE TRIGGER removals_added AFTER INSERT ON removals
    BEGIN UPDATE results SET asks = NULL WHERE delivery = NEW.delivery AND part = NEW.part; END
    """,
)


def upgrade() -> None:
    """Add the tables, with what is published already."""
    for statement in (*TABLES, PUBLISHED, TOTALS, *INDEXES, *TRIGGERS):
        op.execute(statement)
