"""What is uploaded lands in the folder as an article and its pictures, under no other name, and stays readable there."""

from pathlib import Path

import pytest

from bot.domain.people import Right
from bot.errors import BadInput
from bot.media import MediaFolder
from bot.sources.arrivals import Arrival, Arrivals
from tests.unit.folders import TEXT, picture

ALL = frozenset(Right)
BEHIND = b"<script>48.86 N, 2.35 E</script>"


@pytest.fixture
def arrivals(tmp_path: Path) -> Arrivals:
    return Arrivals(tmp_path / "queue", MediaFolder(tmp_path / "media"), "UTC")


def uploaded(name: str, data: bytes, campaign: str = "museum") -> Arrival:
    document = f"---\nimages:\n  - file: {name!r}\n    alt: The hall\n---\n\n{TEXT}\n"
    return Arrival(campaign=campaign, document=("note.md", document.encode()), pictures=((name, data, ""),))


@pytest.mark.parametrize(
    ("campaign", "name"),
    [
        ("museum", "campaign.yaml"),
        ("museum", "CAMPAIGN.YML"),
        ("handles", "directory.yaml"),
        ("museum", "pic.md"),
        ("museum", "pic.html"),
        ("museum", "pic"),
        ("museum", "pic.svg"),
        ("museum", "pic.png"),
        ("museum", "pic.jpg.txt"),
    ],
)
async def test_a_picture_is_called_as_a_picture_of_its_kind_and_nothing_is_written_otherwise(
    arrivals, tmp_path, campaign, name
):
    with pytest.raises(BadInput, match=r"\.jpg or \.jpeg"):
        await arrivals.add(uploaded(name, picture("JPEG"), campaign), ALL)
    assert [each for each in (tmp_path / "queue").rglob("*") if each.is_file()] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Hall.JPG", "JPEG"), ("hall.jpeg", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP"), ("a.gif", "GIF")],
)
async def test_a_picture_under_its_name_comes_along_without_what_stood_behind_it(arrivals, tmp_path, name, kind):
    place = await arrivals.add(uploaded(name, picture(kind) + BEHIND), ALL)
    assert place.name == "note.md"
    assert b"script" not in (tmp_path / "queue" / "museum" / name).read_bytes()


async def test_what_is_typed_has_pictures_named_by_their_content_and_written_anew(arrivals, tmp_path):
    given = picture("PNG") + BEHIND
    await arrivals.add(Arrival(title="Night", text=TEXT, pictures=(("campaign.yaml", given, "The hall"),)), ALL)
    [kept] = [each for each in (tmp_path / "queue").iterdir() if each.suffix == ".png"]
    assert b"script" not in kept.read_bytes()
