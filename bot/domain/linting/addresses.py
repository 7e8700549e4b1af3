"""Rules about links and mentions."""

from collections.abc import Iterator

from bot.domain.channel import LinkRule
from bot.domain.finding import Finding, Level
from bot.domain.linting.proof import Proof, imprint, own_words
from bot.domain.post import Part, Span, SpanKind
from bot.domain.text import links


def bare_link_cut(proof: Proof) -> Iterator[Finding]:
    """Every link is whole: half of an address leads nowhere."""
    if not any(span.kind is SpanKind.LINK for part in proof.parts for span in part.spans):
        return
    rule, sources = proof.limits.link_rule, _sources(proof)
    for part in proof.parts:
        found = links.links(part.text, rule) if rule is not LinkRule.SPANS else ()
        for span in part.spans:
            if span.kind is SpanKind.LINK and (_torn(part, span, rule, found) or _begun(span.target, sources)):
                what = f"the link is cut: {part.text[span.start : span.end]}"
                fix = f"shorten something else; the address is {_meant(span.target, sources)}"
                yield Finding(level=Level.ERROR, what=what, fix=fix, part=part.number)


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
    given = {links.safe_address(article.link)} if article.link else set()
    return frozenset(given.union(span.target for text in texts for span in links.links(text, proof.limits.link_rule)))


def _torn(part: Part, span: Span, rule: LinkRule, found: tuple[Span, ...]) -> bool:
    """Whether what stands there is not the address, or the platform would end the link elsewhere."""
    if rule is LinkRule.SPANS:
        return False
    shown = part.text[span.start : span.end]
    if shown not in (span.target, span.target.removeprefix("https://")):
        return True
    touching = [each for each in found if each.start < span.end and span.start < each.end]
    return any((each.start, each.end) != (span.start, span.end) for each in touching)


def _begun(target: str, sources: frozenset[str]) -> bool:
    """Whether it is only the beginning of an address."""
    return target not in sources and any(each.startswith(target) for each in sources)


def _meant(target: str, sources: frozenset[str]) -> str:
    return min((each for each in sources if each.startswith(target)), key=len, default=target)
