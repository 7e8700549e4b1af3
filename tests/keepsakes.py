"""Whole databases for the tests of backups and exports."""

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from bot.domain.campaign import Campaign
from bot.domain.delivery import State
from bot.domain.directory import Directory
from bot.domain.edits import Edits, Wish
from bot.domain.ledger import Act, Change, Hold
from bot.domain.outcome import Pending, Refused, Retry, Sent, Unauthorised, Unknown
from bot.domain.pacing import Quota
from bot.domain.people import Link, Person, Purpose, Right, Role, Session, Token
from bot.domain.plan import Blackout, Plan
from bot.domain.reactions import Asked, Reactions
from bot.ports import Problem, Sighting
from bot.store import open_store
from bot.store.archive import back_up
from bot.store.schema import METADATA
from tests.store_samples import (
    HOUR,
    MINUTE,
    NOON,
    PICTURE,
    SECOND,
    HandClock,
    article,
    attempt,
    channel,
    delivery,
    post,
    receipt,
)

DAY = timedelta(days=1)
OUTCOMES = (
    Sent(receipt=receipt("1"), quota=Quota(left=7, until=NOON + HOUR)),
    Retry(why="busy", after=MINUTE),
    Pending(resume="media 7", until=NOON + MINUTE),
    Refused(why="too long"),
    Unauthorised(why="revoked"),
    Unknown(why="reset"),
    None,
)


async def filled(folder):
    """A database with something in every table, and a picture beside it."""
    folder.mkdir(exist_ok=True)
    path = folder / "handbill.db"
    store = await open_store(path, HandClock())
    for name in ("x", "y"):
        await store.put_channel(channel(name))
    await store.put_campaigns([Campaign(name="library")])
    await store.put_article(article(), NOON)
    await store.put_article(article("第二 \u2028 \U0001f389", "Ünï – “quotes” \\ \x7f"), NOON + SECOND)
    await store.put_directory(Directory())
    await store.put_plan(
        "x", Plan(blackouts=(Blackout(start=NOON, end=NOON + HOUR, why="storm"),)), Act(by="a", verb="p")
    )
    await store.put_override("library", "night-opening", "x", "Our own words.")
    written = Edits(said={"y": Wish(text="A passage.", start=7)}, goes={"y": False}, alts={PICTURE.sha256: "Lamps"})
    await store.edit("library", "night-opening", written, NOON)
    await store.put_problems("queue", [Problem(where="a.md:1", what="odd")])
    for n, outcome in enumerate(OUTCOMES):
        await store.add_deliveries([delivery(f"a{n}", due=NOON + n * SECOND)], NOON)
        of = await store.delivery(f"a{n}")
        await store.arm(of, attempt(of, armed=NOON + n * SECOND, cost=n), NOON + MINUTE)
        if outcome:
            await store.record(replace(attempt(of, armed=NOON + n * SECOND), ended=NOON + MINUTE, outcome=outcome))
    await store.move([Change.of(await store.delivery("a0"), State.SENT, "")], NOON, [Act(by="cli:anna", verb="see")])
    counted = Reactions(at=NOON + HOUR, replies=1, likes=7)
    await store.put_reactions([Asked(delivery="a0", part=1, reactions=counted, again=NOON + DAY)])
    await store.put_read("x", NOON + HOUR, 5000)
    await store.add_deliveries([delivery("b1", due=NOON + DAY), delivery("b2", due=None)], NOON)
    await store.replace_post(replace(await store.delivery("b1"), post=post("Other words."), why="edited"), NOON)
    await store.saw(Sighting(channel="y", text="seen", receipt=receipt("9")))
    await store.caught_up("y", NOON)
    await store.rest_channel("y", NOON + HOUR)
    await store.pause_channel("x", "revoked")
    await store.set_hold(Hold(on=True, why="storm", since=NOON), [Act(by="cli:bo", verb="pause", words="storm")])
    await enrolled(store)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO strays VALUES ('zz', 1, 5, 1, 'k', 5, 'f', 9, 0, 'library', 'zz', 'x')")
        raw.execute("INSERT INTO answers VALUES ('api:wall', 'k', 7, 'f', 201, '{}', x'7b7d')")
        raw.execute("INSERT INTO removals SELECT delivery, part, 7 FROM receipts LIMIT 1")
        raw.execute('INSERT INTO looks VALUES (\'https://library.example.org\', 7, \'{"status": 200, "final": ""}\')')
    await store.close()
    (folder / "media").mkdir()
    (folder / "media" / ("ab" * 32)).write_bytes(os.urandom(70_000))
    return path


async def enrolled(store):
    """Let somebody in by every way there is."""
    act = Act(by="cli:ops", verb="user add")
    await store.add_person(Person(name="anna", role=Role.ADMIN, made=NOON), act)
    await store.put_session(
        "5e55", Session(id="s1", person="anna", made=NOON, seen=NOON, place="192.0.2.7", agent="Firefox")
    )
    await store.put_link("117c", Link(person="anna", purpose=Purpose.PASSWORD, made=NOON, expires=NOON + HOUR), act)
    await store.put_token("70ce", Token(name="wall", rights=frozenset({Right.SEE}), made=NOON), act)


def backup_of(path, file):
    return back_up(path, path.parent / "media", file, NOON + MINUTE, 5)


def contents(path, *but):
    """Everything in a database but some tables."""
    with closing(sqlite3.connect(path)) as raw:
        names = [name for name in METADATA.tables if name not in but]
        return {name: sorted(raw.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


async def waiting(folder):
    """A database in which something waits in every way."""
    path = folder / "handbill.db"
    store = await open_store(path, HandClock())
    await store.put_channel(channel("x"))
    rows = [delivery(f"a{n}", due=NOON + n * MINUTE, parts=2) for n in range(5)]
    await store.add_deliveries([*rows, delivery("late", due=NOON + DAY), delivery("held", due=None)], NOON)
    for name in ("a1", "a2", "a3"):
        of = await store.delivery(name)
        await store.arm(of, attempt(of), NOON + MINUTE)
        await store.record(replace(attempt(of), ended=NOON, outcome=Unknown(why="reset")))
    await store.move([Change.of(await store.delivery("a1"), State.UNCERTAIN, "reset", due=NOON + MINUTE)], NOON)
    await store.receipt("a2", 1, receipt())
    await store.move([Change.of(await store.delivery("a2"), State.RETRYING, "goes on", due=NOON)], NOON)
    await store.close()
    return path
