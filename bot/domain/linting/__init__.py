"""What an attentive reader would mark in a post before it goes out.

proof.py      Proof: what the rules read
facts.py      limits, alt texts, disclosure, verbatim words      addresses.py  links and mentions
looks.py      capitals, hashtags, emoji, letters, quotations     likeness.py   the same words as in an earlier post

Each rule is a small function from a Proof to findings; RULES is all there are, docs/linting.md tells what each wants.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.domain.article import Article
from bot.domain.campaign import Campaign
from bot.domain.composing import Composition
from bot.domain.finding import Earlier, Finding, Level
from bot.domain.linting import addresses, facts, likeness, looks
from bot.domain.linting.proof import Proof, worded

__all__ = ["BARRED", "RULES", "WINDOW", "faults", "lint"]

WINDOW = likeness.WINDOW

Rule = Callable[[Proof], Iterator[Finding]]

#: A rule's id is its name with hyphens; faces show findings in this order.
RULES: tuple[Rule, ...] = (
    facts.empty_post,
    facts.over_limit,
    facts.missing_disclosure,
    facts.missing_alt,
    facts.not_verbatim,
    facts.embargo,
    facts.list_cut,
    facts.sentence_cut,
    addresses.bare_link_cut,
    addresses.link_astray,
    addresses.faulty_link,
    addresses.no_link_text,
    addresses.unknown_mention,
    likeness.near_duplicate,
    looks.shouting,
    looks.too_many_tags,
    looks.tag_case,
    looks.emoji_run,
    looks.styled_letters,
    looks.unbalanced_quotation,
)

#: Errors that nobody can approve: such a post would be refused, or lead nowhere.
BARRED = frozenset({"empty-post", "over-limit", "bare-link-cut"})


def lint(
    composition: Composition,
    article: Article,
    campaign: Campaign,
    *,
    known: frozenset[str] = frozenset(),
    earlier: Sequence[Earlier] = (),
    faulty: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """Return what the rules find in a post; nothing when it is fine.

    `known` are handles without "@" that may be mentioned; `earlier` is what the same platform was or will be told by
    other deliveries, from any account; `faulty` are addresses at which something was found to be wrong: what, and what to do.
    """
    proof = Proof(
        composition=composition,
        article=article,
        campaign=campaign,
        known=frozenset(map(str.casefold, known)),
        earlier=earlier,
        faulty=faulty,
        words=tuple(worded(part, composition.channel.limits.link_rule) for part in composition.post.parts),
    )
    found = (replace(finding, rule=name_of(rule)) for rule in RULES for finding in rule(proof))
    return tuple(dict.fromkeys(found))


def faults(findings: Iterable[Finding]) -> str:
    """Return what keeps a post from being sent unseen, in words; "" when nothing does."""
    return "; ".join(dict.fromkeys(finding.what for finding in findings if finding.level is Level.ERROR))


def name_of(rule: Rule) -> str:
    """Return a rule's id."""
    return rule.__name__.replace("_", "-")
