"""Pictures on the simulated Mastodon server: taken, at work for a moment, described, attached to one status.

Facts: docs.joinmastodon.org/methods/media and, in github.com/mastodon/mastodon, app/controllers/api/v1/media_controller.rb,
api/v2/media_controller.rb, app/models/media_attachment.rb and app/services/post_status_service.rb (validate_media!).
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.domain.channel import Limits
from bot.sandbox.world import Effect, Shown, World

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


class Refusal(Exception):
    """An error answer in Mastodon's shape."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status, self.words, self.headers = status, words, headers or {}


@dataclass(slots=True)
class Upload:
    """An uploaded picture; `size` in pixels, `ready` when it may be posted, `attached` once it was."""

    id: str
    account: str
    shown: Shown
    size: tuple[int, int]
    ready: datetime
    attached: bool = False


class Shelf:
    """All uploads of a server. `processing` is how many seconds a picture is at work."""

    def __init__(self, world: World, limits: Limits, processing: float) -> None:
        self._world, self._limits, self._processing = world, limits, processing
        self._uploads: dict[str, Upload] = {}

    def take(self, account: str, body: bytes, description: str) -> Upload:
        """Keep a new picture; refuses what is none, too large, or described at too great length."""
        media_type, size = self._looked_at(body)
        self._check(description)
        upload = Upload(
            id=str(self._world.number()),
            account=account,
            shown=Shown(sha256=self._world.keep(body, media_type), media_type=media_type, alt=description),
            size=size,
            ready=self._world.now() + timedelta(seconds=self._processing),
        )
        self._uploads[upload.id] = upload
        return upload

    def recall(self, status: Effect) -> list[Upload]:
        """Return the pictures of a status from before a restart."""
        return [
            Upload(
                id=str(self._world.number()),
                account=status.account,
                shown=shown,
                size=self._looked_at(self._world.pictures[shown.sha256][0])[1],
                ready=self._world.now(),
                attached=True,
            )
            for shown in status.images
        ]

    def describe(self, upload: Upload, description: str) -> None:
        """Change a picture's alt text."""
        self._check(description)
        upload.shown = replace(upload.shown, alt=description)

    def free(self, account: str, id: str) -> Upload:
        """Return one's own picture that is not attached yet; any other is not found."""
        upload = self._uploads.get(id)
        if upload is None or upload.attached or upload.account != account:
            raise Refusal(404, "Record not found")
        return upload

    def to_attach(self, account: str, ids: Sequence[str]) -> list[Upload]:
        """Return the pictures for a status, each free and done with."""
        if len(ids) > self._limits.images:
            raise Refusal(422, f"Cannot attach more than {self._limits.images} files")
        found = [each for each in map(self._uploads.get, ids) if each and each.account == account and not each.attached]
        if len(found) < len(ids):
            lost = ", ".join(sorted(set(ids) - {each.id for each in found}))
            raise Refusal(422, f"Media {lost} not found or already attached to another post")
        if not all(map(self.is_ready, found)):
            raise Refusal(422, "Cannot attach files that have not finished processing. Try again in a moment!")
        return found

    def is_ready(self, upload: Upload) -> bool:
        """Tell whether the server is done with it."""
        return upload.ready <= self._world.now()

    def told(self, upload: Upload, origin: str) -> dict[str, Any]:
        """Return a picture as entities/MediaAttachment; it has no address while it is at work."""
        address, (width, height) = f"{origin}/pictures/{upload.shown.sha256}", upload.size
        return {
            "id": upload.id,
            "type": "image",
            "url": address if self.is_ready(upload) else None,
            "preview_url": address,
            "remote_url": None,
            "meta": {"original": {"width": width, "height": height, "size": f"{width}x{height}"}},
            "description": upload.shown.alt or None,
            "blurhash": None,
        }

    def answer(self, upload: Upload, origin: str, unready: int) -> web.Response:
        """Return a picture with 200, or with `unready` (202 to an upload, 206 to a question) while it is at work."""
        return web.json_response(self.told(upload, origin), status=200 if self.is_ready(upload) else unready)

    def _check(self, description: str) -> None:
        most = self._limits.alt
        if len(description) > most:
            raise Refusal(422, f"Validation failed: Description is too long (maximum is {most} characters)")

    def _looked_at(self, body: bytes) -> tuple[str, tuple[int, int]]:
        from PIL import Image, UnidentifiedImageError

        if len(body) > self._limits.image_bytes:
            most = self._limits.image_bytes // 2**20
            raise Refusal(422, f"Validation failed: File file size must be less than {most} MB")
        try:
            with Image.open(io.BytesIO(body), formats=tuple(TYPES)) as image:
                media_type, size = TYPES[image.format or ""], image.size
        except UnidentifiedImageError:
            raise Refusal(422, "File type of uploaded media could not be verified") from None
        if size[0] * size[1] > self._limits.image_pixels:
            raise Refusal(422, f"Validation failed: File {size[0]}x{size[1]} images are not supported")
        return media_type, size
