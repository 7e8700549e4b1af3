"""A manager's words in a chat -> a decision: hold and resume everything, and how things stand.

The chat has made sure who speaks (`Question.manager`). A word counts only while it is fresh, so that neither a backlog
that is read after an outage nor an update that is read again after a crash decides anything.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.chat import Answer, Question
from bot.domain.delivery import COMING, Delivery, State
from bot.domain.ledger import Hold
from bot.errors import BadInput, HandbillError
from bot.flow.listening import HELP
from bot.flow.releasing import CHOICES, Overdue, Released
from bot.flow.steering import Steering
from bot.ports import Clock, Store

#: What was said longer ago than this is not meant for now.
FRESH = timedelta(minutes=2)
#: Chats tell the moment of a message in whole seconds.
WHOLE = timedelta(seconds=1)
#: How many deliveries /queue shows, and how many code points of each.
MOST, WORDS = 10, 80
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: What a manager may say besides what readers may.
MANAGERS = """You may also say:
/hold REASON – pause everything at once
/resume – post again; asks what becomes of what came due
/queue – what goes out next
/status – how things stand"""


class Commanding:
    """Does what managers say, in their name. Adding a command is adding a row to `_commands`."""

    def __init__(self, store: Store, clock: Clock, steering: Steering, zone: str) -> None:
        self._store, self._clock, self._steering, self._zone = store, clock, steering, ZoneInfo(zone)
        self._commands: dict[str, Callable[[str, str], Awaitable[Answer]]] = {
            "help": self._help,
            "hold": self._hold,
            "resume": self._resume,
            "queue": self._queue,
            "status": self._status,
        }

    async def answer(self, question: Question) -> Answer | None:
        """Do as a manager says and tell what was done, or why it was not; None when it is no command of managers."""
        command = self._commands.get(question.command.lower())
        if command is None or not question.manager:
            return None
        try:
            late = await self._late(question)
            return Answer(text=late) if late else await command(question.manager, question.words.strip())
        except HandbillError as error:
            return Answer(text="\n".join(filter(None, (f"Not done: {error.what}.", error.hint))))

    async def _late(self, question: Question) -> str:
        """Return why these words count no more, "" when they do."""
        said = question.at
        if said is None:
            return ""
        if self._clock.now() - said > FRESH:
            return (
                f"Too late: that was said at {self._when(said)}, more than two minutes before I read it. Say it again."
            )
        last = await self._store.last_act(verbs=("pause", "resume"))
        if question.command.lower() in ("hold", "resume") and last is not None and last.at >= said + WHOLE:
            return f"Too late: {last.act.by} decided to {last.act.verb} after you said that. Look, then say it again."
        return ""

    async def _help(self, _: str, __: str) -> Answer:
        return Answer(text=f"{HELP}\n\n{MANAGERS}")

    async def _hold(self, by: str, why: str) -> Answer:
        if not why:
            raise BadInput("the reason is missing", hint="say /hold REASON: others will want to know why")
        was, hold = await self._store.hold(), await self._steering.acting(by).pause(why)
        said = f"Everything is paused: {hold.why}"
        if was.on:
            said = f"Everything was paused already since {self._when(was.since)}: {was.why}\nThe reason now reads: {hold.why}"
        return Answer(text=f"{said}\nWhat is on its way at this moment ends first. /resume lets it go on.")

    async def _resume(self, by: str, words: str) -> Answer:
        choice, _, meant = words.lower().partition(" ")
        hold = await self._store.hold()
        if not choice:
            return await self._asking(hold)
        if choice not in list(Overdue):
            raise BadInput(f"{choice[:30]!r} is no choice", hint="say /resume late, /resume reslot or /resume drop")
        since = _moment(meant) if meant else hold.since
        if not hold.on and not meant:
            return Answer(text="Nothing is paused.")
        done = await self._steering.acting(by).resume(Overdue(choice), since)
        return Answer(text="\n".join(("Posting again.", *_counts(done))))

    async def _asking(self, hold: Hold) -> Answer:
        if not hold.on:
            return Answer(text="Nothing is paused.")
        due, uncertain = await self._steering.overdue(), await self._steering.uncertain()
        channels = Counter(each.channel for each in due)
        lines = [f"Paused since {self._when(hold.since)}: {hold.why}"]
        lines += [f"{len(due)} came due: {', '.join(f'{n} on {name}' for name, n in channels.items()) or 'none'}."]
        lines += [f"{uncertain} uncertain, which this does not decide."] if uncertain else []
        meant = f" {_stamp(hold.since)}" if hold.since else ""
        choices = tuple((words[:1].upper() + words[1:], f"/resume {each}{meant}") for each, words in CHOICES.items())
        return Answer(text="\n".join((*lines, "What becomes of what came due?")), choices=choices)

    async def _queue(self, _: str, __: str) -> Answer:
        coming = [each for each in await self._store.deliveries(states=COMING) if each.due]
        if not coming:
            return Answer(text="Nothing is scheduled.")
        hold = await self._store.hold()
        lines = [f"The next {min(len(coming), MOST)} of {len(coming)} (times in {self._zone.key}):"]
        lines += ["Everything is paused, so none of it goes out now."] if hold.on else []
        return Answer(text="\n".join((*lines, *(self._line(each) for each in coming[:MOST]))))

    async def _status(self, _: str, __: str) -> Answer:
        hold, trouble, tally = await self._store.hold(), await self._store.trouble(), await self._store.tally()
        due = await self._store.next_due()
        lines = [f"Everything is PAUSED since {self._when(hold.since)}: {hold.why}" if hold.on else "Posting."]
        lines += [f"Nothing can be sent: {trouble}."] if trouble else []
        lines += [f"{each.name} is paused: {each.paused}" for each in await self._store.channels() if each.paused]
        counts = ", ".join(f"{count} {state}" for state, count in sorted(tally.items()))
        lines += [f"Deliveries: {counts or 'none yet'}."]
        lines += [f"Next: {self._when(due)} ({self._zone.key})"] if due else []
        waiting = sum(tally.get(state, 0) for state in (State.UNCERTAIN, State.FAILED))
        lines += [f"{waiting} need you: `handbill status` tells more."] if waiting else []
        return Answer(text="\n".join(lines))

    def _line(self, delivery: Delivery) -> str:
        words = " ".join(delivery.post.parts[0].text.split())
        shown = words if len(words) <= WORDS else f"{words[: WORDS - 1].rstrip()}…"
        again = " (again)" if delivery.state is State.RETRYING else ""
        return f"\n{self._when(delivery.due)} · {delivery.channel}{again} · {delivery.campaign}/{delivery.article}\n{shown}"

    def _when(self, at: datetime | None) -> str:
        return f"{at.astimezone(self._zone):%a %d %b %H:%M}" if at else "an unknown moment"


def _counts(done: Released) -> Sequence[str]:
    """Return what became of what came due, in lines."""
    if not done.due:
        return ("Nothing came due meanwhile.",)
    left = done.due - done.reslotted - done.held - done.dropped
    told = {
        "posted late, as each channel's plan says": left,
        "got the next free slot": done.reslotted,
        "held, with no free slot left": done.held,
        "cancelled": done.dropped,
    }
    lines = [f"{done.due} came due: {', '.join(f'{count} {what}' for what, count in told.items() if count)}."]
    lines += [f"{done.begun} of them half out already: such a thread goes on."] if done.begun else []
    return tuple(lines)


def _stamp(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _moment(stamp: str) -> datetime:
    """Return the pause that a button was shown for."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 17):
        raise BadInput(f"{stamp[:30]!r} names no pause", hint="say /resume")
    return EPOCH + timedelta(microseconds=int(stamp))
