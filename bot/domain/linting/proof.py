"""What the rules read."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.channel import Limits, LinkRule
from bot.domain.composing import Composition
from bot.domain.finding import Earlier
from bot.domain.post import Part
from bot.domain.rendering.direction import MARKS
from bot.domain.rendering.strangers import WORD_JOINER
from bot.domain.text import links
from bot.domain.text.marks import apart

_SHOWN = 60
_NAMED = re.compile(r"(\{@[^{}\n]+\})")
_SILENT = re.compile(f"[{WORD_JOINER}\ufeff{MARKS}]")

# Links, hashtags and handles. Coarser than bot.domain.text.links, which takes a hundred times as long, and good enough
# where two texts lose the same.
_ADDRESS = re.compile(r"https?://\S+")
_DOTTED = re.compile(r"\.(?<=\w\.)\w")
_DOMAIN = re.compile(r"(?<![\w.-])(?:[\w-]++\.)++[^\W\d_]{2,}(?:/\S*)?")
_HANDLE = re.compile(r"@\w[\w.@-]*")
#: Hashtags in a row up to the end of a line; one amid words is a word of its sentence.
_TAGS = re.compile(r"[#＃](?<![\w&].)\w++(?:[^\S\n]++[#＃]\w++)*+[^\S\n]*+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A composition, where it comes from, and what was said before.

    `words` are the texts of its parts without addresses, hashtags and handles; `known` handles are folded; `faulty` are
    the addresses that readers would stumble over, with what is wrong and what to do.
    """

    composition: Composition
    article: Article
    campaign: Campaign
    known: frozenset[str]
    earlier: Sequence[Earlier]
    words: tuple[str, ...]
    faulty: Mapping[str, tuple[str, str]]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The messages of the post."""
        return self.composition.post.parts

    @property
    def limits(self) -> Limits:
        """What the channel allows."""
        return self.composition.channel.limits


def worded(part: Part, rule: LinkRule) -> str:
    """Return a part's text with a blank in place of each address, hashtag and handle."""
    marked = apart([*part.spans, *links.links(part.text, rule), *links.tags(part.text), *links.mentions(part.text)])
    pieces, at = [], 0
    for span in marked:
        pieces.append(part.text[at : span.start])
        at = span.end
    return " ".join((*pieces, part.text[at:]))


def imprint(campaign: Campaign) -> re.Pattern[str] | None:
    """Return what finds the disclosure in a `plain` text, whatever its line ends and whoever a {@name} in it became."""
    pieces = _NAMED.split(plain(unicodedata.normalize("NFC", campaign.disclosure)).strip())
    found = (rf"(?:@[\w.@-]*\w|{_spaced(each[2:-1])})" if _NAMED.fullmatch(each) else _spaced(each) for each in pieces)
    pattern = "".join(found)
    return re.compile(pattern) if pattern else None


def _spaced(words: str) -> str:
    return r"\s+".join(map(re.escape, re.split(r"\s+", words)))


def plain(text: str) -> str:
    """Return a text without what cannot be seen in it."""
    return _SILENT.sub("", text)


def own_words(text: str, line: re.Pattern[str] | None) -> str:
    """Return what a post says of its own: without links, hashtags, handles and the disclosure that all posts carry."""
    text = plain(text)
    text = _ADDRESS.sub(" ", line.sub(" ", text) if line else text)
    text = _DOMAIN.sub(" ", text) if _DOTTED.search(text) else text
    text = _HANDLE.sub(" ", text) if "@" in text else text
    return _TAGS.sub(" ", text) if "#" in text or "＃" in text else text


def shown(words: str) -> str:
    """Return the beginning of some words in quotation marks."""
    line = " ".join(words.split())
    return f"“{line if len(line) <= _SHOWN else line[: _SHOWN - 1].rstrip() + '…'}”"
