"""One article: what it says where, exactly as it will look, and what a person makes of that.

/inbox/CAMPAIGN/NAME            the page           /inbox/CAMPAIGN/NAME/SHA256   a picture, with ?on=CHANNEL as that gets it
POST .../preview                what each channel would get by what stands in the form now; nothing is kept
POST .../save  /approve  /at  /back   keep what was written; and approve it, give it a moment, send it back
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote

from fastapi.responses import Response

from bot.domain.channel import Limits, Unit
from bot.domain.composing import offers
from bot.domain.delivery import UNSENT, Delivery, State
from bot.domain.edits import Edits
from bot.domain.people import Right
from bot.errors import BadInput, HandbillError, NotAllowed, NotFound
from bot.flow.deciding import Overtaken
from bot.flow.editing import Draft, Preview
from bot.web import forms, manuscript
from bot.web.labels import STATES
from bot.web.pages.agenda import target_of, zone_of
from bot.web.routes import POST, Asked, Notice, Route, Undo
from bot.web.words import N_

#: A picture in a list is scaled down to this.
THUMB = Limits(length=0, unit=Unit.CODE_POINTS, image_pixels=320 * 320, image_types=("image/jpeg",))
#: How many sentences are offered to choose from without a script.
SENTENCES = 400
#: What is told when it is done.
DONE: Mapping[str, str] = {
    "save": N_("Saved."),
    "approve": N_("Approved."),
    "at": N_("Approved for %(when)s."),
    "back": N_("Sent back."),
}


async def shown(asked: Asked) -> Response:
    """Show the article with what each channel gets of it."""
    draft = await asked.editing.draft(asked.named("campaign"), asked.named("name"))
    return await _page(asked, draft, {})


async def preview(asked: Asked) -> Response:
    """Show what each channel would get by what stands in the form now."""
    fields, campaign, name = await asked.form(forms.LONG), asked.named("campaign"), asked.named("name")
    now = await asked.editing.outset(campaign, name)
    try:
        marked = manuscript.passage_of(fields, now.article)
        change = manuscript.edits_of(fields, now.article, now)
        draft, wrong = await asked.editing.draft(campaign, name, change), ""
    except (BadInput, NotAllowed, NotFound) as error:
        marked, draft, wrong = None, await asked.editing.draft(campaign, name), error.what
    shows = _shown(draft)
    told = {"marked": marked, "wrong": wrong, "typing": True}
    return await asked.page("previews.html", still=True, draft=draft, **told, **shows)


async def picture(asked: Asked) -> Response:
    """Answer with one of the article's pictures: as a channel gets it, or small."""
    article = await asked.store.article(asked.named("campaign"), asked.named("name"))
    image = next((each for each in article.images if each.sha256 == asked.named("digest")), None)
    if image is None:
        raise NotFound("there is no such picture")
    on = asked.request.query_params.get("on", "")
    limits = next((each.limits for each in await asked.store.channels() if each.name == on), THUMB)
    body, media_type = await asked.live.app.media.fitted(image, limits)
    return Response(body, media_type=media_type, headers={"cache-control": "private, max-age=86400"})


def deciding(verb: str) -> Callable[[Asked], Awaitable[Response]]:
    """Return what answers a button of the page: what was written is kept, then decided about."""

    async def decide(asked: Asked) -> Response:
        fields, campaign, name = await asked.form(forms.LONG), asked.named("campaign"), asked.named("name")
        now = await asked.editing.outset(campaign, name)
        try:
            change = manuscript.edits_of(fields, now.article, now)
            done = await _decided(asked, verb, fields, change)
        except (BadInput, NotAllowed, NotFound) as error:
            return await _again(asked, fields, error)
        return asked.to(path_of(campaign, name), _notice(asked, verb, done))

    return decide


async def _decided(asked: Asked, verb: str, fields: Mapping[str, str], change: Edits) -> Sequence[Delivery]:
    """Keep what was written and do what the button says; return the deliveries that this was about."""
    seen, only = manuscript.seen_of(fields), fields.get("only", "")
    campaign, name = asked.named("campaign"), asked.named("name")
    edition = fields.get("edition", "")
    if verb == "save":
        await asked.editing.change(campaign, name, change, edition=edition, seen=seen)
        return ()
    kept = await asked.editing.keep(campaign, name, change, edition=edition, seen=seen)
    meant = [each for each in kept if only in ("", each.channel) and not each.receipts]
    held = [each for each in meant if each.state is State.HELD]
    match verb:
        case "back":
            waiting = [each for each in meant if each.state in UNSENT]
            return await asked.steering.send_back(_refs(waiting), fields.get("comment", ""))
        case "at":
            target = target_of({name: fields.get(name, "") for name in ("day", "time")}, zone_of("", asked))
            return [each.now for each in await asked.steering.move(_refs(held), target)]
        case _:
            return await asked.steering.approve(_refs(held))


def _refs(deliveries: Sequence[Delivery]) -> Sequence[str]:
    if not deliveries:
        raise NotAllowed("nothing of this article waits for that", hint="look at what each channel's column says")
    return [f"{each.id}@{each.version}" for each in deliveries]


def _notice(asked: Asked, verb: str, done: Sequence[Delivery]) -> Notice:
    due = min((each.due for each in done if each.due), default=None)
    when = asked.words.when(due, asked.live.app.clock.now()) if due else ""
    told = DONE["at"] if verb == "approve" and due else DONE[verb]
    words = asked._(told) % {"when": when}
    if verb not in ("approve", "at"):
        return Notice(words)
    places = " ".join(f"{each.id}@{each.version}=" for each in done)
    back = path_of(asked.named("campaign"), asked.named("name"))
    return Notice(words, Undo("/calendar/undo", {"what": places, "back": back}))


async def _again(asked: Asked, fields: Mapping[str, str], error: HandbillError) -> Response:
    """Show the page as things stand now, with all that was typed and why it was not done."""
    campaign, name = asked.named("campaign"), asked.named("name")
    now = await asked.editing.outset(campaign, name)
    try:
        draft = await asked.editing.draft(campaign, name, manuscript.edits_of(fields, now.article, now))
    except (BadInput, NotAllowed, NotFound):
        draft = await asked.editing.draft(campaign, name)
    status = 400 if isinstance(error, BadInput) else 409
    return await _page(asked, draft, fields, status, error)


async def _page(
    asked: Asked, draft: Draft, fields: Mapping[str, str], status: int = 200, wrong: HandbillError | None = None
) -> Response:
    article = await asked.store.article(asked.named("campaign"), asked.named("name"))
    offered = offers(article)
    said = [each.excerpt for each in draft.previews if each.excerpt is not None]
    own = next((each.text for each in draft.edits.said.values() if each and not each.passage), "")
    waiting = [each.delivery for each in draft.previews if each.delivery is not None and each.open]
    today = asked.live.app.clock.now().astimezone(asked.words.zone).date().isoformat()
    shows = _shown(draft)
    return await asked.page(
        "article.html",
        status,
        still=True,
        draft=draft,
        paragraphs=tuple(manuscript.paragraphs(article, offered, said)),
        offers=offered,
        sentences=manuscript.sentences_of(article)[:SENTENCES],
        lapsed=manuscript.lapsed(draft),
        own=fields.get("own", own),
        kept=any(each is not None for each in draft.edits.said.values()),
        choice=fields.get("choice", manuscript.KEEP),
        typed=fields,
        file_alts={each.sha256: each.alt for each in article.images},
        waiting=waiting,
        held=[each for each in waiting if each.state is State.HELD],
        today=today,
        problem=wrong,
        overtaken=_overtaken(asked, article.title, wrong) if isinstance(wrong, Overtaken) else "",
        marked=None,
        wrong="",
        typing=False,
        **shows,
    )


def _overtaken(asked: Asked, title: str, error: Overtaken) -> str:
    """Return who was there first, by the names that people know."""
    told = {
        "title": title,
        "channel": error.delivery.channel,
        "name": error.by.partition(":")[2] or "Handbill",
        "state": asked._(STATES[error.delivery.state]),
    }
    return asked._("“%(title)s” on %(channel)s was changed meanwhile by %(name)s. It is now: %(state)s.") % told


def _shown(draft: Draft) -> dict[str, object]:
    """Return what both the page and its previews name."""
    article = draft.article
    seen = " ".join(f"{each.delivery.id}@{each.delivery.version}" for each in draft.previews if each.delivery)
    return {
        "here": path_of(article.campaign, article.name),
        "edition": article.digest,
        "seen": seen,
        "open": [each for each in draft.previews if each.open],
        "approves": sum(map(_approved, draft.previews)),
        "cut": manuscript.cut(draft),
    }


def _approved(preview: Preview) -> bool:
    """Tell whether the page's button approves what a channel gets: it waits for a word, or is written anew."""
    waits = preview.delivery is None or preview.changed or preview.delivery.state is State.HELD
    return preview.open and preview.post is not None and waits


def path_of(campaign: str, name: str) -> str:
    """Return the path of an article's page."""
    return f"/inbox/{quote(campaign, safe='')}/{quote(name, safe='')}"


HERE = "/inbox/{campaign}/{name}"
ROUTES = (
    Route(HERE, shown, Right.SEE),
    Route(f"{HERE}/preview", preview, Right.EDIT, POST),
    Route(f"{HERE}/save", deciding("save"), Right.EDIT, POST),
    *(Route(f"{HERE}/{verb}", deciding(verb), Right.APPROVE, POST) for verb in ("approve", "at", "back")),
    Route(f"{HERE}/{{digest}}", picture, Right.SEE),
)
