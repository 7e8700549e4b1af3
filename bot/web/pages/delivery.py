"""One delivery: its story, its pictures, and what a person decides about it.

/delivery/ID           its story                     /delivery/ID/SHA256   a picture as its channel gets it
POST /delivery/ID/...  approve, hold, send-now, cancel, retract, settle: each about the version that the person saw
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import Response

from bot.app import Connected
from bot.domain.channel import Channel
from bot.domain.delivery import Attempt, Delivery, State
from bot.domain.evidence import Fact, evidence
from bot.domain.people import Right
from bot.errors import NotFound
from bot.flow.settling import Verdict
from bot.ports import Store
from bot.web import labels
from bot.web.moves import MOVES, Move, moves
from bot.web.routes import POST, Asked, Notice, Route, Sure, Undo, inside, torn, whole_number
from bot.web.views import pictures
from bot.web.words import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One delivery's page. `title` is its article's ("" when that is gone), `channel` None when it is set up no more."""

    delivery: Delivery
    channel: Channel | None
    title: str
    attempts: Sequence[Attempt]
    history: Sequence[tuple[datetime, State, str]]

    @property
    def evidence(self) -> tuple[Fact, ...]:
        """What is known of it, while nobody knows whether it is public."""
        return evidence(self.delivery, self.attempts, self.history)


async def story(live: Connected, id: str) -> Story:
    """Return what a delivery's page shows; any unambiguous beginning of its id will do. Raises NotFound."""
    store = live.app.store
    delivery = await store.delivery(id)
    channels, attempts, history, title = await asyncio.gather(
        store.channels(), store.attempts(delivery.id), store.history(delivery.id), _title(store, delivery)
    )
    channel = next((each for each in channels if each.name == delivery.channel), None)
    return Story(delivery=delivery, channel=channel, title=title, attempts=attempts, history=history)


async def _title(store: Store, delivery: Delivery) -> str:
    try:
        return (await store.article(delivery.campaign, delivery.article)).title
    except NotFound:
        return ""


async def shown(asked: Asked) -> Response:
    """Tell one delivery's story."""
    return await asked.page("delivery.html", view=await story(asked.live, asked.named("id")))


async def picture(asked: Asked) -> Response:
    """Answer with a picture as the delivery's channel gets it: scaled down where that has limits."""
    delivery = await asked.store.delivery(asked.named("id"))
    image = next((each for each in pictures(delivery) if each.sha256 == asked.named("digest")), None)
    channel = next((each for each in await asked.store.channels() if each.name == delivery.channel), None)
    if image is None or channel is None:
        raise NotFound("there is no such picture")
    body, media_type = await asked.live.app.media.fitted(image, channel.limits)
    return Response(body, media_type=media_type, headers={"cache-control": "private, max-age=3600"})


#: What is told when it is done, and by which move that is taken back.
DONE: Mapping[str, tuple[str, str]] = {
    "approve": (N_("Approved: it goes out %(when)s."), "hold"),
    "hold": (N_("It is off the schedule."), "approve"),
    "send-now": (N_("It goes out now."), ""),
    "cancel": (N_("It ended unsent."), ""),
    "retract": (N_("It was taken back."), ""),
}


def deciding(verb: str) -> Callable[[Asked], Awaitable[Response]]:
    """Return what answers when a person presses that button, after asking once more where nothing can undo it."""

    async def decide(asked: Asked) -> Response:
        given, name = await asked.form(), asked.named("id")
        version, back = whole_number(given, "version"), inside(given.get("back", ""), f"/delivery/{name}")
        if given.get("sure") != "yes":
            delivery = await asked.store.delivery(name)
            move = next((each for each in moves(delivery) if each.name == verb), None)
            if move is not None and move.final:
                return await asked.sure(_question(asked, delivery, move, version, back))
        done = await _decided(asked, verb, f"{name}@{version}")
        return asked.to(back, _notice(asked, verb, done, back))

    return decide


async def _decided(asked: Asked, verb: str, which: str) -> Delivery:
    match verb:
        case "approve":
            [done] = await asked.steering.approve([which])
        case "hold":
            [done] = await asked.steering.hold([which])
        case "send-now":
            [done] = await asked.steering.send_now([which])
        case "cancel":
            [done] = await asked.steering.cancel([which])
        case _:
            done = await asked.steering.retract(which, asked.live.platforms)
    return done


def _notice(asked: Asked, verb: str, done: Delivery, back: str) -> Notice:
    words, undone_by = DONE[verb]
    when = asked.words.when(done.due, asked.live.app.clock.now()) if done.due else ""
    undo = None
    if undone_by and not done.receipts:
        undo = Undo(f"/delivery/{done.id}/{undone_by}", {"version": str(done.version), "back": back})
    return Notice(asked._(words) % {"when": when}, undo, at=f"/delivery/{done.id}")


def _question(asked: Asked, delivery: Delivery, move: Move, version: int, back: str) -> Sure:
    title = f"{asked._(move.label)}: {delivery.campaign}/{delivery.article} → {delivery.channel}"
    fields = {"version": str(version), "back": back, "sure": "yes"}
    action = f"/delivery/{delivery.id}/{move.name}"
    return Sure(
        title=title,
        words=asked._(move.final),
        quoted=delivery.excerpt.text,
        button=asked._(move.label),
        action=action,
        fields=fields,
        back=back,
    )


async def settle(asked: Asked) -> Response:
    """Take a person's verdict on the uncertain delivery that they saw; what cannot be undone is asked once more."""
    given, name = await asked.form(), asked.named("id")
    try:
        verdict = Verdict(given.get("verdict", ""))
    except ValueError as error:
        raise torn() from error
    version, url = whole_number(given, "version"), given.get("url", "").strip()
    if verdict in labels.FINAL and given.get("sure") != "yes":
        if verdict is Verdict.THERE:
            await asked.steering.check_address(f"{name}@{version}", url)
        delivery = await asked.store.delivery(name)
        label = asked._(labels.VERDICTS[verdict])
        fields = {"version": str(version), "url": url, "verdict": str(verdict), "sure": "yes"}
        return await asked.sure(
            Sure(
                title=f"{label}: {delivery.campaign}/{delivery.article} → {delivery.channel}",
                words=asked._(labels.FINAL[verdict]),
                quoted=delivery.excerpt.text,
                button=label,
                action=f"/delivery/{delivery.id}/settle",
                fields=fields,
                back=f"/delivery/{delivery.id}",
                url=url,
            )
        )
    settled = await asked.steering.settle(f"{name}@{version}", verdict, url)
    return asked.to(f"/delivery/{settled.id}")


VERBS = tuple(dict.fromkeys(each.name for each in (move for row in MOVES.values() for move in row)))
ROUTES = (
    Route("/delivery/{id}", shown, Right.SEE),
    Route("/delivery/{id}/{digest}", picture, Right.SEE),
    Route("/delivery/{id}/settle", settle, Right.APPROVE, POST),
    *(Route(f"/delivery/{{id}}/{verb}", deciding(verb), Right.APPROVE, POST) for verb in VERBS),
)
