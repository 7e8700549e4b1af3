"""Pictures that articles name, through the folder source and the real media folder."""

import asyncio
import zlib
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.article import Image
from bot.domain.channel import Limits
from tests.unit.folders import TEXT, Desk, desk_at, names, picture


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_at(tmp_path)


async def test_pictures_from_front_matter_and_from_the_text(desk: Desk):
    desk.put("library/night.jpg", picture("JPEG"))
    desk.put("library/bilder/größe.png", picture())
    given = await desk.one(
        "library/a.md", f"---\nimages:\n  - file: night.jpg\n    alt: >-\n      The\n      night\n---\n{TEXT}"
    )
    assert [(each.media_type, each.width, each.alt) for each in given.images] == [("image/jpeg", 40, "The night")]
    (desk.root / "library/a.md").unlink()
    inline = await desk.one("library/b.md", f"{TEXT} ![Ein Plan](bilder/größe.png) ![web](https://example.org/a.png)")
    assert [(each.media_type, each.alt) for each in inline.images] == [("image/png", "Ein Plan")]
    assert inline.text == TEXT


async def test_another_picture_of_the_same_name_is_another_edition(desk: Desk):
    desk.put("night.png", picture())
    before = await desk.one("a.md", f"---\nimages: [{{file: night.png, alt: Night}}]\n---\n{TEXT}")
    desk.put("night.png", picture(colour="black"), age=4)
    (after,) = (await desk.source.read()).articles
    assert after.digest != before.digest
    assert after.images[0].sha256 != before.images[0].sha256


async def test_a_picture_without_alt_text_is_a_warning(desk: Desk):
    desk.put("night.png", picture())
    desk.put("a.md", f"---\ntitle: a\nimages: night.png\n---\n{TEXT}")
    found = await desk.source.read()
    assert [(each.where, each.what, each.level) for each in found.problems] == [
        ("queue/a.md:3", "image 'night.png' has no alt text", "warning")
    ]
    assert names(found) == ["general/a.md"]


def bomb(side: int) -> bytes:
    """A PNG of some hundred bytes that says it is that wide and high."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes((8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("gone.png", None, "image 'gone.png' is missing"),
        ("../../secret.png", picture(), "image '../../secret.png' lies outside the folder"),
        ("/etc/passwd", None, "image '/etc/passwd' lies outside the folder"),
        ("library", None, "image 'library' is missing"),
        ("large.png", bomb(8_000), "image 'large.png': the image has "),
        ("bomb.png", bomb(40_000), "image 'bomb.png': "),
        ("text.png", TEXT.encode(), "image 'text.png': not a JPEG, PNG, WebP or GIF image that can be read"),
        ("half.png", picture()[:60], "image 'half.png': not a JPEG, PNG, WebP or GIF image that can be read"),
        ("plan.bmp", picture("BMP"), "image 'plan.bmp': not a JPEG, PNG, WebP or GIF image that can be read"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
async def test_a_picture_that_cannot_be_taken_names_its_line(desk: Desk, name: str, content: bytes | None, what: str):
    if content is not None:
        desk.put(f"library/{name}", content)
    given = await desk.problem("library/a.md", f"---\ntitle: a\nimages:\n  - {name}\n---\n{TEXT}")
    assert given.where == "queue/library/a.md:3"
    assert given.what.startswith(what)
    inline = await desk.problem("library/a.md", f"---\ntitle: a\n---\n{TEXT}\n\nMore\ntext ![plan]({name})\n")
    assert inline.where == "queue/library/a.md:7"
    assert inline.what.startswith(what)


async def test_an_article_is_taken_as_soon_as_its_picture_comes(desk: Desk):
    await desk.problem("a.md", f"{TEXT} ![Night](night.png)")
    desk.put("night.png", picture())
    assert names(await desk.source.read()) == ["general/a.md"]


async def test_pictures_may_lie_beside_another_campaign(desk: Desk):
    desk.put("museum/logo.png", picture())
    assert len((await desk.one("library/a.md", f"{TEXT} ![Logo](../museum/logo.png)")).images) == 1


class Faulty:
    """A media folder with a fault in the program."""

    async def put(self, data: bytes, alt: str, *, anew: bool = False) -> Image:
        raise KeyError(alt)

    async def fitted(self, image: Image, limits: Limits) -> tuple[bytes, str]:
        raise KeyError(image.alt)


async def test_a_file_on_which_the_program_fails_keeps_no_other_waiting_and_is_read_anew(desk: Desk):
    desk.put("night.png", picture())
    desk.put("a.md", f"{TEXT} ![Night](night.png)")
    desk.put("b.md", TEXT)
    whole, desk.source.media = desk.source.media, Faulty()
    found = await desk.source.read()
    assert names(found) == ["general/b.md"]
    [told] = found.problems
    assert (told.where, "KeyError" in told.what, "report it" in told.hint) == ("queue/a.md", True, True)
    assert ("general", "a.md") in (found.present or ())
    desk.source.media = whole
    assert names(await desk.source.read()) == ["general/a.md", "general/b.md"]


async def test_a_picture_that_could_not_be_kept_is_tried_again_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.sources.folder.AGAIN", timedelta(0))
    in_the_way = desk.root.parent / "media"
    in_the_way.write_bytes(b"")  # like a full disk: no folder can be made there
    desk.put("night.png", picture())
    problem = await desk.problem("a.md", f"---\nimages: [{{file: night.png, alt: Night}}]\n---\n{TEXT}")
    assert problem.what.startswith("image 'night.png': cannot keep an image: ")
    assert "tried again by itself" in problem.hint
    changes = desk.source.changes()
    for _ in range(2):  # the first is for what changed before the watch began
        await asyncio.wait_for(anext(changes), 100)
        assert (await desk.source.read()).problems
    in_the_way.unlink()
    await asyncio.wait_for(anext(changes), 100)
    found = await desk.source.read()
    assert (names(found), found.problems) == (["general/a.md"], ())
    told = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(1.5)
    assert not told.done(), "there is nothing more to try"
    told.cancel()
    await asyncio.gather(told, return_exceptions=True)
    await changes.aclose()  # type: ignore[attr-defined]
