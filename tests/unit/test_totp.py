"""Codes of a second factor against the vectors of RFC 6238, and what is taken as one."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import totp

#: RFC 6238, Appendix B, the rows of SHA-1: seconds since 1970 and the code of eight digits.
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
KEY = b"12345678901234567890"
SECRET = totp.in_letters(KEY)


def at(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize(("seconds", "code"), VECTORS.items())
def test_the_vectors_of_the_standard(seconds, code):
    step = totp.step_at(at(seconds))
    assert totp.code_at(KEY, step, 8) == code
    assert totp.code_at(KEY, step) == code[2:]
    assert totp.step_of(SECRET, code[2:], at(seconds)) == step
    assert totp.step_of(SECRET, f"{code[2:5]} {code[5:]}", at(seconds)) == step


def test_a_clock_may_be_one_step_off_and_no_more():
    taken = {off for off in range(-3, 4) if totp.step_of(SECRET, totp.code_at(KEY, 1000 + off), at(30 * 1000 + 12))}
    assert taken == {-1, 0, 1}


def test_a_code_is_taken_once_and_none_that_came_before_it():
    now, step = at(30 * 1000), 1000
    assert totp.step_of(SECRET, totp.code_at(KEY, step), now, after=step - 1) == step
    assert totp.step_of(SECRET, totp.code_at(KEY, step), now, after=step) is None
    assert totp.step_of(SECRET, totp.code_at(KEY, step - 1), now, after=step) is None
    assert totp.step_of(SECRET, totp.code_at(KEY, step + 1), now, after=step) == step + 1


@pytest.mark.parametrize("code", ["", "28708", "2870820", "28708x", "٢٨٧٠٨٢", "²87082", "-28708", "000000"])
def test_what_is_no_code_is_taken_for_none(code):
    assert totp.step_of(SECRET, code, at(59)) is None


def test_the_address_that_apps_open_holds_who_and_where():
    told = totp.address(SECRET, "anna", "Handbill desk.library.example")
    assert told == (
        "otpauth://totp/Handbill%20desk.library.example:anna"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Handbill%20desk.library.example"
    )
