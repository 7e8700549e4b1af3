"""A small model of deliveries, driven at random beside the store: both must agree after every step."""

import asyncio
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.domain.delivery import TRANSITIONS, UNSENT, Delivery, State
from bot.domain.ledger import Change, Hold
from bot.domain.outcome import Receipt, Retry, Sent, Unknown
from bot.errors import NotAllowed, NotFound
from bot.store import open_store
from bot.store.journal import journal_of
from bot.store.schema import moment
from tests.store_samples import MINUTE, NOON, SECOND, HandClock, attempt, channel, delivery, post, receipt

CHANNELS = ("x", "mastodon")


@dataclass
class Told:
    """What the model knows of a delivery."""

    now: Delivery
    lease: datetime | None = None
    moves: int = 1
    armed: set[tuple[int, int]] = field(default_factory=set)
    answered: set[tuple[int, int]] = field(default_factory=set)
    proofs: dict[int, Receipt] = field(default_factory=dict)


class Ledger(RuleBasedStateMachine):
    ids = Bundle("ids")

    @initialize()
    def open(self):
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.clock = HandClock()
        self.path = self.folder / "handbill.db"
        self.store = self.run(open_store(self.path, self.clock))
        for name in CHANNELS:
            self.run(self.store.put_channel(channel(name)))
        self.model: dict[str, Told] = {}
        self.paused: set[str] = set()
        self.on_hold = False
        self.resting: dict[str, datetime] = {}
        self.ever: set[tuple[str, int, datetime]] = set()
        self.folders = 0
        self.strays: set[str] = set()

    def teardown(self):
        if hasattr(self, "store"):
            self.run(self.store.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def run(self, call):
        return self.runner.run(call)

    def attempted(self, call, allowed):
        """Run a call that must succeed when `allowed` and be refused otherwise; return whether it did."""
        try:
            self.run(call)
        except (NotAllowed, NotFound):
            assert not allowed
            return False
        assert allowed
        return True

    @rule(target=ids, name=st.sampled_from(CHANNELS), minute=st.integers(0, 5), held=st.booleans(), n=st.integers(0, 9))
    def added(self, name, minute, held, n):
        return self.add(name, minute, held, n)

    def add(self, name, minute, held, n):
        due = None if held else NOON + minute * MINUTE
        new = delivery(f"{name}-{n}", f"words {n}", name, parts=2, due=due, article=f"article {n}")
        known = new.id in self.model
        free = new.slot not in self.slots(name)
        strayed = new.id in self.strays and not known
        if self.attempted(self.store.add_deliveries([new], self.clock.at), known or free) and not known:
            self.model[new.id] = Told(now=new)
        if strayed and free:
            found = {each.id: each for each in self.run(self.store.deliveries())}
            assert found[new.id].state is State.UNCERTAIN, "it was armed in a time that this copy does not know"
            self.learn(found)
        return new.id

    def slots(self, name):
        return {each.now.slot for each in self.model.values() if each.now.channel == name and each.now.slot}

    @rule(
        id=ids,
        to=st.sampled_from(State),
        minute=st.integers(0, 5),
        stale=st.booleans(),
        version=st.sampled_from([None, 0, 0, -1]),
    )
    def move(self, id, to, minute, stale, version):
        told = self.model.get(id)
        if told is None:
            return
        now = told.now
        moment = NOON + minute * MINUTE if to is State.SCHEDULED else None
        change = Change.of(now, to, "moved", slot=moment, due=moment)
        if stale:
            change = replace(change, epoch=now.epoch + 1)
        if version is not None:
            change = replace(change, version=now.version + version)
        stale = stale or version == -1
        taken = moment is not None and moment != now.slot and moment in self.slots(now.channel)
        known = (now.state, to) in TRANSITIONS or (now.state is to and to in (State.SCHEDULED, State.HELD))
        allowed = known and to is not State.SENDING and not stale and not taken
        if self.attempted(self.store.move([change], self.clock.at), allowed):
            freed = {"slot": None, "due": None} if change.slot_free else {}
            given = {"slot": moment, "due": moment} if moment else {}
            told.now = replace(now, state=to, why="moved", version=now.version + 1, **freed | given)
            told.lease, told.moves = None, told.moves + 1

    @rule(id=ids, minute=st.none() | st.integers(-3, 3))
    def reschedule(self, id, minute):
        told = self.model.get(id)
        if told is None:
            return
        due = None if minute is None else NOON + minute * MINUTE
        self.run(self.store.reschedule(told.now, due, "later", self.clock.at))
        told.now = replace(told.now, due=due, why="later", version=told.now.version + 1)
        told.moves += 1

    @rule(id=ids, words=st.integers(10, 20))
    def render_anew(self, id, words):
        told = self.model.get(id)
        if told is None:
            return
        renewed = replace(told.now, post=post(f"again {words}", told.now.channel, 2), why="edited")
        allowed = told.now.state in UNSENT and not told.proofs
        if self.attempted(self.store.replace_post(renewed, self.clock.at), allowed):
            told.now = replace(
                renewed,
                state=State.HELD,
                revision=renewed.revision + 1,
                version=renewed.version + 1,
                slot=None,
                due=None,
            )
            told.lease, told.moves = None, told.moves + 1

    @rule(id=ids, part=st.integers(1, 2), same_claim=st.booleans())
    def arm(self, id, part, same_claim):
        told = self.model.get(id)
        if told is None:
            return
        now = told.now
        epoch = now.epoch if same_claim else now.epoch + 1
        claims = not same_claim and now.state in (State.SCHEDULED, State.RETRYING)
        proved = all(each in told.proofs for each, of in told.armed if of == epoch)
        goes_on = same_claim and now.state is State.SENDING and proved and (part, epoch) not in told.armed
        free = not self.on_hold and now.channel not in self.paused
        self.clock.at += SECOND
        if id in self.strays:
            # A part that was armed in a time this copy does not know is asked about before it is armed again.
            with suppress(NotAllowed, NotFound):
                lost = attempt(now, part, self.clock.at, epoch=epoch)
                self.run(self.store.arm(now, lost, self.clock.at + MINUTE))
                self.ever.add((id, part, self.clock.at))
            self.learn({each.id: each for each in self.run(self.store.deliveries())})
            return
        call = self.store.arm(now, attempt(now, part, self.clock.at, epoch=epoch), self.clock.at + MINUTE)
        if self.attempted(call, free and (claims or goes_on)):
            told.armed.add((part, epoch))
            self.ever.add((id, part, self.clock.at))
            told.lease = self.clock.at + MINUTE
            if claims:
                told.now = replace(now, state=State.SENDING, epoch=epoch, version=now.version + 1, why="")
                told.moves += 1

    @rule(id=ids, part=st.integers(1, 2), back=st.integers(0, 2), answer=st.sampled_from(["sent", "retry", "unknown"]))
    def record(self, id, part, back, answer):
        told = self.model.get(id)
        if told is None:
            return
        epoch = told.now.epoch - back
        proof = receipt(f"{id}-{part}-{epoch}")
        outcome = {"sent": Sent(receipt=proof), "retry": Retry(why="busy"), "unknown": Unknown(why="?")}[answer]
        ended = attempt(told.now, part, epoch=epoch, ended=self.clock.at, outcome=outcome)
        if self.attempted(self.store.record(ended), (part, epoch) in told.armed):
            told.answered.add((part, epoch))
            if answer == "sent":
                told.proofs.setdefault(part, proof)

    @rule(on=st.booleans())
    def held(self, on):
        self.hold(on=on)

    def hold(self, *, on):
        self.run(self.store.set_hold(Hold(on=on)))
        self.on_hold = on

    @rule(name=st.sampled_from(CHANNELS), why=st.sampled_from(["", "refused"]))
    def paused_or_not(self, name, why):
        self.pause(name, why)

    def pause(self, name, why):
        self.run(self.store.pause_channel(name, why))
        (self.paused.add if why else self.paused.discard)(name)

    @rule(name=st.sampled_from(CHANNELS), minute=st.integers(-2, 2))
    def rest(self, name, minute):
        self.resting[name] = NOON + minute * MINUTE
        self.run(self.store.rest_channel(name, self.resting[name]))

    def reopen(self, path):
        """Open a database that was left in the middle of its work: nothing of the former store is finished for it."""
        before, self.path = self.store, path
        self.store = self.run(open_store(path, self.clock))
        self.run(before.close())

    def aside(self):
        self.folders += 1
        folder = self.folder / str(self.folders)
        folder.mkdir()
        return folder / "handbill.db"

    @precondition(lambda self: self.folders < 3)
    @rule()
    def crash(self):
        """What the disk holds at this moment is all that is left."""
        there = self.aside()
        for each in self.path.parent.glob("handbill.*"):
            if not each.name.endswith("-shm"):
                shutil.copy(each, there.with_name(each.name))
        self.reopen(there)

    @precondition(lambda self: self.folders < 4)
    @rule(more=st.integers(1, 3), new=st.booleans())
    def put_back(self, more, new):
        """An older copy, with the journal that went on: what was armed since is uncertain, and waits for no slot."""
        older = self.aside()
        self.run(self.store.backup(older))
        self.hold(on=False)
        for name in CHANNELS:
            self.pause(name, "")
        if new:
            self.add("x", 59, held=False, n=99)
        waiting = [each.now for each in self.model.values() if each.now.state in (State.SCHEDULED, State.RETRYING)]
        for now in waiting[-more:]:
            self.clock.at += SECOND
            with suppress(NotAllowed):
                self.run(self.store.arm(now, attempt(now, armed=self.clock.at), self.clock.at + MINUTE))
                self.ever.add((now.id, 1, self.clock.at))
        if journal_of(self.path).exists():
            shutil.copy(journal_of(self.path), journal_of(older))
        with closing(sqlite3.connect(older)) as raw:
            armed = raw.execute("SELECT delivery, part, armed FROM attempts").fetchall()
            armed += raw.execute("SELECT delivery, part, armed FROM strays").fetchall()
        self.reopen(older)
        found = {each.id: each for each in self.run(self.store.deliveries())}
        since = self.ever - {(of, part, moment(at)) for of, part, at in armed}
        for of in {of for of, _, _ in since if of in found}:
            assert found[of].state not in (*UNSENT, State.SENDING, State.FAILED)
            if found[of].state is State.UNCERTAIN:
                asked = {each.part for each in self.run(self.store.attempts(of))}
                assert asked & {part for other, part, _ in since if other == of}
        self.learn(found)

    def learn(self, found):
        """Take what the store holds for what is so: the past has changed."""
        with closing(sqlite3.connect(self.path)) as raw:
            leases = dict(raw.execute("SELECT id, lease FROM deliveries"))
            rests = dict(raw.execute("SELECT name, rest FROM channels WHERE rest IS NOT NULL"))
            self.paused = {name for (name,) in raw.execute("SELECT name FROM channels WHERE paused <> ''")}
            self.strays = {of for (of,) in raw.execute("SELECT delivery FROM strays")}
        self.model = {each: self.known(now, leases[each]) for each, now in found.items()}
        self.resting = {name: moment(at) for name, at in rests.items()}
        self.on_hold = self.run(self.store.hold()).on

    def known(self, now, lease):
        attempts = self.run(self.store.attempts(now.id))
        return Told(
            now=replace(now, receipts=()),
            lease=lease and moment(lease),
            moves=len(self.run(self.store.history(now.id))),
            armed={(each.part, each.epoch) for each in attempts},
            answered={(each.part, each.epoch) for each in attempts if each.outcome},
            proofs=dict(now.receipts),
        )

    @invariant()
    def every_delivery_is_as_told(self):
        if not hasattr(self, "store"):
            return
        found = {each.id: each for each in self.run(self.store.deliveries())}
        assert found.keys() == self.model.keys()
        for each, told in self.model.items():
            assert found[each] == replace(told.now, receipts=tuple(sorted(told.proofs.items())))
            attempts = self.run(self.store.attempts(each))
            assert {(each.part, each.epoch) for each in attempts} == told.armed
            assert {(each.part, each.epoch) for each in attempts if each.outcome} == told.answered
            history = self.run(self.store.history(each))
            assert len(history) == told.moves
            assert history[-1][1] is told.now.state

    @invariant()
    def what_is_due_is_the_first_of_each_free_channel(self):
        if not hasattr(self, "store"):
            return
        now = NOON
        expected: list[tuple[datetime, str]] = []
        for name in CHANNELS:
            waiting = [each.now for each in self.model.values() if each.now.state in (State.SCHEDULED, State.RETRYING)]
            due = sorted(
                (each.due, each.id) for each in waiting if each.channel == name and each.due and each.due <= now
            )
            rested = self.resting.get(name, now) <= now
            if due and name not in self.paused and not self.on_hold and rested:
                expected.append(due[0])
        assert [(each.due, each.id) for each in self.run(self.store.ready(now, ())).deliveries] == sorted(expected)

    @invariant()
    def leases_that_ran_out_are_known(self):
        if not hasattr(self, "store"):
            return
        late = {
            told.now.id
            for told in self.model.values()
            if told.now.state is State.SENDING and told.lease is not None and told.lease <= self.clock.at
        }
        assert {each.id for each in self.run(self.store.overdue_leases(self.clock.at))} == late


TestLedger = Ledger.TestCase
TestLedger.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
