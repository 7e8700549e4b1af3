"""The channels: who we are there, what each takes, what is left of that, and what is wrong.

/channels   POST /channels/NAME/{check,pause,resume}
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from babel.dates import format_timedelta
from fastapi.responses import Response

from bot.app import known_platforms
from bot.domain.channel import LinkPlace
from bot.domain.pacing import money
from bot.domain.people import Right
from bot.flow.steering import LONGEST_REASON
from bot.ports import Adapter
from bot.settings import ChannelSettings
from bot.web.routes import POST, Asked, Notice, Route, Undo
from bot.web.words import N_

#: Where a channel's posts carry the link.
LINKS: Mapping[LinkPlace, str] = {
    LinkPlace.TEXT: N_("the link stands in the text"),
    LinkPlace.CARD: N_("the link stands in a card"),
    LinkPlace.REPLY: N_("the link stands in the first reply"),
    LinkPlace.OMIT: N_("without the link"),
}


async def front(asked: Asked) -> Response:
    """Show how every channel stands."""
    live = asked.live
    standings = await live.app.gauging.standings()

    def span_of(span: timedelta) -> str:
        return format_timedelta(span, threshold=1, locale=asked.words.locale)

    return await asked.page(
        "channels.html",
        standings=standings,
        seen=live.checkup.seen,
        missing=[each for each in live.app.settings.channels if each.missing],
        gone={each.channel.name for each in standings} - live.platforms.keys(),
        lacks=lacks,
        links=LINKS,
        money=money,
        span_of=span_of,
        offers=[(name, adapter.TITLE, needed(adapter)) for name, adapter in known_platforms().items()],
    )


def needed(adapter: Adapter) -> Sequence[tuple[str, str]]:
    """Return the settings that a channel on a platform cannot do without, by their names in .env, and where to get each."""
    return [(f"{adapter.NAME}_{each.key}".upper(), each.help) for each in adapter.FIELDS if each.required]


def lacks(channel: ChannelSettings) -> Mapping[str, str]:
    """Return the settings that a channel lacks, and where to get each."""
    adapter = known_platforms()[channel.platform]
    account = channel.name.removeprefix(channel.platform).upper()
    helps = {f"{adapter.NAME}_{each.key}".upper() + account: each.help for each in adapter.FIELDS}
    return {name: helps.get(name, "") for name in channel.missing}


async def check(asked: Asked) -> Response:
    """Ask a channel's platform who we are, now."""
    await asked.form()
    name = asked.named("name")
    found = await asked.live.checkup.check(name, asked.caller.by if asked.caller else "desk")
    words = {
        "ok": asked._("%(name)s was verified."),
        "warning": asked._("%(name)s was verified; see what is noted beside it."),
    }.get(found.level, asked._("%(name)s could not be verified: see beside it why."))
    return asked.to("/channels", Notice(words % {"name": name}))


async def pause(asked: Asked) -> Response:
    """Pause one channel, for the reason given."""
    given, name = await asked.form(), asked.named("name")
    await asked.steering.pause_channel(name, given.get("why", "")[:LONGEST_REASON])
    words = asked._("%(name)s is paused: nothing is sent there until somebody lets it go on.") % {"name": name}
    return asked.to("/channels", Notice(words, Undo(f"/channels/{name}/resume", {})))


async def resume(asked: Asked) -> Response:
    """Let one channel go on."""
    await asked.form()
    name = asked.named("name")
    paused = next((each.paused for each in await asked.store.channels() if each.name == name), "")
    await asked.steering.resume_channel(name)
    words = asked._("%(name)s goes on; what came due meanwhile is posted late, as its plan says.") % {"name": name}
    return asked.to("/channels", Notice(words, Undo(f"/channels/{name}/pause", {"why": paused})))


ROUTES = (
    Route("/channels", front, Right.SEE),
    Route("/channels/{name}/check", check, Right.APPROVE, POST),
    Route("/channels/{name}/pause", pause, Right.APPROVE, POST),
    Route("/channels/{name}/resume", resume, Right.APPROVE, POST),
)
