"""queue."""

from typing import TYPE_CHECKING, Any

import click

from bot.cli.output import (
    json_option,
    known,
    local,
    one_line,
    settings_of,
    shape,
    show_json,
    show_table,
    show_warnings,
    tell,
    warnings_of,
    with_app,
)
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.app import App


@click.command(
    name="queue",
    help="""List deliveries: what is due, where, when, in which state. Takes in new articles first if no bot is running.

\b
Examples:
  handbill queue
  handbill queue --campaign summer --state held --json""",
)
@click.option("--campaign", default="", help="Only this campaign.")
@click.option("--channel", default="", help="Only this channel.")
@click.option("--state", "states", multiple=True, help="Only this state (may be given again).")
@click.option("--all", "everything", is_flag=True, help="Also what is sent, failed or cancelled.")
@json_option
@click.pass_context
def queue_command(
    ctx: click.Context,
    campaign: str,
    channel: str,
    states: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> None:
    """Show the queue."""
    from bot.domain.delivery import State

    try:
        wanted = [State(each) for each in states]
    except ValueError as error:
        raise BadInput(
            f"there is no such state: {error.args[0].split()[0]}", hint=f"there are {', '.join(State)}"
        ) from error
    open_states = (State.SENDING, State.UNCERTAIN, State.RETRYING, State.SCHEDULED, State.HELD)
    chosen = tuple(wanted) or (() if everything else open_states)

    async def work(app: "App") -> list[Any]:
        if channel:
            await known(app, channel)
        deliveries = list(await app.store.deliveries(campaign=campaign, channel=channel, states=chosen))
        warnings.update(await warnings_of(app, deliveries))
        return deliveries

    warnings: dict[str, list[str]] = {}
    found = with_app(ctx, work, catch_up=True)
    if as_json:
        show_json([shape(each, warnings.get(each.id, ())) for each in found])
        return
    if not found:
        if campaign or channel or wanted:
            tell("No delivery is like that. `handbill queue --all` shows every one.")
        else:
            tell(
                "Nothing waits. Put an article into queue/CAMPAIGN/ or use `handbill add`; `--all` shows what is done."
            )
        return
    zone = settings_of(ctx).zone
    rows = [
        (each.id, each.channel, each.state, local(each.due, zone), f"{each.campaign}/{each.article}", _tail(each))
        for each in found
    ]
    show_table(("delivery", "channel", "state", f"due ({zone})", "article", "text or reason"), rows)
    show_warnings(warnings)


def _tail(delivery: Any) -> str:  # noqa: ANN401 - a Delivery
    put_off = delivery.state != "scheduled" or delivery.due != delivery.slot
    shown = delivery.why if delivery.why and put_off else delivery.post.parts[0].text
    parts = len(delivery.post.parts)
    return one_line(shown) + (f" ({parts} parts)" if parts > 1 else "")
