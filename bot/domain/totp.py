"""Codes of a second factor: RFC 6238 (time-based), over RFC 4226 (counted), as every authenticator app computes them."""

from base64 import b32decode, b32encode
from datetime import datetime, timedelta
from hashlib import sha1
from hmac import compare_digest
from hmac import digest as hmac_of
from urllib.parse import quote

#: What apps take without being told: SHA-1, six digits, a new code every 30 seconds (RFC 6238 §4, §5.2).
STEP, DIGITS = timedelta(seconds=30), 6
#: How many steps before and after the present one are taken too: a phone's clock may be a little off (§6).
WINDOW = 1


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of a time step (RFC 4226 §5.3)."""
    # SHA-1 is what the apps know; HMAC does not rest on its being free of collisions (RFC 4226, Appendix B.2).
    mac = hmac_of(secret, step.to_bytes(8, "big"), sha1)
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(now: datetime) -> int:
    """Return the number of the time step of a moment."""
    return int(now.timestamp() // STEP.total_seconds())


def step_of(secret: str, code: str, now: datetime, after: int = 0) -> int | None:
    """Return the time step of which this is the code, later than the step `after`; None when it is none.

    `secret` is in base 32. Whoever takes the code keeps the step, so that it is never taken again (§5.2).
    """
    plain = code.replace(" ", "")
    if len(plain) != DIGITS or not plain.isascii() or not plain.isdigit():
        return None
    present, key = step_at(now), b32decode(secret)
    steps = [
        step for step in range(present - WINDOW, present + WINDOW + 1) if compare_digest(code_at(key, step), plain)
    ]
    return next((step for step in steps if step > after), None)


def in_letters(secret: bytes) -> str:
    """Return a secret in base 32, as it is stored and typed in; of 20 or 40 bytes, so that no padding is needed."""
    return b32encode(secret).decode()


def address(secret: str, name: str, issuer: str) -> str:
    """Return the otpauth address that apps open (github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    who = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return f"otpauth://totp/{who}?secret={secret}&issuer={quote(issuer, safe='')}"


def is_secret(text: str) -> bool:
    """Tell whether this is a secret as `in_letters` writes one of 20 bytes."""
    try:
        return len(text) == 32 and len(b32decode(text)) == 20
    except ValueError:
        return False
