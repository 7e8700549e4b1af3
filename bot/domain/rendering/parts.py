"""The parts of a post, each as its channel will get it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.domain.article import Article, Image
from bot.domain.channel import Channel, LinkPlace, LinkRule
from bot.domain.post import Card, Part, Span, SpanKind
from bot.domain.rendering import direction, layout, threads
from bot.domain.rendering.cards import description
from bot.domain.rendering.cuts import Rank
from bot.domain.rendering.fitting import Fitted, Frame, dropped, fit, weave
from bot.domain.rendering.layout import Laid, Words
from bot.domain.rendering.mentions import marked
from bot.domain.rendering.wording import Sheet, counted, title_of
from bot.domain.text import links
from bot.domain.text.addresses import to_mark

TAGS = ("tags", "required")
"""The fields that hold hashtags."""

SHORTENED = "a sentence shortened"
"""How the note begins that a sentence was cut, by which linting knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The parts of a post and what was given up for them: `kept` code points of the excerpt, `lost` sentences of it.

    `cut` True when the text ends within a sentence, `whole` True when nothing of it is missing.
    """

    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    kept: int
    lost: int
    cut: bool
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One post under way: what it says, with which images, for which channel, and where its link goes."""

    article: Article
    channel: Channel
    sheet: Sheet
    images: tuple[Image, ...]
    link: LinkPlace

    @property
    def card(self) -> bool:
        """Whether the link goes on a card: there is room for one where no image stands."""
        return self.link is LinkPlace.CARD and not self.images

    @property
    def linked(self) -> bool:
        """Whether the post has a link and its template a place for one."""
        return bool(self.sheet.words.link) and "link" in layout.fields(self.sheet.template)

    @property
    def most(self) -> int:
        """How many messages the text may take: a link in a reply of its own takes one of the thread's."""
        parts = self.channel.limits.thread_parts
        return parts - 1 if self.link is LinkPlace.REPLY and self.linked else parts

    def frame(self, number: int = 1, *, last: bool = True) -> Frame:
        """Return what the message of that number must keep to."""
        return Frame(
            template=self.sheet.template,
            limits=self.channel.limits,
            warning=self.sheet.warning,
            caption=bool(self.images) and number == 1,
            first=number == 1,
            last=last,
            from_right=self.sheet.from_right,
        )

    def reply(self) -> Frame:
        """Return what the message that holds nothing but the link must keep to."""
        return replace(self.frame(2), template="{link}")


def write(desk: Desk, *, thread: bool) -> Made | None:
    """Return a post's parts, several only where `thread` allows; None when not even what every post must say fits."""
    linked, notes = _linked(desk)
    words, left = _reserved(desk.frame(), linked)
    if words is None:
        return None
    fitted = fit(desk.frame(), words, desk.sheet.ends)
    if not fitted.whole and thread and (made := _thread(desk, linked, notes)):
        return made
    if desk.sheet.weaves:
        fitted = replace(fitted, words=weave(desk.frame(), fitted.words, words.tags))
    notes += left + _given(desk.frame(), words, fitted, desk.sheet.ends)
    if (title := desk.sheet.title) and not fitted.words.excerpt and not fitted.words.title:
        titled = fit(desk.frame(), replace(words, excerpt=title, title=""), (len(title),))
        fitted, notes = replace(fitted, words=titled.words), [*notes, "the title is the text"]
    return _made(desk, [fitted.words], fitted, notes)


def _linked(desk: Desk) -> tuple[Words, list[str]]:
    """Return the words with the address where it stands in the text, else without."""
    words, unlinked = desk.sheet.words, replace(desk.sheet.words, link="")
    if not desk.linked:
        return unlinked, []
    match desk.link:
        case LinkPlace.OMIT:
            everywhere = desk.channel.limits.link is LinkPlace.OMIT
            why = "this channel shows none" if everywhere else "the campaign wants none on this channel"
            return unlinked, [f"link left out: {why}"]
        case LinkPlace.REPLY:
            return unlinked, [] if _reply(desk, 2) else [_too_long(desk.reply(), words)]
        case LinkPlace.CARD if desk.card:
            return unlinked, []
        case LinkPlace.CARD:
            return words, ["link card left out: images take its place, so the address stands in the text"]
        case LinkPlace.TEXT:
            return words, []


def _reserved(frame: Frame, words: Words) -> tuple[Words | None, list[str]]:
    """Return the words with no more of link and source than fits, and notes; None = the disclosure does not fit.

    An address is left out rather than cut: half of one leads nowhere.
    """
    notes = []
    if words.link and not frame.holds(Words(link=words.link)):
        notes.append(_too_long(frame, words))
        words = replace(words, link="")
    unsigned = replace(words, source="")
    for lighter in (words, unsigned, replace(unsigned, link="")):
        if frame.holds(replace(lighter, excerpt="", title="", tags=())):
            gone = [field for field in ("source", "link") if words.filling(field) != lighter.filling(field)]
            return lighter, [*notes, *(f"{field} left out to fit {frame.measured(words)}" for field in gone)]
    return None, notes


def _thread(desk: Desk, linked: Words, notes: list[str]) -> Made | None:
    """Return the post as a thread, None when its text cannot be split."""
    most = str(desk.most)
    words, left = _reserved(desk.frame(2), replace(linked, part=most, parts=most))
    if words is None:
        return None
    notes = notes + left
    for opening in (words, replace(words, title="")):
        pieces = _pieces(desk, opening)
        if len(pieces) > 1:
            break
    else:
        return None
    if opening.title != words.title:
        notes = [*notes, f"title left out to fit {desk.frame().measured(words)}"]
    total = len(pieces)
    filled = [_share(opening, piece, number, total) for number, piece in enumerate(pieces, 1)]
    start = len(words.excerpt) - len(pieces[-1])
    ends = tuple(end - start for end in desk.sheet.ends)
    frame = desk.frame(total)
    earlier, tags = _woven(desk, filled[:-1])
    filled = [*earlier, replace(filled[-1], tags=tags)]
    fitted = fit(frame, filled[-1], ends)
    if desk.sheet.weaves:
        fitted = replace(fitted, words=weave(frame, fitted.words, tags))
    notes = [*notes, *_given(frame, filled[-1], fitted, ends, parts=total if not fitted.whole else 0)]
    filled[-1] = fitted.words
    if not frame.laid(fitted.words).text:
        filled.pop()
    return _made(desk, filled, replace(fitted, kept=start + fitted.kept), notes)


def _woven(desk: Desk, filled: list[Words]) -> tuple[list[Words], tuple[str, ...]]:
    """Return the messages before the last one with hashtags where their words stand, and those that are left for it."""
    left, made = desk.sheet.words.tags, filled
    if desk.sheet.weaves:
        made = []
        for number, words in enumerate(filled, 1):
            made.append(weave(desk.frame(number, last=False), words, left))
            left = tuple(tag for tag in left if tag not in made[-1].woven)
    return made, left


def _pieces(desk: Desk, words: Words) -> list[str]:
    """Return the excerpt's words for each message of a thread."""
    most = desk.most

    def holds(piece: str, number: int, *, last: bool) -> bool:
        share = _share(words, piece, number, number if last else 0, parts=most)
        return desk.frame(number, last=last).holds(replace(share, tags=()))

    rule = desk.channel.limits.link_rule
    script = threads.Script(text=words.excerpt, ends=desk.sheet.ends, rule=rule, holds=holds, most=most)
    return [words.excerpt[start:end].rstrip() for start, end in threads.split(script)]


def _share(words: Words, piece: str, number: int, total: int, *, parts: int = 0) -> Words:
    """Return what one message of a thread says: the title stands in the first, what comes after the text in the last."""
    share = replace(words, excerpt=piece, part=str(number), parts=str(parts or total))
    share = share if number == 1 else replace(share, title="")
    return share if number == total else replace(share, link="", tags=(), required=(), source="", disclosure="")


def _made(desk: Desk, filled: list[Words], fitted: Fitted, notes: list[str]) -> Made:
    """Lay the words out as parts, and the link as one more where it goes into a reply."""
    last = len(filled)
    parts = [_part(desk, words, number, last=number == last) for number, words in enumerate(filled, 1)]
    reply = _reply(desk, last + 1) if desk.link is LinkPlace.REPLY else None
    return Made(
        parts=(*parts, reply) if reply else tuple(parts),
        notes=(*desk.sheet.notes, *notes),
        kept=fitted.kept,
        lost=dropped(desk.sheet.ends, fitted.kept) if not fitted.whole else 0,
        cut=fitted.rank is not None and fitted.rank > Rank.SENTENCE,
        whole=fitted.whole,
    )


def _part(desk: Desk, words: Words, number: int, *, last: bool) -> Part:
    """Return one message with everything its adapter needs."""
    frame = desk.frame(number, last=last)
    laid = frame.laid(words)
    card = _card(desk, laid.text) if last and desk.card else None
    return _message(desk, frame, laid, words, number, card)


def _reply(desk: Desk, number: int) -> Part | None:
    """Return the message that holds nothing but the link, on a card too where the channel has cards; None = no link.

    There is none either where the link is too long for it.
    """
    words, frame = Words(link=desk.sheet.words.link), desk.reply()
    if not desk.linked or not frame.holds(words):
        return None
    card = _card(desk, "") if desk.channel.limits.link is LinkPlace.CARD else None
    return _message(desk, frame, frame.laid(words), words, number, card)


def _message(desk: Desk, frame: Frame, laid: Laid, words: Words, number: int, card: Card | None) -> Part:
    limits = desk.channel.limits
    bare = sorted(_spans(desk, laid, words), key=lambda span: span.start)
    text, spans = direction.moved(laid, bare, frame.marks(laid, words))
    return Part(
        number=number,
        text=text,
        spans=spans,
        images=desk.images if number == 1 else (),
        card=card,
        language=desk.article.language if limits.languages else "",
        warning=desk.sheet.warning,
        visibility=desk.article.visibility if desk.article.visibility in limits.visibilities else "",
        length=frame.length(text),
        limit=frame.limit(),
    )


def _spans(desk: Desk, laid: Laid, words: Words) -> Iterator[Span]:
    """Yield the article's link, our hashtags, mentions, and every other address that the channel makes a link of."""
    mentions = list(marked(laid, desk.sheet.handles, desk.sheet.own))
    yield from mentions
    ours = [(span.start, span.end) for span in mentions]
    for place in laid.places:
        if place.field == "link":
            ours.append((place.start, place.end))
            yield Span(kind=SpanKind.LINK, start=place.start, end=place.end, target=desk.sheet.address)
        at = place.start
        for tag in getattr(words, place.field) if place.field in TAGS else ():
            ours.append((at, at + 1 + len(tag)))
            yield Span(kind=SpanKind.TAG, start=at, end=at + 1 + len(tag), target=tag)
            at += len(tag) + 2
        if place.field == "excerpt" and words.woven:
            yield from _woven_spans(laid.text[place.start : place.end], place.start, words.woven)
    rule = desk.channel.limits.link_rule
    marks = rule is LinkRule.SPANS or desk.channel.limits.marked_links
    for span in to_mark(laid.text, rule) if marks else links.links(laid.text, rule):
        if not any(start < span.end and span.start < end for start, end in ours):
            yield _bracketed(span, laid.text) if rule is LinkRule.SPANS else span


def _woven_spans(excerpt: str, at: int, woven: tuple[str, ...]) -> Iterator[Span]:
    """Yield the hashtags that have their "#" in the excerpt, which stands at that offset."""
    ours = {tag.casefold() for tag in woven}
    for span in links.tags(excerpt):
        if span.target.casefold() in ours:
            yield replace(span, start=at + span.start, end=at + span.end)


def _bracketed(span: Span, text: str) -> Span:
    """Return a link that we mark ourselves without a closing bracket that is the sentence's: "(https://a.org/b_(c))"."""
    address = text[span.start : span.end]
    over = address.count(")") - address.count("(")
    bare = address.removesuffix(")") if over == 1 else address
    gone = len(address) - len(bare)
    return replace(span, end=span.end - gone, target=span.target[: len(span.target) - gone]) if gone else span


def _card(desk: Desk, text: str) -> Card | None:
    """Return the article's link as a card, described by words that the post does not say itself."""
    article, words = desk.article, desk.sheet.words
    if not desk.linked:
        return None
    return Card(
        url=desk.sheet.address,
        title=title_of(article) or words.link,
        description=description(article, words.excerpt, text),
        image=next(iter(article.images), None),
    )


def _too_long(frame: Frame, words: Words) -> str:
    """Return the note on a link that has no room even alone."""
    return f"link left out: longer than {frame.measured(Words(link=words.link))}"


def _given(frame: Frame, full: Words, fitted: Fitted, ends: tuple[int, ...], *, parts: int = 0) -> list[str]:
    """Return in plain words what was given up, and for which limit; `parts` is how many there are at most, 0 = no matter."""
    clip = frame.limits.bytes or len(full.excerpt)
    limit = frame.measured(replace(full, excerpt=full.excerpt[:clip]))
    within = f"{counted(parts, 'part')} of {limit}" if parts else limit
    notes = []
    if gone := [tag for tag in full.tags if tag not in (*fitted.words.tags, *fitted.words.woven)]:
        notes.append(f"{counted(len(gone), 'hashtag')} left out to fit {within}: {' '.join(f'#{tag}' for tag in gone)}")
    if full.title and not fitted.words.title:
        notes.append(f"title left out to fit {within}")
    lost = dropped(ends, fitted.kept)
    match fitted.rank:
        case None:
            pass
        case _ if not fitted.kept:
            notes.append(f"text left out: not a word of it fits {within}")
        case Rank.PARAGRAPH | Rank.SENTENCE:
            notes.append(f"{counted(lost, 'sentence')} dropped to fit {within}")
        case _:
            more = f" and {counted(lost - 1, 'more sentence')} dropped" if lost > 1 else ""
            notes.append(f"{SHORTENED}{more} to fit {within}")
    return notes
