"""The pages, one file each: every file exports its rows of the table of addresses as `ROUTES`."""

from collections.abc import Sequence

from bot.web.pages import (
    account,
    agenda,
    article,
    channels,
    delivery,
    events,
    health,
    history,
    inbox,
    language,
    now,
    pausing,
    people,
    plan,
    reference,
    results,
    signin,
)
from bot.web.routes import Route

PAGES: Sequence[Sequence[Route]] = (
    now.ROUTES,
    inbox.ROUTES,
    article.ROUTES,
    delivery.ROUTES,
    agenda.ROUTES,
    pausing.ROUTES,
    plan.ROUTES,
    channels.ROUTES,
    results.ROUTES,
    history.ROUTES,
    reference.ROUTES,
    people.ROUTES,
    account.ROUTES,
    signin.ROUTES,
    language.ROUTES,
    events.ROUTES,
    health.ROUTES,
)
