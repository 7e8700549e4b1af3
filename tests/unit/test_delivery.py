"""Keys, fingerprints and moves: what tells one delivery from another, and where it may go."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.domain.article import Image
from bot.domain.delivery import TRANSITIONS, UNSENT, State, fingerprint_of, key_of
from bot.domain.ledger import Change
from bot.domain.post import Card, Part, Span, SpanKind
from tests.store_samples import NOON, PICTURE, delivery

PART = Part(
    number=1,
    text="Open until midnight. https://library.example/",
    spans=(Span(kind=SpanKind.LINK, start=21, end=45, target="https://library.example/"),),
    images=(PICTURE,),
    card=Card(url="https://library.example/", title="Library"),
    language="en",
    warning="late hours",
    visibility="public",
    length=44,
    limit=280,
)
#: For each field of a part another value.
OTHER: dict[str, Any] = {
    "number": 2,
    "text": PART.text + " ",
    "spans": (),
    "images": (replace(PICTURE, alt="Another room"),),
    "card": Card(url="https://library.example/", title="library"),
    "language": "de",
    "warning": "",
    "visibility": "unlisted",
    "length": 45,
    "limit": 281,
}


def test_a_key_is_the_same_whenever_it_is_computed():
    assert key_of("a1", 1, 1) == key_of("a1", 1, 1) == "9d48832e848a78b7eaaed51135efacad"


@given(*[some.tuples(some.text(max_size=20), some.integers(1, 99), some.integers(1, 99))] * 2)
def test_keys_differ_where_delivery_part_or_revision_do(one, other):
    assert (key_of(*one) == key_of(*other)) == (one == other)
    assert re.fullmatch("[0-9a-f]{32}", key_of(*one))


def test_numbers_that_run_together_make_no_equal_keys():
    assert len({key_of("a", 11, 1), key_of("a", 1, 11), key_of("a1", 1, 1), key_of("a", 1, 1)}) == 4


@pytest.mark.parametrize("name", [field.name for field in fields(Part)])
def test_a_fingerprint_tells_any_difference(name):
    assert fingerprint_of(replace(PART, **{name: OTHER[name]})) != fingerprint_of(PART)
    assert fingerprint_of(replace(PART)) == fingerprint_of(PART)


def test_a_fingerprint_sees_a_picture_whose_bytes_changed():
    other = Image(**{field.name: getattr(PICTURE, field.name) for field in fields(Image)} | {"sha256": "cd" * 32})
    assert fingerprint_of(replace(PART, images=(other,))) != fingerprint_of(PART)


def test_what_was_sent_never_becomes_unsent_and_what_may_be_public_is_never_cancelled():
    for (before, after), who in TRANSITIONS.items():
        assert who
        assert before is not after
        if before in (State.SENT, State.RETRACTED, State.CANCELLED):
            assert after is State.RETRACTED
        if before is State.FAILED:
            assert after in (State.HELD, State.RETRACTED)
        if after is State.CANCELLED:
            assert before in UNSENT


def test_only_what_was_claimed_is_sent_and_only_the_unsent_is_claimed():
    assert {before for before, after in TRANSITIONS if after is State.SENDING} == {State.SCHEDULED, State.RETRYING}
    assert {before for before, after in TRANSITIONS if after is State.SENT} == {
        State.SENDING,
        State.UNCERTAIN,
        State.RETRYING,
        State.SCHEDULED,
    }


@pytest.mark.parametrize("to", list(State))
def test_a_change_gives_the_slot_back_only_when_nothing_is_to_be_sent(to):
    change = Change.of(delivery(epoch=3), to, "why", due=NOON)
    assert (change.delivery, change.state, change.epoch, change.due) == ("a1", State.SCHEDULED, 3, NOON)
    assert change.slot_free == (to in (State.HELD, State.CANCELLED))
