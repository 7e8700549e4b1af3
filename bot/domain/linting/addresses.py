"""Rules about links and mentions."""

from collections.abc import Iterator

from bot.domain.channel import LinkRule
from bot.domain.finding import Finding, Level
from bot.domain.linting.proof import Proof, imprint, own_words
from bot.domain.post import Part, Span, SpanKind, addresses
from bot.domain.text import links
from bot.domain.text.addresses import astray


def bare_link_cut(proof: Proof) -> Iterator[Finding]:
    """Every link is whole: half of an address leads nowhere."""
    if not any(span.kind is SpanKind.LINK for part in proof.parts for span in part.spans):
        return
    rule, sources = proof.limits.link_rule, _sources(proof)
    seen = rule is not LinkRule.SPANS and not proof.limits.marked_links
    for part in proof.parts:
        found = links.links(part.text, rule) if seen else ()
        for span in part.spans:
            if span.kind is SpanKind.LINK and (_torn(part, span, found) or _begun(span.target, sources)):
                what = f"the link is cut: {part.text[span.start : span.end]}"
                fix = f"shorten something else; the address is {_meant(span.target, sources)}"
                yield Finding(level=Level.ERROR, what=what, fix=fix, part=part.number)


def link_astray(proof: Proof) -> Iterator[Finding]:
    """A link ends where a reader would end it, also where the platform finds it by itself."""
    limits = proof.limits
    if limits.link_rule is LinkRule.SPANS or limits.marked_links:
        return
    for part in proof.parts:
        own = {part.text[span.start : span.end] for span in part.spans if span.target == _link(proof)}
        for taken, why in astray(part.text, limits.link_rule):
            if taken not in own:
                fix = "write spaces around the address, and letters beyond ASCII percent-encoded"
                yield Finding(level=Level.WARNING, what=f"{taken} {why}", fix=fix, part=part.number)


def _link(proof: Proof) -> str:
    return links.safe_address(proof.article.link) if proof.article.link else ""


def faulty_link(proof: Proof) -> Iterator[Finding]:
    """Every link leads somewhere, and there directly, as far as anybody looked."""
    for url in addresses(proof.composition.post) if proof.faulty else ():
        if url in proof.faulty:
            what, fix = proof.faulty[url]
            yield Finding(level=Level.WARNING, what=f"{url} {what}", fix=fix)


def no_link_text(proof: Proof) -> Iterator[Finding]:
    """A post says what its link leads to."""
    linked = any(part.card or any(span.kind is SpanKind.LINK for span in part.spans) for part in proof.parts)
    words = own_words("\n".join(part.text for part in proof.parts), imprint(proof.campaign))
    if linked and not any(map(str.isalnum, words)):
        fix = "give it an `excerpt:`, or put {title} into the campaign's template"
        yield Finding(level=Level.WARNING, what="the post is nothing but a link", fix=fix)


def unknown_mention(proof: Proof) -> Iterator[Finding]:
    """Nobody is mentioned who is not in the handle directory."""
    for part in proof.parts:
        marked = [span for span in part.spans if span.kind is SpanKind.MENTION]
        live = links.mentions(part.text, proof.limits.link_rule) if proof.limits.pings else ()
        for who in dict.fromkeys(span.target for span in (*marked, *live)):
            if who.casefold() not in proof.known:
                what = f"@{who} would be mentioned, and is in no handle directory"
                yield Finding(level=Level.ERROR, what=what, fix="write the name without @", part=part.number)


def _sources(proof: Proof) -> frozenset[str]:
    """Return the whole addresses that a post may show."""
    article, campaign = proof.article, proof.campaign
    texts = (proof.composition.excerpt.text, article.title, article.author, campaign.disclosure, campaign.template)
    given = {_link(proof)} if article.link else set()
    return frozenset(given.union(span.target for text in texts for span in links.links(text, proof.limits.link_rule)))


def _torn(part: Part, span: Span, found: tuple[Span, ...]) -> bool:
    """Whether what stands there is not the address, or the platform, which finds links itself, would end it elsewhere."""
    shown = part.text[span.start : span.end]
    if not any(links.same_page(each, span.target) for each in (shown, f"https://{shown}")):
        return True
    touching = [each for each in found if each.start < span.end and span.start < each.end]
    return any((each.start, each.end) != (span.start, span.end) for each in touching)


def _begun(target: str, sources: frozenset[str]) -> bool:
    """Whether it is only the beginning of an address."""
    return target not in sources and any(each.startswith(target) for each in sources)


def _meant(target: str, sources: frozenset[str]) -> str:
    return min((each for each in sources if each.startswith(target)), key=len, default=target)
