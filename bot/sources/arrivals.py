"""Articles that people write or upload in a browser: checked like any other, then written into the managers' folder.

Nothing there is ever written over. Every picture is written anew: what its file tells or hides besides (where it was taken,
a page behind its end) is gone before it reaches the folder, where its name ends as a picture's does.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from bot.domain.article import Image
from bot.domain.channel import Limits, Unit
from bot.domain.people import Right
from bot.errors import BadInput
from bot.ports import Media
from bot.sources import adding
from bot.sources import article as reading
from bot.sources.folder import GENERAL, OTHERS

#: As it is kept: nothing to fit it to.
WHOLE = Limits(length=0, unit=Unit.CODE_POINTS)
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A new article: its fields as they were typed, or a `document` (name, bytes) that brings its own.

    `pictures` are (name, bytes, alt). `campaign` "" = none in particular; `draft` True = its posts wait.
    """

    campaign: str = ""
    title: str = ""
    text: str = ""
    link: str = ""
    author: str = ""
    tags: str = ""
    language: str = ""
    draft: bool = False
    pictures: tuple[tuple[str, bytes, str], ...] = ()
    document: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article was written."""

    campaign: str
    name: str


class Arrivals:
    """Writes new articles into the folder at `root`."""

    def __init__(self, root: Path, media: Media, zone: str) -> None:
        self._root, self._media, self._zone = root, media, zone

    async def add(self, arrival: Arrival, rights: Set[Right]) -> Place:
        """Check an article and write it; raises BadInput, BadArticle for what no source could take, StoreError.

        Of somebody without the right to approve it is a draft, whatever it says itself.
        """
        arrival = replace(arrival, draft=arrival.draft or Right.APPROVE not in rights)
        campaign = adding.safe(arrival.campaign, "campaign") if arrival.campaign else GENERAL
        folder = self._root / campaign if arrival.campaign else self._root
        cleaned = [await self._cleaned(*each) for each in arrival.pictures]
        if arrival.document:
            copies, name, raw = self._uploaded(arrival.document, arrival.pictures, cleaned, folder)
        else:
            copies, name, raw = self._typed(arrival, cleaned, folder)
        draft = self._read(raw, campaign, name)
        if arrival.draft and draft.article.ready:
            raw = reading.drafted(raw, name)
            draft = self._read(raw, campaign, name)
            if draft.article.ready:
                raise BadInput("this document cannot be made a draft", where=name, hint="write status: draft in it")
        there = {each.target.name for each in copies}
        for picture, _, where in draft.pictures:
            if PurePath(picture).name != picture or not (picture in there or (folder / picture).is_file()):
                what = f"the article names the picture {picture!r}, which did not come along"
                raise BadInput(what, where=where, hint="choose that picture as well, or take its name out")
        await asyncio.to_thread(adding.refuse_conflicts, copies)
        for copy in copies:
            await asyncio.to_thread(adding.write, copy)
        written = await asyncio.to_thread(adding.write_new, adding.Copy(target=folder / name, raw=raw))
        return Place(campaign, written.name)

    def _read(self, raw: bytes, campaign: str, name: str) -> reading.Draft:
        return reading.read(raw, campaign, name, name, self._zone, lambda _: ("", 0.0))

    async def _cleaned(self, name: str, data: bytes, alt: str) -> tuple[Image, bytes]:
        """Return a picture with the bytes that hold nothing else."""
        try:
            image = await self._media.put(data, " ".join(alt.split()), anew=True)
        except BadInput as error:
            raise BadInput(f"{name}: {error.what}", hint=error.hint) from error
        return image, (await self._media.fitted(image, WHOLE))[0]

    def _typed(
        self, arrival: Arrival, pictures: Sequence[tuple[Image, bytes]], folder: Path
    ) -> tuple[Sequence[adding.Copy], str, bytes]:
        if not arrival.text.strip():
            raise BadInput("the text is missing", hint="write or paste the article")
        files = [(f"{image.sha256[:16]}{SUFFIXES[image.media_type][0]}", image, data) for image, data in pictures]
        fields: dict[str, object] = {
            "title": " ".join(arrival.title.split()),
            "author": " ".join(arrival.author.split()),
            "link": arrival.link,
            "language": arrival.language,
            "tags": [each for tag in re.split("[,،、，]", arrival.tags) if (each := " ".join(tag.split()))],
            "images": [{"file": name, **({"alt": image.alt} if image.alt else {})} for name, image, _ in files],
            "status": "draft" if arrival.draft else "",
        }
        raw = f"---\n{_yaml({name: value for name, value in fields.items() if value})}---\n\n{arrival.text.strip()}\n"
        copies = [adding.Copy(target=folder / name, raw=data, picture=True) for name, _, data in files]
        first = arrival.title or arrival.text.strip().partition("\n")[0].lstrip("# ")
        return copies, f"{_named(adding.slug(first))}.md", raw.encode()

    def _uploaded(
        self,
        document: tuple[str, bytes],
        given: Sequence[tuple[str, bytes, str]],
        pictures: Sequence[tuple[Image, bytes]],
        folder: Path,
    ) -> tuple[Sequence[adding.Copy], str, bytes]:
        name, raw = document
        name = adding.safe(_last(name), "file name")
        if PurePath(name).suffix.lower() not in reading.SUFFIXES or name in OTHERS:
            hint = f"an article ends in {', '.join(reading.SUFFIXES)}"
            raise BadInput(f"{name!r} is not the name of an article", hint=hint)
        copies = [
            adding.Copy(target=folder / _picture(file, image), raw=data, picture=True)
            for (file, _, _), (image, data) in zip(given, pictures, strict=True)
        ]
        return copies, f"{_named(PurePath(name).stem)}{PurePath(name).suffix}", raw


def _last(name: str) -> str:
    """Return a file's own name; some browsers tell the folders before it."""
    return re.split(r"[/\\]", name)[-1]


def _picture(name: str, image: Image) -> str:
    """Return the name by which a document calls a picture; raises BadInput for one that something else might bear."""
    name, known = adding.safe(_last(name), "file name"), SUFFIXES[image.media_type]
    if PurePath(name).suffix.lower() not in known:
        hint = "rename it, here and in the article"
        raise BadInput(f"{name!r} is not the name of such a picture: it ends in {' or '.join(known)}", hint=hint)
    return name


def _named(stem: str) -> str:
    """Return a name that is taken for an article."""
    return f"{stem}-1" if stem.partition(".")[0].upper() == "README" else stem


def _yaml(fields: Mapping[str, object]) -> str:
    import yaml

    if not fields:
        return ""
    try:
        return yaml.safe_dump(dict(fields), allow_unicode=True, sort_keys=False, width=10**6, default_flow_style=False)
    except yaml.YAMLError as error:
        raise BadInput("these fields hold what cannot be written down") from error
