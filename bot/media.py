"""The bytes of images, kept by content hash in one folder, re-encoded without EXIF, fitted to a channel on demand.

Limits on what is taken (reliability.md row "image bombs" of the usual lists): the pixel count is checked from the header
before anything is decoded, and only four formats are opened at all.
"""

import asyncio
import io
import itertools
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.article import Image
from bot.domain.channel import Limits
from bot.errors import BadInput, StoreError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
LARGEST_BYTES = 30 * 2**20
LARGEST_PIXELS = 60_000_000


class MediaFolder:
    """Pictures as files named by the SHA-256 of their bytes; a file is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes, alt: str) -> Image:
        """Keep a picture and return its facts; BadInput when it is none that we can take."""
        return await asyncio.to_thread(self._put, data, alt)

    async def fitted(self, image: Image, limits: Limits) -> tuple[bytes, str]:
        """Return bytes and media type that keep within the limits; the original ones whenever they do."""
        return await asyncio.to_thread(self._fitted, image, limits)

    def _put(self, data: bytes, alt: str) -> Image:
        if len(data) > LARGEST_BYTES:
            raise BadInput(f"the image has {len(data):,} bytes, {LARGEST_BYTES:,} is the most", hint="save it smaller")
        picture = _opened(data)
        kind = picture.format or "PNG"
        if not _plain(picture):
            picture = _upright(picture)
            data = _encoded(picture, kind)
        image = Image(
            sha256=sha256(data).hexdigest(),
            media_type=FORMATS[kind],
            width=picture.width,
            height=picture.height,
            size=len(data),
            alt=alt,
        )
        self._write(image.sha256, data)
        return image

    def _write(self, name: str, data: bytes) -> None:
        target = self._folder / name
        if target.exists():
            return
        partial = target.with_suffix(".partial")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(target)
        except OSError as error:
            raise StoreError(f"cannot keep an image: {error.strerror}", where=str(self._folder)) from error

    def _fitted(self, image: Image, limits: Limits) -> tuple[bytes, str]:
        try:
            data = (self._folder / image.sha256).read_bytes()
        except OSError as error:
            raise StoreError(f"image {image.sha256[:12]} cannot be read: {error.strerror}") from error
        if _within(len(data), image, limits):
            return data, image.media_type
        return _shrunk(_opened(data), image, limits)


def _within(size: int, image: Image, limits: Limits) -> bool:
    return (
        (not limits.image_bytes or size <= limits.image_bytes)
        and (not limits.image_pixels or image.width * image.height <= limits.image_pixels)
        and image.media_type in limits.image_types
    )


def _opened(data: bytes) -> "Picture":
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        picture = Pillow.open(io.BytesIO(data), formats=tuple(FORMATS))
        if picture.width * picture.height > LARGEST_PIXELS:
            raise BadInput(f"the image has {picture.width} x {picture.height} pixels", hint="save it smaller")
        picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise BadInput("not a JPEG, PNG, WebP or GIF image that can be read", hint="export it anew") from error
    return picture


def _plain(picture: "Picture") -> bool:
    """Tell whether the file holds nothing but the picture: no EXIF (it may name a place), no comments, no XMP."""
    return not picture.getexif() and not {"exif", "xmp", "comment", "XML:com.adobe.xmp"} & {
        str(key) for key in picture.info
    }


def _upright(picture: "Picture") -> "Picture":
    """Turn the picture as its EXIF says, since that is about to go; moving pictures stay as they are."""
    from PIL import ImageOps

    return picture if getattr(picture, "is_animated", False) else ImageOps.exif_transpose(picture)


def _encoded(picture: "Picture", kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    if kind == "JPEG" and picture.mode != "RGB":
        picture = _on_white(picture)
    frames = {"save_all": True} if getattr(picture, "is_animated", False) else {}
    profile = picture.info.get("icc_profile")
    picture.info = {"icc_profile": profile} if profile else {}
    choices: dict[str, object] = {"quality": 90, **frames, **options}
    if profile:
        choices["icc_profile"] = profile
    picture.save(out, format=kind, **choices)
    return out.getvalue()


def _on_white(picture: "Picture") -> "Picture":
    from PIL import Image as Pillow

    rgba = picture.convert("RGBA")
    ground = Pillow.new("RGBA", rgba.size, "white")
    return Pillow.alpha_composite(ground, rgba).convert("RGB")


def _shrunk(picture: "Picture", image: Image, limits: Limits) -> tuple[bytes, str]:
    """Scale down, then lower JPEG quality, until the limits hold."""
    most = limits.image_pixels or image.width * image.height
    scale = min(1.0, (most / (image.width * image.height)) ** 0.5)
    for step, quality in itertools.product((1.0, 0.75, 0.5, 0.35, 0.2), (88, 72)):
        data = _encoded(_scaled(picture, scale * step), "JPEG", quality=quality)
        if not limits.image_bytes or len(data) <= limits.image_bytes:
            return data, "image/jpeg"
    raise BadInput(f"image {image.sha256[:12]} cannot be made to fit {limits.image_bytes:,} bytes")


def _scaled(picture: "Picture", factor: float) -> "Picture":
    flat = _on_white(picture)
    size = max(1, int(flat.width * factor)), max(1, int(flat.height * factor))
    return flat if size == flat.size else flat.resize(size)
