"""The pages of plans, channels and history over HTTP: what they tell, what they change, what they refuse."""

import asyncio
import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest

from bot.domain.campaign import Campaign
from bot.domain.people import Role
from bot.domain.plan import Blackout, Plan
from bot.sandbox.demo import environment, sandbox
from bot.web.planning import preview
from bot.web.words import spoken
from tests.faces.conftest import PATIENCE
from tests.faces.test_pages import sound
from tests.store_samples import article, delivery, post, posted

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: One channel of each of our platforms; nobody asks them anything here.
CHANNELS = environment("http://127.0.0.1:9")
#: What the editor's form says for a plan of two times on working days.
FORM = {
    **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "yes"),
    "rhythm": "times",
    "times": "08:15, 18:00",
    "zone": "Europe/Paris",
    "daily": "3",
    "resend": "yes",
    "gap_n": "5",
    "gap_unit": "min",
    "grace_n": "15",
    "grace_unit": "min",
    "limit_n": "24",
    "limit_unit": "h",
}


async def page(http, desk, path, **query):
    async with http.get(desk.address + path, params=query) as answer:
        return answer.status, await answer.text()


async def send(http, desk, path, **fields):
    """Send a form as the desk's own page would, following where it leads."""
    _, text = await page(http, desk, "/channels")
    token = re.search(r'name="token" value="([^"]+)"', text)[1]
    headers = {"Origin": desk.address, "Sec-Fetch-Site": "same-origin"}
    async with http.post(desk.address + path, data={"token": token, **fields}, headers=headers) as answer:
        return answer.status, await answer.text()


async def waiting(desk, count=4, plan=None):
    """Put so many posts on Mastodon's next slots; return them."""
    store, now = desk.live.app.store, desk.live.app.clock.now()
    slots = (plan or desk.live.app.default_plan).slots(now)
    made = []
    for number in range(count):
        slot = next(slots)
        each = delivery(f"a{number}", words=f"words {number}", channel="mastodon", due=slot)
        made.append(replace(each, post=post(f"Words number {number}.", "mastodon"), slot=slot))
    await store.put_article(article(), now)
    await store.add_deliveries(made, now)
    return made


async def plan_of(desk, channel="mastodon"):
    return (await desk.live.app.store.plans()).get(channel)


async def test_a_plan_is_saved_told_in_the_log_and_taken_back(desk, http):
    async with desk(CHANNELS) as served:
        posts = await waiting(served)
        status, text = await send(http, served, "/plan/mastodon", do="save", **FORM)
        assert (status, "The plan of mastodon is saved" in text) == (200, True)
        plan = await plan_of(served)
        assert (plan.days, plan.times, plan.zone) == ((0, 1, 2, 3, 4), (time(8, 15), time(18)), "Europe/Paris")
        assert plan.daily == 3
        moved = await served.live.app.store.deliveries(channel="mastodon")
        assert [each.slot for each in moved] == list(islice(plan.slots(served.live.app.clock.now()), len(moved)))
        [entry] = await served.decisions()
        assert (entry.act.by, entry.act.verb, entry.act.subject) == ("desk:anna", "plan set", "mastodon")
        undo = text.split('id="notice"')[1].split("</form>")[0]
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', undo))
        await send(http, served, "/plan/mastodon", **{name: each for name, each in fields.items() if name != "token"})
        assert await plan_of(served) is None, "it was the default one"
        again = await served.live.app.store.deliveries(channel="mastodon")
        assert [(each.id, each.slot) for each in again] == [(each.id, each.slot) for each in posts]


async def test_what_a_change_would_do_is_shown_and_nothing_is_done(desk, http):
    async with desk(CHANNELS) as served:
        [first, *_] = await waiting(served, 3)
        status, text = await send(http, served, "/plan/mastodon", do="look", **FORM)
        assert status == 200
        assert "3 waiting posts move to other slots." in text
        assert f'href="/delivery/{first.id}"' in text
        assert text.count('class="slot taken"') == 3 + 1, "three and the key"
        assert await plan_of(served) is None
        assert await served.decisions() == []
        _, same = await send(http, served, "/plan/mastodon", do="look", **(FORM | {"times": "25:00"}))
        assert "This is no plan yet" in same


async def test_a_cap_alone_leaves_what_waits_where_it_is(desk, http):
    async with desk(CHANNELS) as served:
        store = served.live.app.store
        posts = await waiting(served, 3)
        await store.reschedule(posts[0], posts[0].due + HOUR / 2, "moved", served.live.app.clock.now())
        before = [(each.id, each.slot) for each in await store.deliveries(channel="mastodon")]
        _, text = await page(http, served, "/plan/mastodon")
        shown = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', text))
        ticked = dict.fromkeys(re.findall(r'type="checkbox" name="(\w+)" value="yes" checked', text), "yes")
        units = {f"{name}_unit": unit for name, unit in (("gap", "min"), ("grace", "min"), ("limit", "h"))}
        own = {name: each for name, each in shown.items() if name in FORM or name == "seen"}
        form = own | ticked | units | {"rhythm": "times", "daily": "7", "do": "save"}
        status, _ = await send(http, served, "/plan/mastodon", **form)
        assert status == 200
        assert (await plan_of(served)) == replace(served.live.app.default_plan, daily=7)
        assert [(each.id, each.slot) for each in await store.deliveries(channel="mastodon")] == before


FAULTS = {
    "times": ({"times": "9:00, 25:00"}, "&#39;25:00&#39; is no time of day"),
    "no times": ({"times": " ,"}, "is no time of day"),
    "days": (dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "no"), "is no weekday"),
    "zone": ({"zone": "Europe/Pariss"}, "no time zone is called"),
    "gap": ({"gap_n": "-1"}, "is no length of time"),
    "limit": ({"limit_n": "5", "limit_unit": "min"}, "a person would be asked after 5min"),
    "daily": ({"daily": "many"}, "is no number of posts"),
    "between": (
        {"rhythm": "every", "every_n": "2", "every_unit": "h", "first": "20:00", "last": "08:00"},
        "ends before it",
    ),
    "every": ({"rhythm": "every", "every_n": "", "every_unit": "h", "first": "08:00", "last": "20:00"}, "is no length"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_what_is_wrong_is_said_beside_its_field(desk, http, name):
    change, words = FAULTS[name]
    async with desk(CHANNELS) as served:
        status, text = await send(http, served, "/plan/mastodon", do="save", **(FORM | change))
        assert status == 400
        field = name.split()[-1]
        beside = re.search(rf'id="fault-{field}"[^>]*>(.*?)</span>', text, re.DOTALL)[1]
        assert words in beside
        assert re.findall(r'id="fault-(\w+)"[^>]*><svg', text) == [field], "and beside no other"
        assert 'value="Europe/Paris' in text, "what was typed is kept"
        assert await plan_of(served) is None


async def test_a_plan_that_changed_meanwhile_is_not_overwritten(desk, http):
    async with desk(CHANNELS) as served:
        _, text = await page(http, served, "/plan/mastodon")
        seen = re.search(r'name="seen" value="([^"]+)"', text)[1]
        bert = served.live.app.steering.acting("desk:bert")
        await bert.put_plan("mastodon", Plan(times=(time(7),)))
        status, text = await send(http, served, "/plan/mastodon", do="save", seen=seen, **FORM)
        assert (status, "was changed meanwhile by desk:bert" in text) == (409, True)
        assert (await plan_of(served)).times == (time(7),)


async def test_steady_steps_and_another_channels_plan_fill_the_form(desk, http):
    async with desk(CHANNELS) as served:
        steady = {"rhythm": "every", "every_n": "90", "every_unit": "min", "first": "08:00", "last": "20:00"}
        assert (await send(http, served, "/plan/x", do="save", budget="19,50", **(FORM | steady)))[0] == 200
        plan = await plan_of(served, "x")
        assert (plan.every, plan.times, plan.budget) == (timedelta(minutes=90), (time(8), time(20)), 19_500_000)
        _, text = await page(http, served, "/plan/mastodon", **{"from": "x"})
        assert 'name="every_n"' in text
        assert re.search(r'name="every_n"[^>]* value="90"', text)
        assert re.search(r'name="rhythm" value="every" checked', text)
        assert await plan_of(served, "mastodon") is None, "it counts when it is saved"
        _, front = await page(http, served, "/plan")
        assert "19.50 USD a month at most" in front
        assert (await page(http, served, "/plan/nowhere"))[0] == 404


async def test_blackouts_are_added_everywhere_and_taken_away(desk, http):
    async with desk(CHANNELS) as served:
        when = {"from_day": "2031-12-24", "from_time": "12:00", "to_day": "2031-12-26", "why": "holidays"}
        status, text = await send(http, served, "/plan/mastodon/blackout", where="all", **when)
        assert (status, "holidays" in text) == (200, True)
        plans = await served.live.app.store.plans()
        dark = Blackout(
            start=datetime(2031, 12, 24, 12, tzinfo=UTC), end=datetime(2031, 12, 27, tzinfo=UTC), why="holidays"
        )
        assert {name: plan.blackouts for name, plan in plans.items()} == dict.fromkeys(
            ("bluesky", "mastodon", "telegram", "x"), (dark,)
        )
        ends = {"start": dark.start.isoformat(), "end": dark.end.isoformat(), "why": "holidays"}
        await send(http, served, "/plan/mastodon/blackout/end", **ends)
        plans = await served.live.app.store.plans()
        assert (plans["mastodon"].blackouts, plans["x"].blackouts) == ((), (dark,))
        assert {each.act.verb for each in await served.decisions()} == {"plan blackout"}
        for change, words in (({"to_day": "2031-12-23"}, "is not after"), ({"from_day": ""}, "is no moment")):
            status, text = await send(http, served, "/plan/mastodon/blackout", **(when | change))
            assert (status, words in text) == (400, True)


async def test_a_day_on_which_the_clocks_change_is_marked_in_every_language(desk):
    async with desk(CHANNELS) as served:
        app, plan = served.live.app, Plan(zone="Europe/Berlin", times=(time(2, 30),))
        found = await app.steering.foresee("mastodon", plan, date(2031, 10, 20), 14)
        channels = await app.store.channels()
        for language, words in (("en", "this day has 25 hours"), ("fr", "25")):
            shown = preview(channels, plan, found, {}, spoken(language, "Europe/Berlin"), app.clock.now(), 9)
            [marked] = [row for row in shown.rows if row.notes]
            assert words in marked.notes[0]
            assert "26" in marked.heading
            assert [slot.at for slot in marked.slots] == ["02:30 (UTC+0200)"], "of the two the first"


async def test_campaigns_tell_where_they_are_set(desk, http):
    async with desk(CHANNELS) as served:
        store = served.live.app.store
        await store.put_campaigns([Campaign(name="library", title="Town Library", disclosure="Market Square 4")])
        _, text = await page(http, served, "/plan")
        assert "queue/library/campaign.yaml" in text
        assert "Market Square 4" in text


ROLES = {Role.VIEWER: (200, 403, 403), Role.APPROVER: (200, 403, 200), Role.ADMIN: (200, 200, 200)}


@pytest.mark.parametrize("role", ROLES)
async def test_each_does_what_their_role_allows(desk, http, role):
    async with desk(CHANNELS, role=role) as served:
        look, edit, pause = ROLES[role]
        for path in ("/plan", "/channels", "/history", "/history.csv"):
            assert (await page(http, served, path))[0] == look
        assert (await page(http, served, "/plan/mastodon"))[0] == edit
        assert (await send(http, served, "/plan/mastodon", do="save", **FORM))[0] == edit
        assert (await send(http, served, "/channels/x/pause", why="moving"))[0] == pause


async def test_a_channel_that_a_person_paused_stays_paused_until_a_person_lets_it_go_on(tmp_path, desk, http):
    async with sandbox() as (_, environ), desk(environ) as served:
        app, checkup = served.live.app, served.live.checkup
        status, text = await send(http, served, "/channels/mastodon/pause", why="The server moves")
        assert (status, "The server moves" in text, "Paused by anna" in text) == (200, True, True)

        async def paused(name="mastodon"):
            return next(each.paused for each in await app.store.channels() if each.name == name)

        await checkup.channels("cli:root")
        await checkup.mend()
        await send(http, served, "/channels/mastodon/check")
        assert await paused() == "The server moves"
        await send(http, served, "/channels/mastodon/resume")
        assert await paused() == ""
        await app.store.pause_channel("mastodon", "the token was refused")
        _, text = await page(http, served, "/channels")
        assert "Paused, since its platform refused us:" in text
        _, text = await send(http, served, "/channels/mastodon/check")
        assert await paused() == "", "its platform accepts us again"
        assert (await send(http, served, "/channels/mastodon/resume"))[0] == 409
        assert (await send(http, served, "/channels/mastodon/pause", why=" "))[0] == 400
        assert [each.act.verb for each in await served.decisions()] == [
            "pause channel",
            "resume channel",
            "resume channel",
        ]


async def test_the_page_of_channels_tells_what_platforms_say(desk, http):
    async with sandbox() as (_, environ), desk(environ | {"X_CONSUMER_KEY__CLUB": "k"}) as served:
        app, now = served.live.app, served.live.app.clock.now()
        await posted(app.store, "p1", at=now - HOUR, on="mastodon")
        _, before = await page(http, served, "/channels")
        assert "not asked since the bot was started" in before
        _, text = await send(http, served, "/channels/mastodon/check")
        assert "mastodon was verified" in text
        mastodon = text.split('<section id="mastodon"')[1].split("</section>")[0]
        assert "299 of 300 left within 3 hours" in mastodon
        assert 'href="/delivery/p1"' in mastodon
        assert "accepted" in mastodon
        _, text = await send(http, served, "/channels/bluesky/check")
        assert "no: please switch it on" in text.split('<section id="bluesky"')[1].split("</section>")[0]
        _, text = await send(http, served, "/channels/x/check")
        assert "Account information" in text
        for name in ("X_CONSUMER_SECRET__CLUB", "X_ACCESS_TOKEN__CLUB"):
            assert name in text
        assert environ["BLUESKY_PASSWORD"] not in text


async def test_the_history_is_found_by_person_verb_and_subject_and_leads_to_deliveries(desk, http):
    async with desk(CHANNELS) as served:
        await waiting(served, 2)
        await served.live.app.steering.acting("desk:bert").hold(["a0"])
        await served.live.app.steering.acting("cli:root").pause_channel("x", "=2+2 moved")
        status, text = await page(http, served, "/history")
        assert (status, "The log is whole" in text) == (200, True)
        assert 'href="/delivery/a0"' in text
        for query, there, away in (
            ({"by": "desk:bert"}, "held", "=2+2"),
            ({"verb": "pause channel"}, "=2+2", "/delivery/a0"),
            ({"about": "a0"}, "/delivery/a0", "=2+2"),
        ):
            _, text = await page(http, served, "/history", **query)
            acts = text.split('id="acts"')[1]
            assert (there in acts, away in acts) == (True, False)
        assert "Nothing was found" in (await page(http, served, "/history", by="nobody", before="x"))[1]
        _, text = await page(http, served, "/history.csv", verb="pause channel")
        head, row = csv.reader(io.StringIO(text.lstrip("\ufeff")))
        assert dict(zip(head, row, strict=True))["words"] == "'=2+2 moved"


async def test_a_long_history_is_paged_by_its_numbers(desk, http, monkeypatch):
    monkeypatch.setattr("bot.web.pages.history.EACH", 3)
    monkeypatch.setattr("bot.flow.auditing.AT_ONCE", 2)
    async with desk(CHANNELS) as served:
        steering = served.live.app.steering.acting("desk:bert")
        for number in range(4):
            await steering.pause_channel("x", f"reason {number}")
        seen, path = [], "/history?by=desk%3Abert"
        for _ in range(5):
            async with http.get(served.address + path) as answer:
                text = await answer.text()
            seen += re.findall(r"reason (\d)", text)
            older = re.search(r'rel="next" href="([^"]+)"', text)
            if not older:
                break
            await steering.pause_channel("x", "meanwhile")
            path = older[1].replace("&amp;", "&")
        assert seen == ["3", "2", "1", "0"], "what comes meanwhile moves nothing to another page"
        _, text = await page(http, served, "/history.csv", by="desk:bert")
        assert text.count("reason ") == 4


async def test_a_log_that_was_changed_shows(desk, http):
    async with desk(CHANNELS) as served:
        await served.live.app.steering.pause_channel("x", "reason")
        assert "The log is whole" in (await page(http, served, "/history"))[1]
        await tamper(served, "UPDATE acts SET words = 'another' WHERE verb = 'pause channel'")
        _, text = await send(http, served, "/history/verify")
        assert "The log was changed by other hands" in text
        assert "does not follow from those before it" in text


async def tamper(served, statement):
    """Change the file behind the desk's back, as somebody with a database tool would."""
    import sqlite3

    def change():
        with sqlite3.connect(served.live.app.settings.database, timeout=PATIENCE) as raw:
            raw.execute("DROP TRIGGER acts_no_update")
            raw.execute(statement)
        raw.close()

    await asyncio.to_thread(change)


async def test_the_form_shows_at_once_what_would_come_of_it(desk, chromium):
    async with desk(CHANNELS) as served:
        await waiting(served, 3)
        shown = await chromium.open(f"{served.address}/plan/mastodon")
        await shown.fill("#times", "10:10")
        await shown.locator("#foreseen", has_text="waiting posts move to other slots").wait_for()
        await shown.fill("#times", "10:99")
        await shown.locator("#fault-times", has_text="is no time of day").wait_for()
        await shown.fill("#times", "10:10")
        await shown.locator("#fault-times:empty").wait_for(state="attached")
        await shown.get_by_role("button", name="Save the plan").click()
        await shown.get_by_text("The plan of mastodon is saved").wait_for()
        assert (await plan_of(served)).times == (time(10, 10),)
        assert chromium.complaints == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 1400])
async def test_the_pages_can_be_read_at_every_size_by_day_and_night(desk, chromium, width, dark):
    async with desk(CHANNELS) as served:
        await waiting(served, 3)
        await served.live.app.steering.pause_channel("x", "W" * 200)
        await served.live.app.steering.hold(["a1"], "W" * 100)
        for path in ("/plan", "/plan/mastodon", "/plan/x?from=mastodon", "/channels", "/history"):
            shown = await chromium.open(served.address + path, width=width, dark=dark)
            await sound(shown)
            await shown.close()
        assert chromium.complaints == []
