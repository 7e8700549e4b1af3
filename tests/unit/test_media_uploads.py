"""What is uploaded may be made to harm: nothing behind a picture is kept, and no picture keeps others waiting."""

import asyncio
import struct

import pytest
from PIL import GifImagePlugin

from bot.domain.channel import Limits, Unit
from bot.domain.pictures import is_whole
from bot.errors import BadInput
from bot.media import MOST_FRAMES, MediaFolder
from tests.unit.pictures import drawn, opened, saved

LIMITS = Limits(length=500, unit=Unit.CODE_POINTS)
BEHIND = b"<script>location='https://thief.example/'</script> 48.86 N 2.35 E"
KINDS = ["JPEG", "PNG", "WEBP", "GIF"]
DOT = b"\x2c" + bytes(4) + b"\x01\x00\x01\x00\x00" + b"\x02\x02\x44\x01\x00"


@pytest.fixture
def media(tmp_path) -> MediaFolder:
    return MediaFolder(tmp_path / "media")


def flicker(frames: int) -> bytes:
    """A GIF of one pixel that moves so often, with a comment."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return screen + b"\x21\xfe\x05hello\x00" + DOT * frames + b";"


async def stored(media: MediaFolder, data: bytes, **more: bool) -> bytes:
    return (await media.fitted(await media.put(data, "", **more), LIMITS))[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("anew", [False, True])
async def test_nothing_behind_a_picture_is_kept(media, kind, anew):
    whole = saved(drawn(), kind)
    kept = await stored(media, whole + BEHIND, anew=anew)
    assert b"script" not in kept
    assert opened(kept).size == opened(whole).size
    assert await stored(media, kept) == kept


@pytest.mark.parametrize("kind", KINDS)
async def test_a_second_picture_behind_the_first_goes_too(media, kind):
    whole = saved(drawn(), kind)
    assert b"script" not in await stored(media, whole + BEHIND + whole)


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_ends_where_its_format_says(kind):
    whole = saved(drawn(), kind)
    assert is_whole(kind, whole)
    assert not any(is_whole(kind, whole[:length]) for length in range(1, len(whole)))
    assert not is_whole(kind, whole + b"\0")


async def test_what_is_to_be_written_anew_is_not_the_same_bytes_even_when_it_hides_nothing_we_know(media):
    moving = saved(drawn("P"), "GIF", save_all=True, append_images=[drawn("P").rotate(180)], duration=70, loop=3)
    hidden = moving[:-1] + b"\x21\x01\x05hello\x00;"  # plain text, which no browser shows
    kept = await stored(media, hidden, anew=True)
    assert b"hello" not in kept
    assert (opened(kept).n_frames, opened(kept).info["duration"], opened(kept).info["loop"]) == (2, 70, 3)


async def test_a_picture_that_moves_too_often_is_refused_after_a_bounded_number_of_frames(media, monkeypatch):
    seen: list[int] = []
    seek = GifImagePlugin.GifImageFile._seek

    def counted(picture, frame, *more):
        seen.append(frame)
        return seek(picture, frame, *more)

    monkeypatch.setattr(GifImagePlugin.GifImageFile, "_seek", counted)
    with pytest.raises(BadInput, match="too long"):
        await media.put(flicker(20 * MOST_FRAMES), "")
    assert len(seen) < 2 * MOST_FRAMES


async def test_a_picture_of_as_many_frames_as_may_be_is_taken(media):
    assert (await media.put(flicker(MOST_FRAMES), "")).width == 1


async def test_what_goes_out_does_not_wait_for_what_comes_in(media):
    image = await media.put(saved(drawn(), "PNG"), "")
    async with media._coming:
        waiting = asyncio.ensure_future(media.put(saved(drawn(), "JPEG"), ""))
        assert (await media.fitted(image, LIMITS))[1] == "image/png"
        assert not waiting.done()
    await waiting
