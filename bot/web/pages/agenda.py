"""The calendar: what goes out on which day, and where a person moves it to.

/calendar          the page: a list that needs no script, or with one a sheet of a month or week to drag things on
/calendar/sheet    the same range as JSON, for that sheet
/calendar/move     the form to move something: free slots and a field for any time
POST /calendar/move   gives deliveries ("3f2a@5 77c0@1") a moment or a day     POST /calendar/undo   puts them back
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.lists import format_list
from fastapi.responses import JSONResponse, Response

from bot.domain.agenda import Day, days_of
from bot.domain.delivery import COMING, Delivery
from bot.domain.people import Right
from bot.domain.plan import instant
from bot.errors import BadInput
from bot.flow.slotting import Moved
from bot.web.almanac import MOVABLE, Almanac
from bot.web.routes import POST, Asked, Notice, Route, Undo, inside, refs_of, torn
from bot.web.words import N_, spoken

#: How many days the list shows, and how many deliveries a day lists: on a list, on a week's sheet, on a month's.
LISTED = 14
MOST: Mapping[str, int] = {"list": 40, "week": 40, "month": 12}
#: How many deliveries without a moment are offered, and how many free slots to move something to.
WAITING, OFFERED = 60, 24
#: The most deliveries that one form moves: an article's, on all its channels.
TOGETHER = 40
#: Years in which a day may lie: what is elsewhere is a slip of the pen.
YEARS = range(2000, 2200)
VIEWS: Mapping[str, str] = {"month": N_("Month"), "week": N_("Week"), "list": N_("List")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What part of the calendar is looked at: `view` "" = what fits the screen, `channel` "" = all."""

    view: str
    day: date
    zone: str
    channel: str = ""

    @property
    def shown(self) -> str:
        """The view that the page without script stands for."""
        return self.view or "list"

    def range(self, first_weekday: int) -> tuple[date, int]:
        """Return the first day and how many there are."""
        match self.shown:
            case "month":
                return self.day.replace(day=1), monthrange(self.day.year, self.day.month)[1]
            case "week":
                return self.day - timedelta(days=(self.day.weekday() - first_weekday) % 7), 7
            case _:
                return self.day, LISTED

    def address(self, **changed: object) -> str:
        """Return the address of this place, or of one that differs in some things."""
        there = replace(self, **changed)  # type: ignore[arg-type]
        told = {"view": there.view, "day": there.day.isoformat(), "zone": there.zone, "channel": there.channel}
        return "/calendar?" + urlencode({name: value for name, value in told.items() if value})

    @property
    def moving(self) -> str:
        """The address of the form that moves something and comes back here; what it is about goes behind it."""
        return "/calendar/move?" + urlencode({"zone": self.zone, "back": self.address()}) + "&what="

    def beside(self, first_weekday: int, steps: int) -> str:
        """Return the address of the range before (-1) or after (1)."""
        first, days = self.range(first_weekday)
        day = (
            first + timedelta(days=days) if steps > 0 else first - timedelta(days=1 if self.shown == "month" else days)
        )
        return self.address(day=day)


async def shown(asked: Asked) -> Response:
    """Show a range of days."""
    app, place = asked.live.app, await _place(asked)
    words = spoken(asked.words.language, place.zone)
    weekday = words.locale.first_week_day
    first, days = place.range(weekday)
    agenda = await app.calendar.agenda(first, days, place.zone, most=MOST[place.shown], channel=place.channel)
    waiting = await app.calendar.waiting(WAITING, place.channel)
    channels, zones = await asked.store.channels(), await app.calendar.zones()
    listed = [each for day in agenda.days for each in day.deliveries] + [each for group in waiting for each in group]
    almanac = Almanac(words, channels, await app.calendar.titles(listed), app.clock.now())
    return await asked.page(
        "calendar.html",
        still=True,
        place=place,
        moving=asked.at(place.moving),
        views=VIEWS,
        locale=str(words.locale).replace("_", "-"),
        title=almanac.span(first, first + timedelta(days=days - 1)),
        before=place.beside(weekday, -1),
        after=place.beside(weekday, 1),
        today=place.address(day=app.clock.now().astimezone(words.zone).date()),
        first=first,
        weekday=(weekday + 1) % 7,
        sheets=almanac.sheets(agenda),
        groups=almanac.groups(waiting),
        marks=tuple(almanac.marks.values()),
        steady=format_list([almanac.marks[each].label for each in agenda.steady], locale=words.locale)
        if agenda.steady
        else "",
        opening=almanac.opening(agenda),
        zones=zones,
        full=len(waiting) and sum(map(len, waiting)) == WAITING,
    )


async def sheet(asked: Asked) -> Response:
    """Answer with the range that the script's sheet shows."""
    app, place = asked.live.app, await _place(asked)
    until = _day(asked.request.query_params.get("until", "")) or place.day + timedelta(days=7)
    words = spoken(asked.words.language, place.zone)
    days = (until - place.day).days
    agenda = await app.calendar.agenda(place.day, days, place.zone, most=MOST[place.shown], channel=place.channel)
    listed = [each for day in agenda.days for each in day.deliveries]
    titles = await app.calendar.titles(listed)
    almanac = Almanac(words, await asked.store.channels(), titles, app.clock.now())
    return JSONResponse({"events": almanac.events(agenda, hours=place.shown == "week")})


async def choosing(asked: Asked) -> Response:
    """Show the form to move something: what it is, the free slots, a field for any time."""
    app, place, query = asked.live.app, await _place(asked), asked.request.query_params
    refs = _refs(query.get("what", ""))
    deliveries = [await asked.store.delivery(each.partition("@")[0]) for each in refs]
    words = spoken(asked.words.language, place.zone)
    almanac = Almanac(words, await asked.store.channels(), await app.calendar.titles(deliveries), app.clock.now())
    free = await app.calendar.openings(deliveries[0], OFFERED) if len(deliveries) == 1 else ()
    days: dict[date, list[tuple[str, str]]] = {}
    for slot in free:
        days.setdefault(slot.astimezone(words.zone).date(), []).append((slot.isoformat(), almanac.clock(slot)))
    return await asked.page(
        "moving.html",
        still=True,
        place=place,
        cards=[almanac.card(each) for each in deliveries],
        stuck=[each for each in deliveries if each.state not in MOVABLE],
        refs=" ".join(f"{each.id}@{each.version}" for each in deliveries),
        soon=_suggested(free, app.clock.now(), words.zone),
        free=[(day.isoformat(), almanac.day(day), slots) for day, slots in days.items()],
        today=app.clock.now().astimezone(words.zone).date().isoformat(),
        back=inside(query.get("back", ""), place.address()),
    )


async def move(asked: Asked) -> Response:
    """Give deliveries the moment or the day that the form names."""
    given = await asked.form()
    back, zone = inside(given.get("back", ""), "/calendar"), zone_of(given.get("zone", ""), asked)
    refs_of(given.get("what", ""))
    moved = await asked.steering.move(_refs(given.get("what", "")), target_of(given, zone))
    return asked.to(back, await _notice(asked, moved, zone, back))


async def undo(asked: Asked) -> Response:
    """Put back what was moved, if nothing about it has changed since."""
    given = await asked.form()
    back = inside(given.get("back", ""), "/calendar")
    places: dict[str, datetime | None] = {}
    for each in given.get("what", "").split()[:TOGETHER]:
        ref, _, moment = each.partition("=")
        places[ref] = _moment(moment) if moment else None
    refs_of(" ".join(places))
    await asked.steering.put_back(places)
    return asked.to(back, Notice(asked._("It is back where it was.")))


async def _notice(asked: Asked, moved: Sequence[Moved], zone: ZoneInfo, back: str) -> Notice:
    """Tell what was moved, and offer to take it back."""
    app, changed = asked.live.app, [each for each in moved if each.was != each.now]
    if not changed:
        return Notice(asked._("It stands there already."))
    words = spoken(asked.words.language, zone.key)
    now = [each.now for each in changed]
    almanac = Almanac(words, await asked.store.channels(), await app.calendar.titles(now), app.clock.now())
    card = almanac.card(now[0])
    when = words.when(card.moment, app.clock.now()) if card.moment else ""
    approved = any(each.was.state not in COMING for each in changed)
    if len(now) == 1:
        told = asked._("“%(title)s” goes out on %(channel)s: %(when)s.")
        if approved:
            told = asked._("“%(title)s” is approved and goes out on %(channel)s: %(when)s.")
        said = told % {"title": card.title, "channel": card.mark.label, "when": when}
    elif approved:
        told = asked.words.ngettext(
            "%(n)d post approved, the first goes out: %(when)s.",
            "%(n)d posts approved, the first goes out: %(when)s.",
            len(now),
        )
        said = told % {"n": len(now), "when": when}
    else:
        told = asked.words.ngettext(
            "%(n)d post moved, the first: %(when)s.", "%(n)d posts moved, the first: %(when)s.", len(now)
        )
        said = told % {"n": len(now), "when": when}
    places = " ".join(f"{each.now.id}@{each.now.version}={_before(each.was)}" for each in changed)
    return Notice(said, Undo("/calendar/undo", {"what": places, "back": back}), at=f"/delivery/{now[0].id}")


def _before(delivery: Delivery) -> str:
    """Return where a delivery stood before it was moved, "" = not on the schedule."""
    return delivery.due.isoformat() if delivery.due and delivery.state not in ("held", "failed") else ""


async def _place(asked: Asked) -> Place:
    query, app = asked.request.query_params, asked.live.app
    view, channel, zone = query.get("view", ""), query.get("channel", ""), query.get("zone", "")
    zone = zone if zone in await app.calendar.zones() else asked.words.zone.key
    known = {each.name for each in await asked.store.channels()}
    today = app.clock.now().astimezone(ZoneInfo(zone)).date()
    return Place(
        view=view if view in VIEWS else "",
        day=_day(query.get("day", "")) or today,
        zone=zone,
        channel=channel if channel in known else "",
    )


def _suggested(free: Sequence[datetime], now: datetime, zone: ZoneInfo) -> datetime:
    """Return what the form proposes: the first free slot after today, else tomorrow without a time of its own."""
    today = now.astimezone(zone).date()
    locally = (each.astimezone(zone) for each in free)
    tomorrow = datetime.combine(today + timedelta(days=1), time(0), tzinfo=zone)
    return next((each for each in locally if each.date() > today), tomorrow)


def _day(text: str) -> date | None:
    """Return a day that an address names, None when it names none."""
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return found if found.year in YEARS else None


def _refs(text: str) -> Sequence[str]:
    """Return the deliveries that a form is about."""
    refs = text.split()
    if not refs:
        raise torn()
    if len(refs) > TOGETHER:
        raise BadInput(f"{len(refs)} deliveries are too many at once", hint=f"move {TOGETHER} at the most")
    return refs


def zone_of(name: str, asked: Asked) -> ZoneInfo:
    """Return a zone that a form names, the desk's own for ""."""
    try:
        return ZoneInfo(name) if name else asked.words.zone
    except (KeyError, ValueError, OSError) as error:
        raise torn() from error


def target_of(given: Mapping[str, str], zone: ZoneInfo) -> datetime | Day:
    """Return what a form names: a `slot` that was offered, or a `day` with a `time`, or a day alone for its free slot."""
    if given.get("slot"):
        return _moment(given["slot"])
    day, clock = _day(given.get("day", "")), given.get("time", "")
    if day is None:
        raise BadInput("the day is missing", hint="choose one of the free slots, or a day and a time")
    if not clock:
        [found] = days_of(day, 1, zone)
        return found
    try:
        return instant(day, time.fromisoformat(clock).replace(tzinfo=None), zone)
    except ValueError as error:
        raise BadInput(f"{clock!r} is no time of day", hint="write it like 09:00") from error


def _moment(text: str) -> datetime:
    """Return a moment with its zone, as our own forms carry it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise torn() from error
    if found.tzinfo is None or found.year not in YEARS:
        raise torn()
    return found


ROUTES = (
    Route("/calendar", shown, Right.SEE),
    Route("/calendar/sheet", sheet, Right.SEE),
    Route("/calendar/move", choosing, Right.APPROVE),
    Route("/calendar/move", move, Right.APPROVE, POST),
    Route("/calendar/undo", undo, Right.APPROVE, POST),
)
