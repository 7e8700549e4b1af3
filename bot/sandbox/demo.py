"""The whole sandbox as the demo and `handbill sandbox` use it: all services, and the settings that point at them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.sandbox import bluesky, mastodon, telegram, x
from bot.sandbox.server import running
from bot.sandbox.world import Service, World

MASTODON_TOKEN = "sandbox-mastodon-token"  # noqa: S105 - the way into a simulation on loopback


@asynccontextmanager
async def sandbox(
    folder: Path | None = None, port: int = 0, *, lively: bool = False
) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Serve all simulated platforms while the context lasts; the value is their address and a bot's settings for them.

    With a `folder` what was posted survives a restart; `lively` followers react to it. Telegram's twenty messages a minute
    are lifted for the demo's pace.
    """
    world = World(folder, lively=lively)
    services: list[Service] = [
        x.X(world),
        mastodon.Mastodon(world, accounts={MASTODON_TOKEN: "library"}),
        telegram.Telegram(world, rate=200),
        bluesky.Bluesky(world),
    ]
    async with running(world, services, port) as address:
        yield address, environment(address)


def environment(address: str) -> dict[str, str]:
    """Return the settings of one channel on each simulated platform."""
    credentials = {f"X_{key}": value for key, value in x.DEMO.settings().items()}
    return {
        "X_BASE_URL": f"{address}/x",
        **credentials,
        "MASTODON_BASE_URL": f"{address}/mastodon",
        "MASTODON_TOKEN": MASTODON_TOKEN,
        "TELEGRAM_BASE_URL": f"{address}/telegram",
        "TELEGRAM_TOKEN": telegram.TOKEN,
        "TELEGRAM_CHANNEL": telegram.CHANNEL,
        "TELEGRAM_DISCUSSION": str(telegram.DISCUSSION),
        "BLUESKY_BASE_URL": f"{address}/bluesky",
        "BLUESKY_HANDLE": bluesky.HANDLE,
        "BLUESKY_PASSWORD": bluesky.PASSWORD,
    }
