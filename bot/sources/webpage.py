"""A page or a fragment of HTML -> plain text, blocks and what it says of itself.

A whole page goes through trafilatura, which leaves menus and footers out; a fragment, or a page too short for that, is
taken as it stands, block by block.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.domain.article import BlockKind
from bot.sources.plain import Written, flow

#: What the elements that end a line of words are; trafilatura's names (head, item, quote, cell) beside HTML's.
KINDS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "head", "summary"), BlockKind.HEADING),
    **dict.fromkeys(
        (
            *("p", "div", "section", "article", "main", "body", "header", "hgroup", "figure", "details", "address"),
            *("ul", "ol", "list", "dl", "dt", "dd", "menu", "table", "thead", "tbody", "tfoot", "tr", "row", "hr"),
        ),
        BlockKind.PROSE,
    ),
    **dict.fromkeys(("li", "item"), BlockKind.LIST),
    **dict.fromkeys(("blockquote", "quote"), BlockKind.QUOTE),
    **dict.fromkeys(("pre",), BlockKind.CODE),
    **dict.fromkeys(("figcaption", "caption"), BlockKind.CAPTION),
    **dict.fromkeys(("td", "th", "cell"), BlockKind.TABLE),
}
#: Words that are not meant: struck out, or reading aids that would stand in the middle of a word.
UNREAD = ("del", "s", "strike", "rt", "rp")
#: What nobody reads as part of an article.
SILENT = (
    *UNREAD,
    *("head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas", "audio", "video"),
    *("form", "button", "select", "textarea", "nav", "footer", "aside", "dialog"),
)
#: Stands for <br>, the only line break that HTML means.
BREAK = "\v"
#: Two of them part paragraphs, as in pages of old and in e-mail.
_PARTING = re.compile(rf"{BREAK}[ \t\n\r\f]*(?:{BREAK}[ \t\n\r\f]*)+")
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_ASKED = re.compile(r"[?？؟][\"'”’»›」』)\]）]*$")
_FACTS = ("title", "author", "date", "link", "language")


def read(source: str) -> tuple[Written, dict[str, str]]:
    """Return the article of a page and its own facts: title, author, date, link, language (each "" when unsaid)."""
    facts = dict.fromkeys(_FACTS, "")
    written = Written()
    if re.search(r"<(html|body|head)\b", source, re.IGNORECASE):
        written, facts = _page(source)
    # a single block is what trafilatura falls back to on a short page: all its words, run together
    tree = _tree(source, SILENT) if len(written.blocks) <= 1 else None
    if tree is not None:
        written = _written(_walk(_core(tree), BlockKind.PROSE))
    return written, facts


def blocks_of(source: str) -> Iterator[tuple[BlockKind, str]]:
    """Yield the blocks of any HTML as (kind, words), in order."""
    tree = _tree(source, SILENT)
    if tree is not None:
        yield from _walk(tree, BlockKind.PROSE)


def words_of(source: str) -> str:
    """Return the words of a stretch of HTML without blocks; <br> gives "\\n"."""
    return "\n".join(words for _, words in blocks_of(source))


def _tree(source: str, silent: Sequence[str]) -> Any:  # noqa: ANN401 - lxml has no types
    """Parse HTML without its silent elements and make plain what only tags say; None when there is nothing in it."""
    from lxml import etree, html

    try:
        # text that names an encoding is refused, although it is text already
        root = html.document_fromstring(re.sub(r"\A\s*<\?xml[^>]*\?>", "", source))
    except etree.ParserError:
        return None
    for element in [*root.iter(etree.Comment, etree.ProcessingInstruction, *silent)]:
        element.drop_tree()
    for element in [*root.iter("q")]:
        element.text = f"“{element.text or ''}"
        element.tail = f"”{element.tail or ''}"
        element.drop_tag()
    for tag, signs in (("sup", _RAISED), ("sub", _LOWERED)):
        for element in [*root.iter(tag)]:
            _raise(element, signs)
    return root


def _raise(element: Any, signs: dict[int, int]) -> None:  # noqa: ANN401 - lxml has no types
    """Write "m<sup>2</sup>" as m²; a raised link or "[1]" is the mark of a footnote and goes."""
    words = element.text_content().strip()
    linked = element.find(".//a") is not None or element.getparent().tag == "a"
    if element.tag == "sup" and (linked or re.fullmatch(r"\[\w+\]", words)):
        element.drop_tree()
    elif words and all(ord(sign) in signs for sign in words):
        element[:] = []
        element.text = words.translate(signs)
        element.drop_tag()
    else:
        element.drop_tag()


def _page(source: str) -> tuple[Written, dict[str, str]]:
    import trafilatura

    tree = _tree(source, UNREAD)
    headline = _headline(tree)
    found = tree is not None and trafilatura.bare_extraction(
        tree, fast=True, with_metadata=True, include_comments=False, include_tables=True, deduplicate=False
    )
    if not found or isinstance(found, dict):
        return Written(), dict.fromkeys(_FACTS, "")
    language = re.search(r"<html[^>]*\blang=[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)", source, re.IGNORECASE)
    facts = {
        "title": headline or found.title or "",
        "author": found.author or "",
        "date": found.date or "",
        "link": found.url or "",
        "language": language[1] if language else "",
    }
    return _written(_walk(found.body, BlockKind.PROSE)), facts


def _headline(tree: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Return the page's one h1: titles in the head often carry the site's name (platform measurements: 149 of 216)."""
    found = [] if tree is None else [*tree.iter("h1")]
    return flow(found[0].text_content()) if len(found) == 1 else ""


def _core(tree: Any) -> Any:  # noqa: ANN401 - lxml has no types
    """Return the page's one article, main or body element, else all of it."""
    for tag in ("article", "main", "body"):
        found = [*tree.iter(tag)]
        if len(found) == 1:
            return found[0]
    return tree


def _written(blocks: Iterator[tuple[BlockKind, str]]) -> Written:
    written = Written()
    for kind, words in blocks:
        written.add(kind, words)
    return written


def _walk(element: Any, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:  # noqa: ANN401 - lxml has no types
    """Yield an element's own runs of words and those of its children; a block element ends the run before it."""
    run = element.text or ""
    for child in element:
        if child.tag in ("br", "lb"):
            run += BREAK
        elif child.tag not in KINDS and next(child.iter(*KINDS), None) is None:
            run += _phrase(child)
        else:
            yield from _run(kind, run)
            run = ""
            inner = KINDS.get(child.tag, BlockKind.PROSE)
            asked = inner is kind is BlockKind.PROSE and _bold_question(child)
            yield from _walk(child, BlockKind.HEADING if asked else kind if inner is BlockKind.PROSE else inner)
        run += child.tail or ""
    yield from _run(kind, run)


def _bold_question(element: Any) -> bool:  # noqa: ANN401 - lxml has no types
    """Whether all that an element says is a question in bold, as interviews set them ("hi" is trafilatura's)."""
    children = [*element]
    if len(children) != 1 or children[0].tag not in ("strong", "b", "hi"):
        return False
    if (element.text or "").strip() or (children[0].tail or "").strip():
        return False
    return _ASKED.search(_phrase(children[0]).strip()) is not None


def _phrase(element: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Return the words of an element that only marks some of a line's words."""
    words = element.text or ""
    for child in element:
        words += (BREAK if child.tag in ("br", "lb") else _phrase(child)) + (child.tail or "")
    return words


def _run(kind: BlockKind, words: str) -> Iterator[tuple[BlockKind, str]]:
    for part in [words] if kind is BlockKind.CODE else _PARTING.split(words):
        lines = part.split(BREAK) if kind is BlockKind.CODE else [flow(line) for line in part.split(BREAK)]
        if found := "\n".join(lines).strip():
            yield kind, found
