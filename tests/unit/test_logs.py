"""What stands in the log: never a secret, never a line that nobody of us wrote, and never a reason to stop posting."""

import io
import json
import logging
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from bot.logs import BLOT, FromLibraries, configure
from bot.sources.language import detected

SECRETS = ("1000:sandbox-token", "gen/er+al&key", 'quo"ted \\o/ne', "1000:sandbox-token-and-more")
TOKEN = SECRETS[0]


@pytest.fixture(autouse=True)
def as_before():
    """Logging as it was, whatever a test makes of it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


class Screen(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(params=["terminal", "file"])
def stderr(request, monkeypatch) -> io.StringIO:
    made = Screen() if request.param == "terminal" else io.StringIO()
    monkeypatch.setattr(sys, "stderr", made)
    configure("info", SECRETS)
    return made


@pytest.fixture
def collected(monkeypatch) -> io.StringIO:
    made = io.StringIO()
    monkeypatch.setattr(sys, "stderr", made)
    configure("info", SECRETS)
    return made


def again(stream: io.StringIO, level: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        configure(level, SECRETS)


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@dataclass
class Holder:
    token: str


def bearers():
    """Every way in which a secret came along once somewhere."""
    yield {"why": f"said {TOKEN} twice: {TOKEN}"}
    yield {"url": "https://api.example/bot1000%3Asandbox-token/getMe"}
    yield {"query": quote(SECRETS[2], safe="")}
    yield {"path": quote(SECRETS[2])}
    yield {"body": "key=gen%2Fer%2Bal%26key"}
    yield {"headers": {"Authorization": f"Bearer {SECRETS[1]}"}}
    yield {"headers": {SECRETS[1]: 1}}
    yield {"tried": [("first", TOKEN), {"again": (SECRETS[3],)}]}
    yield {"kinds": {TOKEN}}
    yield {"error": ValueError(f"401 for {TOKEN}")}
    yield {"holder": Holder(SECRETS[2])}
    yield {"raw": TOKEN.encode()}
    yield {f"key-{TOKEN}": 1}


@pytest.mark.parametrize("fields", list(bearers()), ids=lambda fields: next(iter(fields)))
def test_no_secret_of_an_event_is_shown(stderr, fields):
    structlog.get_logger("tests").warning("asked", **fields)
    shown = stderr.getvalue()
    assert "asked" in shown
    assert BLOT in shown
    for form in (*SECRETS, "sandbox-token", "er%2Bal", "ted \\\\o/ne", "ted%20", "quo", "and-more"):
        assert form not in shown


def test_no_secret_of_a_traceback_is_shown_causes_included(stderr):
    try:
        try:
            raise ValueError(f"cannot read {TOKEN}")
        except ValueError as cause:
            raise RuntimeError(f"{SECRETS[1]} refused") from cause
    except RuntimeError:
        structlog.get_logger("tests").exception("failed")
    shown = stderr.getvalue()
    assert "RuntimeError" in shown
    assert "ValueError" in shown
    assert shown.count(BLOT) == 2
    assert not any(secret in shown for secret in SECRETS)


def test_no_secret_of_a_librarys_record_is_shown(stderr):
    log = logging.getLogger("some.library")
    log.warning("GET https://api.example/bot%s/getMe -> %d", TOKEN, 502)
    try:
        raise OSError(f"no route to {TOKEN}")
    except OSError:
        log.exception("gave up on %r", {"token": SECRETS[2]})
    shown = stderr.getvalue()
    assert "502" in shown
    assert "OSError" in shown
    assert "some.library" in shown
    assert not any(secret in shown for secret in (*SECRETS, "sandbox-token", "quo"))


def test_a_record_whose_words_do_not_match_its_values_is_shown_all_the_same(stderr):
    record = logging.LogRecord("some.library", logging.WARNING, "", 1, "%d and %d", (TOKEN,), None)
    FromLibraries().handle(record)
    assert "%d and %d" in stderr.getvalue()
    assert "Traceback" not in stderr.getvalue()
    assert TOKEN not in stderr.getvalue()


def test_a_short_value_is_not_taken_for_a_secret(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure("info", ("", "a", "abc"))
    structlog.get_logger("tests").info("a cab calls abc")
    assert events(stream)[-1]["event"] == "a cab calls abc"


FORGED = (
    "ok\n12:00:00 [error    ] database lost\r\nnext\x1b[2J\x1b]0;title\x07\x9b1m\x85more\u2028and\u2029\u202eback\ud800"
)


@pytest.mark.parametrize("place", ["event", "value", "key", "list", "error", "library"])
def test_foreign_text_stays_on_its_line_and_steers_nothing(stderr, place):
    log = structlog.get_logger("tests")
    match place:
        case "event":
            log.warning(FORGED)
        case "value":
            log.warning("said", words=FORGED)
        case "key":
            log.warning("said", **{FORGED: 1})
        case "list":
            log.warning("said", words=[{"deep": FORGED}])
        case "error":
            log.warning("said", error=ValueError(FORGED))
        case "library":
            # pytest keeps library records itself and hands them between its processes, which a lone surrogate ends.
            logging.getLogger("some.library").warning("said %s", FORGED.removesuffix("\ud800"))
    shown = stderr.getvalue()
    assert shown.count("\n") == 1
    if isinstance(stderr, Screen):
        shown = shown.replace("\x1b[0m", "")
        for colour in ("\x1b[1m", "\x1b[2m", *(f"\x1b[{n}m" for n in range(30, 38))):
            shown = shown.replace(colour, "")
    assert not any(sign in shown for sign in "\r\x07\x1b\x85\x9b\u2028\u2029\u202e\ud800")
    assert "database lost" in shown


def test_an_exceptions_words_cannot_begin_a_line_of_the_log(stderr):
    try:
        raise ValueError(FORGED)
    except ValueError:
        structlog.get_logger("tests").exception("failed")
    lines = stderr.getvalue().split("\n")
    if isinstance(stderr, Screen):
        assert [line for line in lines[1:] if line and not line.startswith("    | ")] == []
        assert lines[1] == "    | Traceback (most recent call last):"
    else:
        assert len(lines) == 2
    assert not any(sign in stderr.getvalue() for sign in "\r\x07\x85\x9b\u2028\u202e\ud800")


def test_a_file_gets_json_with_time_level_and_place(collected):
    structlog.get_logger("dispatch").info("sent", delivery="a1", tries=2, late=1.5, fine=True, why=None, at=["x"])
    logging.getLogger("some.library").error("lost %s", "it")
    ours, theirs = events(collected)
    at = ours.pop("timestamp")
    assert at.endswith("Z")
    assert at[10] == "T"
    assert ours == {
        "event": "sent",
        "level": "info",
        "logger": "dispatch",
        "delivery": "a1",
        "tries": 2,
        "late": 1.5,
        "fine": True,
        "why": None,
        "at": ["x"],
    }
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("lost it", "error", "some.library")


def test_a_terminal_gets_lines_for_people(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    configure("info", ())
    structlog.get_logger("dispatch").info("sent", delivery="a1")
    line = screen.getvalue()
    assert not line.startswith("{")
    assert all(word in line for word in ("sent", "delivery", "a1", "dispatch", "info"))


def test_the_level_is_ours_and_libraries_never_speak_below_warning(collected):
    again(collected, "debug")
    structlog.get_logger("tests").debug("ours")
    talkative = logging.getLogger("some.library")
    talkative.setLevel(logging.DEBUG)
    talkative.debug("body: %s", "private words")
    talkative.info("asking")
    assert [each["event"] for each in events(collected)] == ["ours"]
    again(collected, "error")
    structlog.get_logger("tests").warning("ours")
    logging.getLogger("other.library").warning("theirs")
    assert len(events(collected)) == 1


def test_the_language_detector_looks_at_more_than_a_line_and_logs_nothing(collected):
    again(collected, "debug")
    text = (
        "Anno MMXXVI: "
        + "1850 1900 1950 2000 2026 " * 3
        + "Die Bibliothek bleibt freitags bis Mitternacht geöffnet. " * 20
    )
    assert detected(text)[0] == "de"
    assert collected.getvalue() == ""


class Contrary:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [Contrary(), [Contrary()], {1: Contrary()}, {Contrary(): 1}, float("nan"), b"\xff"])
def test_any_value_can_be_logged(stderr, value):
    structlog.get_logger("tests").info("fine", value=value)
    assert "fine" in stderr.getvalue()


class Broken(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


class Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("made", [Broken, Gone], ids=["disk full", "pipe broken"])
def test_a_log_that_cannot_be_written_stops_nothing(monkeypatch, made):
    monkeypatch.setattr(sys, "stderr", made())
    configure("info", ())
    structlog.get_logger("tests").info("sent")
    logging.getLogger("some.library").error("lost")


def test_a_standard_error_that_was_closed_stops_nothing(collected):
    collected.close()
    structlog.get_logger("tests").info("sent")
    logging.getLogger("some.library").error("lost")


def test_configuring_twice_writes_each_line_once(collected):
    again(collected, "info")
    logging.getLogger("some.library").error("lost")
    structlog.get_logger("tests").info("sent")
    assert [each["event"] for each in events(collected)] == ["lost", "sent"]
