"""A plan as people write it: the words of every part of it, made into a plan, and a plan told in those words again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from bot.domain.channel import Channel
from bot.domain.lateness import LatePolicy
from bot.domain.pacing import MILLION
from bot.domain.plan import WEEKDAYS, Blackout, Plan
from bot.domain.spans import between, days_of, moment_of, said, span_of, sum_of, time_of, zone_of
from bot.errors import BadInput

#: Posts within 24 hours that a plan may be limited to.
MOST_DAILY = 10_000
#: Times of a day that are written one by one; who wants more takes steady steps.
MOST_TIMES = 200
#: When steady steps begin and end unless told otherwise.
WHOLE_DAY = "00:00-23:59"


class BadPlan(BadInput):
    """Words that make no plan; `faults` says by part what is wrong with each."""

    def __init__(self, faults: Mapping[str, BadInput]) -> None:
        first = next(iter(faults.values()))
        super().__init__(first.what, hint=first.hint)
        self.faults = faults


def drafted(words: Mapping[str, str], present: Plan, channel: Channel, zone: str) -> Plan:
    """Return the plan that the words ask for; a part that is not among them stays as it is.

    Parts are days, times or every (with between), zone, gap, grace, limit, daily, budget, resend and paid_results ("yes",
    "no"). With new times all of them count: days, zone and how late posts are treated are then `zone`'s defaults unless
    told. Blackouts, cap, budget, resend and paid_results stay. Raises BadPlan.
    """
    faults: dict[str, BadInput] = {}

    def read(name: str, reader: Callable[[str], Any], otherwise: Any) -> Any:  # noqa: ANN401 - whatever the reader returns
        try:
            return reader(words[name]) if name in words else otherwise
        except BadInput as error:
            faults[name] = error
            return otherwise

    fresh = "times" in words or "every" in words
    base = Plan(zone=zone) if fresh else present
    late = LatePolicy(
        grace=read("grace", span_of, base.late.grace),
        limit=read("limit", span_of, base.late.limit),
        gap=read("gap", span_of, base.late.gap),
    )
    every = read("every", span_of, None if fresh else base.every)
    plan = Plan(
        days=read("days", days_of, base.days),
        times=read("between", between, between(WHOLE_DAY)) if "every" in words else read("times", _times, base.times),
        zone=read("zone", zone_of, base.zone),
        every=every,
        late=late,
        blackouts=present.blackouts,
        daily=read("daily", _daily, present.daily),
        budget=read("budget", sum_of, present.budget),
        resend=read("resend", _agreed, present.resend),
        paid_results=read("paid_results", _agreed, present.paid_results),
    )
    faults |= {name: each for name, each in _contradictions(words, plan, channel) if name not in faults}
    if faults:
        raise BadPlan(faults)
    return plan


def _contradictions(given: Mapping[str, str], plan: Plan, channel: Channel) -> list[tuple[str, BadInput]]:
    """Return what does not go together, by the part to be mended."""
    found = []
    if "between" in given and "every" not in given:
        found.append(("between", BadInput("--between goes with --every only", hint="say how often: --every 2h")))
    if "times" in given and "every" in given:
        found.append(("times", BadInput("--at and --every cannot go together", hint="choose one of them")))
    if given.get("paid_results") == "yes" and not channel.limits.reports.price:
        what = f"asking {channel.name} costs nothing, so there is nothing to allow"
        found.append(("paid_results", BadInput(what)))
    if "budget" in given and plan.budget and channel.limits.price is None:
        what = f"posts on {channel.name} cost nothing, so there is no budget to keep to"
        found.append(("budget", BadInput(what)))
    if plan.late.grace > plan.late.limit and {"grace", "limit"} & given.keys():
        what = f"a person would be asked after {said(plan.late.limit)}, before {said(plan.late.grace)} are over"
        found.append(("limit", BadInput(what, hint="make it longer than what goes out at once")))
    return found


def _times(text: str) -> tuple[time, ...]:
    pieces, wrong = text.split(","), list[BadInput]()
    times: set[time] = set()
    for each in pieces:
        try:
            times.add(time_of(each))
        except BadInput as error:
            wrong.append(error)
    if len(wrong) > 1 and len(pieces) <= MOST_TIMES:
        raise BadInput("; ".join(each.what for each in wrong), hint=wrong[0].hint)
    if wrong:
        raise wrong[0]
    found = tuple(sorted(times))
    if len(found) > MOST_TIMES:
        raise BadInput(f"{len(found)} times are too many to write down", hint="take steady steps instead")
    return found


def _daily(text: str) -> int:
    number = text.strip() or "0"
    if not (number.isascii() and number.isdigit() and int(number[:9]) <= MOST_DAILY and len(number) < 9):
        raise BadInput(f"{text.strip()!r} is no number of posts", hint=f"write 0 to {MOST_DAILY}; 0 means no limit")
    return int(number)


def _agreed(text: str) -> bool:
    return text == "yes"


def told(plan: Plan) -> Mapping[str, str]:
    """Return a plan in the words that `drafted` makes the same plan of, but for its blackouts."""
    days = ",".join(WEEKDAYS[day] for day in plan.days)
    clock = [f"{each:%H:%M:%S}" if each.second else f"{each:%H:%M}" for each in plan.times]
    rhythm = {"times": ", ".join(clock)}
    if plan.every:
        rhythm = {"every": said(plan.every), "between": f"{clock[0]}-{clock[-1]}"}
    late = {"gap": said(plan.late.gap), "grace": said(plan.late.grace), "limit": said(plan.late.limit)}
    whole, rest = divmod(plan.budget, MILLION)
    budget = f"{whole}.{f'{rest:06}'.rstrip('0'):0<2}" if rest else str(whole)
    agreed = {name: "yes" if getattr(plan, name) else "no" for name in ("resend", "paid_results")}
    return {"days": days, "zone": plan.zone, "daily": str(plan.daily), "budget": budget} | rhythm | late | agreed


def without_times(plan: Plan, default: Plan) -> Plan | None:
    """Return what is left of a plan with the default times: blackouts, cap, budget and the rest; None = nothing of its own."""
    kept = replace(
        default,
        blackouts=plan.blackouts,
        daily=plan.daily,
        budget=plan.budget,
        resend=plan.resend,
        paid_results=plan.paid_results,
    )
    return None if kept == default else kept


def blackout_of(start: str, end: str, why: str, plan: Plan) -> Blackout:
    """Return a time without posts as people write it in a plan's zone; a day alone means the whole day. Raises BadPlan."""
    faults: dict[str, BadInput] = {}
    ends = []
    for name, text in (("from", start), ("to", end)):
        try:
            ends.append(moment_of(text, plan.zone, whole=name == "to"))
        except BadInput as error:
            faults[name] = error
    if not faults and ends[1] <= ends[0]:
        faults["to"] = BadInput(f"{end!r} is not after {start!r}")
    if faults:
        raise BadPlan(faults)
    return Blackout(start=ends[0], end=ends[1], why=" ".join(why.split()))


def silenced(plan: Plan, more: Iterable[Blackout], now: datetime) -> Plan:
    """Return a plan with more blackouts, and without those that are over; raises BadPlan."""
    new = frozenset(more)
    if any(each.end <= now for each in new):
        raise BadPlan({"to": BadInput("that is past", hint="a blackout is for what is still to come")})
    kept = (each for each in plan.blackouts if each.end > now)
    return replace(plan, blackouts=tuple(sorted({*kept, *new}, key=lambda each: (each.start, each.end))))
