"""Markdown -> plain text, blocks, title and images. CommonMark with tables and strikethrough, by markdown-it-py."""

import re
from typing import TYPE_CHECKING

from bot.domain.article import BlockKind
from bot.sources.plain import Written, flow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: What opens a stretch whose paragraphs are not plain prose.
CONTAINERS = {
    "blockquote": BlockKind.QUOTE,
    "list_item": BlockKind.LIST,
    "table": BlockKind.TABLE,
    "heading": BlockKind.HEADING,
}
#: "[^1]: a note" with its continuation: notes stand at the foot of a page and have no place in a post.
_NOTE = re.compile(
    r"^ {0,3}\[\^[^\]\s]+\]:.*(?:\n(?![ \t]*$|[ \t]*\[\^).+)*(?:\n+(?: {4}|\t).+(?:\n(?![ \t]*$).+)*)*", re.M
)
_MARK = re.compile(r"\[\^[^\]\s]+\]")
#: A line end that the author meant, until the other ones are gone.
_BREAK = "\v"
_LINE_ENDS = frozenset({"softbreak", "hardbreak"})
_PLAIN = frozenset({"text", "strong_open", "strong_close", "em_open", "em_close", "code_inline"})
_COLONS = (":", "：")
_ASKS = re.compile(r"[?？؟][\"'”’»›」』)\]）\s]*$")
_GOES_ON = re.compile(r"[,;:،؛，；、：.!…。！۔।]\s*$")
#: A label has no more tokens than this.
LABEL = 8


def read(source: str) -> Written:
    """Return what a Markdown text says; its first heading of the first level is also the title."""
    from markdown_it import MarkdownIt

    written = Written()
    open_kinds: list[BlockKind] = []
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(_NOTE.sub(lambda note: "\n" * note[0].count("\n"), source))
    for index, token in enumerate(tokens):
        kind = CONTAINERS.get(token.type.removesuffix("_open").removesuffix("_close"))
        if kind is not None and token.nesting == 1:
            open_kinds.append(kind)
        elif kind is not None:
            open_kinds.pop()
        elif token.type == "inline":
            kind = open_kinds[-1] if open_kinds else BlockKind.PROSE
            if kind is BlockKind.PROSE:
                token.children = _headed(token.children or [], written)
            words = _inline(token, written, parser)
            written.add(kind, words)
            if not written.title and tokens[index - 1].tag == "h1":
                written.title = " ".join(words.split())
        elif token.type in ("fence", "code_block"):
            written.add(BlockKind.CODE, token.content)
        elif token.type == "html_block":
            _html(token.content, written)
    return written


def _inline(token: "Token", written: Written, parser: "MarkdownIt") -> str:
    children = token.children or []
    line = (token.map or [0])[0] + 1
    for child in children:
        if child.type == "image":
            written.images.append((str(child.attrs.get("src", "")), flow(child.content), line))
        line += child.type in ("softbreak", "hardbreak")
    if any(child.type == "html_inline" for child in children):
        from bot.sources.webpage import words_of

        return _MARK.sub("", words_of(parser.renderer.render([token], parser.options, {})))
    return "\n".join(flow(part) for part in _words(children).split(_BREAK))


def _headed(tokens: "list[Token]", written: Written) -> "list[Token]":
    """Write the first line down as a heading where it is one, all bold; return the rest of the paragraph.

    So is an interview's question above its answer, with or without a blank line between them.
    """
    end = next((n for n, token in enumerate(tokens) if token.type in _LINE_ENDS), len(tokens))
    line = tokens[:end]
    if not (_bold(line) and all(token.type in _PLAIN for token in line)):
        return tokens
    words, rest = _words(line), tokens[end:]
    below = flow(_words(rest))
    if _ASKS.search(words) or (below and not below[0].islower() and not _GOES_ON.search(words)):
        written.add(BlockKind.HEADING, flow(words))
        return rest
    return tokens


def _bold(line: "Sequence[Token]") -> bool:
    """Whether a line's words are all bold."""
    shown = [token for token in line if token.type != "text" or token.content.strip()]
    kinds = [token.type for token in shown]
    return (
        kinds[:1] == ["strong_open"] and kinds.index("strong_close") == len(kinds) - 1
        if "strong_close" in kinds
        else False
    )


def _labelled(tokens: "Sequence[Token]") -> bool:
    """Whether a line begins with a bold label: "**Where:** Town hall", "**Where**: Town hall"."""
    if [token.type for token in tokens[:1]] == ["text"] and not tokens[0].content.strip():
        tokens = tokens[1:]
    kinds = [token.type for token in tokens]
    if kinds[:1] != ["strong_open"] or "strong_close" not in kinds:
        return False
    close = kinds.index("strong_close")
    label, after = _words(tokens[:close]).rstrip(), _words(tokens[close + 1 : close + 2])
    return label.endswith(_COLONS) or after.startswith(_COLONS)


def _words(tokens: "Sequence[Token]") -> str:
    words = []
    struck = 0
    for n, token in enumerate(tokens):
        if token.type in ("s_open", "s_close"):
            struck += token.nesting
        elif struck:
            continue
        elif token.type == "text":
            words.append(_MARK.sub("", token.content))
        elif token.type == "code_inline":
            words.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            meant = token.type == "hardbreak" or _labelled(tokens[n + 1 : n + LABEL])
            words.append(_BREAK if meant else "\n")
    return "".join(words)


def _html(content: str, written: Written) -> None:
    from bot.sources.webpage import blocks_of

    for kind, words in blocks_of(content):
        written.add(kind, words)
