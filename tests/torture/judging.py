"""What followers saw, held against what the bot says of it."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zipfile import ZipFile, is_zipfile

from bot.sandbox.world import Effect
from tests.torture.fates import CHANNELS
from tests.torture.living import ALT, Broken, Life

Shown = Mapping[str, Any]
COUNTED = ("sent", "refused", "uncertain", "resting", "died", "twice", "lost")


@dataclass(slots=True, kw_only=True)
class Verdict:
    """`faults` are the promises that were not kept, in words; none = all is well."""

    life: Life
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{self.counts[each]} {each}" for each in COUNTED if self.counts[each])
        return "\n    ".join((f"{'BROKEN' if self.faults else 'kept  '} {self.life.fate}; {counts}", *self.faults))


async def judged(life: Life) -> Verdict:
    """Live one life and judge it."""
    verdict = Verdict(life=life)
    try:
        await life.live()
    except Broken as broken:
        verdict.faults.append(str(broken))
    except Exception as error:  # noqa: BLE001 - a bench that fails is told with the seed that it failed at
        verdict.faults.append(f"the bench failed: {type(error).__name__}: {error}")
    try:
        deliveries = [await life.shown("log", each["id"]) for each in await life.shown("queue", "--all")]
    except Exception as error:  # noqa: BLE001 - as above
        verdict.faults.append(f"the ledger cannot be read: {type(error).__name__}: {error}")
        return verdict
    verdict.counts["died"] = life.died
    _weigh(verdict, deliveries)
    verdict.faults += [f"{channel} was not left alone for as long as it asked" for channel in life.hasty()]
    verdict.faults += await asyncio.to_thread(lambda: list(_spilt(life)))
    return verdict


def _weigh(verdict: Verdict, deliveries: Sequence[Shown]) -> None:
    life = verdict.life
    pairs = Counter((each["channel"], each["article"]) for each in deliveries)
    for channel in CHANNELS:
        for number in range(life.fate.articles):
            if pairs[channel, f"{number}.md"] != 1:
                verdict.counts["lost"] += 1
                verdict.faults.append(f"{pairs[channel, f'{number}.md']} deliveries of {number}.md on {channel}")
    known: set[int] = set()
    for each in deliveries:
        seen = {part["number"]: _effects(life, each["channel"], part["text"]) for part in each["parts"]}
        known |= {id(effect) for effects in seen.values() for effect in effects}
        try:
            _look(verdict, each, seen)
        except Broken as broken:
            verdict.faults.append(f"{each['channel']}/{each['article']} {each['id']} {each['state']}: {broken}")
    for effect in life.world.effects:
        if id(effect) not in known:
            verdict.counts["twice"] += 1
            verdict.faults.append(f"nobody knows of this one: {effect.platform} {effect.text[:60]!r}")


def _effects(life: Life, channel: str, text: str) -> list[Effect]:
    return [each for each in life.world.effects if each.platform == channel and _bare(each.text) == _bare(text)]


def _look(verdict: Verdict, delivery: Shown, seen: Mapping[int, Sequence[Effect]]) -> None:
    """Judge one delivery by what followers saw of each of its parts."""
    for number, effects in seen.items():
        if len(effects) > 1:
            verdict.counts["twice"] += 1
            raise Broken(f"part {number} is there {len(effects)} times")
    proved = {receipt["part"]: receipt["id"] for receipt in delivery["receipts"]}
    there = {number: effects[0] for number, effects in seen.items() if effects}
    lost = {number for number in proved if number not in there or there[number].id != proved[number]}
    if delivery["state"] == "sent":
        lost |= set(seen) - set(proved)
    if lost:
        verdict.counts["lost"] += 1
        raise Broken(f"parts {sorted(lost)} are said to be there, and are not")
    _in_order(verdict.life, delivery, there)
    end, true = _ended(verdict.life, delivery, set(there) - set(proved), min(set(seen) - set(proved), default=0))
    if not end or not true:
        raise Broken(f"{delivery['why']}; due {delivery['due']}; there {sorted(there)}; {delivery['attempts'][-1:]}")
    verdict.counts[end] += 1


def _ended(life: Life, delivery: Shown, unproved: set[int], open_part: int) -> tuple[str, bool]:
    """Return the name of a delivery's end, "" for none, and whether all that belongs to it is there.

    `unproved` are the parts that followers see and it has no receipt for, `open_part` the first without a receipt.
    """
    attempts = delivery["attempts"]
    match delivery["state"]:
        case "sent":
            return "sent", True
        case "failed":
            return "refused", not unproved and attempts[-1]["outcome"] == "refused" and bool(attempts[-1]["said"])
        case "uncertain":
            told = bool(attempts and delivery["evidence"] and delivery["why"])
            return "uncertain", told and not delivery["due"] and unproved <= {open_part}
        case "retrying" | "scheduled":
            return "resting" if life.rests(delivery["channel"]) else "", not unproved
    return "", False


def _in_order(life: Life, delivery: Shown, there: Mapping[int, Effect]) -> None:
    """The parts stand in order, each replying to the one before it, the first with its picture."""
    order = [life.world.effects.index(there[number]) for number in sorted(there)]
    if order != sorted(order) or sorted(there) != list(range(1, len(there) + 1)):
        raise Broken(f"parts {sorted(there)} came in the order {order}")
    for number, effect in there.items():
        if effect.reply_to != (there[number - 1].id if number > 1 else ""):
            raise Broken(f"part {number} replies to {effect.reply_to!r}")
    for part in delivery["parts"]:
        shown = there[part["number"]].images if part["number"] in there else None
        if shown is not None and len(shown) != len(part["images"]):
            raise Broken(f"part {part['number']} shows {len(shown)} pictures of {len(part['images'])}")
        if any(each.alt != ALT for each in shown or ()) and delivery["channel"] != "telegram":
            raise Broken(f"part {part['number']} tells {shown} of its picture")
        if part["card"] and part["number"] in there and there[part["number"]].card.get("url") != part["card"]["url"]:
            raise Broken(f"part {part['number']} has the card {there[part['number']].card}")


def _spilt(life: Life) -> Iterator[str]:
    """Yield what must not be in any file: secrets, and what Python says when a program fails."""
    for file in sorted(life.home.rglob("*")):
        if not file.is_file() or file == life.home / ".env":
            continue
        content = file.read_bytes()
        if is_zipfile(file):
            with ZipFile(file) as packed:
                content += b"".join(packed.read(name) for name in packed.namelist())
        if any(secret.encode() in content for secret in life.secrets):
            yield f"a secret is in {file.relative_to(life.home)}"
        if b"Traceback" in content:
            yield f"a traceback is in {file.relative_to(life.home)}"


def _bare(text: str) -> str:
    return "".join(text.split())
