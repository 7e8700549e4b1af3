"""Pictures for tests: drawn here, and read back as any other program would."""

import io
import os
from typing import Any

from PIL import Image as Pillow

WIDE = (60, 30)


def drawn(mode="RGB", size=WIDE) -> Pillow.Image:
    """A picture whose left half is dark and whose right half is light."""
    picture = Pillow.new("L", size, 40)
    picture.paste(220, (size[0] // 2, 0, *size))
    return picture.convert(mode) if mode != "I;16" else picture.convert("I").point(lambda v: v * 256).convert("I;16")


def saved(picture: Pillow.Image, format: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, format=format, **options)
    return out.getvalue()


def noise(size=(400, 300)) -> Pillow.Image:
    return Pillow.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3))


def opened(data: bytes) -> Any:
    picture = Pillow.open(io.BytesIO(data))
    picture.load()
    return picture
