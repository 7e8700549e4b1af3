"""The bytes of images, kept by content hash in one folder, rid of all that is not the picture, fitted to a channel on demand.

What people upload may be hostile or tell more than they mean to (OWASP ASVS 5.0, 5.2.6): only four formats are opened,
the size in pixels is read from the header before anything is decoded, frames are counted as they come, what is uploaded is
always written anew, and so is any other file that holds more than its picture (where it was taken, by whom, with what).
"""

import asyncio
import io
import itertools
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from bot.domain.article import Image
from bot.domain.channel import Limits
from bot.domain.pictures import is_whole
from bot.errors import BadInput, HandbillError, StoreError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

P = ParamSpec("P")
T = TypeVar("T")

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
LARGEST_BYTES = 30 * 2**20
LARGEST_PIXELS = 60_000_000
#: All frames of a moving picture together, and how many they may be: each costs time, however small it is.
LARGEST_MOVING, MOST_FRAMES = 2 * LARGEST_PIXELS, 600

#: What Pillow finds in a file that only says how its picture is shown.
SHOWING = frozenset(
    (
        *("icc_profile", "transparency", "background", "gamma", "srgb", "chromaticity", "dpi", "aspect", "interlace"),
        *("loop", "duration", "disposal", "blend", "bbox", "default_image", "timestamp", "version", "extension"),
        *("jfif", "jfif_version", "jfif_unit", "jfif_density", "adobe", "adobe_transform"),
        *("progressive", "progression", "APP0", "APP2", "APP14"),
    )
)


class MediaFolder:
    """Pictures as files named by the SHA-256 of their bytes; a file is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # One at a time: decoded, the largest picture takes 240 MB. What comes in has a turn of its own, so that nothing
        # which goes out waits for it.
        self._coming, self._going = asyncio.Lock(), asyncio.Lock()

    async def put(self, data: bytes, alt: str, *, anew: bool = False) -> Image:
        """Keep a picture and return its facts; BadInput when it is none that we can take.

        The bytes are kept when they hold nothing but the picture, unless it is to be written `anew` in any case.
        """
        return await self._aside(self._coming, self._put, data, alt, anew=anew)

    async def fitted(self, image: Image, limits: Limits) -> tuple[bytes, str]:
        """Return bytes and media type that keep within the limits; the original ones whenever they do."""
        return await self._aside(self._going, self._fitted, image, limits)

    @staticmethod
    async def _aside(turn: asyncio.Lock, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with turn:
            return await asyncio.to_thread(work, *args, **kwargs)

    def _put(self, data: bytes, alt: str, *, anew: bool) -> Image:
        if len(data) > LARGEST_BYTES:
            raise BadInput(f"the image has {len(data):,} bytes, {LARGEST_BYTES:,} is the most", hint="save it smaller")
        picture, kind, data = _cleaned(data, anew=anew)
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
        """Write by way of a file of our own, so that two writers of one picture never meet; durable before it is named."""
        target = self._folder / name
        try:
            if target.exists() and target.stat().st_size == len(data):
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, partial = tempfile.mkstemp(suffix=".partial", dir=self._folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(partial).replace(target)
            except OSError:
                with suppress(OSError):
                    Path(partial).unlink()
                raise
        except OSError as error:
            hint = "it is tried again by itself: make room, or mend the folder's rights"
            raise StoreError(f"cannot keep an image: {error.strerror}", where=str(self._folder), hint=hint) from error

    def _fitted(self, image: Image, limits: Limits) -> tuple[bytes, str]:
        try:
            data = (self._folder / image.sha256).read_bytes()
        except OSError as error:
            raise StoreError(f"image {image.sha256[:12]} cannot be read: {error.strerror}") from error
        if _within(len(data), image, limits):
            return data, image.media_type
        return _shrunk(_opened(data)[0], image, limits)


def _within(size: int, image: Image, limits: Limits) -> bool:
    return (
        (not limits.image_bytes or size <= limits.image_bytes)
        and (not limits.image_pixels or image.width * image.height <= limits.image_pixels)
        and image.media_type in limits.image_types
    )


def _pillow() -> ModuleType:
    """Return Pillow, made to refuse what is too large as soon as it knows the size, in its documented way."""
    from PIL import Image as Pillow

    Pillow.MAX_IMAGE_PIXELS = LARGEST_PIXELS
    warnings.filterwarnings("ignore", module=r"PIL\.")  # of broken EXIF and the like, which goes anyway
    warnings.simplefilter("error", Pillow.DecompressionBombWarning)
    return Pillow


def _opened(data: bytes) -> "tuple[Picture, str]":
    """Return the decoded picture (of a moving one the first frame) and its format."""
    pillow = _pillow()
    try:
        picture: Picture = pillow.open(io.BytesIO(data), formats=tuple(FORMATS))
        kind = "JPEG" if picture.format == "MPO" else str(picture.format)  # MPO: a JPEG with others behind it
        if picture.format != "GIF" and picture.width * picture.height * _frames(picture) > LARGEST_MOVING:
            raise _too_long()  # a GIF says nowhere how many frames it has
        picture.load()
    except HandbillError:
        raise
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as error:
        raise BadInput(f"the image has more than {LARGEST_PIXELS:,} pixels", hint="save it smaller") from error
    except Exception as error:  # a broken file leads decoders into errors of every kind
        raise BadInput("not a JPEG, PNG, WebP or GIF image that can be read", hint="export it anew") from error
    return picture, kind


def _cleaned(data: bytes, *, anew: bool) -> "tuple[Picture, str, bytes]":
    """Return a picture, its format and bytes that hold nothing else: the ones given when they do not, or new ones."""
    picture, kind = _opened(data)
    try:
        bare = _extras(picture, data) <= SHOWING and picture.mode != "CMYK" and is_whole(kind, data)
        if bare and not anew:
            return picture, kind, data
        if kind == "JPEG" or not getattr(picture, "is_animated", False):
            picture = _upright(picture)
            return picture, kind, _encoded(picture, kind)
        return picture, kind, _encoded_moving(picture, kind)
    except HandbillError:
        raise
    except Exception as error:  # as above: later frames and colour profiles may be broken too
        raise BadInput("the image cannot be read to its end", hint="export it anew") from error


def _frames(picture: "Picture") -> int:
    return int(getattr(picture, "n_frames", 1))


def _each(picture: "Picture") -> "Iterator[Picture]":
    """Yield the picture at each frame, decoded; raises BadInput as soon as there are too many, or too large ones.

    They are not counted first: to count those of a GIF is to go through all of it.
    """
    pixels = 0
    for number in itertools.count():
        try:
            picture.seek(number)
        except EOFError:
            return
        pixels += picture.width * picture.height
        if number >= MOST_FRAMES or pixels > LARGEST_MOVING:
            raise _too_long()
        picture.load()
        yield picture


def _too_long() -> BadInput:
    return BadInput("the moving picture is too large or too long", hint="save it smaller or shorter")


def _extras(picture: "Picture", data: bytes) -> set[str]:
    """Return the names of all that the file holds beside its picture; comments may stand before any frame."""
    found = {name for name, _ in getattr(picture, "applist", ())}
    found |= {chunk[0].decode("latin-1") for chunk in getattr(picture, "private_chunks", ())}
    found |= {"XMP"} if picture.format == "GIF" and b"XMP DataXMP" in data else set()
    for frame in _each(picture):
        found |= {str(key) for key in frame.info}
    picture.seek(0)
    return found | {f"text {key}" for key in getattr(picture, "text", ())}


def _upright(picture: "Picture") -> "Picture":
    """Turn the picture as its EXIF says, since that is about to go; EXIF that cannot be read says nothing."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # noqa: BLE001 - Pillow's reader of EXIF raises whatever a broken one leads it to
        return picture.copy()


def _encoded(picture: "Picture", kind: str, quality: int = 90) -> bytes:
    """Return the picture in a format, with its colour profile and nothing else."""
    if kind == "JPEG" or picture.mode == "CMYK":
        picture = _flat(picture)
    options: dict[Any, Any] = {key: picture.info[key] for key in ("icc_profile", "transparency") if key in picture.info}
    bare = picture.copy()
    bare.info = dict(options)
    out = io.BytesIO()
    bare.save(out, format=kind, quality=quality, **options)
    return out.getvalue()


def _encoded_moving(picture: "Picture", kind: str) -> bytes:
    """Return a moving picture with every frame, its pace and its repeats, and nothing else."""
    frames, pace = [], []
    for frame in _each(picture):
        frames.append(frame.convert("RGBA"))
        frames[-1].info = {}
        pace.append(frame.info.get("duration", 0))  # which WebP knows only once it is decoded
    options: dict[str, Any] = {"disposal": 2} if kind == "GIF" else {}  # 2: no frame shows through the next one's holes
    if "loop" in picture.info:
        options["loop"] = picture.info["loop"]
    out = io.BytesIO()
    first, *others = frames
    first.save(out, format=kind, save_all=True, append_images=others, duration=pace, quality=90, **options)
    return out.getvalue()


def _flat(picture: "Picture") -> "Picture":
    """Return the picture as RGB on white. Only a profile of RGB colours is kept: any other is applied."""
    from PIL import Image as Pillow

    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # Pillow would cut off all that is lighter than 255 of 65,535.
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    if profile and picture.mode in ("CMYK", "L"):
        picture, profile = _in_srgb(picture, profile), None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Pillow.alpha_composite(Pillow.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    picture.info = {"icc_profile": profile} if profile else {}
    return picture


def _in_srgb(picture: "Picture", profile: bytes) -> "Picture":
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return turned or picture


def _shrunk(picture: "Picture", image: Image, limits: Limits) -> tuple[bytes, str]:
    """Scale down, then lower JPEG quality, until the limits hold."""
    flat = _flat(picture)
    most = limits.image_pixels or image.width * image.height
    scale = min(1.0, (most / (image.width * image.height)) ** 0.5)
    for step, quality in itertools.product((1.0, 0.75, 0.5, 0.35, 0.2), (88, 72)):
        data = _encoded(_scaled(flat, scale * step), "JPEG", quality)
        if not limits.image_bytes or len(data) <= limits.image_bytes:
            return data, "image/jpeg"
    raise BadInput(f"image {image.sha256[:12]} cannot be made to fit {limits.image_bytes:,} bytes")


def _scaled(picture: "Picture", factor: float) -> "Picture":
    size = max(1, int(picture.width * factor)), max(1, int(picture.height * factor))
    if size == picture.size:
        return picture
    scaled = picture.resize(size)
    scaled.info = dict(picture.info)
    return scaled
