"""Accounts and tokens on the command line, and the desk as whole processes serve it."""

import json
import re

import pytest

from bot.cli.people import address
from bot.platforms import fields
from bot.settings import load
from tests.processes import handbill, refused, told

LINK = re.compile(r"^http://127\.0\.0\.1:8080/in/([\w-]{43})$", re.MULTILINE)


def said(home, *words, **more):
    return handbill(home, *words, **more).stdout


def test_init_ends_with_the_first_account_and_its_link_once(tmp_path):
    first = said(tmp_path, "init", "--no-input")
    assert LINK.search(first)
    assert "The first account of the desk is" in first
    assert "within 24 hours" in first
    [person] = told(tmp_path, "user", "list")
    assert (person["role"], person["state"]) == ("admin", "has not chosen a password yet")
    again = said(tmp_path, "init", "--no-input")
    assert not LINK.search(again)


def test_people_are_added_changed_and_let_in_no_more(tmp_path):
    (tmp_path / "queue").mkdir()
    assert "makes the first account" in said(tmp_path, "user", "list")
    first = LINK.search(said(tmp_path, "user", "add", "Anna", "--role", "admin"))
    second = LINK.search(said(tmp_path, "user", "link", "anna"))
    assert first
    assert second
    assert first[1] != second[1]
    said(tmp_path, "user", "add", "bert")
    assert [(each["name"], each["role"]) for each in told(tmp_path, "user", "list")] == [
        ("anna", "admin"), ("bert", "editor"),
    ]  # fmt: skip
    assert "somebody is called 'bert' already" in refused(tmp_path, 6, "user", "add", "bert")
    assert "anna is the only admin" in refused(tmp_path, 6, "user", "role", "anna", "viewer")
    assert "nobody is called 'eve'" in refused(tmp_path, 5, "user", "link", "eve")
    assert "cannot be a name" in refused(tmp_path, 2, "user", "add", "two words")
    said(tmp_path, "user", "role", "bert", "admin")
    said(tmp_path, "user", "disable", "anna")
    assert "anna is disabled" in refused(tmp_path, 6, "user", "link", "anna")
    said(tmp_path, "user", "enable", "anna")
    said(tmp_path, "user", "code-off", "anna")
    log = [(each["verb"], each["subject"]) for each in told(tmp_path, "audit")]
    assert log[-4:] == [("user role", "bert"), ("user disable", "anna"), ("user enable", "anna"), ("code off", "anna")]


def test_a_token_is_printed_once_and_listed_without_itself(tmp_path):
    (tmp_path / "queue").mkdir()
    token = said(tmp_path, "token", "add", "feed", "--scope", "see,edit", "--days", "3").strip()
    assert re.fullmatch(r"handbill_[\w-]{43}", token)
    said(tmp_path, "token", "add", "site")
    listed = told(tmp_path, "token", "list")
    assert [(each["name"], each["scope"], bool(each["expires"])) for each in listed] == [
        ("feed", ["see", "edit"], True), ("site", ["see"], False),
    ]  # fmt: skip
    assert token not in json.dumps(listed)
    assert token not in said(tmp_path, "export", "-")
    assert "is not a list of rights" in refused(tmp_path, 2, "token", "add", "x", "--scope", "all")
    said(tmp_path, "token", "revoke", "feed")
    assert "there is no token 'feed'" in refused(tmp_path, 5, "token", "revoke", "feed")


@pytest.mark.parametrize(
    ("environ", "begins"),
    [
        ({}, "http://127.0.0.1:8080/in/"),
        ({"HANDBILL_WEB": "0.0.0.0:80"}, "http://127.0.0.1:80/in/"),
        ({"HANDBILL_WEB": "[::1]:80"}, "http://[::1]:80/in/"),
        ({"HANDBILL_WEB": "desk.library.example:80"}, "http://desk.library.example:80/in/"),
        ({"HANDBILL_URL": "https://Desk.library.example/handbill/"}, "https://desk.library.example/handbill/in/"),
    ],
)
def test_links_lead_where_people_reach_the_desk(tmp_path, environ, begins):
    assert address(load(tmp_path, fields(), environ), "S") == f"{begins}S"


@pytest.mark.parametrize(
    "url",
    ["desk.library.example", "ftp://desk.library.example", "https://", "https://a b/", "https://u:p@desk.example/?x",
     "https://desk.example:99999", "https://desk.example/a//b"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_by_its_setting(tmp_path, url):
    assert "HANDBILL_URL" in refused(tmp_path, 4, "init", "--no-input", HANDBILL_URL=url)
