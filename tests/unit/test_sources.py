"""The managers' folder, driven as the bot drives it: real files, the real media folder, the machine's clock."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.domain.campaign import Campaign
from bot.domain.channel import Channel
from bot.domain.composing import compose
from bot.domain.directory import Directory
from bot.media import MediaFolder
from bot.platforms import adapters, handles
from bot.ports import Found
from bot.sources.folder import Folder
from tests.unit.folders import TEXT, Desk, desk_at, names

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "queue"
#: Seconds for what must come, however busy the machine is.
PATIENCE = 100.0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_at(tmp_path)


async def test_new_edited_and_deleted_files(desk: Desk):
    desk.put("library/night.md", TEXT)
    desk.put("tour.txt", TEXT)
    first = await desk.source.read()
    assert names(first) == ["library/night.md", "general/tour.txt"]
    assert (first.present or set()) == {("library", "night.md"), ("general", "tour.txt")}

    desk.put("library/night.md", TEXT + " Bring slippers.", age=4)
    second = await desk.source.read()
    night, tour = second.articles
    assert night.text.endswith("slippers.")
    assert night.digest != first.articles[0].digest
    assert tour is first.articles[1], "a file that did not change is not read again"

    (desk.root / "tour.txt").unlink()
    third = await desk.source.read()
    assert names(third) == ["library/night.md"]
    assert (third.present or set()) == {("library", "night.md")}


async def test_an_edit_that_keeps_size_and_time_is_seen(desk: Desk):
    path = desk.put("night.md", TEXT)
    before = (await desk.source.read()).articles[0]
    kept = path.stat()
    path.write_text(TEXT.replace("May", "Jun"))
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert (await desk.source.read()).articles[0].digest != before.digest


async def test_a_file_that_another_program_holds_open_is_taken_once_it_is_closed(desk: Desk):
    path = desk.root / "night.md"
    with path.open("w") as writing:
        writing.write(TEXT[:20])
        writing.flush()
        os.utime(path, (time.time() - 9,) * 2)
        found = await desk.source.read()
        assert (found.articles, found.problems) == ((), ()), "half a file is neither an article nor a fault"
        assert (found.present or set()) == {("general", "night.md")}
        writing.write(TEXT[20:])
    assert (await desk.source.read()).articles[0].text == TEXT


@dataclass(slots=True)
class Meanwhile:
    """A clock by which a file was always written just now; while somebody waits, another program adds to it."""

    path: Path
    pieces: int

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def monotonic(self) -> float:
        return self.now().timestamp()

    async def sleep(self, span: timedelta) -> None:
        if self.pieces:
            self.pieces -= 1
            with self.path.open("a") as writing:
                writing.write(f"\n\n{TEXT}")


async def test_a_file_that_grows_piece_by_piece_is_read_when_it_is_whole(desk: Desk):
    path = desk.root / "night.md"
    path.write_text(TEXT)
    desk.source.clock = Meanwhile(path, 8)
    assert (await desk.source.read()).articles[0].text.count(TEXT) == 9


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
def test_a_writer_that_opens_a_file_just_being_looked_at_does_not_end_us(tmp_path: Path):
    """The kernel signals whoever holds the lease; looked at in a process of its own, since it would be the one to end."""
    path = tmp_path / "night.md"
    path.write_text(TEXT)
    write = "import os, sys\nwhile True: os.close(os.open(sys.argv[1], os.O_WRONLY))"
    look = (
        "import sys, time\nfrom pathlib import Path\nfrom bot.sources.folder import being_written\n"
        "start = time.monotonic()\nseen = set()\n"
        "while (spent := time.monotonic() - start) < 1 or (len(seen) < 2 and spent < 90):\n"
        "    seen.add(being_written(Path(sys.argv[1])))\nprint(sorted(seen))"
    )
    writer = subprocess.Popen([sys.executable, "-c", write, path])
    try:
        done = subprocess.run([sys.executable, "-c", look, path], capture_output=True, text=True, check=False, cwd=ROOT)
    finally:
        writer.kill()
        writer.wait()
    assert (done.returncode, done.stdout) == (0, "[False, True]\n"), done.stderr


async def test_one_faulty_file_never_hides_the_others(desk: Desk):
    desk.put("library/a.md", TEXT)
    desk.put("library/b.md", "---\nlanguage: [\n---\n" + TEXT)
    desk.put("library/c.md", TEXT.encode("utf-16"))
    desk.put("library/d.md", "---\ntitle: " + "[" * 40_000 + "\n---\n" + TEXT)
    desk.put("library/e.md", '---\nimages: ["\\0.png"]\n---\n' + TEXT)
    desk.put("library/f.md", f"---\nimages: [{'x' * 5000}.png]\n---\n" + TEXT)
    desk.put("library/z.md", TEXT)
    (desk.root / "library/dangling.md").symlink_to("nowhere")
    (desk.root / "library/folder.md").mkdir()
    found = await desk.source.read()
    assert names(found) == ["library/a.md", "library/z.md"]
    assert [each.where.partition(":")[0] for each in found.problems] == [f"queue/library/{n}.md" for n in "bcdef"]
    assert len(found.present or ()) == 7


async def test_what_is_no_article_is_passed_over(desk: Desk):
    for name in (
        *("README.md", "library/readme.txt", ".hidden.md", "_notes.md", "~night.md", ".git/config.md", "_old/night.md"),
        *("night.md.part", "night.md~", "night.crdownload", ".night.md.partial", "#night.md#", "picture.png", "x.yaml"),
    ):
        desk.put(name, TEXT)
    found = await desk.source.read()
    assert found == Found(present=frozenset(), directory=Directory())


async def test_files_that_a_manager_would_miss_are_told(desk: Desk):
    for name in ("library/night.docx", "library/2026/night.md", "night.md", "general/night.md"):
        desk.put(name, TEXT)
    found = await desk.source.read()
    assert [(each.where, each.what) for each in found.problems] == [
        ("queue/library/2026/night.md", "the file lies too deep to be taken"),
        ("queue/library/night.docx", ".docx files cannot be read"),
        ("queue/night.md", "another article of this campaign has that name"),
    ]
    assert names(found) == ["general/night.md"]


async def test_large_files(desk: Desk):
    with (desk.root / "night.md").open("wb") as writing:
        writing.truncate(50 * 2**20)
    found = await desk.source.read()
    assert [(each.where, each.what) for each in found.problems] == [
        ("queue/night.md", "the file has 52,428,800 bytes: too large to take in")
    ]
    problem = await desk.problem("night.md", b"word " * 600_000)
    assert problem.what == "the file has 3,000,000 bytes, 2,097,152 is the most for an article"


# --- campaigns --------------------------------------------------------------------------------------------------------


async def test_a_campaign_and_what_its_articles_wait_for(desk: Desk):
    desk.put("library/night.md", TEXT)
    desk.put("tour.md", TEXT)
    desk.put(
        "library/campaign.yaml",
        "title: Town Library\ndisclosure: 'by: us'\ntags: [a b, c]\nrequired_tags: [Advertisement]\n"
        "channels: x\napproval: on\n",
    )
    assert (await desk.source.read()).campaigns == (
        Campaign(
            name="library",
            title="Town Library",
            disclosure="by: us",
            tags=("a b", "c"),
            required_tags=("Advertisement",),
            channels=("x",),
            approval=True,
        ),
        Campaign(name="general"),
    )
    desk.put("library/campaign.yaml", "title: Town Library\ndisclosur: us\n", age=4)
    found = await desk.source.read()
    assert [(each.where, each.what, each.hint) for each in found.problems] == [
        (
            "queue/library/campaign.yaml:2",
            "unknown field 'disclosur'",
            "did you mean disclosure?; its articles wait until then",
        )
    ]
    assert names(found) == ["general/tour.md"], "without its campaign the article would lack its imprint"
    assert ("library", "night.md") in (found.present or ())


async def test_articles_wait_while_their_campaign_is_being_written(desk: Desk):
    desk.put("library/night.md", TEXT)
    path = desk.root / "library/campaign.yml"
    with path.open("w") as writing:
        assert names(await desk.source.read()) == []
        writing.write("disclosure: us\n")
    found = await desk.source.read()
    assert names(found) == ["library/night.md"]
    assert found.campaigns[0].disclosure == "us"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("title: a\ntemplate: '{excerpt} {links}'", 2, "template: no field is called {links}"),
        ("title: a\n\napproval: perhaps", 3, "approval: 'perhaps' is neither yes nor no"),
        ("- a\n- b", 1, "the fields must be lines of `name: value`"),
        ("title: a\ntags: {a: b}", 2, "tags: must be text"),
        ("title: a\nrequired_tags: [Ad, 2026]", 2, "required_tags: '2026' gives no hashtag"),
        ("title: a\ntitle: b", 2, "title is there twice"),
        (
            "title: a\n  tags: b",
            2,
            "the fields cannot be read: there is a colon where none can be: put the text in quotes",
        ),
    ],
)
async def test_a_faulty_campaign_names_its_line(desk: Desk, text: str, line: int, what: str):
    problem = await desk.problem("library/campaign.yaml", text)
    assert (problem.where, problem.what) == (f"queue/library/campaign.yaml:{line}", what)


# --- watching ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        lambda desk: desk.put("library/new.md", TEXT),
        lambda desk: (desk.root / "old.md").write_text(TEXT + " More."),
        lambda desk: (desk.root / "old.md").unlink(),
    ],
    ids=["new", "edited", "deleted"],
)
async def test_a_watched_folder_tells_of_changes(desk: Desk, touch: Callable[[Desk], object]):
    desk.put("old.md", TEXT)
    changes = desk.source.changes()
    await asyncio.wait_for(anext(changes), PATIENCE)  # one look for what changed before the watch began
    told = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0.6)
    assert not told.done(), "nothing has changed yet"
    touch(desk)
    await asyncio.wait_for(told, PATIENCE)
    await changes.aclose()  # type: ignore[attr-defined]


async def test_a_file_that_was_not_whole_is_looked_at_again_without_a_change(desk: Desk):
    path = desk.root / "night.md"
    with path.open("w") as writing:
        writing.write(TEXT)
        writing.flush()
        assert (await desk.source.read()).articles == ()
        changes = desk.source.changes()
        await asyncio.wait_for(anext(changes), PATIENCE)
    assert names(await desk.source.read()) == ["general/night.md"]
    await changes.aclose()  # type: ignore[attr-defined]


# --- our samples ------------------------------------------------------------------------------------------------------


async def test_the_samples_are_whole_and_make_posts_for_every_platform(tmp_path: Path):
    found = await Folder(SAMPLES, MediaFolder(tmp_path), SystemClock(), handles=handles()).read()
    assert found.problems == ()
    assert {each.name: bool(each.disclosure) for each in found.campaigns} == dict.fromkeys(
        ("cycling", "library", "museum"), True
    )
    assert {each.language for each in found.articles} >= {"en", "de", "fr", "es", "fa", "ar", "ja", "zh-Hans"}
    assert len(found.articles) >= 9
    campaigns = {each.name: each for each in found.campaigns}
    channels = [Channel(name=name, platform=name, limits=adapter.LIMITS) for name, adapter in adapters().items()]
    for article in found.articles:
        assert all(each.alt for each in article.images)
        for made in compose(article, campaigns[article.campaign], channels):
            assert made.excerpt.verbatim or article.excerpt
            assert all(0 < part.length <= part.limit for part in made.post.parts)
            assert (len(made.post.parts) > 1) == article.thread
    assert sum(article.thread for article in found.articles) == 1
    assert sum(not article.ready for article in found.articles) == 1
    assert [article.name for article in found.articles if article.date and article.expires] == []
