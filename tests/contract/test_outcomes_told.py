"""What platforms tell beside the post itself: that the account may not post, and what is left of a quota."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.outcome import Retry, Sent, Unauthorised
from bot.domain.pacing import Quota
from tests.contract.outcomes_bench import TAKEN, http, published, says

#: What a platform says when the account or the room is the matter, and what an operator reads.
STANDING: dict[str, tuple[str, str, Any, str]] = {
    "X: revoked": ("x", "401 Unauthorized", {"title": "Unauthorized"}, "Keys and tokens"),
    "X: suspended": ("x", "403 Forbidden", {"detail": "Your account is suspended and cannot post."}, "log in to x.com"),
    "X: locked": ("x", "403 Forbidden", {"detail": "To protect our users, this account is locked."}, "log in to x.com"),
    "X: read-only": ("x", "403 Forbidden", {"detail": "not configured with the app permissions"}, "Read and write"),
    "X: no credits": ("x", "402 Payment Required", {"title": "CreditsDepleted"}, "buy credits"),
    "Mastodon: revoked": (
        "mastodon",
        "401 Unauthorized",
        {"error": "The access token was revoked"},
        "put it into MASTODON_TOKEN",
    ),
    "Mastodon: suspended": ("mastodon", "403 Forbidden", {"error": "Your login is currently disabled"}, "log in"),
    "Mastodon: gone": ("mastodon", "410 Gone", {"error": "Gone"}, "MASTODON_TOKEN"),
    "Telegram: revoked": (
        "telegram",
        "401 Unauthorized",
        {"ok": False, "description": "Unauthorized"},
        "into TELEGRAM_TOKEN",
    ),
    "Telegram: kicked": (
        "telegram",
        "403 Forbidden",
        {"ok": False, "description": "Forbidden: bot was kicked from the channel chat"},
        "TELEGRAM_CHANNEL",
    ),
    "Telegram: no rights": (
        "telegram",
        "400 Bad Request",
        {"ok": False, "description": "Bad Request: need administrator rights in the channel chat"},
        "administrator",
    ),
    "Telegram: moved": (
        "telegram",
        "400 Bad Request",
        {
            "ok": False,
            "description": "Bad Request: group chat was upgraded",
            "parameters": {"migrate_to_chat_id": -1009},
        },
        "set TELEGRAM_CHANNEL to -1009",
    ),
    "Telegram: deleted": (
        "telegram",
        "403 Forbidden",
        {"ok": False, "description": "Forbidden: the group chat was deleted"},
        "TELEGRAM_CHANNEL",
    ),
    "Bluesky: moved": (
        "bluesky",
        "400 Bad Request",
        {"error": "AccountDeactivated", "message": "Account is deactivated"},
        "set BLUESKY_BASE_URL",
    ),
    "Bluesky: taken down": (
        "bluesky",
        "400 Bad Request",
        {"error": "AccountTakedown", "message": "Account has been taken down"},
        "log in to Bluesky",
    ),
    "Bluesky: not here": (
        "bluesky",
        "400 Bad Request",
        {"error": "RepoNotFound", "message": "Could not find repo"},
        "BLUESKY_BASE_URL",
    ),
}


@pytest.mark.parametrize("name", STANDING)
async def test_an_account_that_may_not_post_pauses_its_channel_and_says_what_to_do(name: str, tmp_path: Path) -> None:
    platform, status, body, mend = STANDING[name]
    outcome, _ = await published(platform, tmp_path, says(http(body, status=status)))
    assert type(outcome) is Unauthorised, outcome
    assert mend in outcome.mend
    assert outcome.words == f"{outcome.why}; {outcome.mend}"


#: The headers with which a post is answered, per platform, and what is left then.
QUOTAS: dict[str, tuple[tuple[str, ...], int]] = {
    "x": (("x-rate-limit-remaining: 42", "x-rate-limit-reset: {soon}", "x-user-limit-24hour-remaining: 77"), 42),
    "mastodon": (("X-RateLimit-Remaining: 42", "X-RateLimit-Reset: {iso}"), 42),
    "bluesky": (("RateLimit-Limit: 5000", "RateLimit-Remaining: 128", "RateLimit-Reset: {soon}"), 42),
}


@pytest.mark.parametrize("status", ["200 OK", "429 Too Many Requests"])
@pytest.mark.parametrize("platform", QUOTAS)
async def test_what_is_left_of_a_quota_is_heard_with_every_answer(platform: str, status: str, tmp_path: Path) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=7)
    headers, left = QUOTAS[platform]
    told = [each.format(soon=int(until.timestamp()), iso=until.isoformat()) for each in headers]
    outcome, _ = await published(platform, tmp_path, says(http(TAKEN[platform], *told, status=status)))
    assert isinstance(outcome, Sent | Retry)
    assert outcome.quota == Quota(left=left, until=until)


@pytest.mark.parametrize("platform", [*QUOTAS, "telegram"])
@pytest.mark.parametrize("odd", ["no", "-1", "1e400", "99999999999999999999999", ""])
async def test_odd_headers_never_spoil_a_post_that_was_taken(platform: str, odd: str, tmp_path: Path) -> None:
    names = ("x-rate-limit", "RateLimit", "X-RateLimit", "x-app-limit-24hour")
    headers = [f"{name}-{end}: {odd}" for name in names for end in ("Limit", "Remaining", "Reset")]
    outcome, _ = await published(platform, tmp_path, says(http(TAKEN[platform], *headers, f"Retry-After: {odd}")))
    assert type(outcome) is Sent, outcome
