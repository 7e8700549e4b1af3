"""What the store's tests put into it: a town library's campaign, a clock that is set by hand, the stores we ship."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.domain.article import Article, Block, BlockKind, Image
from bot.domain.channel import Channel, Limits, LinkRule, Unit
from bot.domain.delivery import Attempt, Delivery, PublishKey, State, fingerprint_of, key_of
from bot.domain.excerpt import Excerpt, Reason
from bot.domain.ledger import Change
from bot.domain.outcome import Receipt, Sent
from bot.domain.post import Card, Part, Post, Span, SpanKind
from bot.store import open_store
from bot.store.sql import SqlStore

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

PICTURE = Image(sha256="ab" * 32, media_type="image/png", width=640, height=480, size=1234, alt="The reading room")


@dataclass
class HandClock:
    """A Clock that stands where it is put."""

    at: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, span: timedelta) -> None:
        self.at += span


async def sqlite(folder: Path, clock: HandClock) -> SqlStore:
    return await open_store(folder / "handbill.db", clock)


STORES = {"sqlite": sqlite}


def article(name: str = "night-opening", text: str = "", **more: Any) -> Article:
    text = text or "The library stays open until midnight on Fridays.\n\nTea is served in the reading room."
    facts: dict[str, Any] = {
        "campaign": "library",
        "name": name,
        "digest": "d1",
        "title": "The library at night",
        "text": text,
        "blocks": (Block(kind=BlockKind.PROSE, start=0, end=len(text)),),
        "link": "https://library.example/night",
        "language": "en",
        "tags": ("library", "night"),
        "images": (PICTURE,),
        "date": NOON,
    }
    return Article(**facts | more)


def channel(name: str = "x", **more: Any) -> Channel:
    limits = Limits(length=280, unit=Unit.WEIGHTED, link_rule=LinkRule.BARE)
    facts: dict[str, Any] = {"name": name, "platform": name.partition("__")[0], "limits": limits}
    return Channel(**facts | more)


def post(text: str = "Open until midnight.", channel: str = "x", parts: int = 1) -> Post:
    return Post(
        channel=channel,
        parts=tuple(
            Part(
                number=number,
                text=f"{text} {number}/{parts} library.example",
                spans=(Span(kind=SpanKind.LINK, start=0, end=4, target="https://library.example/"),),
                images=(PICTURE,),
                card=Card(url="https://library.example/", title="Library", image=PICTURE),
                language="en",
                length=20,
                limit=280,
            )
            for number in range(1, parts + 1)
        ),
        notes=("shortened",),
    )


def excerpt(text: str = "Open until midnight.") -> Excerpt:
    return Excerpt(text=text, start=0, end=len(text), reason=Reason.LEAD, sentences=(len(text),), score=0.25)


def delivery(
    id: str = "a1", words: str = "", channel: str = "x", parts: int = 1, due: datetime | None = NOON, **more: Any
) -> Delivery:
    """A scheduled delivery (held when `due` is None) whose slot is its due moment; other words, other excerpt."""
    words = words or f"Open until midnight, says {id}."
    facts: dict[str, Any] = {
        "id": id,
        "campaign": "library",
        "article": "night-opening",
        "digest": "d1",
        "channel": channel,
        "excerpt": excerpt(words),
        "post": post(words, channel, parts),
        "state": State.SCHEDULED if due else State.HELD,
        "slot": due,
        "due": due,
        "why": "new",
    }
    return Delivery(**facts | more)


def attempt(of: Delivery, part: int = 1, armed: datetime = NOON, **more: Any) -> Attempt:
    """The attempt that claims a delivery (its epoch is the delivery's next)."""
    facts: dict[str, Any] = {
        "delivery": of.id,
        "part": part,
        "epoch": of.epoch + 1,
        "key": PublishKey(value=key_of(of.id, part, of.revision), at=armed),
        "fingerprint": fingerprint_of(of.post.parts[part - 1]),
        "armed": armed,
        "deadline": armed + 20 * SECOND,
    }
    return Attempt(**facts | more)


def receipt(id: str = "900", **more: Any) -> Receipt:
    facts: dict[str, Any] = {"id": id, "url": f"https://x.example/{id}", "at": NOON, "pieces": ("901",)}
    return Receipt(**facts | more)


async def posted(
    store: SqlStore, name: str, *, at: datetime = NOON, on: str = "x", parts: int = 1, **more: Any
) -> Delivery:
    """Put a delivery into the store of which every part is published, a second apart."""
    await store.add_deliveries([delivery(name, channel=on, parts=parts, due=at, **more)], at)
    of = await store.delivery(name)
    for part in range(1, parts + 1):
        tried = attempt(of, part, armed=at)
        await store.arm(of, tried, at + HOUR)
        proof = receipt(f"{name}-{part}", at=at + (part - 1) * SECOND)
        await store.record(replace(tried, ended=at, outcome=Sent(receipt=proof)))
    await store.move([Change.of(await store.delivery(name), State.SENT, "")], at)
    return await store.delivery(name)
