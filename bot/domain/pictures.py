"""The outside of a picture's file, read from its bytes alone: where it ends.

What stands behind the end is shown by nobody and may be anything: a film with its place, a page, a program.
"""

_PNG_END = b"IEND\xaeB`\x82"


def is_whole(kind: str, data: bytes) -> bool:
    """Tell whether a file in Pillow's format `kind` ends where its picture does; False also when that cannot be told."""
    match kind:
        case "JPEG":
            # From the first scan on a 0xFF is stuffed or a marker (ITU-T T.81, B.1.1): the first 0xFFD9 is the end. Where
            # a profile happens to hold these bytes the end is missed, and the picture is only written anew.
            scan = data.find(b"\xff\xda")
            return scan > 0 and data.find(b"\xff\xd9", scan) == len(data) - 2
        case "PNG":
            return _png_end(data) == len(data)
        case "WEBP":
            return int.from_bytes(data[4:8], "little") + 8 == len(data)
        case "GIF":
            return _gif_end(data) == len(data)
        case _:
            return False


def _png_end(data: bytes) -> int:
    """Return where the chunk IEND ends, 0 where there is none (ISO/IEC 15948, 5.3)."""
    at = 8
    while 0 < at < len(data):
        after = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : after] == _PNG_END:
            return after
        at = after
    return 0


def _gif_end(data: bytes) -> int:
    """Return where the trailer ends, 0 where there is none.

    (GIF89a, appendix B: a screen, then images 0x2C and extensions 0x21, each with sub-blocks of at most 255 bytes.)
    """
    try:
        at = 13 + _gif_colours(data[10])
        while (mark := data[at]) in (0x21, 0x2C):
            at += 2 if mark == 0x21 else 11 + _gif_colours(data[at + 9])
            while length := data[at]:
                at += length + 1
            at += 1
    except IndexError:
        return 0
    return at + 1 if mark == 0x3B else 0


def _gif_colours(flags: int) -> int:
    """Return the bytes of the table of colours that flags tell of."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
