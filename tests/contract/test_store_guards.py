"""What the database itself refuses, whoever asks: the guards are tried with plain SQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import sqlite

from bot.domain.delivery import TRANSITIONS, State
from bot.store.connections import connect, writing_engine
from bot.store.deliveries import DUE
from bot.store.migrate import ours, prepare
from bot.store.schema import METADATA
from tests.store_samples import NOON

ALL_MOVES = list(product(State, State))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("guards") / "handbill.db"
    prepare(path, NOON, 5)
    return path


@pytest.fixture
def raw(made) -> Iterator[sqlite3.Connection]:
    """A connection whose changes are taken back, with a channel and one delivery in each state but sending."""
    with closing(connect(made, 5)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO channels (name, body, paused) VALUES ('x', '{}', '')")
        yield connection
        connection.execute("ROLLBACK")


def add(raw, id="a1", state="scheduled", **more):
    texts = {"id": id, "campaign": "c", "article": "a", "excerpt_digest": id, "channel": "x", "state": state, "why": ""}
    numbers = {
        "round": 1,
        "revision": 1,
        "epoch": 0,
        "version": 1,
        "tries": 0,
        "anyway": 0,
        "slot": None,
        "due": 1,
        "lease": 1,
        "moved": 1,
    }
    row = texts | numbers | more
    names = ", ".join(row)
    raw.execute(f"INSERT INTO deliveries ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


@pytest.mark.parametrize(("before", "after"), ALL_MOVES, ids=lambda state: state.value)
def test_the_database_makes_exactly_the_moves_of_the_table(raw, before, after):
    add(raw, state=before.value)
    change = ("UPDATE deliveries SET state = ? WHERE id = 'a1'", (after.value,))
    if (before, after) in TRANSITIONS:
        raw.execute(*change)
    else:
        with pytest.raises(sqlite3.IntegrityError, match="cannot make this move"):
            raw.execute(*change)


def test_all_81_pairs_were_tried():
    assert len(ALL_MOVES) == 81
    assert set(TRANSITIONS) < set(ALL_MOVES)


@pytest.mark.parametrize(
    ("more", "guard"),
    [
        ({"id": "a1", "excerpt_digest": "other"}, "deliveries.id"),
        ({"excerpt_digest": "a1"}, "deliveries.excerpt_digest"),
        ({"slot": 7}, "deliveries.slot"),
        ({"state": "lost"}, "ck_deliveries_state"),
        ({"state": "sending", "lease": None}, "ck_deliveries_lease"),
        ({"channel": "nowhere"}, "FOREIGN KEY"),
        ({"due": "tomorrow"}, "cannot store TEXT value"),
        ({"state": None}, "NOT NULL"),
    ],
)
def test_no_second_delivery_slips_past(raw, more, guard):
    add(raw, "a1", slot=7)
    with pytest.raises(sqlite3.IntegrityError, match=guard):
        add(raw, **{"id": "a2", **more})
    add(raw, "a3", excerpt_digest="a1", round=2, slot=8)


ROWS = {
    "posts": "VALUES ('a1', 1, 'd', '{}', '{}', 0)",
    "attempts": "VALUES (1, 'a1', 1, 1, 'k', 1, 'f', 1, 1, 'x', 0)",
    "outcomes": "VALUES (1, 'a1', 1, 1, 1, 'unknown', '{}')",
    "receipts": "VALUES ('a1', 1, '{}')",
    "moves": "VALUES (99, 'a1', 1, 'held', '')",
    "acts": "VALUES (1, 1, 'cli:anna', 'approve', 'a1', '', 'c')",
}


@pytest.mark.parametrize("table", ROWS)
@pytest.mark.parametrize("change", ["UPDATE {} SET rowid = 7", "DELETE FROM {}"])
def test_what_happened_is_never_edited(raw, table, change):
    add(raw)
    for name, values in ROWS.items():
        raw.execute(f"INSERT INTO {name} {values}")
    with pytest.raises(sqlite3.IntegrityError, match="never edited"):
        raw.execute(change.format(table))
    assert raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0


@pytest.mark.parametrize("table", ["attempts", "receipts", "posts"])
def test_there_is_one_of_each(raw, table):
    add(raw)
    raw.execute(f"INSERT INTO {table} {ROWS[table]}")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        raw.execute(f"INSERT INTO {table} {ROWS[table].replace('(1, ', '(2, ')}")


@pytest.mark.parametrize("table", ["attempts", "receipts", "posts", "outcomes"])
def test_nothing_belongs_to_what_is_not_there(raw, table):
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        raw.execute(f"INSERT INTO {table} {ROWS[table]}")


def test_every_change_of_state_is_in_the_history_even_by_hand(raw):
    add(raw)
    raw.execute("UPDATE deliveries SET state = 'sending', moved = 5, why = 'by hand'")
    raw.execute("UPDATE deliveries SET state = 'sent'")
    found = raw.execute("SELECT at, state, why FROM moves ORDER BY seq").fetchall()
    assert found == [(1, "scheduled", ""), (5, "sending", "by hand"), (5, "sent", "by hand")]


def test_the_migrations_make_the_tables_that_the_code_knows(made):
    with writing_engine(made, 5).connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours, "compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_finding_what_is_due_is_a_step_into_an_index(raw):
    query = DUE.params(now=NOON, busy='["telegram"]').compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True, "render_postcompile": True}
    )
    plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert any("ix_deliveries_waiting (channel=? AND due<?)" in step for step in plan), plan
    scans = {step for step in plan if step.startswith("SCAN")}
    assert scans <= {"SCAN channels", "SCAN hold", "SCAN given VIRTUAL TABLE INDEX 1:"}, plan


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("SELECT id FROM deliveries WHERE state = 'sending' AND lease < 5", "ix_deliveries_state (state=?)"),
        ("SELECT min(due) FROM deliveries WHERE state = 'scheduled'", "ix_deliveries_state (state=?)"),
        ("SELECT id FROM deliveries WHERE id BETWEEN 'a' AND 'b'", "(id>? AND id<?)"),
        ("SELECT slot FROM deliveries WHERE channel = 'x' AND slot >= 5", "(channel=? AND slot>?)"),
        ("SELECT state FROM moves WHERE delivery = 'a1'", "ix_moves_delivery (delivery=?)"),
        ("SELECT max(seq) FROM outcomes WHERE delivery = 'a1' AND part = 1 AND epoch = 1", "ix_outcomes_attempt"),
        ("SELECT * FROM attempts WHERE delivery = 'a1'", "(delivery=?)"),
    ],
)
def test_no_question_reads_a_whole_table(raw, question, index):
    plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {question}")]
    assert any(index in step for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan
