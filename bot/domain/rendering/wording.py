"""The words of a post before they are fitted: normalised, without mentions of strangers, with hashtags."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from bot.domain.article import Article, BlockKind, Image
from bot.domain.campaign import Campaign
from bot.domain.channel import Limits, LinkPlace, LinkRule
from bot.domain.directory import Directory
from bot.domain.excerpt import Excerpt
from bot.domain.rendering import layout
from bot.domain.rendering.direction import runs_from_right
from bot.domain.rendering.fitting import clipped
from bot.domain.rendering.hashtags import hashtags
from bot.domain.rendering.layout import Words
from bot.domain.rendering.mentions import Addressed, addressed, signed, unnamed
from bot.domain.rendering.strangers import WORD_JOINER, defused
from bot.domain.text import links, measure

WARNING_SHARE = 3
"""A content warning that takes room from the text takes at most this part of it."""

FIELDS = ("excerpt", "title", "source", "disclosure")
"""The fields of a post in which an "@" may stand."""

REQUIRED = "{required}\n{disclosure}"
"""Where required hashtags go in a template without a place for hashtags."""

OWN = frozenset({"excerpt", "source", "disclosure"})
"""The fields that can hold a manager's own words, in which names of the directory become mentions."""

# https://docs.x.com/fundamentals/counting-characters: a byte order mark and two code points that are no characters.
_REFUSED = dict.fromkeys((0xFEFF, 0xFFFE, 0xFFFF))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that one post says, wherever its parts will end: `words.link` is the link as a text shows it, `address` where it
    leads.

    `ends` are the sentence ends of `words.excerpt`; `title` may stand in for a text that does not fit; `warning` goes
    beside the text; `handles` may be mentioned in its fixed words and the fields that are the manager's `own`; `notes`
    are for the manager. `from_right`: it runs from right to left; `weaves`: hashtags stand where their words do.
    """

    template: str
    words: Words
    ends: tuple[int, ...]
    title: str
    warning: str
    images: tuple[Image, ...]
    handles: tuple[str, ...]
    own: frozenset[str]
    address: str
    from_right: bool
    weaves: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be written for which platform: where its link goes, and who may be mentioned."""

    article: Article
    excerpt: Excerpt
    campaign: Campaign
    platform: str
    limits: Limits
    link: LinkPlace
    directory: Directory


def sheet(order: Order) -> Sheet:
    """Gather what a post says under a channel's limits."""
    article, limits, template = order.article, order.limits, _template(order)
    shown = layout.fields(template)
    words, ends, notes = _said(order)
    own = OWN - {"excerpt"} if order.excerpt.verbatim or words.excerpt == title_of(article) else OWN
    said = _addressed(order, words, ends, template, own)
    notes += [f"{name} is not in the directory: the plain name stands" for name in _unknown(said)]
    handles = tuple(handle for each in said.values() for handle in each.handles)
    if limits.pings:
        said, met = _harmless(said, limits.link_rule)
        notes += [f"@{who} is written so that nobody is mentioned" for who in met]
    template, ends = said["template"].text, said["excerpt"].ends
    words = replace(words, excerpt=said["excerpt"].text, source=said["source"].text, disclosure=said["disclosure"].text)
    heading = said["title"].text
    warning, inline, cut = _warning(unnamed(_nfc(article.warning)).strip(), limits)
    required = hashtags(order.campaign.required_tags)
    optional = article.tags + order.campaign.tags if "tags" in shown else ()
    tags, over = _tags(optional, words.excerpt, limits, required)
    images, fewer = _images(article.images, limits)
    title = heading if "title" in shown else ""
    return Sheet(
        template="{warning}\n\n" + template if inline else template,
        words=replace(words, title=title, warning=inline, tags=tags, required=required),
        ends=ends,
        title=heading,
        warning=warning,
        images=images,
        handles=handles,
        own=own,
        address=links.safe_address(article.link) if article.link else "",
        weaves=order.campaign.tags_in_text and not _told(article, order.excerpt),
        from_right=runs_from_right(words.excerpt or heading),
        notes=(*notes, *cut, *over, *fewer, *_unseen(article, limits)),
    )


def _told(article: Article, excerpt: Excerpt) -> bool:
    """Whether an excerpt is what somebody else says: a "#" in it would be put into their mouth."""
    quoted = (each for each in article.blocks if each.kind is BlockKind.QUOTE)
    return any(each.start < excerpt.end and excerpt.start < each.end for each in quoted)


def _template(order: Order) -> str:
    """Return the campaign's template: with the disclosure and the required hashtags, with the title where a headline is
    wanted, an "@" before a field made harmless.
    """
    template = order.campaign.template
    template = template if "{disclosure}" in template else f"{template}\n\n{{disclosure}}"
    if order.campaign.required_tags:
        place, with_them = ("{tags}", "{required} {tags}") if "{tags}" in template else ("{disclosure}", REQUIRED)
        template = template.replace(place, with_them, 1)
    template = template.replace("{headline}", "{title}" if _headed(order) else "")
    return template.replace("@{", f"@{WORD_JOINER}{{") if order.limits.pings else template


def _headed(order: Order) -> bool:
    """Whether the title must stand in the text: no preview of the link shows it, and it is no beginning of the text's own.

    Platforms show no preview where a post brings pictures of its own.
    """
    article, below = order.article, order.link in (LinkPlace.TEXT, LinkPlace.CARD)
    previewed = article.link and below and not (article.images and order.limits.images)
    if previewed:
        return False
    title, length = _letters(article.title), 2 * len(article.title) + 2
    prose = (
        article.text[each.start : min(each.end, each.start + length)]
        for each in article.blocks
        if each.kind is not BlockKind.HEADING
    )
    return not any(_letters(text[:length]).startswith(title) for text in (order.excerpt.text, *prose))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _said(order: Order) -> tuple[Words, tuple[int, ...], list[str]]:
    """Return the words as they were given, normalised, and the excerpt's sentence ends."""
    article, limits = order.article, order.limits
    text, ends = normal(order.excerpt.text, order.excerpt.sentences)
    title, notes = title_of(article), []
    if not text and title:
        text, ends, title, notes = title, (len(title),), "", ["the title is the text: the excerpt has no words"]
    words = Words(
        excerpt=text,
        title=title,
        link=links.shown_address(article.link, limits.link_rule, marked=limits.marked_links) if article.link else "",
        source=unnamed(_nfc(article.author)).strip(),
        disclosure=_nfc(order.campaign.disclosure).strip(),
    )
    return words, ends, notes


def title_of(article: Article) -> str:
    """Return an article's title, normalised, on one line, with plain names."""
    return " ".join(unnamed(_nfc(article.title)).split())


def normal(text: str, ends: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Return a text in NFC without white space around it, and its sentence ends moved along."""
    whole = _nfc(text)
    if whole != text:
        marks = sorted({end for end in ends if 0 < end < len(text)} | {len(text)})
        pieces = [_nfc(text[start:end]) for start, end in pairwise([0, *marks])]
        # A sentence that begins with a mark of the one before it has no end of its own any more.
        ends = tuple(accumulate(map(len, pieces))) if "".join(pieces) == whole else ()
    bare, before = whole.strip(), len(whole) - len(whole.lstrip())
    moved = {min(end - before, len(bare)) for end in (*ends, len(whole))}
    return bare, tuple(sorted(end for end in moved if end > 0))


def _nfc(text: str) -> str:
    """Return it normalised, without the three code points that mean nothing and that some platforms refuse."""
    return unicodedata.normalize("NFC", text.translate(_REFUSED))


def _addressed(
    order: Order, words: Words, ends: tuple[int, ...], template: str, own: frozenset[str]
) -> dict[str, Addressed]:
    """Return the words of each field, and of the template, with names as mentions where they are the manager's own."""
    named = {
        "excerpt": Addressed(text=words.excerpt, ends=ends),
        "title": Addressed(text=words.title),
        "source": signed(words.source, order.directory, order.platform),
        "disclosure": Addressed(text=words.disclosure),
        "template": Addressed(text=template),
    }
    for field in {"disclosure", "template"} | (own & {"excerpt"}):
        named[field] = addressed(named[field].text, order.directory, order.platform, named[field].ends)
    return named


def _unknown(said: dict[str, Addressed]) -> tuple[str, ...]:
    """Return the names that the directory has not, each once."""
    return tuple(dict.fromkeys(name for each in said.values() for name in each.unknown))


def _harmless(said: dict[str, Addressed], rule: LinkRule) -> tuple[dict[str, Addressed], tuple[str, ...]]:
    """Return the texts without mentions of strangers, and who would have been mentioned in what a post brings along."""
    harmless: dict[str, Addressed] = {}
    met: list[str] = []
    for field, each in said.items():
        text, ends, strangers = defused(each.text, rule, each.ends, each.starts)
        harmless[field] = replace(each, text=text, ends=ends)
        met += strangers if field in FIELDS else ()
    return harmless, tuple(dict.fromkeys(met))


def _tags(
    words: tuple[str, ...], excerpt: str, limits: Limits, required: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]]:
    """Return the hashtags to add: those that stand there by nothing else, as many as the channel takes besides."""
    present = {tag.target.casefold() for tag in links.tags(excerpt)} if "#" in excerpt or "＃" in excerpt else set()
    present |= {tag.casefold() for tag in required}
    tags = tuple(tag for tag in hashtags(words) if tag.casefold() not in present)
    room = max(limits.tags - len(required), 0)
    over = tags[room:]
    return tags[:room], [f"{counted(len(over), 'hashtag')} left out: {taken(limits.tags)}"] if over else []


def _warning(warning: str, limits: Limits) -> tuple[str, str, list[str]]:
    """Return the warning beside the text, the one that stands in the text's first line, and notes."""
    if not warning:
        return "", "", []
    shown: Callable[[str], str] = str if limits.warnings else "[{}]".format
    room = limits.length // WARNING_SHARE
    counts = bool(room) and (limits.warning_counts or not limits.warnings)
    harmless = defused(warning, limits.link_rule)[0] if limits.pings else warning
    short = clipped(harmless, lambda text: not counts or measure.length(shown(text), limits) <= room)
    notes = (
        []
        if short == harmless
        else [f"content warning shortened to leave room: it may take {room:,} {limits.unit.value}"]
    )
    if limits.warnings:
        return short, "", notes
    return "", shown(short), [*notes, "content warning put in the first line: this channel has no place for it"]


def _images(images: tuple[Image, ...], limits: Limits) -> tuple[tuple[Image, ...], list[str]]:
    """Return the images the channel takes, with alt texts it takes."""
    kept, over = images[: limits.images], len(images[limits.images :])
    notes = [f"{counted(over, 'image')} left out: {taken(limits.images)}"] if over else []
    fitting: list[Image] = []
    for number, image in enumerate(kept, 1):
        plain = unnamed(image.alt)
        alt = clipped(plain, lambda text: not limits.alt or len(text) <= limits.alt)
        if alt != plain:
            notes.append(f"alt text of image {number} shortened to fit {limits.alt:,} characters")
        fitting.append(replace(image, alt=alt))
    return tuple(fitting), notes


def _unseen(article: Article, limits: Limits) -> list[str]:
    """Return notes on what the article asks for and the channel cannot do."""
    missing = article.visibility and article.visibility not in limits.visibilities
    return [f"visibility {article.visibility} left out: this channel does not know it"] if missing else []


def counted(number: int, noun: str) -> str:
    """Return "1 image" or "2 images"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def taken(number: int) -> str:
    """Return why what is over that number goes."""
    return f"this channel takes {number}" if number else "this channel takes none"
