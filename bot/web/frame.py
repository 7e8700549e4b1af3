"""What stands around every page: where one can go, whether everything is paused, who is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.ledger import Hold
from bot.errors import HandbillError
from bot.web.routes import Asked
from bot.web.words import N_

#: Up to how many that came due during a pause are counted.
COUNTED = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One way through the desk: `path` must be a row of the table for it to show; `first` = also on a narrow screen's bar."""

    path: str
    label: str
    icon: str
    first: bool = False
    current: bool = False


NAVIGATION = (
    Entry("/", N_("Now"), "activity", first=True),
    Entry("/inbox", N_("Inbox"), "inbox", first=True),
    Entry("/calendar", N_("Calendar"), "calendar-days", first=True),
    Entry("/plan", N_("Plan"), "clock"),
    Entry("/channels", N_("Channels"), "radio"),
    Entry("/results", N_("Results"), "chart-column"),
    Entry("/history", N_("History"), "history"),
    Entry("/people", N_("People"), "users"),
)
#: What stands in the account's menu, where the desk has it.
ACCOUNT = (
    Entry("/account", N_("Your account and sessions"), "user"),
    Entry("/api/docs", N_("For programs"), "key-round"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The frame of one page. `overdue` counts what came due during a pause, `unsure` what is uncertain besides.

    `back` is the page's own address, for forms that return to it.
    """

    hold: Hold
    overdue: int
    unsure: int
    entries: Sequence[Entry]
    account: Sequence[Entry]
    leave: bool
    back: str


async def framed(asked: Asked) -> Frame:
    """Return the frame of the page that is asked for; it stands even when the database does not answer."""
    request, steering = asked.request, asked.live.app.steering
    try:
        hold = await asked.store.hold()
        overdue = len(await steering.overdue(COUNTED)) if hold.on else 0
        unsure = await steering.uncertain() if hold.on else 0
    except HandbillError:
        hold, overdue, unsure = Hold(on=False), 0, 0
    return Frame(
        hold=hold,
        overdue=overdue,
        unsure=unsure,
        entries=_open(asked, NAVIGATION),
        account=_open(asked, ACCOUNT),
        leave=any(each.path == "/signout" for each in asked.desk.routes),
        back=own_path(asked) if request.method == "GET" else "/",
    )


def own_path(asked: Asked) -> str:
    """Return the path of the page that is shown, without the prefix a proxy adds."""
    root = str(asked.request.scope.get("root_path", "")).rstrip("/")
    return asked.request.url.path.removeprefix(root) or "/"


def _open(asked: Asked, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the entries whose page is there for who asks, the one they are on marked."""
    here, found = own_path(asked), []
    for each in entries:
        route = asked.desk.has(each.path)
        if route is not None and (route.right is None or asked.may(route.right)):
            inside = here == each.path or (each.path != "/" and here.startswith(f"{each.path}/"))
            found.append(Entry(each.path, each.label, each.icon, each.first, current=inside))
    return found
