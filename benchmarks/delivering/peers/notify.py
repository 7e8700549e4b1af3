"""Apprise posting to the sink: python notify.py CHANNELS EACH PORT X MASTODON TELEGRAM TEXT; prints one line of JSON.

Runs by itself in Apprise's own environment. Its addresses are class attributes, its pauses between posts are off.
"""

import asyncio
import json
import resource
import sys
import time
from itertools import cycle, islice

import apprise  # type: ignore[import-not-found] # in an environment of its own
from apprise.plugins import N_MGR  # type: ignore[import-not-found]

channels, each, port, x, mastodon, telegram, text = sys.argv[1:]
twitter = N_MGR["twitter"]
twitter.twitter_tweet = f"http://{x}:{port}/2/tweets"
N_MGR["tgram"].notify_url = f"http://{telegram}:{port}/bot"
for plugin in (twitter, N_MGR["tgram"], N_MGR["mastodon"]):
    plugin.request_rate_per_sec = 0
ADDRESSES = (
    "twitter://key/key/key/key?mode=tweet",
    f"mastodon://token@{mastodon}:{port}/?image=no",
    "tgram://123456789:abcdefghij_klmnopqrst_uvwxyz012345678/@town_library/?detect=no&image=no",
)


async def main() -> None:
    """Post once to each, then by the clock."""
    posts = []
    for address in islice(cycle(ADDRESSES), int(channels)):
        post = apprise.Apprise()
        assert post.add(address), address
        posts.append(post)

    async def channel(post: apprise.Apprise, times: int) -> None:
        for _ in range(times):
            assert await post.async_notify(body=text), "it was not taken"

    await asyncio.gather(*(channel(post, 1) for post in posts))
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(channel(post, int(each)) for post in posts))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"deliveries": len(posts) * int(each), "seconds": wall, "cpu": cpu, "peak": peak}))


asyncio.run(main())
