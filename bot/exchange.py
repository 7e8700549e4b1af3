"""What an HTTP exchange with a platform tells, whoever carries it.

Whether its request can have arrived, its answer's body within bounds, how long it asks to wait and what is left of a
quota. What headers say is never trusted to be sane: nothing here raises over them, since the post may have been taken.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bot.domain.pacing import Quota

if TYPE_CHECKING:
    import aiohttp

#: No answer of a publishing call comes near it; what is longer is not read to its end.
LARGEST_ANSWER = 8 * 2**20
LONGEST_WAIT = timedelta(days=1)
#: No count of anything comes near it; databases keep no larger number.
MOST = 2**63
#: A number below it in a reset header is seconds from now (the IETF's draft), above it seconds since 1970 (2001-09-09).
EPOCH_LIKE = 10**9


async def whole(response: "aiohttp.ClientResponse") -> bytes:
    """Return an answer's unpacked body; ValueError when it is longer than any answer of a platform."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(2**16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError("the answer is too large")
    return bytes(body)


def bare(text: str) -> str:
    """Return a text for comparing: NFC, links as letters, without the characters that only direct or join others."""
    letters = (letter for letter in unquote(text) if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFC", "".join(letters))


def unreached(error: BaseException) -> str:
    """Return, in words that follow the host's name, why nothing was sent; "" when something may have been.

    Only the error itself is asked, never its `__context__`, which may be an earlier request's that is being dealt with.
    """
    import aiohttp

    match error:
        case aiohttp.ClientConnectorDNSError():
            return "cannot be found: is the name right, and is there a network?"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ServerFingerprintMismatch():
            return "shows a certificate that is not good"
        case aiohttp.ClientSSLError():
            return "does not speak TLS as it should"
        case aiohttp.ClientConnectorError():
            return f"cannot be connected to: {_reason(error)}"
        case aiohttp.ConnectionTimeoutError():
            return "cannot be connected to: no connection in time"
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return "is no address to connect to"
    return ""


def _reason(error: "aiohttp.ClientConnectorError") -> str:
    """Return the system's words without the address: "Connect call failed ('127.0.0.1', 443)" says nothing to a person."""
    match error.os_error:
        case ConnectionRefusedError():
            return "it refuses connections"
        case TimeoutError():
            return "no connection in time"
    return "no way leads there"


def lost(error: BaseException) -> str:
    """Return, in words that follow the host's name, how an exchange ended whose request may have arrived."""
    import aiohttp

    match error:
        case TimeoutError():
            return "did not answer in time"
        case aiohttp.ClientPayloadError():
            return "broke its answer off"
        case OSError() | aiohttp.ServerDisconnectedError():
            return "closed the connection without an answer"
    return "gave an answer that cannot be read"


def moment(told: str, now: datetime) -> datetime | None:
    """Return the moment a header names: seconds, seconds since 1970, ISO 8601 or an HTTP date; None when it is none."""
    told = told.strip()
    try:
        if told.replace(".", "", 1).isdecimal():
            number = float(told)
            return now + timedelta(seconds=number) if number < EPOCH_LIKE else datetime.fromtimestamp(number, UTC)
        found = datetime.fromisoformat(told) if told[:4].isdecimal() else parsedate_to_datetime(told)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return found if found.tzinfo else None


def number(told: object) -> int | None:
    """Return a count that an answer tells, None when it is none."""
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < MOST else None


def wait(
    headers: Mapping[str, str], now: datetime, budgets: Sequence[str], most: timedelta = LONGEST_WAIT
) -> timedelta:
    """Return how long a 429 asks to wait, between zero and `most`: by Retry-After, else until all that is used up refills.

    `budgets` are the beginnings of its rate headers, such as "X-RateLimit".
    """
    told = moment(headers.get("Retry-After", ""), now)
    if told is None:
        resets = {each: at for each in budgets if (at := moment(headers.get(f"{each}-Reset", ""), now))}
        spent = [at for each, at in resets.items() if headers.get(f"{each}-Remaining", "0") == "0"]
        told = max(spent or resets.values(), default=now)
    return min(max(told - now, timedelta(0)), most)


def quota(
    headers: Mapping[str, str], now: datetime, budgets: Sequence[str], cost: int = 1, most: timedelta = LONGEST_WAIT
) -> Quota | None:
    """Return the tightest quota that rate headers tell, in calls that `cost` so many points; None when they tell none.

    A reset further away than `most` is taken for that far.
    """
    found: list[Quota] = []
    for each in budgets:
        left, until = headers.get(f"{each}-Remaining", "").strip(), moment(headers.get(f"{each}-Reset", ""), now)
        if left.isdecimal() and len(left) < 10 and until is not None and until > now:
            found.append(Quota(left=int(left) // cost, until=min(until, now + most)))
    return min(found, key=lambda quota: (quota.left, now - quota.until), default=None)
