"""What the store keeps of who may come in; every store we ship passes it."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.ledger import Act, broken
from bot.domain.people import ABSOLUTE, IDLE, Link, Person, Proofs, Purpose, Right, Role, Session, Token
from bot.errors import NotAllowed, NotFound
from bot.store.archive import back_up, restore
from bot.store.exchange import KEPT_BACK, exported, imported
from bot.store.migrate import SCRIPTS, prepare, revision_of
from bot.store.sql import SqlStore
from tests.store_samples import HOUR, MINUTE, NOON, STORES, HandClock, sqlite

ANNA = Person(name="anna", role=Role.ADMIN, made=NOON)
BERT = Person(name="bert", role=Role.EDITOR, made=NOON + HOUR)
ACT = Act(by="cli:ops", verb="user add", subject="anna")


def session(id: str = "s1", person: str = "anna", **more: object) -> Session:
    facts = {"id": id, "person": person, "made": NOON, "seen": NOON, "place": "192.0.2.7", "agent": "Firefox"}
    return Session(**{**facts, **more})  # type: ignore[arg-type]


def link(person: str = "anna", **more: object) -> Link:
    facts = {"person": person, "purpose": Purpose.PASSWORD, "made": NOON, "expires": NOON + HOUR}
    return Link(**{**facts, **more})  # type: ignore[arg-type]


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await STORES[request.param](tmp_path, HandClock())
    yield opened
    await opened.close()


@pytest.fixture
async def both(store: SqlStore) -> SqlStore:
    await store.add_person(ANNA, ACT)
    await store.add_person(BERT, ACT)
    return store


async def test_people_are_kept_by_name_and_a_name_is_taken_once(store):
    assert not await store.anybody()
    assert await store.people() == ()
    await store.add_person(BERT, ACT)
    await store.add_person(ANNA, ACT)
    with pytest.raises(NotAllowed, match="called 'anna' already"):
        await store.add_person(replace(ANNA, role=Role.VIEWER), ACT)
    assert await store.anybody()
    assert await store.people() == (ANNA, BERT)
    assert await store.person("anna") == (ANNA, Proofs())
    assert await store.person("nobody") is None
    assert len(await store.acts()) == 2, "what was refused is not told"


async def test_a_role_changes_but_somebody_stays_admin(both):
    with pytest.raises(NotAllowed, match="anna is the only admin"):
        await both.put_role("anna", Role.VIEWER, ACT)
    with pytest.raises(NotAllowed, match="anna is the only admin"):
        await both.put_disabled("anna", NOON, ACT)
    await both.put_role("bert", Role.ADMIN, ACT)
    await both.put_disabled("anna", NOON, ACT)
    with pytest.raises(NotAllowed, match="bert is the only admin"):
        await both.put_role("bert", Role.APPROVER, ACT)
    assert await both.people() == (replace(ANNA, disabled=NOON), replace(BERT, role=Role.ADMIN))
    with pytest.raises(NotFound):
        await both.put_role("nobody", Role.ADMIN, ACT)


async def test_a_session_is_found_by_its_digest_with_whose_it_is(both):
    await both.put_session("digest 1", session())
    await both.put_session("digest 2", session("s2", "bert", seen=NOON + MINUTE))
    assert await both.session("digest 1") == (session(), ANNA)
    assert await both.session("digest") is None
    assert [each.id for each in await both.sessions()] == ["s2", "s1"]
    assert await both.sessions("anna") == (session(),)
    await both.touch_session("s1", NOON + HOUR)
    assert await both.session("digest 1") == (session(seen=NOON + HOUR), ANNA)


async def test_sessions_end_one_by_one_and_only_their_own_persons(both):
    await both.put_session("digest 1", session())
    with pytest.raises(NotFound):
        await both.end_session("s1", "bert")
    assert await both.session("digest 1")
    await both.end_session("s1", "anna")
    assert await both.session("digest 1") is None
    with pytest.raises(NotFound):
        await both.end_session("s1")


async def test_sessions_that_have_ended_are_forgotten_when_another_begins(both):
    later = NOON + ABSOLUTE
    await both.put_session("idle", session("idle", made=later - IDLE, seen=later - IDLE))
    await both.put_session("old", session("old", seen=later - MINUTE))
    await both.put_session("kept", session("kept", made=later - IDLE, seen=later - IDLE + MINUTE))
    await both.put_session("new", session("new", made=later, seen=later))
    assert {each.id for each in await both.sessions()} == {"kept", "new"}


async def test_a_new_password_ends_all_sessions_but_one_and_the_link(both):
    for number in range(3):
        await both.put_session(f"digest {number}", session(f"s{number}"))
    await both.put_session("digest b", session("b", "bert"))
    await both.put_link("link", link(), ACT)
    await both.put_password("anna", "hash", "s1", ACT)
    assert {each.id for each in await both.sessions()} == {"s1", "b"}
    assert await both.link("link") is None
    assert await both.person("anna") == (replace(ANNA, ready=True), Proofs(password="hash"))


async def test_who_is_disabled_is_out_at_once_and_comes_in_by_nothing(both):
    await both.put_session("digest b", session("b", "bert"))
    await both.put_link("link", link("bert"), ACT)
    await both.put_disabled("bert", NOON, ACT)
    assert await both.sessions("bert") == ()
    assert await both.link("link") is None
    with pytest.raises(NotAllowed, match="bert is disabled"):
        await both.put_session("digest c", session("c", "bert"))
    with pytest.raises(NotAllowed, match="bert is disabled"):
        await both.put_link("link", link("bert"), ACT)
    await both.put_disabled("bert", None, ACT)
    await both.put_session("digest c", session("c", "bert"))


async def test_a_link_is_used_once_and_a_new_one_takes_its_place(both):
    await both.put_link("first", link(), ACT)
    await both.put_link("second", link(purpose=Purpose.SIGN_IN), ACT)
    await both.put_link("other", link("bert"), ACT)
    assert await both.link("first") is None
    assert await both.link("second") == link(purpose=Purpose.SIGN_IN)
    await both.redeem("second", "", "digest 1", session(), ACT)
    assert await both.link("second") is None
    assert await both.person("anna") == (ANNA, Proofs()), "without a password none is kept"
    with pytest.raises(NotAllowed, match="used already"):
        await both.redeem("second", "hash", "digest 2", session("s2"), ACT)
    assert [each.id for each in await both.sessions()] == ["s1"]
    assert await both.person("anna") == (ANNA, Proofs())
    assert await both.link("other") == link("bert")
    with pytest.raises(NotFound):
        await both.put_link("link", link("nobody"), ACT)


async def test_a_code_is_taken_once(both):
    await both.put_second("anna", "SECRET", 41, ACT)
    assert await both.person("anna") == (replace(ANNA, second=True), Proofs(totp="SECRET", step=41))
    assert [await both.take_step("anna", step) for step in (41, 43, 43, 42, 44)] == [False, True, False, False, True]
    assert not await both.take_step("nobody", 99)
    await both.put_second("anna", "", 0, ACT)
    assert await both.person("anna") == (ANNA, Proofs())


async def test_tokens_are_kept_until_they_are_revoked(both):
    feed = Token(name="feed", rights=frozenset({Right.SEE, Right.EDIT}), made=NOON, expires=NOON + HOUR)
    await both.put_token("digest f", feed, ACT)
    await both.put_token("digest a", replace(feed, name="atom", expires=None), ACT)
    with pytest.raises(NotAllowed, match="a token 'feed' already"):
        await both.put_token("digest g", feed, ACT)
    assert [each.name for each in await both.tokens()] == ["atom", "feed"]
    await both.touch_token("feed", NOON + MINUTE)
    assert await both.token("digest f") == replace(feed, used=NOON + MINUTE)
    assert await both.token("digest g") is None
    await both.end_token("feed", ACT)
    assert await both.token("digest f") is None
    with pytest.raises(NotFound):
        await both.end_token("feed", ACT)


async def filled(folder: Path) -> Path:
    store = await sqlite(folder, HandClock())
    await store.add_person(ANNA, ACT)
    await store.put_second("anna", "TOTPSECRET", 1, ACT)
    await store.put_link("digestlink", link(), ACT)
    await store.put_session("digestsession", session())
    await store.put_token("digesttoken", Token(name="feed", rights=frozenset(Right), made=NOON), ACT)
    await store.redeem("digestlink", "argonhash", "digestanother", session("s2"), ACT)
    await store.put_link("digestlink", link(), ACT)
    await store.close()
    return folder / "handbill.db"


async def test_an_export_holds_nothing_of_it_and_an_import_leaves_it_alone(tmp_path):
    path = await filled(tmp_path / "one")
    lines = list(exported(path, 5))
    told = "\n".join(lines)
    for secret in ("TOTPSECRET", "argonhash", "digest", "192.0.2.7", "Firefox"):
        assert secret not in told
    assert not any(f'"record":"{name.rstrip("s")}' in told for name in KEPT_BACK)
    there = await sqlite(tmp_path / "two", HandClock())
    await there.add_person(BERT, ACT)
    await there.close()
    imported(tmp_path / "two" / "handbill.db", lines, "x.jsonl", "cli:ops", NOON, 5)
    there = await sqlite(tmp_path / "two", HandClock())
    assert await there.people() == (BERT,)
    acts = await there.acts()
    assert [each.act.verb for each in acts][-2:] == ["user add", "import"], "that bert was let in is told behind it all"
    assert broken(acts) == 0
    await there.close()


async def test_a_backup_holds_people_and_tokens_but_brings_back_no_session_and_no_link(tmp_path):
    path = await filled(tmp_path)
    back_up(path, tmp_path / "media", tmp_path / "copy.zip", NOON, 5)
    restore(path, tmp_path / "media", tmp_path / "copy.zip", "cli:ops", NOON + timedelta(days=1), 5)
    store = await sqlite(tmp_path, HandClock())
    known = await store.person("anna")
    assert known is not None
    assert (known[1].password, known[1].totp) == ("argonhash", "TOTPSECRET")
    assert await store.token("digesttoken")
    assert await store.sessions() == ()
    assert await store.link("digestlink") is None
    await store.close()


def test_a_ledger_of_before_gets_the_tables(tmp_path):
    old, path = tmp_path / "old", tmp_path / "handbill.db"
    shutil.copytree(SCRIPTS, old)
    for later in (old / "versions").glob("000[4-9]_*.py"):
        later.unlink()
    prepare(path, NOON, 1, old)
    assert revision_of(path, 1) == "0003"
    prepare(path, NOON, 1)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM people").fetchone() == (0,)
