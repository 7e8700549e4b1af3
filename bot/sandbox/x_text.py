"""How the simulated X shows a post: its marks, its links as t.co, what its API tells of it."""

import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.domain.channel import Limits, LinkRule, Unit
from bot.domain.text import links
from bot.sandbox.world import Effect

LIMITS = Limits(length=280, unit=Unit.WEIGHTED, url_weight=23, link_rule=LinkRule.BARE)


def marked(text: str) -> tuple[tuple[int, int, str, str], ...]:
    """Return the links, tags and mentions that X finds in a text by itself."""
    spans = [*links.links(text, LIMITS.link_rule), *links.tags(text), *links.mentions(text)]
    return tuple(sorted((span.start, span.end, span.kind.value, span.target) for span in spans))


def tweet_of(effect: Effect, asked: Sequence[str], metrics: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return a post as X answers it: links as t.co, one more t.co for its pictures, and &, <, > escaped."""
    text, urls, shift = "", [], 0
    stretches = [(start, end) for start, end, kind, _ in effect.spans if kind == "link"]
    for number, (start, end) in enumerate(stretches):
        text += html.escape(effect.text[shift:start], quote=False)
        link = effect.text[start:end]
        urls.append(url_entity(effect, number, len(text), link if "://" in link else f"http://{link}"))
        text, shift = text + urls[-1]["url"], end
    text += html.escape(effect.text[shift:], quote=False)
    keys = [f"3_{effect.id}{number}" for number, _ in enumerate(effect.images)]
    if keys:
        text += " " if text else ""
        page = url_entity(effect, len(urls), len(text), f"{effect.url}/photo/1")
        urls += [{**page, "media_key": key} for key in keys]
        text += page["url"]
    everything: dict[str, Any] = {
        "created_at": datetime.fromisoformat(effect.at).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "entities": {"urls": urls} if urls else None,
        "attachments": {"media_keys": keys} if keys else None,
        "public_metrics": metrics,
    }
    chosen = {name: everything[name] for name in asked if everything.get(name)}
    return {"id": effect.id, "text": text, "edit_history_tweet_ids": [effect.id], **chosen}


def url_entity(effect: Effect, number: int, start: int, target: str) -> dict[str, Any]:
    """Return one of a post's links as X describes it; a t.co address has 23 characters."""
    short = f"https://t.co/{sha256(f'{effect.id} {number}'.encode()).hexdigest()[:10]}"
    shown = target.split("://", 1)[-1]
    shown = shown if len(shown) <= 27 else f"{shown[:26]}…"
    return {"start": start, "end": start + len(short), "url": short, "expanded_url": target, "display_url": shown}
