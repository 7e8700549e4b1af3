"""Simulated platforms over real HTTP on loopback: the embedded default, the demo and the test bench.

    world.py    what followers could see (the ledger of effects), the faults to inject, the pictures
    server.py   one aiohttp server: /x, /mastodon, /telegram, /bluesky, the followers' page, JSON for tests, the fault door
    x.py mastodon.py telegram.py bluesky.py     one simulated service each

It enforces what the real services do. It may use the domain's measures to refuse a long post; what proves those
measures is other people's test vectors, never this sandbox.
"""
