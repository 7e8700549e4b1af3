"""The desk over HTTP: what it tells of the ledger, whom it answers, and that nothing in a post becomes part of the page."""

import io
import json
import re
import signal
from dataclasses import replace
from html import unescape
from urllib.parse import quote

from PIL import Image as Pillow

from bot.cli import COMMANDS as COMMAND_LINE
from bot.domain.channel import Channel
from bot.domain.delivery import UNSENT, State
from bot.domain.excerpt import Reason
from bot.domain.ledger import Change, Hold
from bot.domain.outcome import Refused, Sent, Unknown
from bot.domain.post import Part, Post, Span, SpanKind
from bot.ports import Problem
from bot.web.moves import BEGUN, MOVES, SETTLING
from bot.web.pages.now import NEXT, POSTED
from tests.store_samples import HOUR, MINUTE, NOON, SECOND, article, attempt, channel, delivery, excerpt, receipt

HOSTILE = "<script>alert(1)</script> \"><img src=x onerror=alert(2)> '{{ 7 * 7 }}'"
MASTODON = {"MASTODON_BASE_URL": "https://town.example"}
WELL: dict[str, object] = {"ok": True, "paused": False, "next_due": None, "channels": {}}


async def get(http, url, **options):
    async with http.get(url, allow_redirects=False, **options) as answer:
        return answer.status, answer.headers, await answer.text()


async def page(http, desk, path="/"):
    status, _, html = await get(http, desk.address + path)
    assert status == 200, html
    return html


def section(html, id):
    """Return one section of a page as plain text, one space between words, without how far away its moments are."""
    found = re.search(rf'<section id="{id}".*?</section>', re.sub(r'<span class="near".*?</span>', "", html), re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split()) if found else ""


async def put(desk, *deliveries, at=NOON):
    store = desk.live.app.store
    known = {each.name for each in await store.channels()}
    for name in {each.channel for each in deliveries} - known:
        await store.put_channel(channel(name))
    await store.add_deliveries(deliveries, at)


async def post(desk, one, at=NOON, url=""):
    """Take a scheduled delivery through dispatch's steps until it is sent."""
    store = desk.live.app.store
    await put(desk, one)
    for part in range(1, len(one.post.parts) + 1):
        standing = await store.delivery(one.id)
        trying = attempt(standing, part=part, armed=at)
        await store.arm(standing, trying, at + MINUTE)
        proof = receipt(f"{one.id}-{part}", url=url or f"https://x.example/{one.id}/{part}", at=at)
        await store.record(replace(trying, ended=at, outcome=Sent(receipt=proof)))
        if part < len(one.post.parts):
            sending = await store.delivery(one.id)
            await store.move([Change.of(sending, State.RETRYING, "on with the thread", due=at)], at)
    sending = await store.delivery(one.id)
    await store.move([Change.of(sending, State.SENT, "every part is published")], at)


async def end(desk, one, outcome, to, why, due=None):
    store = desk.live.app.store
    await put(desk, one)
    trying = attempt(one)
    await store.arm(one, trying, NOON + MINUTE)
    await store.record(replace(trying, ended=NOON + SECOND, outcome=outcome))
    await store.move([Change.of(await store.delivery(one.id), to, why, due=due)], NOON)


async def test_an_empty_desk_tells_what_to_do_first(desk, http):
    async with desk() as served:
        html = await page(http, served)
    assert "handbill add article.md" in section(html, "counts")
    assert "handbill init" in section(html, "channels")
    assert section(html, "coming") == "Next Nothing is due."
    assert section(html, "posted") == "Posted Nothing yet."
    assert "paused" not in html
    assert not section(html, "attention")
    assert not section(html, "problems")


async def test_what_comes_next_is_in_order_with_its_channel_length_and_reason(desk, http):
    late = [delivery(f"d{number:02}", due=NOON + number * HOUR) for number in range(NEXT + 2)]
    chosen = replace(excerpt("Tea at nine."), reason=Reason.QUOTE, detail="Ada Brand, curator")
    first = delivery("aa", channel="mastodon", parts=2, due=NOON - HOUR, excerpt=chosen)
    async with desk({"HANDBILL_ZONE": "Asia/Kolkata"}) as served:
        await put(served, *reversed(late), first)
        html = await page(http, served)
    coming = section(html, "coming")
    assert coming.startswith("Next Mon 4 May, 16:30 library/night-opening Mastodon Tea at nine.")
    assert "20 / 280 · 20 / 280 thread of 2 quote: Ada Brand, curator" in coming
    assert re.findall(r"says (d\d\d)", coming) == [each.id for each in late[: NEXT - 1]]
    assert f"{NEXT + 3} scheduled" in section(html, "counts")


async def test_what_was_posted_is_told_with_its_addresses_the_latest_first(desk, http):
    async with desk() as served:
        for number in range(POSTED + 2):
            await post(served, delivery(f"d{number:02}", due=NOON - number * HOUR), NOON + number * MINUTE)
        thread = delivery("thread", "A thread.", parts=2, due=NOON + MINUTE)
        await post(served, thread, NOON + 3 * HOUR)
        html = await page(http, served)
    posted = section(html, "posted")
    assert posted.startswith("Posted Mon 4 May, 15:00 library/night-opening X A thread. see part 1 see part 2 lead")
    latest = [f"d{number:02}" for number in range(POSTED + 1, 2, -1)]
    assert re.findall(r"says (d\d\d)", posted) == latest
    assert 'href="https://x.example/thread/2"' in html
    assert f"{POSTED + 3} sent" in section(html, "counts")


async def test_in_the_demo_a_post_is_seen_on_the_followers_page(desk, http):
    async with desk(followers="http://127.0.0.1:9/") as served:
        await post(served, delivery("d1"), url="https://x.example/a?b=1&c=2")
        html = await page(http, served)
    assert f'href="http://127.0.0.1:9/#{quote("https://x.example/a?b=1&c=2", safe="")}"' in html
    assert "See it as followers do" in html
    assert 'href="https://x.example' not in html


async def test_what_needs_a_person_is_told_in_the_platforms_words(desk, http):
    async with desk() as served:
        lost = Unknown(why="503 from the platform")
        await end(served, delivery("a1"), lost, State.UNCERTAIN, "nobody can tell: 503", due=NOON + HOUR)
        parked = delivery("b2", due=NOON + MINUTE)
        await end(served, parked, lost, State.UNCERTAIN, "nobody can tell: 503")
        await served.live.app.store.reschedule(
            await served.live.app.store.delivery("b2"), None, "the platform cannot be asked", NOON
        )
        refused = Refused(why="Your account is not permitted to post")
        await end(served, delivery("c3", due=NOON + HOUR), refused, State.FAILED, refused.why)
        html = await page(http, served)
        story = await page(http, served, "/delivery/b2")
    attention = section(html, "attention")
    assert "The platform is asked again Mon 4 May, 13:00" in attention
    assert "the platform cannot be asked It may be public. Look at the channel, then settle it:" in attention
    assert (
        "failed library/night-opening X Open until midnight, says c3. Your account is not permitted to post"
        in attention
    )
    for words in ("It is there", "It is not there: send again", "Give up"):
        assert words in section(story, "decide")
    for verdict in ("there", "absent", "give up"):
        assert html.count(f'name="verdict" value="{verdict}"') == 2, "one for each of the uncertain"
    assert "unknown part 1 503 from the platform" in section(story, "attempts")


async def test_what_waits_for_approval_comes_with_its_command(desk, http):
    async with desk() as served:
        await put(served, delivery("3f2a", due=None, why="this campaign's posts wait for approval"))
        html = await page(http, served)
    held = section(html, "held")
    assert "this campaign's posts wait for approval On the command line" in held
    assert "handbill approve 3f2a@1" in held
    assert 'action="/delivery/3f2a/approve"' in html


async def test_a_pause_stands_above_everything_with_its_reason(desk, http):
    async with desk() as served:
        await put(served, delivery("d1", due=NOON + HOUR))
        await served.live.app.store.set_hold(Hold(on=True, why="Storm warning", since=NOON))
        for path in ("/", "/delivery/d1"):
            banner = section(await page(http, served, path), "paused")
            assert banner.startswith("Everything is paused since Mon 4 May, 12:00 : Storm warning")
        assert json.loads(await page(http, served, "/health")) == WELL | {"paused": True}
        await served.live.app.store.set_hold(Hold(on=False))
        assert not section(await page(http, served), "paused")
        due = (NOON + HOUR).isoformat()
        assert json.loads(await page(http, served, "/health")) == WELL | {"next_due": due}


async def test_channels_tell_account_limits_and_why_they_stand_still(desk, http):
    async with desk(MASTODON) as served:
        store = served.live.app.store
        seen = channel("x__library", account="@townlibrary", url="https://x.example/townlibrary")
        await store.put_channel(seen)
        await store.pause_channel("x__library", "the credential is not accepted")
        await put(served, delivery("d1", channel="x__library"))
        html = await page(http, served)
    told = section(html, "channels")
    assert "X x__library @townlibrary 280 weighted characters 4 pictures" in told
    assert "Paused: the credential is not accepted Mend it, then: handbill doctor" in told
    assert "Not set up. Missing in .env: MASTODON_TOKEN" in told
    assert 'href="https://x.example/townlibrary"' in html
    assert "channel paused" in section(html, "coming")


async def test_a_file_that_could_not_be_taken_is_told_with_its_line_and_a_hint(desk, http):
    faulty = Problem(where="queue/museum/a.md:3", what="unknown field 'langauge'", hint="did you mean language?")
    async with desk() as served:
        await served.live.app.store.put_problems("folder", [faulty])
        html = await page(http, served)
    assert f"error {faulty.where} {faulty.what} {faulty.hint}" in section(html, "problems")


async def test_a_delivery_tells_its_whole_story(desk, http):
    async with desk() as served:
        await served.live.app.store.put_article(article(), NOON)
        await post(served, delivery("d1", parts=2, due=NOON))
        html = await page(http, served, "/delivery/d")
    assert "The library at night sent x library/night-opening d1 every part is published" in section(html, "facts")
    shown = section(html, "post")
    assert shown.startswith("Thread of 2 Open until midnight, says d1. 1/2 library.example The reading room")
    assert "What was shortened or left out shortened" in shown
    assert "word for word, characters 0 to 29 of the article" in section(html, "excerpt")
    assert "sent part 1 https://x.example/d1/1" in section(html, "attempts")
    moves = [str(state) for state in State if f" {state}" in section(html, "history")]
    assert set(moves) == {"scheduled", "sending", "retrying", "sent"}
    assert re.search(r"handbill retract d1@\d+", section(html, "decide"))


async def test_links_stand_where_the_post_marks_them_after_emoji_and_from_right_to_left(desk, http):
    text = "👩‍👩‍👧 متحف المدينة 🏛️ https://museum.example/ahad #متحف bye"
    link = text.index("https")
    tag = text.index("#")
    spans = (
        Span(kind=SpanKind.LINK, start=link, end=link + 27, target="https://museum.example/ahad?utm=1"),
        Span(kind=SpanKind.TAG, start=tag, end=tag + 5, target="متحف"),
    )
    part = Part(number=1, text=text, spans=spans, language="ar", warning="شتاء", length=60, limit=280)
    async with desk() as served:
        await put(served, delivery("d1", post=Post(channel="x", parts=(part,))))
        html = await page(http, served, "/delivery/d1")
    shown = re.search(r'<p class="text full" dir="auto" lang="ar">(.*?)</p>', html, re.DOTALL)
    assert shown
    assert (
        '<a href="https://museum.example/ahad?utm=1" rel="noopener noreferrer" target="_blank">https://museum.example/ahad</a>'
        in shown[1]
    )
    assert '<span class="mark">#متحف</span> bye' in shown[1]
    assert unescape(re.sub(r"<[^>]+>", "", shown[1])) == text
    assert "content warning شتاء" in section(html, "post")


async def test_nothing_that_people_or_platforms_wrote_becomes_part_of_the_page(desk, http):
    part = Part(
        number=1,
        text=HOSTILE,
        spans=(Span(kind=SpanKind.LINK, start=0, end=8, target="javascript:alert(3)"),),
        language='"><b>',
        warning=HOSTILE,
        visibility=HOSTILE,
        length=1,
        limit=9,
    )
    evil = Post(channel="x", parts=(part,), notes=(HOSTILE,))
    words = replace(excerpt(HOSTILE), detail=HOSTILE)
    async with desk() as served:
        store = served.live.app.store
        await store.put_article(article(title=HOSTILE), NOON)
        await post(served, delivery("d1", post=evil, excerpt=words), url="javascript:alert(4)")
        await store.put_channel(channel("mastodon", account=HOSTILE, url="javascript:alert(5)"))
        await store.pause_channel("mastodon", HOSTILE)
        await store.put_problems("folder", [Problem(where=HOSTILE, what=HOSTILE, hint=HOSTILE)])
        await store.set_hold(Hold(on=True, why=HOSTILE, since=NOON))
        both = [await page(http, served, path) for path in ("/", "/delivery/d1", "/?part=live")]
        _, _, missing = await get(http, f"{served.address}/delivery/{quote(HOSTILE, safe='')}")
    for html in (*both, missing):
        assert not re.search(
            r"<script(?! type=\"module\" src=\"/static/desk.js\?v=[0-9a-f]+\">)|<img(?! src=\"/(static|delivery)/)|<b>",
            html,
        )
        assert "javascript:" not in re.sub(r">[^<]*<", "><", html)
        assert "49" not in re.sub(r'name="token" value="[^"]+"', "", html)
    for html in both:
        assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


FOUND = ["/", "/?part=live", "/delivery/d1", "/health", "/static/desk.css", "/static/desk.js", "/static/icon.svg"]
MISSING = ["/delivery/none", "/delivery/", "/nowhere", "/static/../desk.py", "/static/%2e%2e/desk.py", "/openapi.json"]
ANSWERS = dict.fromkeys(FOUND, 200) | dict.fromkeys(MISSING, 404)


async def test_every_answer_keeps_strangers_code_and_frames_out(desk, http):
    async with desk() as served:
        await put(served, delivery("d1"))
        answers = {path: await get(http, served.address + path) for path in ANSWERS}
        answers["stranger"] = await get(http, served.address, headers={"Host": "evil.example"})
    assert {path: status for path, (status, _, _) in answers.items()} == ANSWERS | {"stranger": 421}
    for path, (_, headers, html) in answers.items():
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script(?![^>]*\bsrc=\"/)|<style|\sstyle=|\son\w+=", html) or path.startswith("/static/")


async def test_the_changing_part_alone_is_fetched_only_when_it_changed(desk, http):
    async with desk() as served:
        await put(served, delivery("d1"))
        url = f"{served.address}/?part=live"
        status, headers, html = await get(http, url)
        known = {"If-None-Match": headers["ETag"]}
        assert status == 200
        assert "<html" not in html
        assert html.strip() in await page(http, served)
        assert (await get(http, url, headers=known))[0::2] == (304, "")
        await served.live.app.steering.cancel(["d1"])
        status, _, html = await get(http, url, headers=known)
    assert status == 200
    assert "1 cancelled" in section(html, "counts")


async def test_an_unknown_delivery_is_told_from_an_ambiguous_one(desk, http):
    async with desk() as served:
        await put(served, delivery("ab1"), delivery("ab2", due=NOON + HOUR))
        _, _, unknown = await get(http, f"{served.address}/delivery/zz")
        status, _, ambiguous = await get(http, f"{served.address}/delivery/ab")
    assert "there is no delivery" in section(unknown, "trouble")
    assert status == 404
    assert "give more letters of the id" in section(ambiguous, "trouble")


async def test_a_database_that_cannot_be_read_is_told_in_words(desk, http):
    async with desk() as served:
        await served.live.app.store.close()
        status, _, html = await get(http, served.address)
        assert (status, section(html, "trouble").split("←")[0].strip()) == (503, "the database is closed")
        status, _, told = await get(http, f"{served.address}/health")
        assert (status, json.loads(told)) == (503, {"ok": False, "why": "the database is closed"})


async def test_a_picture_is_shown_as_its_channel_gets_it(desk, http):
    pixels = io.BytesIO()
    Pillow.new("RGB", (640, 480), "teal").save(pixels, "PNG")
    async with desk() as served:
        image = await served.live.app.media.put(pixels.getvalue(), "The pool")
        small = replace(channel("x").limits, image_pixels=10_000)
        await served.live.app.store.put_channel(Channel(name="x", platform="x", limits=small))
        part = Part(number=1, text="A pool", images=(image,))
        await served.live.app.store.add_deliveries([delivery("d1", post=Post(channel="x", parts=(part,)))], NOON)
        html = await page(http, served, "/delivery/d1")
        path = re.search(r'<img src="(/delivery/[^"]+)"', html)
        assert path
        async with http.get(served.address + path[1]) as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
            assert answer.headers.getall("Cache-Control") == ["private, max-age=3600"]
            shown = Pillow.open(io.BytesIO(await answer.read()))
        status, _, _ = await get(http, f"{served.address}/delivery/d1/{'0' * 64}")
    assert shown.width * shown.height <= 10_000
    assert 'alt="The pool"' in html
    assert status == 404


async def test_serving_leaves_signals_alone_and_ends_when_told(desk, http):
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    async with desk() as served:
        await page(http, served)
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
        assert not served.serving.done()
    assert served.serving.done()
    assert served.serving.exception() is None


def test_the_commands_to_copy_are_there_and_fit_the_state():
    for state, row in [*MOVES.items(), *BEGUN.items()]:
        for move in row:
            program, verb, which = move.command(delivery("d1", version=7)).split()
            assert (program, which) == ("handbill", "d1@7")
            assert verb in COMMAND_LINE
            assert verb not in ("hold", "cancel", "send-now") or state in UNSENT
    for _, line in SETTLING:
        assert line.startswith("handbill settle {id}@{version} --")
