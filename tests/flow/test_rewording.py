"""A manager's own words for one channel over the real store: kept through edits, held until approved, never too late."""

import pytest

from bot.domain.campaign import Campaign
from bot.domain.channel import LinkPlace
from bot.domain.delivery import State
from bot.domain.directory import Directory, Entry
from bot.domain.excerpt import Reason
from bot.domain.outcome import Unknown
from bot.domain.post import SpanKind
from bot.errors import BadInput, NotAllowed, NotFound
from bot.flow.rewording import Rewording
from bot.ports import Found
from tests.flow.conftest import House
from tests.store_samples import article, channel

NAME = ("library", "night-opening")
OWN = "Come and read until midnight!"
WHO = Directory(entries=(Entry(name="Ada Brand", handles=(("board", "adabrand"),)),))


@pytest.fixture
def rewording(house: House) -> Rewording:
    return Rewording(house.store, house.clock, house.planner)


async def take(house: House, *articles, campaigns=(), directory=None):
    present = frozenset((each.campaign, each.name) for each in articles)
    house.shelf.found = Found(articles=articles, campaigns=campaigns, present=present, directory=directory)
    return await house.intake.take(house.shelf)


async def on(house: House, name: str):
    [found] = await house.store.deliveries(channel=name)
    return found


async def test_own_words_replace_the_excerpt_on_that_channel_alone_and_wait_for_approval(house, rewording):
    await take(house, article())
    other = await on(house, "wall")
    [held] = await rewording.say(*NAME, "board", f"  {OWN}\n")
    assert held == await on(house, "board")
    assert (held.state, held.slot, held.revision) == (State.HELD, None, 2)
    assert held.why == "its words were changed: approve it again"
    assert (held.excerpt.text, held.excerpt.reason, held.excerpt.start) == (OWN, Reason.OWN_WORDS, -1)
    assert OWN in held.post.parts[0].text
    assert await on(house, "wall") == other

    await house.steering.send_now([held.id])
    await house.settle()
    assert [call.part for call in house.boards["board"].calls] == list(held.post.parts)


async def test_words_that_stand_in_the_article_are_a_quotation_of_it(house, rewording):
    await take(house, article())
    [held] = await rewording.say(*NAME, "board", "Tea is served in  the reading room.")
    assert held.excerpt.reason == Reason.BY_HAND
    assert article().text[held.excerpt.start : held.excerpt.end] == held.excerpt.text


async def test_an_edit_does_not_lose_them_and_clearing_goes_back_to_the_excerpt(house, rewording):
    await take(house, article())
    chosen = (await on(house, "board")).excerpt
    await rewording.say(*NAME, "board", OWN)
    await take(house, article(digest="d2", title="Open late"))
    edited = await on(house, "board")
    assert (edited.excerpt.text, edited.digest.partition("+")[0], edited.state) == (OWN, "d2", State.HELD)
    assert "edited" in edited.why

    [cleared] = await rewording.clear(*NAME, "board")
    assert (cleared.excerpt, cleared.state) == (chosen, State.HELD)
    assert cleared.why == "its words were changed: approve it again"
    assert await rewording.kept() == {}
    with pytest.raises(NotFound, match="no words of its own"):
        await rewording.clear(*NAME, "board")


async def test_a_channel_that_comes_later_gets_the_words_kept_for_it(house, rewording):
    await take(house, article(channels=("board",)))
    with pytest.raises(NotAllowed, match="nothing to say on wall"):
        await rewording.say(*NAME, "wall", OWN)
    assert await rewording.kept() == {}
    await house.store.put_override(*NAME, "wall", OWN)
    await take(house, article(digest="d2", channels=("board", "wall")))
    assert (await on(house, "wall")).excerpt.text == OWN
    assert await rewording.kept(*NAME) == {(*NAME, "wall"): OWN}


async def test_what_is_sent_or_being_sent_or_ended_keeps_its_words(house, rewording):
    await take(house, article())
    house.boards["board"].script = [Unknown(why="time-out")]
    board, wall = await on(house, "board"), await on(house, "wall")
    await house.steering.send_now([board.id, wall.id])
    await house.settle(rounds=2)
    assert ((await on(house, "board")).state, (await on(house, "wall")).state) == (State.UNCERTAIN, State.SENT)
    for name, state in (("board", "uncertain"), ("wall", "sent")):
        before = await on(house, name)
        with pytest.raises(NotAllowed, match=f"is {state}: its words cannot change"):
            await rewording.say(*NAME, name, OWN)
        assert await on(house, name) == before
    assert await rewording.kept() == {}


async def test_a_thread_that_has_begun_keeps_its_words(house, rewording):
    long = " ".join(f"Night {n}: the library opens its doors at ten and closes them at two." for n in range(9))
    await take(house, article(text=long, excerpt=long, thread=True, images=()))
    house.boards["board"].break_at = 2
    board = await on(house, "board")
    await house.steering.send_now([board.id])
    await house.settle(rounds=2)
    begun = await on(house, "board")
    assert (begun.state, len(begun.receipts)) == (State.RETRYING, 1)
    with pytest.raises(NotAllowed, match="partly sent"):
        await rewording.say(*NAME, "board", OWN)


async def test_what_nobody_can_say_is_refused_in_words(house, rewording):
    await take(house, article())
    for words, what in ((" \n", "the words are missing"), ("x" * 20_001, "20,001 characters")):
        with pytest.raises(BadInput, match=what):
            await rewording.say(*NAME, "board", words)
    with pytest.raises(NotFound, match="'fence'"):
        await rewording.say(*NAME, "fence", OWN)
    with pytest.raises(NotFound, match="library/nothing"):
        await rewording.say("library", "nothing", "board", OWN)
    assert {each.state for each in await house.store.deliveries()} == {State.SCHEDULED}


async def test_the_directory_reaches_planning_and_a_source_without_one_leaves_it(house, rewording):
    await take(house, article(images=()), directory=WHO)
    [held] = await rewording.say(*NAME, "board", "With {@Ada Brand} until midnight.")
    [part] = held.post.parts
    assert "With @adabrand until midnight." in part.text
    assert [span.target for span in part.spans if span.kind is SpanKind.MENTION] == ["adabrand"]
    assert held.why == "its words were changed: approve it again", "a handle of the directory is nobody unknown"
    [plain] = await rewording.say(*NAME, "wall", "With {@Ada Brand} until midnight.")
    assert "With Ada Brand until midnight." in plain.post.parts[0].text

    await take(house, article(images=(), digest="d2"), directory=None)
    assert "@adabrand" in (await on(house, "board")).post.parts[0].text
    await take(house, article(images=(), digest="d3"), directory=Directory())
    assert "With Ada Brand" in (await on(house, "board")).post.parts[0].text


async def test_where_a_campaign_wants_its_links_is_planned_so_and_told_where_it_cannot_be(house):
    links = (("board", LinkPlace.REPLY), ("wall", LinkPlace.CARD), ("fence", LinkPlace.OMIT))
    taken = await take(house, article(), campaigns=(Campaign(name="library", links=links),))
    assert [part.text for part in (await on(house, "board")).post.parts][1:] == [article().link]
    assert len((await on(house, "wall")).post.parts) == 1
    assert [(each.where, each.what, each.level) for each in taken.problems] == [
        ("library/campaign.yaml", "no channel is called 'fence'", "warning"),
        ("library/campaign.yaml", "links: wall shows no link cards, so its links stay in the text", "warning"),
    ]


async def test_a_reply_with_the_link_is_sent_after_its_post_and_replies_to_it(house):
    await house.store.put_channel(channel("board"))
    await take(house, article(), campaigns=(Campaign(name="library", links=(("board", LinkPlace.REPLY),)),))
    await house.steering.send_now([(await on(house, "board")).id])
    await house.settle(rounds=2)
    first, reply = house.boards["board"].calls
    assert (first.reply_to, reply.part.text) == (None, article().link)
    assert reply.reply_to.parent == reply.reply_to.root == house.boards["board"].effects[first.key.value]
