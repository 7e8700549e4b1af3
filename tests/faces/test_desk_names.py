"""The names that a desk answers to: its own, so that no other site's page can reach it through a name of its own."""

import pytest

from bot.web.guard import names_of


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8080", 200),
        ("desk.library.example:8080", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
async def test_it_answers_only_to_its_own_names(desk, http, host, status):
    own = {"HANDBILL_WEB": "desk.library.example:8080"}
    async with desk(own) as served, http.get(f"{served.address}/health", headers={"Host": host}) as answer:
        assert answer.status == status


def test_a_desk_that_listens_everywhere_answers_to_any_name():
    assert names_of("0.0.0.0", ("0.0.0.0", 8080)) == frozenset()
    assert names_of("::", None) == frozenset()
    assert "192.0.2.7" in names_of("192.0.2.7", None)
    assert "evil.example" not in names_of("fe80::1%eth0", ("Desk.Example", 1))
    assert "desk.example" in names_of("fe80::1%eth0", ("Desk.Example", 1))
