"""The inbox: articles that came in, the newest first, and a way to bring in another.

/inbox                 the list: ?pile=waiting&words=canal&before=120
POST /inbox/approve    approves what is ticked      /inbox/new   a form for a new article; POST takes it in
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from fastapi.responses import Response

from bot.domain.delivery import State
from bot.domain.inbox import Letter, Pile, Wanted
from bot.domain.people import Right
from bot.errors import BadInput, HandbillError, NotAllowed, NotFound
from bot.sources.arrivals import Arrival
from bot.web import forms
from bot.web.pages.article import path_of
from bot.web.routes import POST, Asked, Notice, Route, Undo, inside, refs_of
from bot.web.words import N_

#: How many articles a page of the list has, and how many deliveries one press approves.
LISTED, TOGETHER = 30, 200
#: The most that one undo takes back.
UNDONE = 40
NAMES: Mapping[Pile, str] = {
    Pile.ALL: N_("All"),
    Pile.WAITING: N_("Waiting for a word"),
    Pile.SCHEDULED: N_("Scheduled"),
    Pile.POSTED: N_("Posted"),
    Pile.TROUBLE: N_("Problems"),
}


async def shown(asked: Asked) -> Response:
    """List the articles of a pile."""
    query = asked.request.query_params
    pile = Pile(query["pile"]) if query.get("pile", "") in list(Pile) else Pile.ALL
    words, before = query.get("words", "")[:300], query.get("before", "")
    mark = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else 0
    wanted = Wanted(pile=pile, words=words, before=mark, most=LISTED + 1)
    found = await asked.store.inbox(wanted)
    letters = found[:LISTED]

    def address(**changed: object) -> str:
        told = {"pile": "" if pile is Pile.ALL else pile, "words": words} | changed
        there = urlencode({name: str(each) for name, each in told.items() if each})
        return f"/inbox?{there}" if there else "/inbox"

    return await asked.page(
        "inbox.html",
        letters=letters,
        piles=[(each, label, address(pile="" if each is Pile.ALL else each)) for each, label in NAMES.items()],
        pile=pile,
        words_sought=words,
        older=address(before=letters[-1].mark) if len(found) > LISTED else "",
        first=address() if mark else "",
        here=address(before=mark or ""),
        held=_held,
        path_of=path_of,
        bare=pile is Pile.ALL and not words and not mark,
        folder=str(asked.live.app.settings.queue.name),
    )


def _held(letter: Letter) -> str:
    """Return what of an article waits for a word, as a form carries it: "3f2a@5 77c0@1"."""
    return " ".join(f"{each.id}@{each.version}" for each in letter.standings if each.state is State.HELD)


async def approve(asked: Asked) -> Response:
    """Approve what is ticked, article by article: one that is refused does not keep the others waiting."""
    fields = await asked.form(forms.LONG)
    back, done, refused = inside(fields.get("back", ""), "/inbox"), list[str](), list[str]()
    ticked = [refs_of(each) for name, each in fields.items() if name.startswith("what-") and each.split()]
    if not ticked:
        raise BadInput("nothing is ticked", hint="tick the articles that may go out, then press again")
    if sum(map(len, ticked)) > TOGETHER:
        raise BadInput(f"{sum(map(len, ticked))} deliveries are too many at once", hint="tick fewer articles")
    for refs in ticked:
        try:
            done += [f"{each.id}@{each.version}" for each in await asked.steering.approve(refs)]
        except (NotAllowed, NotFound) as error:
            refused.append(error.what)
    told = asked.words.ngettext("%(n)d post approved.", "%(n)d posts approved.", len(done)) % {"n": len(done)}
    if refused:
        told += " " + asked._("Not approved: %(why)s") % {"why": "; ".join(refused[:3])}
    undo = Undo("/calendar/undo", {"what": " ".join(f"{each}=" for each in done), "back": back})
    return asked.to(back, Notice(told, undo if 0 < len(done) <= UNDONE else None))


async def blank(asked: Asked) -> Response:
    """Show the form for a new article."""
    return await _form(asked, {})


async def take(asked: Asked) -> Response:
    """Write a new article into the managers' folder and take it in at once."""
    fields, files = await asked.files()
    try:
        found = await asked.live.app.arrivals.add(_arrival(fields, files), asked.rights)
    except HandbillError as error:
        return await _form(asked, fields, 409 if isinstance(error, NotAllowed) else 400, error)
    await asked.live.app.intake.take(asked.live.app.source)
    if (found.campaign, found.name) in await asked.store.editions():
        return asked.to(
            path_of(found.campaign, found.name), Notice(asked._("It came in. Look at what each channel gets."))
        )
    return asked.to("/inbox", Notice(asked._("It lies in the folder, and is taken in as soon as that can be.")))


def _arrival(fields: Mapping[str, str], files: Sequence[forms.File]) -> Arrival:
    pictures = [each for each in files if each.field.startswith("picture")]
    document = next((each for each in files if each.field == "file"), None)
    return Arrival(
        campaign=fields.get("campaign", "").strip(),
        title=fields.get("title", ""),
        text=fields.get("text", "").replace("\r\n", "\n"),
        link=fields.get("link", "").strip(),
        author=fields.get("author", ""),
        tags=fields.get("tags", ""),
        language=fields.get("language", "").strip(),
        draft="draft" in fields,
        pictures=tuple((each.name, each.data, fields.get(f"alt-{each.field}", "")) for each in pictures),
        document=(document.name, document.data) if document else None,
    )


async def _form(
    asked: Asked, fields: Mapping[str, str], status: int = 200, wrong: HandbillError | None = None
) -> Response:
    campaigns = sorted({campaign for campaign, _ in await asked.store.editions()})
    return await asked.page(
        "arrival.html", status, still=True, typed=fields, problem=wrong, campaigns=campaigns, pictures=range(1, 5)
    )


ROUTES = (
    Route("/inbox", shown, Right.SEE),
    Route("/inbox/approve", approve, Right.APPROVE, POST),
    Route("/inbox/new", blank, Right.EDIT),
    Route("/inbox/new", take, Right.EDIT, POST),
)
