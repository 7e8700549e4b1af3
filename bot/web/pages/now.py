"""How things stand: what needs a person, what is being sent, what comes next, what was posted.

/   the page
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from bot.app import Connected
from bot.domain.channel import Channel
from bot.domain.delivery import Delivery, State
from bot.domain.people import Right
from bot.ports import Problem
from bot.settings import ChannelSettings
from bot.web.routes import Asked, Route

#: How many deliveries each list shows.
NEXT, POSTED, ASKED = 20, 30, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first page. `counts` are in the order of the states; `missing` are channels that lack settings,
    `titles` the articles' by (campaign, article).
    """

    titles: Mapping[tuple[str, str], str]
    channels: Sequence[Channel]
    missing: Sequence[ChannelSettings]
    problems: Sequence[Problem]
    counts: Sequence[tuple[State, int]]
    uncertain: Sequence[Delivery]
    failed: Sequence[Delivery]
    held: Sequence[Delivery]
    sending: Sequence[Delivery]
    coming: Sequence[Delivery]
    posted: Sequence[Delivery]

    @property
    def attention(self) -> Sequence[Delivery]:
        """What a person must look at."""
        return (*self.uncertain, *self.failed)

    @property
    def waiting(self) -> Sequence[Sequence[Delivery]]:
        """What waits for a word, that of one article together, in the order in which articles begin to wait."""
        groups: dict[tuple[str, str], list[Delivery]] = {}
        for each in self.held:
            groups.setdefault((each.campaign, each.article), []).append(each)
        return [sorted(group, key=lambda each: each.channel) for group in groups.values()]

    @property
    def paused(self) -> Mapping[str, str]:
        """Why each paused channel is, by its name."""
        return {each.name: each.paused for each in self.channels if each.paused}


async def overview(live: Connected) -> Overview:
    """Return what the first page shows."""
    store = live.app.store
    (channels, problems, counts), lists = await asyncio.gather(
        asyncio.gather(store.channels(), store.problems(), store.tally()),
        asyncio.gather(
            store.deliveries(states=(State.UNCERTAIN,), limit=ASKED),
            store.moved((State.FAILED,), ASKED),
            store.deliveries(states=(State.HELD,), limit=ASKED),
            store.deliveries(states=(State.SENDING,), limit=NEXT),
            store.deliveries(states=(State.RETRYING, State.SCHEDULED), limit=NEXT),
            store.moved((State.SENT, State.RETRACTED), POSTED),
        ),
    )
    uncertain, failed, held, sending, coming, posted = lists
    lacking = [each for each in live.app.settings.channels if each.missing]
    return Overview(
        titles=await store.titles(list({(each.campaign, each.article) for row in lists for each in row})),
        channels=[each for each in channels if each.name not in {lack.name for lack in lacking}],
        missing=lacking,
        problems=problems,
        counts=[(state, counts[state]) for state in State if state in counts],
        uncertain=uncertain,
        failed=failed,
        held=held,
        sending=sending,
        coming=coming,
        posted=sorted(posted, key=_shown, reverse=True),
    )


def _shown(delivery: Delivery) -> float:
    """Return the moment that a posted delivery is shown with, by which the list is in order."""
    return delivery.receipts[-1][1].at.timestamp() if delivery.receipts else 0.0


async def front(asked: Asked) -> Response:
    """Tell how things stand."""
    return await asked.page("now.html", view=await overview(asked.live))


ROUTES = (Route("/", front, Right.SEE),)
