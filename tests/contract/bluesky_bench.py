"""A simulated PDS that is running, and a channel on it: what the Bluesky tests have in common."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image as Pillow

from bot import net
from bot.clock import SystemClock
from bot.domain.article import Image
from bot.domain.delivery import PublishKey, key_of
from bot.domain.post import Card, Part, Span, SpanKind
from bot.media import MediaFolder
from bot.platforms import bluesky
from bot.ports import Means
from bot.sandbox.bluesky import HANDLE, PASSWORD, Bluesky
from bot.sandbox.bluesky_records import cid
from bot.sandbox.server import running
from bot.sandbox.world import World

NOW = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
KEY = PublishKey(value=key_of("delivery", 1, 1), at=NOW)
FRIEND = "museum.example"
FRIEND_DID = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"


def part(text="The reading room opens on Sunday.", **facts):
    return Part(number=1, text=text, **facts)


def span(text, word, kind, target):
    start = text.index(word)
    return Span(kind=kind, start=start, end=start + len(word), target=target)


def picture_bytes(color="teal", size=(40, 30), kind="PNG"):
    out = io.BytesIO()
    Pillow.new("RGB", size, color).save(out, kind)
    return out.getvalue()


class Silent:
    """A witness that nobody listens through: Bluesky can be asked what it holds."""

    async def saw(self, sighting):
        raise AssertionError(sighting)

    async def sightings(self, channel, since):
        raise AssertionError(channel)

    async def caught_up(self, channel, at):
        raise AssertionError(channel)

    async def heard_until(self, channel):
        raise AssertionError(channel)

    async def deaf_until(self):
        raise AssertionError


class Stage:
    """A running simulated PDS and the means to make adapters for it."""

    def __init__(self, world, service, address, session, folder):
        self.world, self.service, self.session = world, service, session
        self.media = MediaFolder(folder)
        self.base = f"{address}/bluesky"

    def channel(self, timeout=60.0, **credentials):
        given = {"BASE_URL": self.base, "HANDLE": HANDLE, "PASSWORD": PASSWORD} | credentials
        return bluesky.connect(
            Means(
                channel="bluesky",
                credentials=given,
                session=self.session,
                media=self.media,
                clock=SystemClock(),
                witness=Silent(),
                timeout=timeout,
            )
        )

    def shown(self):
        return self.world.visible("bluesky")

    def logins(self):
        return self.service.quotas["login"].used.get(HANDLE, (0, None))[0]


@pytest.fixture
async def stage(tmp_path):
    world = World()
    service = Bluesky(world, neighbours={FRIEND: FRIEND_DID})
    async with running(world, [service]) as address, net.session(100) as session:
        yield Stage(world, service, address, session, tmp_path / "media")


BLOB = {"$type": "blob", "ref": {"$link": cid(b"picture", 0x55)}, "mimeType": "image/png", "size": 7}
IMAGE = Image(sha256="0" * 64, media_type="image/png", width=40, height=30, size=7, alt="A shelf of atlases")
WORDS = "👩🏽‍🚒 Új könyvtár: catalogue, @museum.example #Könyv"
FULL = part(
    WORDS,
    spans=(
        span(WORDS, "catalogue", SpanKind.LINK, "https://library.example/catalogue"),
        span(WORDS, "@museum.example", SpanKind.MENTION, FRIEND),
        span(WORDS, "#Könyv", SpanKind.TAG, "Könyv"),
    ),
    card=Card(url="https://library.example/sunday", title="Open on Sunday", description="From May", image=IMAGE),
    language="hu",
)
STRONG = {"uri": f"at://{FRIEND_DID}/app.bsky.feed.post/3kabcdefghij2", "cid": cid(b"x", 0x71)}
