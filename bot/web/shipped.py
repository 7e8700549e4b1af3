"""The files that pages are made with, shipped in the package: each under an address that changes with its content."""

from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
#: An address that names the content may be kept for good; one that does not is asked for again.
FOR_GOOD = "public, max-age=31536000, immutable"


class Shipped(StaticFiles):
    """The folder `static`; `name("desk.css")` is the file's address with a digest of what is in it."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)
        files = (each for each in STATIC.rglob("*") if each.is_file())
        self._digests = {
            each.relative_to(STATIC).as_posix(): sha256(each.read_bytes()).hexdigest()[:10] for each in files
        }

    def name(self, file: str) -> str:
        """Return the path under which a file of ours is served; KeyError when there is none."""
        return f"/static/{file}?v={self._digests[file]}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, kept for good by who asked for this very content."""
        answer = await super().get_response(path, scope)
        known = self._digests.get(path)
        named = known and scope["query_string"] == f"v={known}".encode()
        answer.headers["cache-control"] = FOR_GOOD if named else "no-cache"
        return answer
