"""choose, alt, leave-out, send-back: what managers write on an article, as at the desk."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import json_option, one_line, say, settings_of, show_json, tell, with_app
from bot.cli.override import named_article
from bot.errors import BadInput, NotFound

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.article import Image
    from bot.domain.delivery import Delivery

channel_option = click.option("--channel", "channels", multiple=True, help="On this channel (may be given again).")


@click.command(
    name="choose",
    help="""Have an article say the passage between two offsets, widened to whole words, on every channel that still can or
on those named. What waits there is made anew and held. `handbill excerpts ARTICLE` shows passages with their offsets.

\b
Examples:
  handbill choose library/night-opening.md 120-380
  handbill choose library/night-opening.md 120-380 --channel mastodon
  handbill choose library/night-opening.md --automatic      what Handbill chooses for each channel""",
)
@click.argument("article")
@click.argument("offsets", default="", metavar="[START-END]")
@channel_option
@click.option("--automatic", is_flag=True, help="Go back to what Handbill chooses.")
@json_option
@click.pass_context
def choose_command(
    ctx: click.Context, article: str, offsets: str, channels: tuple[str, ...], automatic: bool, as_json: bool
) -> None:
    """Choose a passage."""
    start, mark, end = offsets.partition("-")
    if automatic == bool(offsets) or (offsets and not (mark and start.isdecimal() and end.isdecimal())):
        raise BadInput("say which passage", hint="its offsets, such as 120-380, or --automatic")

    async def work(app: "App", campaign: str, name: str) -> "Sequence[Delivery]":
        from bot.domain.edits import Edits

        there = (await app.editing.outset(campaign, name)).previews
        meant = channels or [each.channel.name for each in there if each.open and each.goes]
        if automatic:
            return await app.editing.change(campaign, name, Edits(said=dict.fromkeys(meant)))
        return await app.editing.choose(campaign, name, meant, int(start), int(end))

    _decide(ctx, article, work, as_json)


@click.command(
    name="alt",
    help="""Say what an article's picture shows, for those who cannot see it. Without TEXT: list the pictures. IMAGE is its
number, or the beginning of its SHA-256; the article's file stays as it is.

\b
Examples:
  handbill alt library/night-opening.md
  handbill alt library/night-opening.md 1 "The reading room by lamplight"
  handbill alt library/night-opening.md 1 --clear""",
)
@click.argument("article")
@click.argument("image", default="")
@click.argument("text", default="")
@click.option("--clear", is_flag=True, help="Go back to what the file says.")
@json_option
@click.pass_context
def alt_command(ctx: click.Context, article: str, image: str, text: str, clear: bool, as_json: bool) -> None:
    """List or write alt texts."""
    if bool(image) != bool(text or clear) or (text and clear):
        raise BadInput("say which picture, and what it shows", hint='`handbill alt ARTICLE 1 "…"`')

    settings = settings_of(ctx)

    async def work(app: "App") -> "tuple[Sequence[Image], Sequence[Delivery]]":
        from bot.domain.edits import Edits

        campaign, name = named_article(settings, article, await app.store.editions())
        pictures = (await app.editing.outset(campaign, name)).article.images
        changed: Sequence[Delivery] = ()
        if image:
            found = [each for n, each in enumerate(pictures, 1) if image == str(n) or each.sha256.startswith(image)]
            if len(found) != 1:
                raise NotFound(f"the article has no picture {image!r}", hint=f"`handbill alt {article}` lists them")
            change = Edits(alts={found[0].sha256: None if clear else text})
            changed = await app.editing.change(campaign, name, change)
        draft = await app.editing.outset(campaign, name)
        return draft.edits.described(draft.article).images, changed

    pictures, changed = with_app(ctx, work, catch_up=True)
    if as_json:
        show_json([{"number": n, "image": each.sha256, "alt": each.alt} for n, each in enumerate(pictures, 1)])
        return
    for number, each in enumerate(pictures, 1):
        say(f"{number}. {each.sha256[:12]}  {each.width} x {each.height}  {each.alt or 'NO ALT TEXT'}")
    if not pictures:
        tell("This article has no pictures.")
    _told(changed, as_json)


@click.command(
    name="leave-out",
    help="""Do not send an article to a channel, whatever its file says; with --undo send it there, held until approved.

\b
Examples:
  handbill leave-out library/night-opening.md x
  handbill leave-out library/night-opening.md x --undo""",
)
@click.argument("article")
@click.argument("channels", nargs=-1, required=True, metavar="CHANNEL…")
@click.option("--undo", is_flag=True, help="Send it there.")
@json_option
@click.pass_context
def leave_out_command(ctx: click.Context, article: str, channels: tuple[str, ...], undo: bool, as_json: bool) -> None:
    """Choose channels."""

    async def work(app: "App", campaign: str, name: str) -> "Sequence[Delivery]":
        from bot.domain.edits import Edits

        change = Edits(goes=dict.fromkeys(channels, undo))
        return await app.editing.change(campaign, name, change)

    _decide(ctx, article, work, as_json)


@click.command(
    name="send-back",
    help="""Take deliveries off the schedule with what is to be changed about them.

\b
Example:
  handbill send-back 3f2a --comment "The date is wrong" """,
)
@click.argument("deliveries", nargs=-1, required=True, metavar="DELIVERY[@VERSION]…")
@click.option("--comment", required=True, help="What is to be changed.")
@json_option
@click.pass_context
def send_back_command(ctx: click.Context, deliveries: tuple[str, ...], comment: str, as_json: bool) -> None:
    """Send back."""

    async def work(app: "App") -> "Sequence[Delivery]":
        return await app.steering.send_back(deliveries, comment)

    _told(with_app(ctx, work), as_json)


def _decide(ctx: click.Context, article: str, work: "Callable[[App, str, str], Any]", as_json: bool) -> None:
    settings = settings_of(ctx)

    async def whole(app: "App") -> "Sequence[Delivery]":
        campaign, name = named_article(settings, article, await app.store.editions())
        found: Sequence[Delivery] = await work(app, campaign, name)
        return found

    found = with_app(ctx, whole, catch_up=True)
    _told(found, as_json)


def _told(deliveries: "Sequence[Delivery]", as_json: bool) -> None:
    from bot.cli.output import shape

    if as_json:
        show_json([shape(each) for each in deliveries])
        return
    for each in deliveries:
        say(f"{each.id}  {each.channel}  {each.state}: {each.why}")
        say(f"    {one_line(each.excerpt.text)}")
