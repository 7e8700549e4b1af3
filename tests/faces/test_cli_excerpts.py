"""excerpts, and what preview marks, as their users run them."""

import io

import pytest
from PIL import Image as Pillow

from tests.processes import ROOT, handbill, refused, told

LEAD = "The town library opens its reading room at night from May on, as its readers wished for years."
QUOTE = "“I used to walk past the lit windows on my way home,” said Ada Brand, who works late at the hospital."
LONG = " ".join(
    f"In room number {n} there are {n + 20} chairs for those who want to read until morning." for n in range(5)
)
ARTICLE = (
    f"---\ntitle: The night\nlink: https://library.example.org/night\nlanguage: en\n---\n{LEAD}\n\n{QUOTE}\n\n{LONG}\n"
)
SETTINGS = "MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN=t-token\n"
PLATFORMS = ["x", "mastodon", "telegram", "bluesky"]


@pytest.fixture
def home(tmp_path):
    (tmp_path / "queue" / "library").mkdir(parents=True)
    (tmp_path / "queue" / "library" / "night.md").write_text(ARTICLE)
    return tmp_path


def test_passages_are_offered_with_offsets_and_where_they_fit(home):
    offers = told(home, "excerpts", "library/night.md")
    assert 3 <= len(offers) <= 8
    assert [each["number"] for each in offers] == list(range(1, len(offers) + 1))
    text = f"{LEAD}\n\n{QUOTE}\n\n{LONG}"
    assert all(text[each["start"] : each["end"]] == each["text"] for each in offers)
    [quote] = [each for each in offers if each["text"] == QUOTE]
    assert (quote["reason"], quote["detail"]) == ("quote", "Ada Brand, who works late at the hospital")
    for each in offers:
        needed = {fit["channel"]: fit["messages"] for fit in each["channels"]}
        assert list(needed) == PLATFORMS
        assert needed["telegram"] == 1
        assert (needed["x"] == 1) == (len(each["text"]) <= 280 - 2 - 23)
        assert needed["x"] != 0, "what is too long for one message there becomes a thread"
    assert not (home / "data").exists(), "nothing is kept"


def test_the_list_for_people_says_the_same(home):
    said = handbill(home, "excerpts", "library/night").stdout
    offers = told(home, "excerpts", "library/night")
    for each in offers:
        assert f"\n{each['number']}. {each['start']}-{each['end']}  {each['reason']}" in said
        fits = ", ".join(fit["channel"] for fit in each["channels"] if fit["messages"] == 1)
        assert f"   fits: {fits}" in said
    assert said.startswith("The night\nlanguage: en (given)\n")


def test_offsets_that_were_offered_make_the_post(home):
    [quote] = [each for each in told(home, "excerpts", "library/night") if each["text"] == QUOTE]
    path = home / "queue" / "library" / "night.md"
    path.write_text(ARTICLE.replace("language: en", f"language: en\nexcerpt: {quote['start']}-{quote['end']}"))
    for post in told(home, "preview", "library/night")["posts"]:
        assert post["parts"][0]["text"].startswith(QUOTE)
        assert (post["reason"], post["verbatim"], post["findings"]) == ("by hand", True, [])


def test_only_channels_that_the_article_goes_to_are_asked(home):
    text = ARTICLE.replace("language: en", "language: en\nchannels: mastodon")
    (home / "draft.md").write_text(text)
    for words in ([str(home / "draft.md")], ["-"]):
        said = handbill(home, "excerpts", *words, stdin=text).stdout
        assert "fits: mastodon\n" in said
        assert "telegram" not in said


def test_a_campaign_takes_its_room(home):
    (home / "queue" / "library" / "campaign.yaml").write_text(f"disclosure: {'imprint ' * 30}\n")
    offers = told(home, "excerpts", "library/night")
    assert {fit["messages"] for each in offers for fit in each["channels"] if fit["channel"] == "x"}.isdisjoint({1})
    assert told(home, "excerpts", str(ROOT / "queue" / "library" / "night-opening.md"), "--campaign", "library")


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["gone"], 5, "there is no article 'gone'"),
        (["library/own.md"], 5, "own.md: this text offers no passage"),
        (["library/broken.md"], 3, "broken.md:2: excerpt: 5-9999 is no passage of this text"),
        (["library/night", "--campaign", "zoo"], 5, "campaign 'zoo' has no campaign.yaml"),
    ],
)
def test_what_is_wrong_is_told(home, words, code, what):
    folder = home / "queue" / "library"
    (folder / "own.md").write_text("---\nexcerpt: Come tonight!\n---\n# Night\n")
    (folder / "broken.md").write_text(f"---\nexcerpt: 5-9999\n---\n{LEAD}\n")
    assert what in refused(home, code, "excerpts", *words)


# --- what preview marks -----------------------------------------------------------------------------------------------


def test_preview_marks_what_a_reader_would_stumble_over(home):
    out = io.BytesIO()
    Pillow.new("RGB", (40, 30), "navy").save(out, format="PNG")
    (home / "queue" / "library" / "night.png").write_bytes(out.getvalue())
    loud = f"COME AND SEE THE LIGHTS.\n\n{LEAD}\n\n![](night.png)\n"
    (home / "queue" / "library" / "loud.md").write_text(f"---\nexcerpt: COME AND SEE THE LIGHTS.\n---\n{loud}")
    for post in told(home, "preview", "library/loud")["posts"]:
        levels = {each["rule"]: each["level"] for each in post["findings"]}
        assert levels == {"missing-alt": "error", "shouting": "warning"}
    said = handbill(home, "preview", "library/loud", "--channel", "x").stdout
    assert "  error: image 1 has no alt text – write what it shows" in said
    assert "  warning: written in capitals: “COME AND SEE THE LIGHTS”" in said
    (home / "queue" / "library" / "campaign.yaml").write_text("alt: optional\n")
    assert "  warning: image 1 has no alt text" in handbill(home, "preview", "library/loud").stdout


def test_preview_knows_what_the_platform_was_told(home):
    (home / ".env").write_text(SETTINGS)
    [planned] = told(home, "queue")
    assert (planned["state"], planned["channel"]) == ("scheduled", "mastodon")
    [post] = told(home, "preview", "library/night")["posts"]
    assert post["findings"] == [], "an article does not repeat itself"
    (home / "again.md").write_text(ARTICLE.replace("title: The night", "title: Again\ntags: more"))
    [again] = told(home, "preview", str(home / "again.md"))["posts"]
    [finding] = again["findings"]
    assert (finding["rule"], finding["level"]) == ("near-duplicate", "error")
    assert planned["id"] in finding["what"]


def test_the_queue_says_why_a_post_is_held(home):
    (home / ".env").write_text(SETTINGS)
    told(home, "queue")
    (home / "queue" / "library" / "twice.md").write_text(ARTICLE.replace("The night", "Again"))
    held = [each for each in told(home, "queue") if each["state"] == "held"]
    assert [each["article"] for each in held] == ["twice.md"]
    assert held[0]["why"].startswith("nearly the same as on mastodon at ")
    [approved] = told(home, "approve", held[0]["id"])
    assert approved["state"] == "scheduled"
