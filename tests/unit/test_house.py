"""The house itself: generated pages in step, settings documented, the queue folder free of code, packaging."""

import re
import runpy
from pathlib import Path

import pytest
from hypothesis import settings

from bot.cli import COMMANDS
from bot.domain.delivery import TRANSITIONS, State
from bot.platforms import adapters
from bot.settings import FIELDS

ROOT = Path(__file__).resolve().parents[2]


def pages():
    return runpy.run_path(str(ROOT / "docs" / "make.py"))["PAGES"]


@pytest.mark.parametrize("name", ["docs/states.md", "docs/platforms/README.md", ".env.example"])
def test_generated_pages_are_in_step(name):
    assert (ROOT / name).read_text(encoding="utf-8") == pages()[name](), "run `python3 run.py docs`"


def test_every_setting_stands_in_the_example_and_every_platform_has_its_page():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = [f"HANDBILL_{field.key}" for field in FIELDS]
    names += [f"{name.upper()}_{field.key}" for name, adapter in adapters().items() for field in adapter.FIELDS]
    assert [name for name in names if not re.search(rf"^#? ?{name}=", example, re.MULTILINE)] == []
    for name, adapter in adapters().items():
        page = (ROOT / "docs" / "platforms" / f"{name}.md").read_text(encoding="utf-8")
        assert [field.key for field in adapter.FIELDS if f"{name.upper()}_{field.key}" not in page] == []


def test_every_command_is_documented():
    written = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/json.md", "docs/operating.md")
    )
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", written)] == []


def test_the_queue_folder_holds_no_code():
    assert list((ROOT / "queue").rglob("*.py")) == []


def test_no_file_of_ours_is_longer_than_four_hundred_lines():
    files = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("tests/**/*.py"), ROOT / "run.py"]
    assert [str(file) for file in files if len(file.read_text(encoding="utf-8").splitlines()) > 400] == []


def test_no_test_fails_because_the_machine_is_slow():
    assert settings().deadline is None, "tests/conftest.py lifts Hypothesis's limit of 200 ms an example"
    clocks = re.compile(r"\b(?:process|thread)_(?:time)\b|\bperf_(?:counter)\b|\btime(?:it)\b")
    tests = ROOT.glob("tests/**/*.py")
    assert [str(file) for file in tests if clocks.search(file.read_text(encoding="utf-8"))] == [], "count work instead"


def test_no_platform_is_named_in_the_core():
    named = re.compile("|".join(adapters()).replace("x|", ""), re.IGNORECASE)
    core = [*ROOT.glob("bot/flow/*.py"), *ROOT.glob("bot/domain/**/*.py")]
    assert [str(file) for file in core if named.search(file.read_text(encoding="utf-8"))] == []


def test_every_state_can_be_reached_and_only_ends_are_final():
    reached = {after for _, after in TRANSITIONS} | {State.HELD, State.SCHEDULED}
    assert reached == set(State)
    left = {before for before, _ in TRANSITIONS}
    assert set(State) - left == {State.CANCELLED, State.RETRACTED}


def test_locks_name_no_address_and_pin_every_package_with_a_hash():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pinned = re.findall(r"^([a-z0-9][\w.-]*)==", text, re.MULTILINE | re.IGNORECASE)
        assert len(pinned) > 50
        blocks = re.split(r"\n(?=[a-z0-9])", text.strip(), flags=re.IGNORECASE)
        assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_nothing_in_the_repository_names_a_secret_of_a_real_service():
    shape = re.compile(r"\b\d{8,10}:AA[\w-]{33}\b|\bAAAAAAAAAAAAA[\w%]{60,}")
    folders = ("bot", "tests", "docs", "queue", "benchmarks")
    texts = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".yaml")
    ]
    texts += [path for path in ROOT.iterdir() if path.suffix in (".py", ".md", ".toml", ".yaml", ".example")]
    assert [str(path) for path in texts if shape.search(path.read_text(encoding="utf-8"))] == []
