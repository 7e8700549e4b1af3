"""A receipt made of an address that a person pasted: on every platform a thread goes on from it and it can be taken back."""

import aiohttp
import pytest

from bot import app
from bot.domain.addresses import post_at
from bot.domain.channel import Channel
from bot.domain.delivery import PublishKey, key_of
from bot.domain.outcome import Receipt, ReplyTo, Sent
from bot.domain.post import Part
from bot.platforms import adapters, fields
from bot.sandbox.demo import sandbox
from bot.settings import load


def part(number: int) -> Part:
    text = f"The museum shows its cellar to all who ask, {number} of 2."
    return Part(number=number, text=text, language="en", length=len(text), limit=280)


async def seen(address: str, platform: str):
    async with aiohttp.ClientSession() as http, http.get(f"{address}/ledger") as answer:
        return [each for each in await answer.json() if each["platform"] == platform]


@pytest.mark.parametrize("platform", sorted(adapters()))
async def test_a_thread_goes_on_from_a_pasted_address_and_it_can_be_taken_back(tmp_path, platform):
    async with sandbox() as (address, environ):
        settings = load(tmp_path, fields(), environ)
        async with app.opened(settings) as opened, app.connected(opened) as live:
            adapter, now = live.platforms[platform], live.app.clock.now()
            account = await adapter.verify()
            keys = [PublishKey(value=key_of("a1", number, 1), at=now) for number in (1, 2)]
            first = await adapter.publish(part(1), keys[0], None)
            assert isinstance(first, Sent)
            channel = Channel(name=platform, platform=platform, limits=account.limits, url=account.url)
            pasted = f"{first.receipt.url}?s=20"
            by_hand = Receipt(id=post_at(pasted, channel), url=pasted, at=now)
            second = await adapter.publish(part(2), keys[1], ReplyTo(root=by_hand, parent=by_hand))
            assert isinstance(second, Sent), second
            one, two = await seen(address, platform)
            assert two["reply_to"] == one["id"]
            assert isinstance(await adapter.retract(by_hand), Sent)
            one, two = await seen(address, platform)
            assert (bool(one["removed"]), bool(two["removed"])) == (True, False)
