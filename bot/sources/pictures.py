"""The pictures an article names -> Images: from beside it, never from outside its folder."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from bot.domain.article import Article
from bot.errors import BadArticle, HandbillError
from bot.ports import Media
from bot.sources.article import Draft

#: No file is read that has more bytes than this: more than any picture we take.
LARGEST = 40 * 2**20


def contents(path: Path, where: str) -> bytes:
    """Return a file's bytes; BadArticle when it cannot be read or is far too large."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise BadArticle(f"the file has {size:,} bytes: too large to take in", where=where)
            return file.read()
    except OSError as error:
        raise BadArticle(f"cannot be read: {error.strerror}", where=where, hint="check its permissions") from error


async def load(draft: Draft, base: Path, root: Path) -> tuple[bytes, ...]:
    """Return the bytes of each picture a draft names, from `base`, where the article lies, and nowhere outside `root`."""
    return tuple([await asyncio.to_thread(_load, base, root, name, where) for name, _, where in draft.pictures])


async def illustrated(draft: Draft, pictures: Sequence[bytes], media: Media) -> Article:
    """Return the article with its pictures in place; another picture makes another edition of the article."""
    if not pictures:
        return draft.article
    images = []
    for raw, (name, alt, where) in zip(pictures, draft.pictures, strict=True):
        try:
            images.append(await media.put(raw, alt))
        except HandbillError as error:
            raise BadArticle(f"image {name!r}: {error.what}", where=where, hint=error.hint) from error
    digest = sha256("".join((draft.article.digest, *(sha256(raw).hexdigest() for raw in pictures))).encode())
    return replace(draft.article, images=tuple(images), digest=digest.hexdigest())


def _load(base: Path, root: Path, name: str, where: str) -> bytes:
    try:
        path = (base / name).resolve()
        there = path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, with a NUL, or links in a circle
        raise BadArticle(f"image {name[:80]!r} has no name that a file can have", where=where) from error
    if not path.is_relative_to(root.resolve()):
        raise BadArticle(f"image {name!r} lies outside the folder", where=where, hint="put it beside the article")
    if not there:
        hint = "put it beside the article or mend its name"
        raise BadArticle(f"image {name!r} is missing", where=where, hint=hint)
    return contents(path, where)
