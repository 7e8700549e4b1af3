"""Exports: what is imported is what was exported; a fault names its line and nothing is taken in."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from bot.domain.delivery import State
from bot.errors import BadInput, NotAllowed
from bot.store import open_store
from bot.store.connections import writing_engine
from bot.store.exchange import KEPT_BACK, MADE_ANEW, RECORDS, exported, imported, load
from bot.store.migrate import prepare
from bot.store.schema import METADATA
from tests.keepsakes import contents, filled, waiting
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, HandClock, article, channel, delivery


@pytest.fixture
async def path(tmp_path):
    return await filled(tmp_path / "data")


def lines_of(path):
    return list(exported(path, 5))


def taken_in(path, lines, now=NOON - HOUR):
    return imported(path, lines, "x.jsonl", "cli:anna", now, 5)


async def test_what_is_imported_is_what_was_exported(path, tmp_path):
    before = lines_of(path)
    there = tmp_path / "there.db"
    prepare(there, NOON, 5)
    with writing_engine(there, 5, "BEGIN IMMEDIATE").begin() as connection:
        assert load(connection, before, "x.jsonl") == len(before)
    assert lines_of(there) == before
    names = {json.loads(line)["record"] for line in before}
    assert names == {"handbill", "end", *RECORDS}
    store = await open_store(there, HandClock())
    assert await store.check() == ()
    assert [each.title for each in await store.search("midnight", 5)] == [article().title]
    assert contents(there, *MADE_ANEW, *KEPT_BACK) == contents(path, *MADE_ANEW, *KEPT_BACK)
    assert not any(contents(there)[name] for name in KEPT_BACK), "who may come in is told anew"
    with closing(sqlite3.connect(there)) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("UPDATE deliveries SET state = 'held' WHERE state = 'sent'")
    await store.add_deliveries([delivery("new", due=NOON + HOUR)], NOON)
    assert len(await store.history("new")) == 1, "the history is written again"
    await store.close()


def test_every_table_is_exported_made_anew_or_kept_back():
    assert {record.table.name for record in RECORDS.values()} | {*MADE_ANEW, *KEPT_BACK} == set(METADATA.tables)


async def test_an_import_is_noted_and_what_was_due_is_asked_about(tmp_path):
    path = await waiting(tmp_path)
    there = tmp_path / "there.db"
    done = taken_in(there, lines_of(path), NOON + 3 * MINUTE + SECOND)
    store = await open_store(there, HandClock())
    (entry,) = await store.acts()
    assert (entry.act.by, entry.act.verb, entry.act.words) == ("cli:anna", "import", f"{done.lines} lines")
    assert done.uncertain == 3
    assert {each.id for each in await store.deliveries(states=(State.UNCERTAIN,))} == {"a0", "a1", "a2", "a3"}
    await store.close()


def changed(lines, record, fields):
    """The lines with the first of a record changed, and that line's number."""
    at = next(n for n, line in enumerate(lines) if json.loads(line)["record"] == record)
    row = json.loads(lines[at]) | fields
    return [
        *lines[:at],
        json.dumps({name: value for name, value in row.items() if value != "-"}),
        *lines[at + 1 :],
    ], at + 1


FAULTS = [
    ("delivery", {"state": "lost"}),
    ("delivery", {"channel": "nowhere"}),
    ("delivery", {"due": "tomorrow"}),
    ("delivery", {"due": "2026-05-04T12:00:00"}),
    ("delivery", {"epoch": "1"}),
    ("delivery", {"epoch": True}),
    ("delivery", {"why": None}),
    ("delivery", {"more": 1}),
    ("delivery", {"why": "-"}),
    ("delivery", {"record": "deliveries"}),
    ("post", {"post": {"channel": "x"}}),
    ("post", {"post": "{}"}),
    ("outcome", {"kind": "lucky"}),
    ("outcome", {"body": {}}),
    ("receipt", {"delivery": "nobody"}),
    ("plan", {"body": {"zone": 7}}),
    ("article", {"body": {"link": 7}}),
    ("act", {"words": "something else"}),
    ("act", {"number": 7}),
    ("handbill", {"schema": "0000"}),
    ("end", {"lines": 3}),
]


@pytest.mark.parametrize(("record", "fields"), FAULTS)
async def test_a_faulty_line_is_named_and_nothing_is_imported(path, tmp_path, record, fields):
    there = tmp_path / "there.db"
    lines, number = changed(lines_of(path), record, fields)
    with pytest.raises(BadInput) as raised:
        taken_in(there, lines)
    assert raised.value.where == f"x.jsonl:{number}", raised.value
    assert not any(contents(there).values())
    assert taken_in(there, lines_of(path)).lines > 0


async def test_an_export_that_is_cut_or_mixed_up_is_refused(path, tmp_path):
    there, whole = tmp_path / "there.db", lines_of(path)
    for lines in (
        whole[:-1],
        [],
        whole[1:],
        [*whole, whole[5]],
        [whole[0], *whole],
        ["[]"],
        ["{"],
        [*whole[:3], "", *whole[3:]],
    ):
        with pytest.raises(BadInput, match="nothing was imported"):
            taken_in(there, lines)
        assert not any(contents(there).values())


async def test_only_an_empty_database_takes_an_export(path, tmp_path):
    whole = lines_of(path)
    with pytest.raises(NotAllowed, match="not empty"):
        taken_in(path, whole)
    assert lines_of(path) == whole
    there = tmp_path / "there.db"
    store = await open_store(there, HandClock())
    await store.put_channel(replace(channel("z"), account="registered by itself"))
    await store.close()
    taken_in(there, whole)
    assert [json.loads(line)["name"] for line in lines_of(there) if '"record":"channel"' in line] == ["x", "y"]
