"""Plain text -> flowing text; and what every kind of file becomes: words in blocks."""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from unicodedata import normalize

from bot.domain.article import Block, BlockKind
from bot.domain.text.blocks import of_plain

#: Scripts written without spaces: a line end between two of these signs, or one and a mark beside it, stands for nothing.
_WIDE = r"\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"
_BESIDE = "“”‘’—…"
_END = r"[ \t\r\f]*\n[ \t\n\r\f]*"
_FOLD = re.compile(rf"(?<=[{_WIDE}]){_END}(?=[{_WIDE}{_BESIDE}])|(?<=[{_BESIDE}]){_END}(?=[{_WIDE}])")
#: Not `\s`: no-break and ideographic spaces are the author's.
_SPACE = re.compile(r"[ \t\n\r\f]+")
_HYPHEN = re.compile(r"(?<=[^\W\d_]-)\n(?!(?:and|or|to|und|oder|bzw|bis|et|ou|y|o|e|en|of|och|og|eller)\b)(?=[^\W\d_])")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
#: What no editor shows and no platform wants; joiners and direction marks are not among them.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_AS_IT_STANDS = frozenset({BlockKind.CODE, BlockKind.TABLE})
#: Verse has three lines or more, none longer than this; nothing but verse is broken at less than NARROWEST.
VERSE_LINES, VERSE_WIDTH, NARROWEST = 3, 60, 40


@dataclass(slots=True)
class Written:
    """A text under construction: blocks parted by a blank line, offsets in code points.

    `images` are (address, alt, line), the line counted from 1 in what was read.
    """

    text: str = ""
    blocks: list[Block] = field(default_factory=list)
    images: list[tuple[str, str, int]] = field(default_factory=list)
    title: str = ""

    def add(self, kind: BlockKind, words: str) -> None:
        """Append a block, unless it has no words."""
        words = tidy(words).strip()  # entities can bring anything
        if not words:
            return
        self.text += "\n\n" if self.text else ""
        self.blocks.append(Block(kind=kind, start=len(self.text), end=len(self.text) + len(words)))
        self.text += words


def tidy(words: str) -> str:
    """Return words in NFC with "\\n" line ends, without control characters."""
    return normalize("NFC", _CONTROLS.sub("", _LINE_END.sub("\n", words)))


def flow(words: str) -> str:
    """Return words with each stretch of white space and line ends as one space, or none where the script has none."""
    return _SPACE.sub(" ", _FOLD.sub("", words)).strip(" ")


def read(source: str) -> Written:
    """Return a plain text in which paragraphs that were wrapped, as in e-mail, flow; verse and tables keep their lines."""
    source = "\n".join(line.rstrip(" \t") for line in source.split("\n"))
    pieces, at = [], 0
    for block in of_plain(source):
        words = source[block.start : block.end]
        if "\n" in words and block.kind not in _AS_IT_STANDS and not _verse(words):
            pieces += [source[at : block.start], flow(_HYPHEN.sub("", words))]
            at = block.end
    text = "".join((*pieces, source[at:])).strip("\n")
    return Written(text=text, blocks=list(of_plain(text)))


def _verse(words: str) -> bool:
    """Tell whether lines end where their author wanted: they are very short, or the next word would have had room."""
    lines = [line.strip() for line in words.split("\n")]
    longest = max(map(len, lines))
    if len(lines) < VERSE_LINES or longest > VERSE_WIDTH:
        return False
    return longest < NARROWEST or any(
        len(line) + 1 + len(following.split(" ", 1)[0]) <= longest for line, following in pairwise(lines)
    )
