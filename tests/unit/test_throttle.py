"""How often something may be tried: so many at once, then one by one, and no memory without end."""

from bot.domain.throttle import Throttle


def test_so_many_tries_at_once_then_one_by_one():
    throttle = Throttle(burst=3, every=30)
    for _ in range(3):
        assert throttle.wait("anna", 100) == 0
        throttle.take("anna", 100)
    assert throttle.wait("anna", 100) == 30
    assert throttle.wait("bert", 100) == 0
    assert throttle.wait("anna", 115) == 15
    assert throttle.wait("anna", 130) == 0
    throttle.take("anna", 130)
    assert throttle.wait("anna", 130) == 30
    throttle.take("anna", 130)
    assert throttle.wait("anna", 130) == 30, "tries that were refused do not lengthen the wait without end"


def test_rest_gives_back_no_more_than_the_burst():
    throttle = Throttle(burst=2, every=10)
    throttle.take("anna", 0)
    for _ in range(2):
        assert throttle.wait("anna", 10_000) == 0
        throttle.take("anna", 10_000)
    assert throttle.wait("anna", 10_000) == 10


def test_who_proved_themselves_begins_anew():
    throttle = Throttle(burst=1, every=10)
    throttle.take("anna", 0)
    assert throttle.wait("anna", 0)
    throttle.forgive("anna")
    throttle.forgive("nobody")
    assert throttle.wait("anna", 0) == 0


def test_only_so_many_are_remembered_the_latest():
    throttle = Throttle(burst=1, every=10, most=100)
    for number in range(1000):
        throttle.take(f"name {number}", 0)
    assert [number for number in range(1000) if throttle.wait(f"name {number}", 0)] == list(range(900, 1000))
