"""What the simulated PDS makes of a record: its DAG-CBOR, its CID, and whether the lexicon allows it.

The words of each refusal were seen on @atproto/pds 0.4.217 (2026-11); what is allowed is taken from the lexicons
app.bsky.feed.post, app.bsky.richtext.facet and app.bsky.embed.* at github.com/bluesky-social/atproto. Where versions
differ, the newer: pictures up to 2,000,000 bytes. Like the real one it accepts empty texts, facets beyond the end of a
text and replies to posts that do not exist; unlike it, of the lexicons it knows posts only.
"""

import json
import re
from base64 import b32decode, b32encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import regex

Json = dict[str, Any]
Check = Callable[[Any, str], None]


class Invalid(Exception):
    """A record that is none, or that the lexicon does not allow."""


def cbor(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return a JSON value as DAG-CBOR (ipld.io/specs/codecs/dag-cbor/spec): keys by length, then bytes; {"$link"} as tag 42."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case {"$link": str(link), **rest} if not rest:
            binary = b"\0" + _bytes(link)
            return b"\xd8\x2a" + _head(2, len(binary)) + binary
        case dict():
            keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
            return _head(5, len(value)) + b"".join(cbor(key) + cbor(value[key]) for key in keys)
    raise Invalid("Bad record")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    size = next(power for power in range(4) if number < 256**2**power)
    return bytes([major << 5 | 24 + size]) + number.to_bytes(2**size, "big")


def _bytes(link: str) -> bytes:
    return b32decode(link[1:].upper() + "=" * (-len(link[1:]) % 8))


def digest_of(blob: Json) -> str:
    """Return the SHA-256 of what a blob stands for, which is the end of its CID."""
    return _bytes(blob["ref"]["$link"])[-32:].hex()


def cid(body: bytes, codec: int) -> str:
    """Return the CIDv1 of some bytes, sha2-256, base32; codec 0x71 is DAG-CBOR, 0x55 raw."""
    return "b" + b32encode(bytes([1, codec, 0x12, 0x20]) + sha256(body).digest()).decode().rstrip("=").lower()


DID = r"(?!.{2049})did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]"
DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
NSID = r"[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)+\.[a-zA-Z][a-zA-Z0-9]*"
RECORD_KEY = r"(?!\.{1,2}$)[a-zA-Z0-9._~:-]{1,512}"
#: atproto.com/specs/did, /handle, /at-uri-scheme, /tid, /lexicon (datetime), RFC 5646 section 2.1 (language)
FORMS = {
    "datetime": r"(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)"
    r"(?:\.\d+)?(?:Z|\+(?:[01]\d|2[0-3]):[0-5]\d|-(?!00:00)(?:[01]\d|2[0-3]):[0-5]\d)",
    "uri": r"\w+:(?://)?[^\s/]\S*",
    "DID": DID,
    "at-uri": rf"at://(?:{DID}|{DOMAIN})(?:/{NSID}(?:/{RECORD_KEY})?)?",
    "CID string": r"b[a-z2-7]{20,}",
    "TID string": r"[234567a-j][234567a-z]{12}",
    "language": r"(?:[a-zA-Z]{2,3}(?:-[a-zA-Z]{3}){0,3}|[a-zA-Z]{4,8})(?:-[a-zA-Z]{4})?(?:-(?:[a-zA-Z]{2}|\d{3}))?"
    r"(?:-(?:[a-zA-Z0-9]{5,8}|\d[a-zA-Z0-9]{3}))*(?:-[a-wyzA-WYZ0-9](?:-[a-zA-Z0-9]{2,8})+)*(?:-[xX](?:-[a-zA-Z0-9]{1,8})+)?"
    r"|[xX](?:-[a-zA-Z0-9]{1,8})+|i-[a-z]{2,8}|(?:art|cel|no|zh)-[a-z]{2,7}|(?:en-GB-oed|sgn-BE-FR|sgn-BE-NL|sgn-CH-DE)",
}


def graphemes(words: str) -> int:
    """Count extended grapheme clusters."""
    return len(regex.findall(r"\X", words))


def text(form: str = "", most: int = 0, clusters: int = 0) -> Check:
    """Check a string: its form, its UTF-8 bytes, its graphemes."""

    def check(value: Any, path: str) -> None:  # noqa: ANN401
        _expect(isinstance(value, str), "string", value, path)
        for name, limit, size in (("string", most, len(value.encode())), ("grapheme", clusters, graphemes(value))):
            if limit and size > limit:
                raise Invalid(f"{name} too big (maximum {limit}, got {size}) at {path}")
        if form and not re.fullmatch(FORMS[form], value, re.ASCII):
            raise Invalid(f"Invalid {form} (got {json.dumps(value, ensure_ascii=False)}) at {path}")

    return check


def whole(least: int) -> Check:
    """Check an integer."""

    def check(value: Any, path: str) -> None:  # noqa: ANN401
        _expect(isinstance(value, int) and not isinstance(value, bool), "integer", value, path)
        if value < least:
            raise Invalid(f"integer too small (minimum {least}, got {value}) at {path}")

    return check


def several(each: Check, most: int = 0) -> Check:
    """Check a list."""

    def check(value: Any, path: str) -> None:  # noqa: ANN401
        _expect(isinstance(value, list), "array", value, path)
        if most and len(value) > most:
            raise Invalid(f"array too big (maximum {most}, got {len(value)}) at {path}")
        for index, member in enumerate(value):
            each(member, f"{path}[{index}]")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Check an object; keys that it does not name are allowed."""

    def check(value: Any, path: str) -> None:  # noqa: ANN401
        _expect(isinstance(value, dict), "object", value, path)
        for name in required:
            if name not in value:
                raise Invalid(f'Missing required key "{name}" at {path}')
        for name, member in (*required.items(), *(optional or {}).items()):
            if name in value:
                member(value[name], f"{path}.{name}")

    return check


def one_of(kinds: Mapping[str, Check]) -> Check:
    """Check a union; types that it does not name are allowed, as lexicon unions are open."""

    def check(value: Any, path: str) -> None:  # noqa: ANN401
        typed = isinstance(value, dict) and isinstance(value.get("$type"), str)
        _expect(typed, 'an object which includes the "$type" property', value, path)
        if value["$type"] in kinds:
            kinds[value["$type"]](value, path)

    return check


def picture(most: int) -> Check:
    """Check a reference to an uploaded image."""

    def check(value: Any, path: str) -> None:  # noqa: ANN401
        _expect(isinstance(value, dict) and value.get("$type") == "blob", "blob", value, path)
        shape({"ref": shape({"$link": text("CID string")}), "mimeType": text(), "size": whole(0)})(value, path)
        if not value["mimeType"].startswith("image/"):
            raise Invalid(f'Expected "image/*" (got "{value["mimeType"]}") at {path}.mimeType')
        if value["size"] > most:
            raise Invalid(f"blob too big (maximum {most}, got {value['size']}) at {path}")

    return check


def _expect(holds: bool, kind: str, value: Any, path: str) -> None:  # noqa: ANN401, FBT001
    if not holds:
        got = (
            "{" + ", ".join(f'"{name}": ...' for name in value) + "}" if isinstance(value, dict) else json.dumps(value)
        )
        raise Invalid(f"Expected {kind} value type (got {got}) at {path}")


REFERENCE = shape({"uri": text("at-uri"), "cid": text("CID string")})
FACET = shape(
    {
        "index": shape({"byteStart": whole(0), "byteEnd": whole(0)}),
        "features": several(
            one_of(
                {
                    "app.bsky.richtext.facet#link": shape({"uri": text("uri")}),
                    "app.bsky.richtext.facet#tag": shape({"tag": text(most=640, clusters=64)}),
                    "app.bsky.richtext.facet#mention": shape({"did": text("DID")}),
                }
            )
        ),
    }
)
RATIO = shape({"width": whole(1), "height": whole(1)})
IMAGE = shape({"image": picture(2_000_000), "alt": text()}, {"aspectRatio": RATIO})
CARD = shape({"uri": text("uri"), "title": text(), "description": text()}, {"thumb": picture(1_000_000)})
EMBED = one_of(
    {
        "app.bsky.embed.images": shape({"images": several(IMAGE, most=4)}),
        "app.bsky.embed.external": shape({"external": CARD}),
    }
)
RECORD = shape(
    {"text": text(most=3000, clusters=300), "createdAt": text("datetime")},
    {
        "facets": several(FACET),
        "embed": EMBED,
        "langs": several(text("language"), most=3),
        "reply": shape({"root": REFERENCE, "parent": REFERENCE}),
    },
)


def spans(record: Json) -> Iterator[tuple[int, int, str, str]]:
    """Yield a record's facets in code points, as apps show them: those that cut a character or overrun are passed over."""
    whole = record["text"].encode()
    for facet in record.get("facets", []):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        try:
            before, within = whole[:start].decode(), whole[start:end].decode()
        except UnicodeDecodeError:
            continue
        if start < end <= len(whole):
            for feature in facet["features"]:
                kind = feature["$type"].partition("#")[2]
                target = str(feature.get("uri") or feature.get("tag") or feature.get("did"))
                yield len(before), len(before) + len(within), kind, target


def blobs_of(value: Any) -> Iterator[Json]:  # noqa: ANN401 - any JSON value
    """Yield every reference to a blob in a record."""
    if isinstance(value, dict) and value.get("$type") == "blob":
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from blobs_of(member)


def did_of(handle: str) -> str:
    """Return the DID that stands for a handle here: always the same one."""
    return "did:plc:" + b32encode(sha256(handle.lower().encode()).digest()).decode().lower()[:24]


def address(did: str, collection: str, rkey: str) -> str:
    """Return a record's at-uri."""
    return f"at://{did}/{collection}/{rkey}"


def tid(at: datetime, clock: int) -> str:
    """Return a timestamp identifier (atproto.com/specs/tid)."""
    number = int(at.timestamp() * 1_000_000) << 10 | clock % 1024
    return "".join("234567abcdefghijklmnopqrstuvwxyz"[number >> shift & 31] for shift in range(60, -1, -5))
