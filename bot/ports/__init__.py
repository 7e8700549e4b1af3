"""The page a newcomer reads first: every place where Handbill meets something that can be exchanged.

    articles.py   Source, Media, Links      where articles come from, their pictures, the addresses in them
    posts.py      Platform, Witness         one channel on one service, and what came back from it on another way
    results.py    Reporting, Results        what platforms tell of posts, and where that is kept
    readers.py    Chat                      where readers write to the bot
    ledger.py     Store                     the ledger and the archive
    trail.py      Trail                     what managers look back on
    people.py     Roster                    who may come in
    answers.py    Answers                   what programs were told, for those that ask again
    engine.py     Engine                    what wakes due work
    clock.py      Clock                     time

`bot.app` builds one of each and hands them to the flow; nothing in `bot.flow` knows what stands behind them. All ports
are async: what is synchronous in a library runs in a bounded thread pool inside its own adapter.
"""

from bot.ports.answers import Answer, Answers, Begun
from bot.ports.articles import Found, Links, Look, Media, Problem, Source
from bot.ports.clock import Clock
from bot.ports.engine import Engine
from bot.ports.ledger import Ready, Store
from bot.ports.people import Roster
from bot.ports.posts import Adapter, Field, Means, Platform, Sighting, Witness
from bot.ports.readers import Chat
from bot.ports.results import Reporting, Results
from bot.ports.trail import Trail

__all__ = (
    "Adapter",
    "Answer",
    "Answers",
    "Begun",
    "Chat",
    "Clock",
    "Engine",
    "Field",
    "Found",
    "Links",
    "Look",
    "Means",
    "Media",
    "Platform",
    "Problem",
    "Ready",
    "Reporting",
    "Results",
    "Roster",
    "Sighting",
    "Source",
    "Store",
    "Trail",
    "Witness",
)
