"""What managers write on an article from the command line: a passage, alt texts, channels, a comment."""

import pytest

from tests.faces.test_cli_override import SETTINGS
from tests.faces.test_pages import pixels
from tests.processes import handbill, refused, told

TEXT = "The town library opens at night from May on. Nobody had asked for it.\n\nTea is served in the reading room."
ARTICLE = f"---\ntitle: Open at night\nlanguage: en\nimages: lamp.png\nstatus: draft\n---\n\n{TEXT}\n"
NAME = "library/night.md"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    library = folder / "queue" / "library"
    library.mkdir(parents=True)
    (folder / ".env").write_text(SETTINGS)
    (library / "night.md").write_text(ARTICLE)
    (library / "lamp.png").write_bytes(pixels())
    return folder


def by_channel(deliveries):
    return {each["channel"]: each for each in deliveries}


def test_a_passage_is_chosen_for_one_channel_or_all_and_given_up_again(home):
    at = TEXT.index("ea is")
    found = by_channel(told(home, "choose", NAME, f"{at}-{at + 4}", "--channel", "mastodon"))
    assert found["mastodon"]["excerpt"]["text"] == "Tea is"
    assert found["mastodon"]["excerpt"]["reason"] == "by hand"
    assert found["bluesky"]["excerpt"]["text"] != "Tea is"
    found = by_channel(told(home, "choose", "library/night", f"{at}-{at + 4}"))
    assert {each["excerpt"]["text"] for each in found.values()} == {"Tea is"}
    assert {each["excerpt"]["text"] for each in told(home, "queue", "--state", "held")} == {"Tea is"}
    found = by_channel(told(home, "choose", NAME, "--automatic"))
    assert {each["excerpt"]["reason"] for each in found.values()} != {"by hand"}
    verbs = [(each["verb"], each["subject"]) for each in told(home, "audit")]
    assert verbs[0] == ("choose", "library/night.md mastodon")
    assert refused(home, 2, "choose", NAME, "5-4000")
    assert "say which passage" in refused(home, 2, "choose", NAME)
    assert "no article" in refused(home, 5, "choose", "library/none", "1-20")


def test_alt_texts_are_listed_written_and_cleared(home):
    [picture] = told(home, "alt", NAME)
    assert (picture["number"], picture["alt"]) == (1, "")
    assert "NO ALT TEXT" in handbill(home, "alt", NAME).stdout
    [written] = told(home, "alt", NAME, "1", "A lamp\nwith a green shade")
    assert written == picture | {"alt": "A lamp with a green shade"}
    image = told(home, "queue", "--state", "held")[0]["parts"][0]["images"][0]
    assert image["alt"] == "A lamp with a green shade"
    assert told(home, "alt", NAME, picture["image"][:8], "--clear") == [picture]
    assert (home / "queue" / NAME).read_text() == ARTICLE
    assert "no picture '2'" in refused(home, 5, "alt", NAME, "2", "Lamp")
    assert "say which picture" in refused(home, 2, "alt", NAME, "1")


def test_a_channel_is_left_out_and_sent_to_again_and_a_post_sent_back(home):
    found = by_channel(told(home, "leave-out", NAME, "bluesky"))
    assert (found["bluesky"]["state"], found["mastodon"]["state"]) == ("cancelled", "held")
    again = [each for each in told(home, "leave-out", NAME, "bluesky", "--undo") if each["state"] == "held"]
    assert {each["channel"] for each in again} == {"bluesky", "mastodon"}
    [back] = told(home, "send-back", again[0]["id"], "--comment", "The date is wrong")
    assert back["why"] == "sent back: The date is wrong"
    assert "no channel is called" in refused(home, 5, "leave-out", NAME, "nowhere")
