"""A manager's own words from the command line: set, shown in the preview, listed, cleared, refused in words."""

import json

import pytest

from tests.processes import handbill, refused, told

SETTINGS = (
    "MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\n"
    "BLUESKY_BASE_URL=http://127.0.0.1:9\nBLUESKY_HANDLE=library.test\nBLUESKY_PASSWORD=p-word\n"
)
TEXT = "The town library opens at night from May on, as its readers wished."
ARTICLE = f"---\ntitle: Open at night\nlanguage: en\n---\n\n{TEXT}\n"
OWN = "Come to {@Ada Brand} until midnight!"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    library = folder / "queue" / "library"
    library.mkdir(parents=True)
    (folder / ".env").write_text(SETTINGS)
    (library / "night.md").write_text(ARTICLE)
    (folder / "queue" / "directory.yaml").write_text('Ada Brand:\n  mastodon: "@ada@town.example"\n')
    return folder


def posts(home, *words):
    return {each["channel"]: each for each in told(home, "preview", "library/night.md", *words)["posts"]}


def test_words_are_set_shown_and_cleared(home):
    assert told(home, "override") == []
    [made] = told(home, "override", "library/night", "mastodon", "--text", OWN)
    assert (made["campaign"], made["article"], made["channel"], made["text"]) == (
        "library",
        "night.md",
        "mastodon",
        OWN,
    )
    held = told(home, "queue", "--state", "held")
    assert [each["id"] for each in held] == made["held"]
    assert held[0]["why"] == "its words were changed: approve it again"
    assert held[0]["excerpt"]["reason"] == "the manager's own words"
    assert "Come to @ada@town.example until midnight!" in held[0]["parts"][0]["text"]
    assert [link["target"] for link in held[0]["parts"][0]["links"] if link["kind"] == "mention"] == [
        "ada@town.example"
    ]

    previewed = posts(home)
    assert previewed["mastodon"]["parts"] == held[0]["parts"]
    assert (previewed["mastodon"]["reason"], previewed["bluesky"]["reason"]) == (
        "the manager's own words",
        "whole text",
    )
    assert not [each for each in previewed["mastodon"]["findings"] if each["level"] == "error"]

    (home / "queue/library/night.md").write_text(ARTICLE.replace("Open at night", "Open late"))
    assert told(home, "override", "library/night.md") == [made | {"held": []}]
    assert told(home, "queue", "--channel", "mastodon")[0]["excerpt"]["text"] == OWN
    assert OWN in handbill(home, "override").stdout
    assert told(home, "override", "library/night", "bluesky") == []

    [cleared] = told(home, "override", str(home / "queue/library/night.md"), "mastodon", "--clear")
    assert (cleared["text"], cleared["held"]) == ("", made["held"])
    assert told(home, "queue", "--channel", "mastodon")[0]["excerpt"]["text"] == TEXT
    assert posts(home)["mastodon"]["reason"] == "whole text"


def test_words_may_be_piped_in_and_are_told_to_people(home):
    said = handbill(
        home, "override", "library/night.md", "bluesky", "--text", "-", stdin="\ufeffOpen\r\nlate.\a\n"
    ).stdout
    assert said.splitlines()[0] == "library/night.md on bluesky says: Open late."
    assert "approve it again" in said
    [kept] = json.loads(handbill(home, "override", "--json").stdout)
    assert kept["text"] == "Open\nlate."


def test_the_preview_knows_the_directory_before_there_is_a_database(home):
    (home / "queue/library/own.md").write_text(f"---\nexcerpt: {json.dumps(OWN)}\n---\n\n{TEXT}\n")
    found = {each["channel"]: each for each in told(home, "preview", "library/own.md")["posts"]}
    assert not (home / "data").exists()
    assert "@ada@town.example" in found["mastodon"]["parts"][0]["text"]
    assert "Come to Ada Brand" in found["bluesky"]["parts"][0]["text"]
    (home / "queue/directory.yaml").write_text("Ada: [\n")
    assert "Come to Ada Brand" in handbill(home, "preview", "library/own.md", "--channel", "mastodon").stdout


def test_what_cannot_be_is_refused_in_words(home):
    name = "library/night.md"
    assert "the channel is missing" in refused(home, 2, "override", name, "--text", "Hello.")
    assert "two different things" in refused(home, 2, "override", name, "mastodon", "--text", "Hello.", "--clear")
    assert "the words are missing" in refused(home, 2, "override", name, "mastodon", "--text", " ")
    assert "did you mean library/night.md?" in refused(home, 5, "override", "library/nigth.md", "mastodon", "--clear")
    assert "no channel is called 'fax'" in refused(home, 5, "override", name, "fax", "--text", "Hello.")
    assert "no words of its own" in refused(home, 5, "override", name, "mastodon", "--clear")
    [delivery] = told(home, "queue", "--channel", "mastodon")
    handbill(home, "cancel", delivery["id"])
    assert "is cancelled: its words cannot change" in refused(home, 6, "override", name, "mastodon", "--text", "Hello.")
