"""override: a manager's own words for an article on a channel."""

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.output import json_option, one_line, say, settings_of, show_json, show_table, tell, with_app
from bot.errors import BadInput, NotFound

if TYPE_CHECKING:
    from bot.app import App
    from bot.domain.delivery import Delivery
    from bot.settings import Settings

Words = Mapping[tuple[str, str, str], str]


@click.command(
    name="override",
    help="""Say something in your own words on one channel instead of the excerpt; {@Ada Brand} mentions who is in the
directory. What waits there is made anew and held. Without --text or --clear: list what is overridden.

\b
Examples:
  handbill override library/night-opening.md mastodon --text "Come and read until midnight!"
  handbill override library/night-opening.md x --text - < words.txt
  handbill override library/night-opening.md mastodon --clear""",
)
@click.argument("article", default="")
@click.argument("channel", default="")
@click.option("--text", default=None, help="The words; - reads standard input.")
@click.option("--clear", is_flag=True, help="Go back to the excerpt.")
@json_option
@click.pass_context
def override_command(
    ctx: click.Context, article: str, channel: str, text: str | None, clear: bool, as_json: bool
) -> None:
    """List, set or clear overrides."""
    changing = clear or text is not None
    if clear and text is not None:
        raise BadInput("--text and --clear are two different things", hint="give one of them")
    if changing and not channel:
        raise BadInput("the channel is missing", hint="`handbill override ARTICLE CHANNEL --text …`")
    settings = settings_of(ctx)
    words = _typed(text) if text is not None else ""

    async def work(app: "App") -> "tuple[Words, Sequence[Delivery]]":
        campaign, name = named_article(settings, article, await app.store.editions()) if article else ("", "")
        if not changing:
            kept = await app.rewording.kept(campaign, name)
            return {key: said for key, said in kept.items() if not channel or key[2] == channel}, ()
        key = (campaign, name, channel)
        held = await (app.rewording.clear(*key) if clear else app.rewording.say(*key, words))
        return {key: (await app.rewording.kept(campaign, name)).get(key, "")}, held

    found, held = with_app(ctx, work, catch_up=True)
    if as_json:
        show_json([_shape(key, said, held) for key, said in found.items()])
    elif changing:
        _told(found, held)
    elif found:
        show_table(
            ("article", "channel", "words"), [(f"{c}/{n}", at, one_line(said)) for (c, n, at), said in found.items()]
        )
    else:
        tell("Nothing is overridden: every channel gets the excerpt. `handbill override --help` shows how.")


def _typed(text: str) -> str:
    """Return the words as they were typed or piped in, with plain line ends and without control characters."""
    from bot.sources.plain import tidy

    if text != "-":
        return tidy(text)
    try:
        return tidy(sys.stdin.buffer.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput("this is not UTF-8 text", where="standard input") from error


def named_article(settings: "Settings", name: str, known: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    """Return campaign and file name of an article that was taken in, named by CAMPAIGN/FILE or as a file in queue/."""
    from bot.sources.article import SUFFIXES
    from bot.sources.folder import campaign_at

    path = Path(name).resolve()
    if path.is_file() and path.is_relative_to(settings.queue):
        name = f"{campaign_at(settings.queue, path)}/{path.name}"
    names = {f"{campaign}/{file}": (campaign, file) for campaign, file in known}
    found = next((names[each] for each in (name, *(f"{name}{suffix}" for suffix in SUFFIXES)) if each in names), None)
    if found is None:
        close = get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]}?" if close else "name it CAMPAIGN/FILE, as `handbill queue --all` does"
        raise NotFound(f"no article {name!r} was taken in", hint=hint)
    return found


def _shape(key: tuple[str, str, str], words: str, held: "Sequence[Delivery]") -> dict[str, object]:
    """Return an override as docs/json.md describes it."""
    campaign, article, channel = key
    return {
        "campaign": campaign,
        "article": article,
        "channel": channel,
        "text": words,
        "held": [each.id for each in held],
    }


def _told(change: Words, held: "Sequence[Delivery]") -> None:
    [((campaign, article, channel), words)] = change.items()
    says = f"says: {one_line(words)}" if words else "says its excerpt again."
    say(f"{campaign}/{article} on {channel} {says}")
    for each in held:
        say(f"{each.id}  {each.state}: {each.why}")
