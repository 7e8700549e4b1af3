"""Plans as a form has them and as a page tells them: one frozen view of each. No rules, no SQL."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from babel.dates import format_time, format_timedelta, get_day_names
from babel.lists import format_list

from bot.domain.agenda import is_steady
from bot.domain.channel import Channel
from bot.domain.pacing import money
from bot.domain.plan import WEEKDAYS, Blackout, Plan
from bot.flow.drafting import told
from bot.flow.replanning import Foresight
from bot.web.almanac import Almanac
from bot.web.words import Words

#: The parts of a plan that a form has as a number and a unit.
SPANS = ("every", "gap", "grace", "limit")
#: What a form shows for steady steps before anybody chose any.
STEADY = {"every_n": "2", "every_unit": "h", "first": "08:00", "last": "20:00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A channel's plan in a few words. `rules` limit it beside its times, `next` are its coming slots."""

    channel: Channel
    plan: Plan
    own: bool
    days: str
    times: str
    next: tuple[datetime, ...]
    rules: tuple[str, ...]
    blackouts: tuple[Blackout, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot of the preview, and whether one of the posts that wait has it."""

    at: str
    moment: datetime
    taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A day of the preview; `notes` tell of clock changes and blackouts."""

    heading: str
    slots: tuple[Slot, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A post that waits: its title, when it was to go out and when it will (None = it is held)."""

    id: str
    title: str
    was: str
    now: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a plan would bring. `stay`, `moved` and `held` count the posts that wait; `moves` names some of them."""

    rows: tuple[Row, ...]
    steady: bool
    stay: int
    moved: int
    held: int
    more: bool
    moves: tuple[Move, ...]

    @property
    def empty(self) -> bool:
        """Tell whether nothing can be posted in these days at all."""
        return not self.steady and not any(row.slots for row in self.rows)


def fields_of(plan: Plan) -> dict[str, str]:
    """Return what the fields of the form hold for a plan."""
    words = dict(told(plan))
    fields: dict[str, str] = {day: "yes" for day in words.pop("days").split(",") if day}
    fields |= {"rhythm": "every" if plan.every else "times", "times": words.pop("times", "")} | STEADY
    if plan.every:
        first, last = words.pop("between").split("-")
        fields |= {"first": first, "last": last}
    for name in SPANS:
        if name in words:
            number, unit = re.fullmatch(r"([0-9]+)([a-z]+)", _by_hours(words.pop(name))).groups()  # type: ignore[union-attr]
            fields |= {f"{name}_n": number, f"{name}_unit": unit}
    return fields | words


def _by_hours(span: str) -> str:
    """Return a length of time with a single day as its hours, since a form's units are in the plural."""
    return "24h" if span == "1d" else span


def words_of(fields: Mapping[str, str], channel: Channel) -> Mapping[str, str]:
    """Return the words that a form's fields make, as bot.flow.drafting reads them."""
    words = {name: fields.get(name, "") for name in ("zone", "daily", "budget")}
    words["days"] = ",".join(day for day in WEEKDAYS if fields.get(day) == "yes")
    words |= {name: "yes" if fields.get(name) == "yes" else "no" for name in ("resend", "paid_results")}
    words |= {name: _spanned(fields, name) for name in SPANS[1:]}
    words["budget"] = words["budget"].strip().replace(",", ".") or "0"
    if fields.get("rhythm") == "every":
        words["every"] = _spanned(fields, "every")
        words["between"] = f"{fields.get('first', '')}-{fields.get('last', '')}"
    else:
        # Commas as people type them, in Arabic too, and one too many at the end.
        words["times"] = ",".join(filter(None, re.split(r"[,;،\s]+", fields.get("times", "")))) or " "
    # What the form of this channel has no field for is left as it is.
    absent = ["budget"] * (channel.limits.price is None) + ["paid_results"] * (not channel.limits.reports.price)
    return {name: each for name, each in words.items() if name not in absent}


def _spanned(fields: Mapping[str, str], name: str) -> str:
    """Return a number with its unit; what is no number as it was typed, so that it can be told so."""
    number = fields.get(f"{name}_n", "").strip()
    return number if number and not number.isdecimal() else f"{number}{fields.get(f'{name}_unit', '')}"


def blackout_fields(blackout: Blackout) -> dict[str, str]:
    """Return what a form says to mean a blackout that stands."""
    return {"start": blackout.start.isoformat(), "end": blackout.end.isoformat(), "why": blackout.why}


def silence_fields(blackout: Blackout, zone: str) -> dict[str, str]:
    """Return what the form for a new blackout says to make this one."""
    fields = {"why": blackout.why}
    for name, moment in (("from", blackout.start), ("to", blackout.end)):
        local = moment.astimezone(ZoneInfo(zone))
        fields |= {f"{name}_day": f"{local:%Y-%m-%d}", f"{name}_time": f"{local:%H:%M:%S}"}
    return fields


def without(plan: Plan, gone: Blackout) -> Plan:
    """Return a plan without one of its blackouts."""
    return replace(plan, blackouts=tuple(each for each in plan.blackouts if each != gone))


def glance(channel: Channel, plan: Plan, now: datetime, words: Words, *, own: bool) -> Glance:
    """Return a plan in a few words."""
    return Glance(
        channel=channel,
        plan=plan,
        own=own,
        days=_days(plan, words),
        times=_times(plan, words),
        next=tuple(islice(plan.slots(now), 3)),
        rules=tuple(_rules(channel, plan, words)),
        blackouts=tuple(each for each in plan.blackouts if each.end > now),
    )


def _days(plan: Plan, words: Words) -> str:
    names = get_day_names("abbreviated", locale=words.locale)
    if len(plan.days) == len(WEEKDAYS):
        return words.gettext("every day")
    return ", ".join(names[day] for day in plan.days)


def _times(plan: Plan, words: Words) -> str:
    clock = [format_time(each, "short", locale=words.locale) for each in plan.times]
    if plan.every is None:
        return format_list(clock, locale=words.locale) if clock else ""
    told = {"span": _span(plan.every, words), "first": clock[0], "last": clock[-1]}
    return words.gettext("every %(span)s from %(first)s to %(last)s") % told


def _rules(channel: Channel, plan: Plan, words: Words) -> Sequence[str]:
    """Return what limits a channel beside its times."""
    price, found = channel.limits.price, []
    if plan.daily:
        many = words.ngettext("%(n)s post within 24 hours at most", "%(n)s posts within 24 hours at most", plan.daily)
        found.append(many % {"n": words.number(plan.daily)})
    if plan.budget and price:
        found.append(words.gettext("%(sum)s a month at most") % {"sum": money(plan.budget, price.currency)})
    if not plan.resend:
        found.append(words.gettext("nothing is sent again before a person says so"))
    late = {"gap": _span(plan.late.gap, words), "limit": _span(plan.late.limit, words)}
    found.append(words.gettext("late posts %(gap)s apart; later than %(limit)s, a person is asked") % late)
    return found


def _span(span: timedelta, words: Words) -> str:
    return format_timedelta(span, threshold=1.5, locale=words.locale)


def preview(
    channels: Sequence[Channel],
    plan: Plan,
    found: Foresight,
    titles: Mapping[tuple[str, str], str],
    words: Words,
    now: datetime,
    named: int,
) -> Preview:
    """Return what a plan would bring, in the language and on the clock of `words`."""
    almanac = Almanac(words, channels, titles, now)
    taken = {each.at for each in found.shifts}

    def at(moment: datetime | None) -> str:
        return words.when(moment, now) if moment else ""

    rows = [
        Row(
            heading=words.day(day.start, now),
            slots=tuple(Slot(at=almanac.clock(each.at), moment=each.at, taken=each.at in taken) for each in day.free),
            notes=tuple(almanac.notes(day)),
        )
        for day in found.days
    ]
    moves = [
        Move(
            id=each.delivery.id,
            title=titles.get((each.delivery.campaign, each.delivery.article)) or each.delivery.article,
            was=at(each.delivery.slot),
            now=at(each.at) if each.at else None,
        )
        for each in (*found.held, *found.moved)[:named]
    ]
    return Preview(
        rows=tuple(rows),
        steady=is_steady(plan),
        stay=len(found.shifts) - len(found.moved) - len(found.held),
        moved=len(found.moved),
        held=len(found.held),
        more=found.more,
        moves=tuple(moves),
    )
