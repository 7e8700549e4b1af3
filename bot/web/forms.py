"""Forms that decide something: the fields of one, once it is sure that a person had it before them on a page of this desk.

Two things must fit: what the browser says of where the form stood (door.py, in one place for every address), and a token
in the form that is bound to the browser's session, which no other page can know.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from bot.errors import BadInput, NotAllowed

#: Bytes of a form; a reason takes a few hundred.
LONGEST = 8192
#: Bytes of a form in which people write at length, as a browser encodes them.
LONG = 400_000
#: Bytes of a form with files, and how many files and fields it may have.
LARGEST, MOST_FILES, MOST_FIELDS = 64 * 2**20, 20, 60


class Forbidden(NotAllowed):
    """A form that did not come from a page of this desk, or that its sender has no right to send."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a form: the field it stood in, its name as the browser tells it, its bytes."""

    field: str
    name: str
    data: bytes


async def read(request: Request, token: str | None, longest: int = LONGEST) -> Mapping[str, str]:
    """Return the fields of a form that carries this token (None = it needs none); raises Forbidden, BadInput."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise BadInput("this is no form of this desk")
    body = b"".join([piece async for piece in _within(request, longest)])
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    _refuse_stranger(fields, token)
    return fields


async def read_files(request: Request, token: str | None) -> tuple[Mapping[str, str], Sequence[File]]:
    """Return the fields and the files of such a form that was sent as multipart/form-data; raises as `read` does."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "multipart/form-data":
        raise BadInput("this is no form of this desk")
    stream = _within(request, LARGEST)
    parser = MultiPartParser(
        request.headers, stream, max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=4 * LONG
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise BadInput(f"this form has more than {MOST_FILES} files, or is not whole") from error
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    _refuse_stranger(fields, token)
    files = [(name, each) for name, each in form.multi_items() if isinstance(each, UploadFile) and each.filename]
    found = [File(name, str(each.filename), await each.read()) for name, each in files]
    await form.close()
    return fields, found


async def _within(request: Request, longest: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > longest:
            raise BadInput("this form is too long", hint=f"{longest:,} bytes is the most")
        yield piece


def _refuse_stranger(fields: Mapping[str, str], token: str | None) -> None:
    if token is not None and not compare_digest(token.encode(), fields.get("token", "").encode()):
        raise Forbidden("this form is not one that this desk gave you", hint="open the desk anew and press again")
