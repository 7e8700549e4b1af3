"""The adapters against servers that we did not write: what they take a fault for, and that the key makes one of many."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from PIL import Image as Pillow

from bot import net
from bot.clock import SystemClock
from bot.domain.delivery import PublishKey, key_of
from bot.domain.outcome import Outcome, Refused, ReplyTo, Retry, Sent, Unauthorised, Unknown
from bot.domain.post import Card, Part, Span, SpanKind
from bot.domain.text.measure import length
from bot.errors import BadSetting
from bot.media import MediaFolder
from bot.platforms import adapters, bluesky
from bot.ports import Means, Platform, Sighting
from tests.peers.faults import FAULTS, Fault
from tests.peers.proxy import Proxy
from tests.peers.servers import Account, Member, Seen

#: Seconds that no answer takes, however busy the machine.
PATIENCE = 60
NUMBERS = count(1)


class Deaf:
    """A witness for platforms that can be asked what they hold."""

    async def saw(self, sighting: Sighting) -> None: ...

    async def sightings(self, channel: str, since: datetime) -> Sequence[Sighting]:
        return ()

    async def caught_up(self, channel: str, at: datetime) -> None: ...

    async def heard_until(self, channel: str) -> datetime | None:
        return None

    async def deaf_until(self) -> datetime | None:
        return None


@dataclass(slots=True)
class Desk:
    """An account on a peer, a proxy before it, and the adapter that posts there through the proxy."""

    account: Account | Member
    proxy: Proxy
    platform: Platform
    media: MediaFolder
    older: frozenset[str]

    async def publish(self, part: Part, key: PublishKey, reply_to: ReplyTo | None = None) -> Outcome:
        return await self.platform.publish(part, key, reply_to)

    async def give_up(self, part: Part, key: PublishKey, once: Callable[[], bool]) -> Outcome:
        """Publish, and give up when that has become true, as dispatch does at its deadline."""
        publishing = asyncio.create_task(self.platform.publish(part, key, None))
        await wait_until(once)
        publishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await publishing
        return Unknown(why="no answer came")

    def seen(self) -> list[Seen]:
        """Return what followers see and did not see before."""
        return [each for each in self.account.seen() if each.id not in self.older]

    def texts(self) -> list[str]:
        return [each.text for each in self.seen()]


Desks = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def desks(tmp_path) -> AsyncIterator[Desks]:
    """Return what makes desks: desks(platform, account, **credentials that differ)."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(net.session(PATIENCE))

        async def made(name: str, account: Account | Member, **credentials: str) -> Desk:
            proxy = Proxy(account.port, hold=2 * PATIENCE)
            await proxy.open()
            stack.push_async_callback(proxy.close)
            media = MediaFolder(tmp_path / "media")
            platform = adapters()[name].connect(
                Means(
                    channel=name, credentials=account.settings(proxy.address) | credentials, session=session,
                    media=media, clock=SystemClock(), witness=Deaf(), timeout=PATIENCE,
                )
            )  # fmt: skip
            stack.push_async_callback(platform.close)
            return Desk(account, proxy, platform, media, frozenset(each.id for each in account.seen()))

        yield made


@pytest.fixture(params=["bluesky", "mastodon"])
async def desk(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    peer = request.getfixturevalue("pds" if request.param == "bluesky" else "mastodon_mock")
    made = await desks(request.param, peer.regular())
    await made.platform.verify()
    return made


def part(text: str = "", **more) -> Part:
    return Part(number=1, text=text or f"The reading room opens on Sunday, notice {next(NUMBERS)}.", **more)


def key() -> PublishKey:
    return PublishKey(value=key_of(f"delivery {next(NUMBERS)}", 1, 1), at=datetime.now(UTC))


def picture(colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (64, 48), colour).save(out, "PNG")
    return out.getvalue()


#: Whether an answer that says "sent" comes back through the fault.
HEARD = {Fault.NONE, Fault.DELAY, Fault.REFUSE}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_unknown_is_told_as_unknown_found_where_it_is_and_made_once_by_a_replay(desk, fault):
    what, its_key = part(), key()
    desk.proxy.decks = {desk.account.writes: [fault]}
    if fault is Fault.LATE:
        outcome = await desk.give_up(what, its_key, lambda: desk.proxy.came(desk.account.writes) == 1)
        assert desk.texts() == [], "the request has not landed yet, and nobody can know that it will"
        assert isinstance(await desk.publish(what, its_key), Sent)
        desk.proxy.release.set()
        await wait_until(lambda: desk.proxy.answered(desk.account.writes) == 2)
    elif fault is Fault.HANG:
        outcome = await desk.give_up(what, its_key, lambda: desk.proxy.answered(desk.account.writes) == 1)
    else:
        outcome = await desk.publish(what, its_key)
    assert isinstance(outcome, Sent if fault in HEARD else Unknown), (outcome, desk.proxy.told)
    if fault is Fault.REFUSE:
        await wait_until(lambda: desk.proxy.listening)
    there = desk.seen()
    found = await desk.platform.find(what, its_key, its_key.at - timedelta(minutes=2))
    assert [each.id for each in there] == ([found.id] if found else [])
    assert bool(found) is fault.reaches
    again = await desk.publish(what, its_key)
    assert isinstance(again, Sent)
    assert [again.receipt.id] == [each.id for each in desk.seen()], desk.proxy.told
    assert desk.texts() == [what.text]


async def test_a_closed_door_is_surely_not_sent(desk):
    await desk.proxy.shut()
    await asyncio.sleep(0.1)  # so that the client notices that its connection is gone, else the outcome is unknown
    outcome = await desk.publish(part(), key())
    assert isinstance(outcome, Retry), outcome
    assert desk.texts() == []


async def test_eight_requests_at_once_with_one_key_make_one_post(desk):
    what, its_key = part(), key()
    outcomes = await asyncio.gather(*(desk.platform.publish(what, its_key, None) for _ in range(8)))
    assert {outcome.receipt.id for outcome in outcomes if isinstance(outcome, Sent)} == {desk.seen()[0].id}
    assert all(isinstance(outcome, Sent) for outcome in outcomes), outcomes
    assert desk.texts() == [what.text]
    assert desk.proxy.answered(desk.account.writes) == 8


async def test_a_withdrawn_post_is_gone_and_withdrawing_it_again_succeeds(desk):
    posts = [await desk.publish(part(), key()) for _ in range(2)]
    assert all(isinstance(post, Sent) for post in posts)
    first, second = (post.receipt for post in posts if isinstance(post, Sent))
    for _ in range(2):
        assert isinstance(await desk.platform.retract(first), Sent)
        assert [each.id for each in desk.seen()] == [second.id]


async def test_a_wrong_credential_pauses_and_says_what_to_mend(desks, pds, mastodon_mock):
    for name, peer, wrong in (("bluesky", pds, {"PASSWORD": "nope"}), ("mastodon", mastodon_mock, {"TOKEN": "nope"})):
        desk = await desks(name, peer.account(), **wrong)
        assert isinstance(await desk.publish(part(), key()), Unauthorised)
        with pytest.raises(BadSetting):
            await desk.platform.verify()
        assert desk.texts() == []


async def test_all_that_a_post_can_hold_is_taken_by_the_official_lexicons(desks, pds):
    friend, desk = pds.account(), await desks("bluesky", pds.account())
    image = await desk.media.put(picture(), "A shelf of atlases")
    words = f"👩🏽‍🚒 Új könyvtár: catalogue, @{friend.handle} #Könyv"
    spans = tuple(
        Span(kind=kind, start=words.index(word), end=words.index(word) + len(word), target=target)
        for word, kind, target in (
            ("catalogue", SpanKind.LINK, "https://library.example/catalogue"),
            (f"@{friend.handle}", SpanKind.MENTION, friend.handle),
            ("#Könyv", SpanKind.TAG, "Könyv"),
        )
    )
    card = Card(url="https://library.example/sunday", title="Open on Sunday", description="From May", image=image)
    full = part(words, spans=spans, language="hu")
    for each in (replace(full, card=card), replace(full, images=(image,))):
        assert isinstance(await desk.publish(each, key()), Sent)
    shown, carded = (each["value"] for each in desk.account.records())
    assert carded["embed"]["external"]["thumb"]["mimeType"] == "image/png"
    assert shown["embed"]["images"][0]["alt"] == "A shelf of atlases"
    for value in (shown, carded):
        raw = value["text"].encode()
        marked = {
            raw[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode(): each["features"][0]
            for each in value["facets"]
        }
        assert marked["catalogue"]["uri"] == "https://library.example/catalogue"
        assert marked[f"@{friend.handle}"]["did"] == friend.did
        assert marked["#Könyv"]["tag"] == "Könyv"


async def test_our_length_is_the_official_one_to_the_grapheme(desks, pds):
    desk, letters = await desks("bluesky", pds.account()), ("a", "ß", "👍🏽", "e\u0301", "木")
    for letter in letters:
        longest, longer = part(letter * 300), part(letter * 301)
        assert length(longest.text, bluesky.LIMITS) == 300
        assert isinstance(await desk.publish(longest, key()), Sent)
        refused = await desk.publish(longer, key())
        assert isinstance(refused, Refused)
        assert "300" in refused.why
    assert sorted(desk.texts()) == sorted(letter * 300 for letter in letters)


async def test_another_record_under_our_key_is_neither_taken_for_ours_nor_overwritten(desks, pds):
    desk = await desks("bluesky", pds.account())
    its_key, first, second = key(), part(), part()
    assert isinstance(await desk.publish(first, its_key), Sent)
    assert isinstance(await desk.publish(second, its_key), Refused)
    assert await desk.platform.find(second, its_key, its_key.at) is None
    assert desk.texts() == [first.text]


async def test_a_reply_names_root_and_parent_also_when_a_person_entered_where_they_are(desks, pds):
    desk = await desks("bluesky", pds.account())
    root, middle = [await desk.publish(part(), key()) for _ in range(2)]
    assert isinstance(root, Sent)
    assert isinstance(middle, Sent)
    by_hand = replace(root.receipt, version="")
    last = await desk.publish(part(), key(), ReplyTo(root=by_hand, parent=middle.receipt))
    assert isinstance(last, Sent)
    reply = next(each["value"]["reply"] for each in desk.account.records() if each["uri"] == last.receipt.id)
    assert reply == {
        "root": {"uri": root.receipt.id, "cid": root.receipt.version},
        "parent": {"uri": middle.receipt.id, "cid": middle.receipt.version},
    }


async def test_the_servers_own_limit_of_logins_rests_the_channel_until_it_says(desks, pds):
    desk = await desks("bluesky", pds.account(), HANDLE="nobody.test")  # one whose passwords cost the server nothing

    def wrong_login() -> None:
        with pytest.raises(AssertionError, match="401"):
            pds.ask("com.atproto.server.createSession", {"identifier": "nobody.test", "password": "nope"})

    await asyncio.gather(*(asyncio.to_thread(wrong_login) for _ in range(30)))
    outcome = await desk.publish(part(), key())
    assert isinstance(outcome, Retry), outcome
    assert outcome.channel_wide
    assert timedelta(0) < outcome.after <= timedelta(minutes=5)
    assert desk.texts() == []


async def wait_until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    async with asyncio.timeout(patience):
        while not true():
            await asyncio.sleep(0.05)
