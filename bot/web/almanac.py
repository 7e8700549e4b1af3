"""What the calendar shows, in the words of who looks: one frozen view of the agenda. No rules, no SQL."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from babel.dates import format_interval, format_skeleton, format_time

from bot.domain.agenda import Agenda, Day, Shift, Silence, moment_of
from bot.domain.channel import Channel
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.plan import TICK
from bot.web import labels
from bot.web.rendering import named
from bot.web.words import Words

#: How many colours channels are told apart by, beside their names.
HUES = 8
#: How long a post looks on a sheet that shows hours; it has a moment, no length.
LOOKS = timedelta(minutes=60)
#: Minutes of a day that are shown before its first post.
BEFORE = 30
MOVABLE = UNSENT | {State.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a channel is told from the others: the name people know it by, and one of eight colours."""

    name: str
    label: str
    hue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One delivery: `ref` is what a form says to mean it as it was shown, `at` its wall-clock time ("" = none yet)."""

    id: str
    ref: str
    title: str
    mark: Mark
    state: State
    at: str
    moment: datetime | None
    why: str
    movable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is held of one article; `refs` name all of it."""

    title: str
    refs: str
    cards: tuple[Card, ...]


#: A moment at which slots are free, and whose.
Vacancy = tuple[str, tuple[Mark, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One day of the list: `rows` are cards and vacancies in order, `notes` what is special about it."""

    date: date
    heading: str
    today: bool
    rows: tuple[Card | Vacancy, ...]
    notes: tuple[str, ...]
    more: int


class Almanac:
    """Puts an agenda into a language and a time zone."""

    def __init__(
        self, words: Words, channels: Sequence[Channel], titles: Mapping[tuple[str, str], str], now: datetime
    ) -> None:
        self._words, self._titles, self._now = words, titles, now
        self._times: dict[time, str] = {}
        self.marks = {each.name: _mark(each, place) for place, each in enumerate(channels)}

    def sheets(self, agenda: Agenda) -> tuple[Sheet, ...]:
        """Return the list's days."""
        today = self._now.astimezone(self._words.zone).date()
        return tuple(
            Sheet(
                date=day.date,
                heading=self.day(day.date),
                today=day.date == today,
                rows=self._rows(day),
                notes=tuple(self.notes(day)),
                more=day.more,
            )
            for day in agenda.days
        )

    def groups(self, waiting: Sequence[Sequence[Delivery]]) -> tuple[Group, ...]:
        """Return what has no moment yet, article by article."""
        cards = [tuple(self.card(each) for each in group) for group in waiting]
        return tuple(
            Group(title=group[0].title, refs=" ".join(each.ref for each in group), cards=group) for group in cards
        )

    def card(self, delivery: Delivery) -> Card:
        """Return one delivery's card."""
        moment = moment_of(delivery) if delivery.state not in (State.HELD, State.CANCELLED) else None
        return Card(
            id=delivery.id,
            ref=f"{delivery.id}@{delivery.version}",
            title=self._titles.get((delivery.campaign, delivery.article)) or delivery.article,
            mark=self.marks.get(delivery.channel) or Mark(name=delivery.channel, label=delivery.channel, hue=0),
            state=delivery.state,
            at=self.clock(moment) if moment else "",
            moment=moment,
            why=delivery.why if delivery.state is not State.SCHEDULED else "",
            movable=delivery.state in MOVABLE,
        )

    def clock(self, moment: datetime) -> str:
        """Return a wall-clock time; of the hour that comes twice also by how much it is ahead of UTC."""
        local = moment.astimezone(self._words.zone)
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        told = self._times.get(at := local.time())
        if told is None:  # a sheet has few times of day, often
            told = format_time(at, "medium" if at.second else "short", locale=self._words.locale)
            self._times[at] = told
        return f"{told} (UTC{local:%z})" if twice else told

    def day(self, day: date) -> str:
        """Return a day's heading: "Tuesday 24 November"."""
        year = "" if day.year == self._now.astimezone(self._words.zone).year else "y"
        return format_skeleton(f"{year}MMMMEEEEd", day, locale=self._words.locale)

    def span(self, first: date, last: date) -> str:
        """Return a range of days in words; of a whole month its name."""
        if first.day == 1 and (last + timedelta(days=1)).day == 1 and first.month == last.month:
            return format_skeleton("yMMMM", first, locale=self._words.locale)
        return format_interval(first, last, "yMMMd", locale=self._words.locale)

    def notes(self, day: Day) -> Sequence[str]:
        """Return what is special about a day: the clocks change, nothing is posted for some of it."""
        return [self.shifted(day.shift, day)] * (day.shift is not None) + [
            self._silent(each, day) for each in day.silences
        ]

    def shifted(self, shift: Shift | None, day: Day) -> str:
        """Tell how the clocks change on a day."""
        if shift is None:
            return ""
        new = shift.at.astimezone(self._words.zone).replace(tzinfo=None)
        told = {
            "old": format_time((new - shift.by).time(), "short", locale=self._words.locale),
            "new": format_time(new.time(), "short", locale=self._words.locale),
            "hours": self._words.number((day.end - day.start).total_seconds() / 3600),
        }
        on = self._words.gettext("Clocks go forward from %(old)s to %(new)s: this day has %(hours)s hours")
        back = self._words.gettext("Clocks go back from %(old)s to %(new)s: this day has %(hours)s hours")
        return (on if shift.by > timedelta(0) else back) % told

    def _silent(self, silence: Silence, day: Day) -> str:
        start, end = max(day.start, silence.blackout.start), min(day.end, silence.blackout.end)
        where = ", ".join(self.marks[each].label for each in silence.channels if each in self.marks)
        told = {"where": where, "start": self.clock(start), "end": self.clock(end)}
        if set(silence.channels) >= set(self.marks):
            told["where"] = self._words.gettext("any channel")
        if (start, end) == (day.start, day.end):
            said = self._words.gettext("Nothing is posted to %(where)s") % told
        else:
            said = self._words.gettext("Nothing is posted to %(where)s from %(start)s to %(end)s") % told
        return f"{said}: {silence.blackout.why}" if silence.blackout.why else said

    def _rows(self, day: Day) -> tuple[Card | Vacancy, ...]:
        cards: list[tuple[datetime, Card | Vacancy]] = []
        cards += [(moment_of(each) or day.start, self.card(each)) for each in day.deliveries]
        for at, free in groupby(day.free, key=lambda each: each.at):
            cards.append((at, (self.clock(at), tuple(self.marks[each.channel] for each in free))))
        return tuple(row for _, row in sorted(cards, key=lambda pair: pair[0]))

    # what the sheet that is drawn by script gets

    def events(self, agenda: Agenda, *, hours: bool) -> Sequence[Mapping[str, Any]]:
        """Return the agenda as the calendar component reads it: wall-clock times without a zone. `hours`: it shows them."""
        found: list[Mapping[str, Any]] = []
        for day in agenda.days:
            found += [self._event(each) for each in day.deliveries]
            found += self._vacancies(day) if hours else self._vacancy(day)
            found += [self._all_day(day, "note", each) for each in self.notes(day)]
            found += [self._silence(each, day) for each in day.silences] if hours else ()
            if day.more and not hours:
                found.append(self._last(day))
            if day.more and hours:
                all_ = self._words.ngettext("%(n)s post on this day", "%(n)s posts on this day", day.count)
                found.append(self._all_day(day, "more", all_ % {"n": self._words.number(day.count)}))
        return found

    def _last(self, day: Day) -> Mapping[str, Any]:
        """Return what stands below the posts of a day of a month that are shown: how many there are, and the way to them."""
        all_ = self._words.ngettext("%(n)s post on this day", "%(n)s posts on this day", day.count)
        end = f"{day.date.isoformat()}T23:59:59"
        whole = self._all_day(day, "more", all_ % {"n": self._words.number(day.count)})
        return {**whole, "start": end, "end": end, "allDay": False}

    def opening(self, agenda: Agenda) -> str:
        """Return the wall-clock time at which a sheet with hours begins to be of use: before its posts, else at present."""
        moments = [moment_of(each) for day in agenda.days for each in day.deliveries]
        clocks = [each.astimezone(self._words.zone) for each in moments if each] or [
            self._now.astimezone(self._words.zone)
        ]
        first = min(each.hour * 60 + each.minute for each in clocks)
        hour, minute = divmod(max(0, first - BEFORE), 60)
        return f"{hour:02}:{minute:02}"

    def _event(self, delivery: Delivery) -> Mapping[str, Any]:
        card = self.card(delivery)
        moment = (card.moment or self._now).astimezone(self._words.zone).replace(tzinfo=None, microsecond=0)
        more = {"kind": "card", "ref": card.ref, "hue": card.mark.hue, "channel": card.mark.label, "at": card.at}
        state = self._words.gettext(labels.STATES[card.state])
        return {
            "id": card.id,
            "start": moment.isoformat(),
            "end": _before_midnight(moment).isoformat(),
            "title": card.title,
            "startEditable": card.movable,
            "extendedProps": more | {"state": card.state.value, "told": state, "movable": card.movable},
        }

    def _silence(self, silence: Silence, day: Day) -> Mapping[str, Any]:
        """Return the hours of a day in which nothing is posted, to lie behind the rest."""
        start = max(day.start, silence.blackout.start).astimezone(self._words.zone).replace(tzinfo=None)
        end = min(day.end - TICK, silence.blackout.end).astimezone(self._words.zone).replace(tzinfo=None)
        return {
            "id": f"silence-{start:%Y%m%dT%H%M%S}-{'-'.join(silence.channels)}",
            "start": start.isoformat(),
            "end": end.isoformat(),
            "title": silence.blackout.why,
            "display": "background",
            "extendedProps": {"kind": "silence"},
        }

    def _vacancies(self, day: Day) -> Iterator[Mapping[str, Any]]:
        """Yield the free slots of a day, those of one moment together."""
        for at, openings in groupby(day.free, key=lambda each: each.at):
            moment = at.astimezone(self._words.zone).replace(tzinfo=None)
            marks = [
                {"channel": mark.label, "hue": mark.hue} for mark in (self.marks[each.channel] for each in openings)
            ]
            yield {
                "id": f"free-{at:%Y%m%dT%H%M%S}",
                "start": moment.isoformat(),
                "end": _before_midnight(moment).isoformat(),
                "title": self._words.ngettext("%(n)s free", "%(n)s free", len(marks))
                % {"n": self._words.number(len(marks))},
                "startEditable": False,
                "extendedProps": {"kind": "free", "marks": marks, "at": self.clock(at)},
            }

    def _vacancy(self, day: Day) -> Sequence[Mapping[str, Any]]:
        """Return how many slots of a day are free."""
        if not day.free:
            return ()
        told = self._words.ngettext("%(n)s free slot", "%(n)s free slots", len(day.free))
        return [self._all_day(day, "free", told % {"n": self._words.number(len(day.free))})]

    def _all_day(self, day: Day, kind: str, title: str) -> Mapping[str, Any]:
        more = {"kind": kind, "at": "", "date": day.date.isoformat()}
        start, end = day.date.isoformat(), (day.date + timedelta(days=1)).isoformat()
        about = {"start": start, "end": end, "allDay": True, "startEditable": False, "extendedProps": more}
        return {"id": f"{kind}-{start}-{title}", "title": title} | about


def _mark(channel: Channel, place: int) -> Mark:
    return Mark(name=channel.name, label=named(channel.name, channel.platform), hue=place % HUES)


def _before_midnight(moment: datetime) -> datetime:
    """Return the end of what begins then, which never reaches into the next day."""
    return min(moment + LOOKS, moment.replace(hour=23, minute=59, second=59))
