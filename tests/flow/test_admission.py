"""Coming in, over a real store and a clock set by hand: passwords, links, sessions, second factors, tokens."""

from base64 import b32decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain import totp
from bot.domain.people import ABSOLUTE, IDLE, LINK_LASTS, Caller, Purpose, Right, Role
from bot.errors import BadInput, NotAllowed, NotFound
from bot.flow.admission import SHORTEST, Admission, TooOften, Wrong, network_of
from bot.flow.enrolling import Enrolling
from bot.store.sql import SqlStore
from tests.store_samples import MINUTE, SECOND, HandClock, sqlite

PASSWORD = "four teacups on a shelf"


@dataclass(slots=True)
class Gate:
    """Who may come in, and a clock to be set."""

    clock: HandClock
    store: SqlStore
    admission: Admission
    enrolling: Enrolling

    async def anna(self, role: Role = Role.ADMIN, name: str = "anna") -> str:
        """Have somebody with a password; return the secret of their first session."""
        return await self.admission.redeem(await self.enrolling.add(name, role), PASSWORD, "192.0.2.7", "Firefox")

    async def tried(
        self, name: str = "anna", password: str = PASSWORD, code: str = "", place: str = "192.0.2.7"
    ) -> str:
        return await self.admission.sign_in(name, password, code, place, "Firefox")

    async def who(self, secret: str) -> Caller:
        caller = await self.admission.caller(secret)
        assert caller is not None
        return caller


@pytest.fixture
async def gate(tmp_path) -> AsyncIterator[Gate]:
    clock = HandClock()
    store = await sqlite(tmp_path, clock)
    yield Gate(clock, store, Admission(store, clock), Enrolling(store, clock, "cli:ops"))
    await store.close()


async def test_a_new_person_chooses_a_password_by_their_link_and_signs_in_with_it(gate):
    first = await gate.anna(Role.EDITOR)
    for secret in (first, await gate.tried(), await gate.tried(name="  Anna ")):
        caller = await gate.who(secret)
        assert (caller.name, caller.by) == ("anna", "desk:anna")
        assert caller.rights == {Right.SEE, Right.EDIT}
    assert len(await gate.store.sessions("anna")) == 3
    assert [(each.act.by, each.act.verb) for each in await gate.store.acts()] == [
        ("cli:ops", "user add"),
        ("cli:ops", "user link"),
        ("desk:anna", "user link used"),
    ]


async def test_what_is_kept_opens_nothing(gate):
    link = await gate.enrolling.add("anna", Role.ADMIN)
    assert link not in gate.store.path.read_bytes().decode("latin-1")
    secret = await gate.admission.redeem(link, PASSWORD, "", "")
    token = await gate.enrolling.add_token("feed", {Right.SEE})
    await gate.store.close()
    for file in gate.store.path.parent.glob("handbill.db*"):
        held = file.read_bytes()
        for plain in (link, secret, token, PASSWORD):
            assert plain.encode() not in held


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", ""),
        ("anna", PASSWORD.upper()),
        ("anna", PASSWORD + " "),
        ("bert", PASSWORD),
        ("", ""),
        ("new", PASSWORD),
    ],
)
async def test_what_does_not_fit_is_refused_in_the_same_words(gate, name, password):
    await gate.anna()
    await gate.enrolling.add("new", Role.ADMIN)
    with pytest.raises(Wrong) as refusal:
        await gate.tried(name, password)
    assert refusal.value.what == "this name, password or code is not right"


async def test_a_password_is_the_same_however_a_keyboard_writes_it(gate):
    written, otherwise = "caf\u00e9 und Stra\u00dfe am Abend", "cafe\u0301 und Stra\u00dfe am Abend"
    await gate.admission.redeem(await gate.enrolling.add("anna", Role.ADMIN), written, "", "")
    assert await gate.tried(password=otherwise)


@pytest.mark.parametrize("password", ["", "short", "a" * 40, "abab" * 5, "annaanna1234", "password123456", "x" * 201])
async def test_a_weak_password_is_refused_and_the_link_is_not_used_up(gate, password):
    link = await gate.enrolling.add("anna", Role.ADMIN)
    with pytest.raises(BadInput):
        await gate.admission.redeem(link, password, "", "")
    assert await gate.admission.redeem(link, PASSWORD[: max(SHORTEST, 15)], "", "")


async def test_tries_are_counted_by_name_and_address_and_let_go_in_time(gate):
    await gate.anna()
    for number in range(10):
        with pytest.raises(Wrong):
            await gate.tried(password=f"guess {number}")
    with pytest.raises(TooOften) as refusal:
        await gate.tried()
    assert refusal.value.wait == 30
    await gate.anna(name="bert")
    assert await gate.tried("bert"), "another name is not held up"
    gate.clock.at += 30 * SECOND
    assert await gate.tried()
    for number in range(10):
        with pytest.raises(Wrong):
            await gate.tried(password=f"guess {number}")


async def test_tries_are_counted_by_address_too(gate):
    await gate.anna()
    for number in range(30):
        with pytest.raises(Wrong):
            await gate.tried(f"name{number}", "guess", place=f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooOften):
        await gate.tried(place="2001:db8:1:2:ffff::1")
    assert await gate.tried(place="2001:db8:1:3::1")


@pytest.mark.parametrize(
    ("place", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_an_address_is_counted_as_what_one_customer_has(place, counted):
    assert network_of(place) == counted


async def test_a_link_lasts_a_day_and_looking_at_it_does_not_use_it_up(gate):
    link = await gate.enrolling.add("anna", Role.ADMIN)
    for _ in range(5):
        assert (await gate.admission.link(link)).person == "anna"
    gate.clock.at += LINK_LASTS - SECOND
    assert await gate.admission.link(link)
    gate.clock.at += SECOND
    for use in (gate.admission.link(link), gate.admission.redeem(link, PASSWORD, "", "")):
        with pytest.raises(NotFound, match="has expired"):
            await use
    again = await gate.enrolling.invite("anna")
    assert await gate.admission.redeem(again, PASSWORD, "", "")
    with pytest.raises(NotFound, match="used already"):
        await gate.admission.redeem(again, PASSWORD, "", "")
    with pytest.raises(NotFound):
        await gate.admission.link(link)


async def test_the_demos_link_signs_in_without_a_password(gate):
    await gate.enrolling.add("demo", Role.ADMIN)
    link = await gate.enrolling.invite("demo", Purpose.SIGN_IN)
    assert (await gate.who(await gate.admission.redeem(link, "", "", ""))).name == "demo"
    with pytest.raises(Wrong):
        await gate.tried("demo", "")


async def test_a_session_ends_when_it_is_not_used_or_after_all(gate):
    idle, used = await gate.anna(), await gate.tried()
    begun = gate.clock.at
    while gate.clock.at + IDLE - MINUTE < begun + ABSOLUTE:
        gate.clock.at += IDLE - MINUTE
        assert await gate.admission.caller(used)
        assert gate.clock.at < begun + IDLE or await gate.admission.caller(idle) is None
    gate.clock.at = begun + ABSOLUTE - SECOND
    assert await gate.admission.caller(used)
    gate.clock.at = begun + ABSOLUTE
    assert await gate.admission.caller(used) is None


async def test_that_a_session_was_used_is_noted_every_few_minutes_only(gate):
    secret = await gate.anna()
    [begun] = await gate.store.sessions()
    gate.clock.at += 4 * MINUTE
    await gate.admission.caller(secret)
    assert await gate.store.sessions() == (begun,)
    gate.clock.at += MINUTE
    await gate.admission.caller(secret)
    assert (await gate.store.sessions())[0].seen == gate.clock.at


async def test_another_role_and_being_disabled_hold_from_the_next_click(gate):
    await gate.anna()
    secret = await gate.anna(Role.ADMIN, "bert")
    await gate.enrolling.put_role("bert", Role.VIEWER)
    assert (await gate.who(secret)).rights == {Right.SEE}
    await gate.enrolling.disable("bert")
    assert await gate.admission.caller(secret) is None
    with pytest.raises(Wrong):
        await gate.tried("bert")
    await gate.enrolling.enable("bert")
    assert await gate.admission.caller(secret) is None
    assert await gate.tried("bert")


async def test_sessions_are_ended_by_their_person_or_an_admin(gate):
    anna, bert = await gate.anna(), await gate.anna(Role.VIEWER, "bert")
    caller, other = await gate.who(anna), await gate.who(bert)
    assert caller.session
    with pytest.raises(NotFound):
        await gate.admission.end_session(other, caller.session.id)
    assert await gate.admission.caller(anna)
    assert other.session
    await gate.enrolling.end_session(other.session.id)
    assert await gate.admission.caller(bert) is None
    await gate.admission.sign_out(caller)
    assert await gate.admission.caller(anna) is None
    assert [(each.act.verb, each.act.subject) for each in (await gate.store.acts())[-1:]] == [("session end", "bert")]


async def test_a_new_password_takes_the_old_one_and_ends_the_other_sessions(gate):
    other, own = await gate.anna(), await gate.tried()
    caller, new = await gate.who(own), "another shelf of teacups"
    with pytest.raises(Wrong):
        await gate.admission.change_password(caller, "guess", new)
    with pytest.raises(BadInput):
        await gate.admission.change_password(caller, PASSWORD, "short")
    assert await gate.admission.caller(other)
    await gate.admission.change_password(caller, PASSWORD, new)
    assert await gate.admission.caller(own)
    assert await gate.admission.caller(other) is None
    with pytest.raises(Wrong):
        await gate.tried()
    assert await gate.tried(password=new)


async def test_whoever_finds_a_browser_signed_in_cannot_guess_the_password_there(gate):
    caller = await gate.who(await gate.anna())
    for number in range(10):
        with pytest.raises(Wrong):
            await gate.admission.change_password(caller, f"guess {number}", "another shelf of teacups")
    with pytest.raises(TooOften):
        await gate.admission.change_password(caller, PASSWORD, "another shelf of teacups")


async def test_with_a_second_factor_a_code_is_needed_and_taken_once(gate):
    caller = await gate.who(await gate.anna())
    secret = gate.admission.new_second()
    code = totp.code_at(b32decode(secret), totp.step_at(gate.clock.at))
    with pytest.raises(Wrong):
        await gate.admission.put_second(caller, "guess", secret, code)
    with pytest.raises(BadInput, match="not the code"):
        await gate.admission.put_second(caller, PASSWORD, secret, "000000" if code != "000000" else "111111")
    with pytest.raises(BadInput):
        await gate.admission.put_second(caller, PASSWORD, "not base 32!", code)
    await gate.admission.put_second(caller, PASSWORD, secret, code)
    for wrong in ("", code, "000000"):
        with pytest.raises(Wrong):
            await gate.tried(code=wrong)
    gate.clock.at += 30 * SECOND
    code = totp.code_at(b32decode(secret), totp.step_at(gate.clock.at))
    with pytest.raises(Wrong):
        await gate.tried(password="guess", code=code)
    assert await gate.tried(code=code)
    with pytest.raises(Wrong):
        await gate.tried(code=code)
    link = await gate.enrolling.invite("anna")
    with pytest.raises(Wrong):
        await gate.admission.redeem(link, PASSWORD, "", "")
    gate.clock.at += 30 * SECOND
    code = totp.code_at(b32decode(secret), totp.step_at(gate.clock.at))
    assert await gate.admission.redeem(link, PASSWORD, "", "", code)
    await gate.admission.drop_second(caller, PASSWORD)
    assert await gate.tried()


async def test_an_admin_helps_who_lost_their_phone(gate):
    caller = await gate.who(await gate.anna())
    secret = gate.admission.new_second()
    code = totp.code_at(b32decode(secret), totp.step_at(gate.clock.at))
    await gate.admission.put_second(caller, PASSWORD, secret, code)
    await gate.enrolling.drop_second("anna")
    assert await gate.tried()
    with pytest.raises(NotFound):
        await gate.enrolling.drop_second("nobody")


async def test_a_token_has_its_rights_until_it_expires_or_is_revoked(gate):
    token = await gate.enrolling.add_token("feed", {Right.EDIT}, days=2)
    lasting = await gate.enrolling.add_token("site", set())
    caller = await gate.admission.program(token)
    assert caller is not None
    assert (caller.by, caller.rights, caller.person) == ("api:feed", {Right.SEE, Right.EDIT}, None)
    gate.clock.at += timedelta(days=2)
    assert await gate.admission.program(token) is None
    assert await gate.admission.program(lasting)
    await gate.enrolling.end_token("site")
    assert await gate.admission.program(lasting) is None
    assert await gate.admission.program("handbill_guess") is None
    assert await gate.admission.caller(token) is None, "a token is no session"


@pytest.mark.parametrize("name", ["", "Ann a", "../etc", "anna@town", "ä", "a" * 33, "-anna", "<b>"])
async def test_a_name_is_plain(gate, name):
    with pytest.raises(BadInput):
        await gate.enrolling.add(name, Role.VIEWER)
    with pytest.raises(BadInput):
        await gate.enrolling.add_token(name, {Right.SEE})


@pytest.mark.parametrize("days", [0, -1, 99999])
async def test_a_token_lasts_a_sensible_time(gate, days):
    with pytest.raises(BadInput):
        await gate.enrolling.add_token("feed", {Right.SEE}, days)


async def test_nobody_is_told_what_must_stay_secret(gate, caplog):
    await gate.anna()
    known = await gate.store.person("anna")
    assert "argon2" in known[1].password
    assert "argon2" not in repr(known)
    with pytest.raises(Wrong) as refusal:
        await gate.tried("anna", "my secret guess")
    assert "my secret guess" not in repr(refusal.value)
    with pytest.raises(NotAllowed):
        await gate.enrolling.disable("anna")
