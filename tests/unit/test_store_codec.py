"""What is stored as JSON comes back equal, whatever it holds, and from other versions too."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.delivery import fingerprint_of
from bot.domain.excerpt import Excerpt
from bot.domain.outcome import Outcome, Receipt, Refused, Retry, Sent, Unknown
from bot.domain.plan import Plan
from bot.domain.post import Part, Post
from bot.ports import Problem, Sighting
from bot.store.codec import OUTCOMES, decode, decode_outcome, encode, encode_outcome
from bot.store.schema import UTCDateTime
from tests.store_samples import NOON, article, post

MOMENTS = st.datetimes(timezones=st.just(UTC))
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
TEXTS = st.text(max_size=20)
DIALECT = SQLiteDialect()
KINDS = (Article, Campaign, Channel, Excerpt, Plan, Post, Problem, Receipt, Sighting)

st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(timedelta, SPANS)
st.register_type_strategy(str, TEXTS)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_dataclass_comes_back_equal_to_its_very_repr(kind):
    @settings(max_examples=40, deadline=None)
    @given(st.from_type(kind))
    def round_trip(value):
        found = decode(kind, encode(value))
        assert found == value
        if kind is Post:
            assert [fingerprint_of(part) for part in found.parts] == [fingerprint_of(part) for part in value.parts]
            assert repr(found) == repr(value)

    round_trip()


@settings(max_examples=100, deadline=None)
@given(st.one_of(*map(st.from_type, OUTCOMES.values())))
def test_every_outcome_comes_back_as_its_own_class(outcome):
    assert decode_outcome(*encode_outcome(outcome)) == outcome
    assert type(decode_outcome(*encode_outcome(outcome))) is type(outcome)


def test_outcomes_of_one_shape_stay_apart():
    assert set(OUTCOMES.values()) == set(get_args(Outcome))
    for outcome in (Retry(why="busy"), Refused(why="busy"), Unknown(why="busy")):
        assert decode_outcome(*encode_outcome(outcome)) == outcome
    assert encode_outcome(Sent(receipt=Receipt(id="1", url="", at=NOON)))[0] == "sent"


def test_a_field_that_an_older_version_did_not_know_takes_its_default():
    body = json.loads(encode(article()))
    for added_later in ("warning", "thread", "images"):
        del body[added_later]
    assert decode(Article, json.dumps(body)) == article(images=())


def test_a_field_of_a_newer_version_is_passed_over():
    body = json.loads(encode(post()))
    body["mood"] = "bright"
    body["parts"][0]["card"]["size"] = 3
    assert decode(Post, json.dumps(body)) == post()


def test_fields_can_lie_beside_the_json():
    beside = {"title": "The library at night", "text": "Tea."}
    body = encode(article(text="Tea."), without=frozenset(beside))
    assert not beside.keys() & json.loads(body).keys()
    assert decode(Article, body, beside) == article(text="Tea.")


def test_what_is_broken_is_not_guessed():
    with pytest.raises(ValueError, match="number"):
        decode(Part, '{"text": "no number"}')


@given(MOMENTS)
def test_a_moment_is_exact_to_the_microsecond(moment):
    column = UTCDateTime()
    stored = column.process_bind_param(moment, DIALECT)
    assert isinstance(stored, int)
    found = column.process_result_value(stored, DIALECT)
    assert found == moment
    assert found.tzinfo is UTC
    abroad = moment.replace(tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert column.process_bind_param(abroad, DIALECT) == stored - timedelta(hours=5.5) // timedelta(microseconds=1)


def test_a_moment_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        UTCDateTime().process_bind_param(datetime(2026, 5, 4), DIALECT)
    assert UTCDateTime().process_bind_param(None, DIALECT) is None
    assert UTCDateTime().process_result_value(None, DIALECT) is None
