"""excerpts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.manuscript import backdrop, campaign_of, draft_of, illustrated, language_shape, language_told, path_of
from bot.cli.output import CONTROLS, json_option, say, settings_of, show_json
from bot.errors import NotFound

if TYPE_CHECKING:
    from bot.domain.article import Article
    from bot.domain.excerpt import Excerpt
    from bot.settings import Settings
    from bot.sources.article import Draft

#: An excerpt, and how many messages it takes on each channel to say all of it (0 = it would be shortened).
Offer = tuple["Excerpt", dict[str, int]]


@click.command(
    name="excerpts",
    help="""List the passages of an article that make good posts, the best first: why, where in the text, and on which
channels each fits. Write the words of one, or its offsets (120-380), as `excerpt:` into the article to have it posted.

\b
Examples:
  handbill excerpts library/night-opening.md
  handbill excerpts draft.md --campaign museum
  echo "The museum opens at night from May." | handbill excerpts -""",
)
@click.argument("article", metavar="ARTICLE|FILE|-")
@click.option("--campaign", default="", help="Take disclosure, tags and template from this campaign.")
@json_option
@click.pass_context
def excerpts_command(ctx: click.Context, article: str, campaign: str, as_json: bool) -> None:
    """Offer what there is to choose from."""
    import asyncio

    settings = settings_of(ctx)
    path = path_of(settings, article)
    found, offers = asyncio.run(_offers(settings, path, draft_of(settings, path, article), campaign))
    if not offers:
        hint = "posts are made of paragraphs, list entries and quotations; write an `excerpt:` of your own"
        raise NotFound("this text offers no passage", where=article, hint=hint)
    if as_json:
        show_json([{**_shape(number, *offer), **language_shape(found)} for number, offer in enumerate(offers, 1)])
        return
    say(f"{found.title}\nlanguage: {language_told(found)}")
    for number, offer in enumerate(offers, 1):
        _show(number, *offer)


async def _offers(
    settings: "Settings", path: Path | None, draft: "Draft", campaign: str
) -> "tuple[Article, Sequence[Offer]]":
    from bot.domain.composing import meant_for
    from bot.domain.excerpting import excerpts
    from bot.domain.rendering import messages

    article = await illustrated(settings, path, draft)
    within, stage = campaign_of(settings, path, campaign), await backdrop(settings, article)
    channels = [each for each in stage.channels if meant_for(article, within, each)]
    return article, [
        (each, {there.name: messages(article, each, within, there, directory=stage.directory) for there in channels})
        for each in excerpts(article)
    ]


def _shape(number: int, excerpt: "Excerpt", needed: dict[str, int]) -> dict[str, Any]:
    return {
        "number": number,
        "text": excerpt.text,
        "start": excerpt.start,
        "end": excerpt.end,
        "reason": str(excerpt.reason),
        "detail": excerpt.detail,
        "score": round(excerpt.score, 3),
        "channels": [{"channel": name, "messages": messages} for name, messages in needed.items()],
    }


def _show(number: int, excerpt: "Excerpt", needed: dict[str, int]) -> None:
    why = f"{excerpt.reason}, {excerpt.detail}" if excerpt.detail else str(excerpt.reason)
    head = f"\n{number}. {excerpt.start}-{excerpt.end}  {why}  ({excerpt.score:.2f})"
    click.secho(head.translate(CONTROLS), bold=True)
    rows = {
        "fits": [name for name, messages in needed.items() if messages == 1],
        "thread": [f"{name} in {messages}" for name, messages in needed.items() if messages > 1],
        "shortened": [name for name, messages in needed.items() if not messages],
    }
    click.secho("   " + "; ".join(f"{word}: {', '.join(names)}" for word, names in rows.items() if names), dim=True)
    say("\n".join(f"   {line}" for line in excerpt.text.splitlines()))
