"""Pictures in and out: nothing beside the picture is kept, what goes out fits, a file is there whole or not at all."""

import asyncio
import errno
import os
import struct
from pathlib import Path

import pytest
from PIL import Image as Pillow
from PIL import ImageCms, PngImagePlugin

from bot.domain.channel import Limits, Unit
from bot.errors import BadInput, StoreError
from bot.media import MediaFolder
from tests.unit.pictures import WIDE, drawn, noise, opened, saved

PLACE = b"Point Nemo"


def limits(**more) -> Limits:
    return Limits(length=500, unit=Unit.CODE_POINTS, **more)


def whereabouts(orientation=1) -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = PLACE.decode()
    exif.get_ifd(0x8825)[1] = "S"
    exif.get_ifd(0x8825)[2] = (48.0, 52.0, 36.0)
    return exif


def notes() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", PLACE.decode())
    info.add_itxt("XML:com.adobe.xmp", f"<x>{PLACE.decode()}</x>")
    return info


def moving(comment=b"", **more) -> bytes:
    frames = [Pillow.new("RGB", WIDE, colour) for colour in ("red", "green", "blue")]
    options = {"comment": comment} if comment else {}
    return saved(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=2, **options | more
    )


@pytest.fixture
def media(tmp_path) -> MediaFolder:
    return MediaFolder(tmp_path / "media")


async def kept(media: MediaFolder, data: bytes) -> bytes:
    image = await media.put(data, "")
    stored = (media._folder / image.sha256).read_bytes()
    assert (image.size, image.width, image.height) == (len(stored), *opened(stored).size)
    return stored


@pytest.mark.parametrize(
    "data",
    [
        saved(drawn(), "JPEG", exif=whereabouts()),
        saved(drawn(), "JPEG", comment=PLACE),
        saved(drawn(), "JPEG", xmp=PLACE),
        saved(drawn(), "PNG", pnginfo=notes()),
        saved(drawn(), "PNG", exif=whereabouts()),
        saved(drawn(), "WEBP", exif=whereabouts()),
        saved(drawn(), "WEBP", xmp=PLACE),
        saved(drawn("P"), "GIF", comment=PLACE),
        moving(comment=PLACE),
        saved(drawn(), "MPO", save_all=True, append_images=[drawn()], exif=whereabouts()),
    ],
    ids=[
        "jpeg-exif",
        "jpeg-comment",
        "jpeg-xmp",
        "png-text",
        "png-exif",
        "webp-exif",
        "webp-xmp",
        "gif",
        "gif-moving",
        "mpo",
    ],
)
async def test_nothing_but_the_picture_is_kept(media, data):
    assert PLACE in data
    stored = await kept(media, data)
    assert PLACE not in stored
    assert not opened(stored).getexif()
    assert await kept(media, stored) == stored


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize("marker", [0xED, 0xEB, 0xEC], ids=["photoshop", "content credentials", "ducky"])
async def test_segments_that_only_other_programs_read_go_too(media, marker):
    data = with_segment(saved(drawn(), "JPEG"), marker, b"Photoshop 3.0\0" + PLACE)
    assert PLACE not in await kept(media, data)


async def test_comments_before_a_later_frame_go_too(media):
    data = moving()
    second = data.index(b"\x21\xf9", data.index(b"\x21\xf9") + 2)
    comment = b"\x21\xfe" + bytes([len(PLACE)]) + PLACE + b"\x00"
    assert PLACE not in await kept(media, data[:second] + comment + data[second:])


async def test_a_picture_with_nothing_beside_it_is_kept_byte_for_byte(media):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in (
        saved(drawn(), "JPEG", quality=33, dpi=(72, 72), icc_profile=profile),
        saved(drawn(), "JPEG", progressive=True),
        saved(drawn("P"), "PNG", transparency=0, dpi=(72, 72)),
        saved(drawn("RGBA"), "WEBP", lossless=True),
        moving(),
    ):
        assert await kept(media, data) == data


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
async def test_orientation_is_applied_before_it_goes(media, format, orientation):
    stored = opened(await kept(media, saved(drawn(), format, exif=whereabouts(orientation))))
    assert stored.size == (WIDE if orientation < 5 else WIDE[::-1])
    first = stored.convert("L").getpixel((2, 2))
    assert (first < 128) == (orientation in (1, 4, 5, 6))


async def test_exif_that_cannot_be_read_goes_and_the_picture_stays(media):
    broken = with_segment(saved(drawn(), "JPEG"), 0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f" + PLACE)
    stored = await kept(media, broken)
    assert PLACE not in stored
    assert opened(stored).size == WIDE


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
async def test_a_moving_picture_still_moves_at_its_pace_without_its_notes(media, format):
    if format == "GIF":
        data = moving(comment=PLACE)
    else:
        frames = [Pillow.new("RGB", WIDE, colour) for colour in ("red", "green", "blue")]
        told = {"pnginfo": notes()} if format == "PNG" else {"xmp": PLACE}
        data = saved(
            frames[0], format, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=2, **told
        )
    stored = opened(await kept(media, data))
    assert (stored.n_frames, stored.info["loop"]) == (3, 2)
    seen = []
    for number in range(3):
        stored.seek(number)
        stored.load()
        colour = stored.convert("RGB").getpixel((5, 5))
        seen.append((colour.index(max(colour)), int(stored.info["duration"])))
    assert seen == [(0, 100), (1, 200), (2, 300)]


async def test_see_through_parts_survive_being_written_anew(media):
    picture = Pillow.new("P", WIDE, 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(1, (30, 0, 60, 30))
    stored = opened(await kept(media, saved(picture, "PNG", transparency=0, pnginfo=notes()))).convert("RGBA")
    assert (stored.getpixel((5, 5))[3], stored.getpixel((45, 5))) == (0, (0, 0, 255, 255))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
async def test_every_kind_of_pixels_becomes_a_true_jpeg(media, mode):
    image = await media.put(saved(drawn(mode), "PNG"), "")
    data, media_type = await media.fitted(image, limits(image_types=("image/jpeg",)))
    fitted = opened(data)
    assert (media_type, fitted.mode, fitted.format) == ("image/jpeg", "RGB", "JPEG")
    dark, light = fitted.convert("L").getpixel((5, 5)), fitted.convert("L").getpixel((55, 5))
    expected = (0, 255) if mode == "1" else (40, 220)
    assert abs(dark - expected[0]) < (60 if mode == "1" else 12)
    assert abs(light - expected[1]) < (60 if mode == "1" else 12)


async def test_printers_colours_become_those_of_screens(media):
    stored = opened(await kept(media, saved(drawn("CMYK"), "JPEG")))
    assert stored.mode == "RGB"
    assert abs(stored.getpixel((5, 5))[0] - 40) < 12
    assert "icc_profile" not in stored.info


async def test_the_colour_profile_of_a_photograph_stays_with_it(media):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = await media.put(saved(drawn(), "WEBP", icc_profile=profile), "")
    data, _ = await media.fitted(image, limits(image_types=("image/jpeg",), image_pixels=200))
    assert opened(data).info["icc_profile"] == profile


async def test_what_is_see_through_is_shown_on_white_where_it_must_become_a_jpeg(media):
    image = await media.put(saved(Pillow.new("RGBA", WIDE, (0, 0, 0, 0)), "PNG"), "")
    data, _ = await media.fitted(image, limits(image_types=("image/jpeg",)))
    assert opened(data).getpixel((5, 5)) == (255, 255, 255)


async def test_a_channel_gets_the_original_when_that_fits(media):
    data = saved(noise(), "PNG")
    image = await media.put(data, "Static")
    room = limits(image_bytes=len(data), image_pixels=400 * 300, image_types=("image/png",))
    assert await media.fitted(image, room) == (data, "image/png")
    assert image.alt == "Static"


async def test_fewer_pixels_keep_the_shape(media):
    image = await media.put(saved(noise((400, 200)), "PNG"), "")
    data, media_type = await media.fitted(image, limits(image_pixels=5_000))
    width, height = opened(data).size
    assert media_type == "image/jpeg"
    assert 4_000 < width * height <= 5_000
    assert abs(width / height - 2) < 0.05


async def test_fewer_bytes_cost_no_more_than_needed(media):
    image = await media.put(saved(noise(), "PNG"), "")
    for most in (100_000, 40_000, 10_000):
        data, _ = await media.fitted(image, limits(image_bytes=most))
        assert most / 5 < len(data) <= most
        assert opened(data).format == "JPEG"
        assert (await media.fitted(image, limits(image_bytes=most)))[0] == data


async def test_what_cannot_be_made_to_fit_is_told(media):
    image = await media.put(saved(noise(), "PNG"), "")
    with pytest.raises(BadInput, match="200 bytes"):
        await media.fitted(image, limits(image_bytes=200))


async def test_a_type_that_a_channel_does_not_take_becomes_jpeg(media):
    for kind in ("WEBP", "GIF"):
        image = await media.put(saved(drawn(), kind), "")
        data, media_type = await media.fitted(image, limits(image_types=("image/jpeg", "image/png")))
        assert (media_type, opened(data).format, opened(data).size) == ("image/jpeg", "JPEG", WIDE)


async def test_a_picture_that_is_gone_or_was_never_there_is_a_store_error(media):
    image = await media.put(saved(drawn(), "PNG"), "")
    (media._folder / image.sha256).unlink()
    with pytest.raises(StoreError, match=image.sha256[:12]):
        await media.fitted(image, limits())


async def test_the_same_picture_is_kept_once(media):
    data = saved(drawn(), "JPEG", exif=whereabouts())
    first = await media.put(data, "one")
    times = {path: path.stat().st_mtime_ns for path in media._folder.iterdir()}
    second = await media.put(data, "two")
    assert (first.sha256, first.alt, second.alt) == (second.sha256, "one", "two")
    assert {path: path.stat().st_mtime_ns for path in media._folder.iterdir()} == times


async def test_many_writers_of_one_picture_leave_one_whole_file(tmp_path):
    data = saved(noise(), "PNG")
    folders = [MediaFolder(tmp_path / "media") for _ in range(8)]
    images = await asyncio.gather(*(folder.put(data, "") for folder in folders))
    assert len({image.sha256 for image in images}) == 1
    assert [path.read_bytes() for path in (tmp_path / "media").iterdir()] == [data]


async def test_a_file_that_a_power_cut_left_empty_is_written_again(media):
    data = saved(drawn(), "PNG")
    image = await media.put(data, "")
    (media._folder / image.sha256).write_bytes(b"")
    await media.put(data, "")
    assert (media._folder / image.sha256).read_bytes() == data


async def test_a_full_disk_leaves_no_file_and_is_told_without_a_traceback(media, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        await media.put(saved(drawn(), "PNG"), "")
    assert list(media._folder.iterdir()) == []


async def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="cannot keep an image"):
        await MediaFolder(Path(tmp_path / "taken" / "media")).put(saved(drawn(), "PNG"), "")
