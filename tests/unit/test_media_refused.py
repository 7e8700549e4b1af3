"""Files that are no pictures, broken, too large or hostile are refused early, and in words."""

import random
import struct
import zlib

import pytest
from PIL import Image as Pillow
from PIL import PngImagePlugin

from bot import media as media_module
from bot.errors import BadInput
from bot.media import MediaFolder
from tests.unit.pictures import drawn, noise, saved


@pytest.fixture
def media(tmp_path) -> MediaFolder:
    return MediaFolder(tmp_path / "media")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def claimed(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that says it is so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", body or zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(50_000, 50_000), (9_000, 9_000), (10_001, 6_000), (2**31 - 1, 1)])
async def test_a_picture_that_says_it_is_too_large_is_refused_before_it_is_decoded(media, size, monkeypatch):
    def decoded(*_):
        raise AssertionError("it was decoded")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", decoded)
    with pytest.raises(BadInput, match="60,000,000 pixels"):
        await media.put(claimed(*size), "")


async def test_a_large_picture_within_the_limit_is_no_bomb(media):
    assert (await media.put(saved(Pillow.new("1", (10_000, 6_000)), "PNG"), "")).width == 10_000


async def test_a_moving_picture_that_is_a_bomb_only_as_a_whole_is_refused(media):
    frame = b"\x21\xf9\x04\x00\x0a\x00\x00\x00\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    screen = b"GIF89a" + struct.pack("<HHBBB", 7000, 7000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    with pytest.raises(BadInput, match="too large or too long"):
        await media.put(screen + frame * 500 + b";", "")


async def test_a_later_frame_that_grows_to_a_bomb_is_refused(media):
    small = b"\x21\xf9\x04\x00\x0a\x00\x00\x00\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    huge = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x44\x01\x00"
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    with pytest.raises(BadInput):
        await media.put(screen + small + huge + b";", "")


async def test_too_many_bytes_are_refused_unread(media, monkeypatch):
    monkeypatch.setattr(media_module, "LARGEST_BYTES", 1000)
    with pytest.raises(BadInput, match="1,000 is the most"):
        await media.put(b"\x89PNG\r\n\x1a\n" + b"\0" * 1000, "")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9])
async def test_a_file_that_is_cut_short_is_refused(media, format, share):
    whole = saved(noise(), format)
    with pytest.raises(BadInput, match="export it anew"):
        await media.put(whole[: int(len(whole) * share)], "")
    assert not list(media._folder.glob("*"))


async def test_spoilt_files_are_bad_input_or_pictures_and_nothing_else(media):
    rng = random.Random(7)
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        whole = saved(drawn("RGB"), kind, **({"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"} if kind != "GIF" else {}))
        for _ in range(60):
            spoilt = bytearray(whole)
            for _ in range(rng.randint(1, 12)):
                spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
            try:
                image = await media.put(bytes(spoilt), "")
            except BadInput:
                continue
            assert image.width > 0


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n<svg><script>alert(1)</script></svg>",
        b"GIF89a<script>alert(1)</script>",
        saved(drawn(), "TIFF"),
        saved(drawn(), "BMP"),
        saved(drawn(), "PDF"),
        b"",
    ],
    ids=["svg", "html", "svg-as-png", "html-as-gif", "tiff", "bmp", "pdf", "nothing"],
)
async def test_what_only_pretends_to_be_one_of_the_four_formats_is_refused(media, data):
    with pytest.raises(BadInput, match="not a JPEG, PNG, WebP or GIF"):
        await media.put(data, "")
