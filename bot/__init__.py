"""Handbill: articles in, well-made posts out, on schedule, each exactly once.

The path, each arrow one place in the code and each noun one frozen dataclass in `bot.domain`:

    article --sources--> excerpt --render--> post --planning--> delivery @ slot --dispatch--> attempt --outcome--> receipt

    domain/     pure rules: what an article, excerpt, post, plan and delivery are; measuring, excerpting, rendering
    ports/      the Protocols that everything below `app` meets: the page to read first
    sources/    article in: the managers' folder
    flow/       the verbs: intake, planning, steering, dispatch, reconcile, listening
    platforms/  article out: one file each
    chats/      readers: one file each
    store/      the ledger (SQLAlchemy Core on SQLite, Alembic)
    engines/    what wakes due work (APScheduler)
    sandbox/    simulated platforms over real HTTP: the demo and the test bench
    app.py      introduces all of these to each other; holds no rules
    cli/ web/   thin faces
    settings.py  the operator's settings       errors.py  every error, drawn as a tree      clock.py  the one clock
    media.py     pictures                      logs.py    logs without secrets
    net.py       HTTP: the adapters' session and a fetcher that guard.py keeps to the public internet
    instance.py wire.py ptb.py   how the SDKs of Mastodon and Telegram use that session
"""

__version__ = "0.1.0"
