"""Rules about what a post must have, and what it must keep to."""

from collections.abc import Iterator

from bot.domain.article import Article, Block, BlockKind
from bot.domain.finding import Finding, Level
from bot.domain.linting.proof import Proof, imprint, plain, shown
from bot.domain.post import Part
from bot.domain.rendering.parts import SHORTENED
from bot.domain.text import covers, marginalia, measure


def empty_post(proof: Proof) -> Iterator[Finding]:
    """Every part says or shows something."""
    fix = "give the article words, or an `excerpt:`"
    if not proof.parts:
        yield Finding(level=Level.ERROR, what="the post is empty", fix=fix)
    for part in proof.parts:
        if not (part.text.strip() or part.images or part.card):
            yield Finding(level=Level.ERROR, what="there is nothing in it", fix=fix, part=part.number)


def over_limit(proof: Proof) -> Iterator[Finding]:
    """Every part keeps to the channel's limits as they are now, counted anew."""
    for part in proof.parts:
        if not measure.fits(part.text, proof.limits, warning=part.warning, caption=bool(part.images)):
            fix = "change the article or its campaign's template, so that it is rendered anew"
            yield Finding(level=Level.ERROR, what=_excess(part, proof), fix=fix, part=part.number)


def _excess(part: Part, proof: Proof) -> str:
    limits = proof.limits
    most = limits.caption if part.images and limits.caption else limits.length
    length = measure.length(part.text, limits, warning=part.warning)
    if most and length > most:
        return f"too long: {length:,} {limits.unit.value}, the channel takes {most:,}"
    size = measure.byte_offset(part.text, len(part.text))
    if limits.bytes and size > limits.bytes:
        return f"too long: {size:,} bytes, the channel takes {limits.bytes:,}"
    return "it holds a character that the channel refuses (U+FEFF, U+FFFE or U+FFFF)"


def missing_disclosure(proof: Proof) -> Iterator[Finding]:
    """The campaign's disclosure stands in one of the parts."""
    line = imprint(proof.campaign)
    if line and not any(line.search(plain(part.text)) for part in proof.parts):
        what = f"the campaign's disclosure is missing: {shown(proof.campaign.disclosure)}"
        yield Finding(level=Level.ERROR, what=what, fix="put {disclosure} into the campaign's template")


def missing_alt(proof: Proof) -> Iterator[Finding]:
    """Every picture has words for those who cannot see it."""
    level = Level.ERROR if proof.campaign.alt_required else Level.WARNING
    for part in proof.parts:
        for number, image in enumerate(part.images, 1):
            if not image.alt.strip():
                fix = "write what it shows: `alt:` below `images:`, or ![these words](file)"
                yield Finding(level=level, what=f"image {number} has no alt text", fix=fix, part=part.number)


def not_verbatim(proof: Proof) -> Iterator[Finding]:
    """The excerpt's words stand in the article, where it says they do."""
    excerpt = proof.composition.excerpt
    if not excerpt.verbatim:
        fix = "copy the passage from the article, unless these words are meant"
        yield Finding(level=Level.WARNING, what=f"{excerpt.reason}: they stand nowhere in the article", fix=fix)
    elif proof.article.text[excerpt.start : excerpt.end] != excerpt.text:
        what = f"not what the article says there: {shown(excerpt.text)}"
        yield Finding(level=Level.ERROR, what=what, fix="save the article again, so that its posts are made anew")


def embargo(proof: Proof) -> Iterator[Finding]:
    """What may not be told yet is not told: an embargo is kept by `not_before`, or by a person."""
    words = "" if proof.article.not_before else covers.embargo(f"{proof.article.title}\n\n{proof.article.text}")
    if words:
        fix = "set `not_before:` in the article to the moment from which it may be told"
        yield Finding(level=Level.ERROR, what=f"under embargo: {shown(words)}", fix=fix)


def list_cut(proof: Proof) -> Iterator[Finding]:
    """Of a list that is announced, or made of short facts, nothing is left out."""
    excerpt, text = proof.composition.excerpt, proof.article.text
    for entries in _lists(proof.article) if excerpt.verbatim else ():
        told = [excerpt.start < entry.end and entry.start < excerpt.end for entry in entries]
        if all(told) or not any(told):
            continue
        announced = text[excerpt.start : entries[0].start].rstrip("-*+•‣◦·1234567890.) \n").endswith((":", "："))
        if announced or marginalia.belonging([text[entry.start : entry.end] for entry in entries]):
            fix = "choose the whole list or another passage with `excerpt:`"
            yield Finding(level=Level.WARNING, what=f"{sum(told)} of {len(told)} entries of a list are told", fix=fix)


def _lists(article: Article) -> Iterator[tuple[Block, ...]]:
    """Yield the entries of each list, which nothing but a gap and a marker part."""
    group: list[Block] = []
    for block in article.blocks:
        if group and (
            block.kind is not BlockKind.LIST or any(map(str.isalpha, article.text[group[-1].end : block.start]))
        ):
            yield tuple(group)
            group = []
        if block.kind is BlockKind.LIST:
            group.append(block)
    if group:
        yield tuple(group)


def sentence_cut(proof: Proof) -> Iterator[Finding]:
    """Every sentence that is begun is ended: what a long one has to tell often stands at its end."""
    why = next((note for note in proof.composition.post.notes if note.startswith(SHORTENED)), "")
    if why:
        chained = proof.limits.thread_parts > 1 and not proof.article.thread
        fix = "choose a shorter passage with `excerpt:`" + (", or write `thread: yes`" if chained else "")
        yield Finding(level=Level.WARNING, what=f"{why}; what follows is not told", fix=fix)
