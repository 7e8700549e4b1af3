"""The plans: when each channel posts, what limits it, and what a change would do before it is made.

/plan          every channel's, and what each campaign says for all its posts
/plan/NAME     the editor      ?from=NAME fills it with another channel's plan, to be looked at before it is saved
POST /plan/NAME   do=look shows what would come of it, do=save saves it      POST /plan/NAME/clear   the default times again
POST /plan/NAME/blackout   /plan/NAME/blackout/end   a time without posts, here or (where=all) everywhere
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from babel.dates import get_day_names
from fastapi.responses import Response

from bot.domain.channel import Channel
from bot.domain.people import Right
from bot.domain.plan import WEEKDAYS, Blackout, Plan, mark_of
from bot.errors import BadInput, NotFound
from bot.flow.drafting import BadPlan, blackout_of, drafted, silenced, without_times
from bot.web import planning
from bot.web.pages.channels import LINKS
from bot.web.routes import POST, Asked, Notice, Route, Undo, torn
from bot.web.words import N_, spoken

#: Days that the preview shows, and posts it names one by one.
DAYS, NAMED = 14, 12
#: Characters of a reason.
LONGEST = 200
UNITS: Mapping[str, str] = {"s": N_("seconds"), "min": N_("minutes"), "h": N_("hours"), "d": N_("days")}
ZONES = sorted(each for each in available_timezones() if "/" in each and not each.startswith(("Etc/", "SystemV/")))


async def front(asked: Asked) -> Response:
    """Show every channel's plan."""
    app, now = asked.live.app, asked.live.app.clock.now()
    own = await app.store.plans()
    plans = [(each, own.get(each.name, app.default_plan)) for each in await app.store.channels()]
    return await asked.page(
        "plans.html",
        plans=[planning.glance(channel, plan, now, asked.words, own=channel.name in own) for channel, plan in plans],
        campaigns=await app.trail.campaigns(),
        folder=app.settings.queue.name,
        links=LINKS,
    )


async def editor(asked: Asked) -> Response:
    """Show one channel's plan, to be changed."""
    channel, present = await _channel(asked, asked.named("name")), await _present(asked, asked.named("name"))
    words = planning.fields_of(present)
    source = asked.request.query_params.get("from", "")
    if source:
        await _channel(asked, source)
        words = planning.fields_of(await _present(asked, source)) | {"budget": words["budget"]}
    return await _editing(asked, channel, present, words, copied=source)


async def change(asked: Asked) -> Response:
    """Save a plan, or show what would come of it."""
    given, name = await asked.form(), asked.named("name")
    channel, present = await _channel(asked, name), await _present(asked, name)
    try:
        plan = drafted(planning.words_of(given, channel), present, channel, asked.words.zone.key)
    except BadPlan as error:
        status = 200 if given.get("do") == "look" else 400
        return await _editing(asked, channel, present, given, status, faults=error.faults)
    if given.get("do") != "save":
        return await _editing(asked, channel, present, given)
    await _put(asked, name, plan, given.get("seen", ""))
    fields = planning.fields_of(present) | {"do": "save", "seen": await _mark(asked, name)}
    words = asked._("The plan of %(name)s is saved, and what waits has its slots.") % {"name": name}
    return asked.to(f"/plan/{name}", Notice(words, Undo(f"/plan/{name}", fields)))


async def clear(asked: Asked) -> Response:
    """Give a channel the default times again; what limits it stays."""
    given, name = await asked.form(), asked.named("name")
    await _channel(asked, name)
    present = await _present(asked, name)
    await asked.steering.put_plan(name, without_times(present, asked.live.app.default_plan), given.get("seen", ""))
    fields = planning.fields_of(present) | {"do": "save", "seen": await _mark(asked, name)}
    words = asked._("%(name)s has the default times again.") % {"name": name}
    return asked.to(f"/plan/{name}", Notice(words, Undo(f"/plan/{name}", fields)))


async def silence(asked: Asked) -> Response:
    """Set a time in which nothing is posted, on this channel or on all."""
    given, name, now = await asked.form(), asked.named("name"), asked.live.app.clock.now()
    channel, present = await _channel(asked, name), await _present(asked, name)
    names = [each.name for each in await asked.store.channels()] if given.get("where") == "all" else [name]
    try:
        plans = {each: await _present(asked, each) for each in names}
        new = {each: _blackout(given, plan) for each, plan in plans.items()}
        plans = {each: silenced(plan, [new[each]], now) for each, plan in plans.items()}
    except BadPlan as error:
        fields = planning.fields_of(present)
        return await _editing(asked, channel, present, fields, 400, faults=error.faults, silence=given)
    for each, plan in plans.items():
        await asked.steering.put_plan(each, plan)
    undo = Undo(f"/plan/{name}/blackout/end", planning.blackout_fields(new[name]) | {"where": given.get("where", "")})
    return asked.to(f"/plan/{name}", Notice(asked._("Nothing is posted in that time."), undo))


async def speak(asked: Asked) -> Response:
    """Take a blackout away again, here or wherever it counts."""
    given, name = await asked.form(), asked.named("name")
    await _channel(asked, name)
    try:
        start, end = (datetime.fromisoformat(given.get(each, "")) for each in ("start", "end"))
        gone = Blackout(start=start, end=end, why=given.get("why", ""))
    except ValueError as error:
        raise torn() from error
    for each in await asked.store.channels():
        plan = await _present(asked, each.name)
        if gone in plan.blackouts and (each.name == name or given.get("where") == "all"):
            await asked.steering.put_plan(each.name, planning.without(plan, gone))
    zone = (await _present(asked, name)).zone
    undo = Undo(f"/plan/{name}/blackout", planning.silence_fields(gone, zone) | {"where": given.get("where", "")})
    return asked.to(f"/plan/{name}", Notice(asked._("That time is open for posts again."), undo))


async def _editing(
    asked: Asked,
    channel: Channel,
    present: Plan,
    words: Mapping[str, str],
    status: int = 200,
    *,
    faults: Mapping[str, BadInput] | None = None,
    silence: Mapping[str, str] | None = None,
    copied: str = "",
) -> Response:
    """Return the editor's page with these words in its fields, and what would come of them."""
    app, shown = asked.live.app, present
    mending = {name for name in faults or {} if name not in ("from", "to")}
    if not mending:
        shown = drafted(planning.words_of(words, channel), present, channel, asked.words.zone.key)
    price, names = channel.limits.price, get_day_names("wide", locale=asked.words.locale)
    about: dict[str, Any] = {
        "channel": channel,
        "channels": await app.store.channels(),
        "present": present,
        "given": words,
        "faults": faults or {},
        "silence": silence or {},
        "copied": copied,
        "seen": words.get("seen") if copied == "" and words.get("seen") else await _mark(asked, channel.name),
        "own": channel.name in await app.store.plans(),
        "changed": shown != present,
        "preview": None if mending else await _preview(asked, channel, shown),
        "blackouts": [each for each in present.blackouts if each.end > app.clock.now()],
        "ending": planning.blackout_fields,
        "days": {day: names[number] for number, day in enumerate(WEEKDAYS)},
        "units": UNITS,
        "zones": ZONES,
        "currency": price.currency if price else "",
        "paid": bool(channel.limits.reports.price),
        "elsewhere": spoken(asked.words.language, present.zone),
    }
    return await asked.page("plan.html", status, still=True, **about)


async def _preview(asked: Asked, channel: Channel, plan: Plan) -> planning.Preview:
    words, now = spoken(asked.words.language, plan.zone), asked.live.app.clock.now()
    found = await asked.steering.foresee(channel.name, plan, now.astimezone(words.zone).date(), DAYS)
    named = [each.delivery for each in (*found.held, *found.moved)][:NAMED]
    titles = await asked.store.titles([(each.campaign, each.article) for each in named])
    return planning.preview(await asked.store.channels(), plan, found, titles, words, now, NAMED)


def _blackout(given: Mapping[str, str], plan: Plan) -> Blackout:
    start, end = (f"{given.get(f'{each}_day', '')} {given.get(f'{each}_time', '')}" for each in ("from", "to"))
    return blackout_of(start, end, given.get("why", "")[:LONGEST], plan)


async def _put(asked: Asked, name: str, plan: Plan, seen: str) -> None:
    await asked.steering.put_plan(name, None if plan == asked.live.app.default_plan else plan, seen)


async def _channel(asked: Asked, name: str) -> Channel:
    found = next((each for each in await asked.store.channels() if each.name == name), None)
    if found is None:
        raise NotFound(f"there is no channel {name}", hint="the page of channels lists them")
    return found


async def _present(asked: Asked, name: str) -> Plan:
    return (await asked.store.plans()).get(name, asked.live.app.default_plan)


async def _mark(asked: Asked, name: str) -> str:
    return mark_of((await asked.store.plans()).get(name))


ROUTES = (
    Route("/plan", front, Right.SEE),
    Route("/plan/{name}", editor, Right.ADMIN),
    Route("/plan/{name}", change, Right.ADMIN, POST),
    Route("/plan/{name}/clear", clear, Right.ADMIN, POST),
    Route("/plan/{name}/blackout", silence, Right.ADMIN, POST),
    Route("/plan/{name}/blackout/end", speak, Right.ADMIN, POST),
)
