"""Markdown -> plain text, blocks, title and images. CommonMark with tables, by markdown-it-py."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.article import Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

#: What opens a stretch whose paragraphs are not plain prose.
CONTAINERS = {
    "blockquote": BlockKind.QUOTE,
    "list_item": BlockKind.LIST,
    "table": BlockKind.TABLE,
    "heading": BlockKind.HEADING,
}


@dataclass(slots=True)
class Written:
    """A text under construction: blocks parted by a blank line, offsets in code points."""

    text: str = ""
    blocks: list[Block] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    title: str = ""

    def add(self, kind: BlockKind, words: str) -> None:
        """Append a block, unless it has no words."""
        words = words.strip()
        if not words:
            return
        self.text += "\n\n" if self.text else ""
        self.blocks.append(Block(kind=kind, start=len(self.text), end=len(self.text) + len(words)))
        self.text += words


def read(source: str) -> Written:
    """Return what a Markdown text says; its first heading of the first level is also the title."""
    from markdown_it import MarkdownIt

    written = Written()
    open_kinds: list[BlockKind] = []
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)
    for index, token in enumerate(tokens):
        kind = CONTAINERS.get(token.type.removesuffix("_open").removesuffix("_close"))
        if kind is not None and token.nesting == 1:
            open_kinds.append(kind)
        elif kind is not None:
            open_kinds.pop()
        elif token.type == "inline":
            words = _inline(token.children or [], written)
            written.add(open_kinds[-1] if open_kinds else BlockKind.PROSE, words)
            if not written.title and tokens[index - 1].tag == "h1":
                written.title = " ".join(words.split())
        elif token.type in ("fence", "code_block"):
            written.add(BlockKind.CODE, token.content)
        elif token.type == "html_block":
            _html(token.content, written)
    return written


def _inline(tokens: "Sequence[Token]", written: Written) -> str:
    words = []
    for token in tokens:
        if token.type == "image":
            written.images.append((str(token.attrs.get("src", "")), token.content))
        elif token.type in ("text", "code_inline"):
            words.append(token.content)
        elif token.type == "softbreak":
            words.append(" ")
        elif token.type == "hardbreak":
            words.append("\n")
    return "".join(words)


def _html(content: str, written: Written) -> None:
    from bot.sources.webpage import blocks_of

    for kind, words in blocks_of(content):
        written.add(kind, words)
