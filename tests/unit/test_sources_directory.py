"""queue/directory.yaml and the links of campaign.yaml as a manager writes them."""

from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.domain.channel import LinkPlace
from bot.domain.directory import Directory, Entry
from bot.errors import BadArticle
from bot.media import MediaFolder
from bot.platforms import handles
from bot.ports import Problem
from bot.sources import article as reading
from bot.sources import directory
from bot.sources.folder import Folder
from tests.unit.folders import TEXT, Desk

WHERE = "queue/directory.yaml"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    root = tmp_path / "queue"
    root.mkdir()
    return Desk(root, Folder(root, MediaFolder(tmp_path / "media"), SystemClock(), handles=handles()))


def read(text: str) -> tuple[Directory, tuple[Problem, ...]]:
    return directory.read(text.encode(), WHERE, handles())


def problem(text: str) -> tuple[str, str, str]:
    """Return line, words and hint of the one problem that a directory has."""
    [found] = read(text)[1]
    assert found.level == "warning"
    return found.where.removeprefix(f"{WHERE}:"), found.what, found.hint


def refused(text: str) -> BadArticle:
    with pytest.raises(BadArticle) as caught:
        read(text)
    return caught.value


def test_people_and_their_handles_with_and_without_the_sign():
    found, problems = read(
        '# Whom we may mention\nAda  Brand:\n  mastodon: "@ada@town.example"\n  bluesky: ada.bsky.social\n  x: Ada_Brand\n'
        '  telegram: "@adabrand"\nSt. Mary’s Museum: {x: "1984"}\nNobody yet:\n图书馆: {mastodon: tushu@bücher.example}\n'
    )
    assert problems == ()
    assert found == Directory(
        entries=(
            Entry(
                name="Ada Brand",
                handles=(
                    ("mastodon", "ada@town.example"),
                    ("bluesky", "ada.bsky.social"),
                    ("x", "Ada_Brand"),
                    ("telegram", "adabrand"),
                ),
            ),
            Entry(name="St. Mary’s Museum", handles=(("x", "1984"),)),
            Entry(name="Nobody yet"),
            Entry(name="图书馆", handles=(("mastodon", "tushu@bücher.example"),)),
        )
    )
    for empty in ("", "# nobody\n", "{}\n"):
        assert read(empty) == (Directory(), ())


@pytest.mark.parametrize(
    ("platform", "handle"),
    [
        *(
            ("mastodon", bad)
            for bad in ("ada", "ada@town", "@ada @town.example", "ada@town.example/x", "a d@town.example")
        ),
        *(("x", bad) for bad in ("ada@town.example", "much_too_long_name", "ada brand", "größe", "https://x.com/ada")),
        *(
            ("bluesky", bad)
            for bad in ("ada", "ada_b.bsky.social", "-ada.bsky.social", "ada..social", "ada@bsky.social")
        ),
        *(("telegram", bad) for bad in ("ada", "1brand", "t.me/adabrand", "x" * 33)),
        ("x", "[ada, brand]"),
        ("x", ""),
    ],
)
def test_what_is_no_handle_there_is_left_out_and_told_with_its_line(platform, handle):
    quoted = handle if handle.startswith("[") else f'"{handle}"'
    text = f"Ada Brand:\n  mastodon: ada@town.example\nTown Museum:\n  {platform}: {quoted}\n"
    line, what, hint = problem(text)
    assert (line, what.endswith(f"is not a handle on {platform}")) == ("4", True)
    assert hint
    assert read(text)[0].entries[1] == Entry(name="Town Museum")
    assert read(text)[0].handle("Ada Brand", "mastodon") == "ada@town.example"


def test_each_mistake_is_told_with_its_line_and_a_way_out():
    assert problem("Ada:\n  mastodn: ada@town.example\n") == (
        "2",
        "no platform is called 'mastodn'",
        "did you mean mastodon?",
    )
    assert problem("Ada:\n  letters: a\n")[2] == "there are bluesky, mastodon, telegram, x"
    assert problem("Ada:\n  x: ada\n  x: brand\n")[:2] == ("3", "x is there twice")
    assert problem("Ada Brand:\n  x: ada\nADA  brand:\n  x: brand\n")[:2] == ("3", "ADA brand is there twice")
    assert problem("Ada: adabrand\n")[:2] == ("1", "Ada has no platforms")
    for name in ('"@ada"', '"{Ada}"', '""', "[a, b]", "x" * 101):
        assert problem(f"? {name}\n: {{x: ada}}\nBea: {{x: bea}}\n")[:2] == ("1", "this is not a name")
    assert read("? [a, b]\n: {x: ada}\nBea: {x: bea}\n")[0].handle("Bea", "x") == "bea"


def test_a_file_that_cannot_be_read_is_told_with_its_line():
    unquoted = refused("Ada:\n  x: ada\n  mastodon: @ada@town.example\n")
    assert (unquoted.where, 'needs quotes: "@ada@town.example"' in unquoted.hint) == (f"{WHERE}:3", True)
    assert refused("- Ada\n- Bea\n").what == "the directory must be names with their handles"
    assert refused("Ada: [\n").where.startswith(WHERE)
    assert "100,000 is the most" in refused("# " + "x" * 100_000).what
    with pytest.raises(BadArticle, match="not UTF-8"):
        directory.read(b"Ada:\n  x: \xff\n", WHERE, handles())


async def test_the_folder_brings_the_directory_and_it_is_no_article(desk):
    desk.put("library/a.md", TEXT)
    assert (await desk.source.read()).directory == Directory()
    desk.put("directory.yaml", "Ada Brand:\n  x: ada\n  fax: 1\n")
    found = await desk.source.read()
    assert found.directory.handle("Ada Brand", "x") == "ada"
    assert [(each.where, each.what) for each in found.problems] == [
        ("queue/directory.yaml:3", "no platform is called 'fax'")
    ]
    assert found.present == {("library", "a.md")}
    desk.put("directory.yml", "Bea Field:\n  x: bea\n")
    both = (await desk.source.read()).directory
    assert (both.handle("Ada Brand", "x"), both.handle("Bea Field", "x")) == ("ada", "bea")


async def test_while_a_directory_cannot_be_read_nobody_is_forgotten(desk):
    desk.put("library/a.md", TEXT)
    desk.put("directory.yaml", "Ada: [\n")
    found = await desk.source.read()
    assert found.directory is None
    assert len(found.articles) == 1
    assert "counts until then" in found.problems[0].hint
    desk.put("directory.yaml", "Ada: {x: ada}\n")
    assert (await desk.source.read()).directory.handle("ada", "x") == "ada"
    (desk.root / "directory.yaml").unlink()
    assert (await desk.source.read()).directory == Directory()


async def test_a_directory_in_a_campaigns_folder_is_told(desk):
    desk.put("library/directory.yaml", "Ada: {x: ada}\n")
    found = await desk.source.read()
    assert found.directory == Directory()
    assert [(each.where, each.hint) for each in found.problems] == [
        ("queue/library/directory.yaml", "move it up into queue/ itself")
    ]


def test_where_a_campaign_wants_its_links():
    text = "links: {x: reply, mastodon: Text, bluesky__library: card, telegram: omit}\n"
    campaign = reading.campaign_of(text.encode(), "library", "campaign.yaml")
    assert campaign.links == (
        ("x", LinkPlace.REPLY),
        ("mastodon", LinkPlace.TEXT),
        ("bluesky__library", LinkPlace.CARD),
        ("telegram", LinkPlace.OMIT),
    )
    assert reading.campaign_of(b"links:\n", "library", "campaign.yaml").links == ()
    for wrong, what in (
        ("{x: rply}", "'rply' for x is none of text, card, reply, omit"),
        ("reply", "must be lines of `channel: place`"),
        ("{x: [reply]}", "must be text"),
    ):
        with pytest.raises(BadArticle) as caught:
            reading.campaign_of(f"title: A\nlinks: {wrong}\n".encode(), "library", "campaign.yaml")
        assert (caught.value.where, caught.value.what) == ("campaign.yaml:2", f"links: {what}")
