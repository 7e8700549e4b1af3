"""Who tries too often is held up, and nobody else."""

from base64 import b32decode

import pytest
from argon2 import PasswordHasher

from bot.domain import totp
from bot.domain.people import Purpose
from bot.flow.admission import TooOften, Wrong
from tests.flow.test_admission import PASSWORD, gate
from tests.store_samples import SECOND

__all__ = ["gate"]


def quicken(gate):
    """Have passwords hashed with little memory, where a test has very many."""
    gate.admission.__dict__["_hasher"] = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_who_tries_anothers_name_all_day_does_not_lock_her_out(gate):
    quicken(gate)
    await gate.anna()
    for _ in range(149):
        with pytest.raises((Wrong, TooOften)):
            await gate.tried(password="guess", place="203.0.113.66")
        gate.clock.at += 10 * SECOND
    assert await gate.tried(place="192.0.2.99")


async def test_many_addresses_together_do_not_try_a_name_without_end(gate):
    quicken(gate)
    await gate.anna()
    for number in range(100):
        with pytest.raises(Wrong):
            await gate.tried(password="guess", place=f"192.0.2.{number}")
    with pytest.raises(TooOften):
        await gate.tried(place="198.51.100.1")


async def test_whoever_has_a_link_is_held_up_by_nobody_elses_tries(gate):
    quicken(gate)
    await gate.anna()
    link = await gate.enrolling.invite("anna")
    for number in range(30):
        with pytest.raises((Wrong, TooOften)):
            await gate.tried(password=f"guess {number}")
    with pytest.raises(TooOften):
        await gate.tried()
    assert await gate.admission.redeem(link, PASSWORD, "192.0.2.7", "Firefox")


async def test_whoever_is_signed_in_proves_it_whatever_others_try_with_the_name(gate):
    quicken(gate)
    caller = await gate.who(await gate.anna())
    for number in range(11):
        with pytest.raises((Wrong, TooOften)):
            await gate.tried(password=f"guess {number}")
    await gate.admission.change_password(caller, PASSWORD, "another shelf of teacups")


async def test_codes_are_not_guessed_without_end_by_whoever_found_a_link(gate):
    quicken(gate)
    caller = await gate.who(await gate.anna())
    secret = gate.admission.new_second()
    code = totp.code_at(b32decode(secret), totp.step_at(gate.clock.at))
    await gate.admission.put_second(caller, PASSWORD, secret, code)
    link = await gate.enrolling.invite("anna", Purpose.SIGN_IN)
    for number in range(10):
        with pytest.raises(Wrong):
            await gate.admission.redeem(link, "", f"192.0.2.{number}", "", "no code")
    with pytest.raises(TooOften):
        await gate.admission.redeem(link, "", "198.51.100.1", "", "no code")
