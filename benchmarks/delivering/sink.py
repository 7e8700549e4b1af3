"""A server that takes every post for X, Mastodon and Telegram at once, in a process of its own: `python -m ... MILLISECONDS`.

It does no more than HTTP asks for (keep-alive, Content-Length or chunked bodies) and answers as the services' documents
show, after that many milliseconds. It prints its port; GET /count tells connections and posts so far.
"""

import asyncio
import json
import sys
from itertools import count

#: One address for each platform, so that limits of connections by host bind as they do with three services.
HOSTS = {"x": "127.0.0.1", "mastodon": "127.0.0.2", "telegram": "127.0.0.3"}
AVATAR = "https://files.social.example/accounts/avatars/000/000/001/original/library.png"

#: docs.joinmastodon.org/entities/Account, with the fields that Mastodon 4.5 sends.
ACCOUNT = {
    "id": "1",
    "username": "library",
    "acct": "library",
    "display_name": "Town library",
    "locked": False,
    "bot": True,
    "discoverable": True,
    "indexable": False,
    "group": False,
    "created_at": "2023-04-01T00:00:00.000Z",
    "note": "<p>Books, films and tea. Posts are written by people and sent by a program.</p>",
    "url": "https://social.example/@library",
    "uri": "https://social.example/users/library",
    "avatar": AVATAR,
    "avatar_static": AVATAR,
    "header": AVATAR,
    "header_static": AVATAR,
    "followers_count": 1234,
    "following_count": 12,
    "statuses_count": 4321,
    "last_status_at": "2026-05-04",
    "hide_collections": None,
    "noindex": True,
    "emojis": [],
    "roles": [],
    "fields": [{"name": "Web", "value": '<a href="https://library.example">library.example</a>', "verified_at": None}],
}
#: docs.joinmastodon.org/entities/Status.
STATUS = {
    "created_at": "2026-05-04T12:00:00.000Z",
    "in_reply_to_id": None,
    "in_reply_to_account_id": None,
    "sensitive": False,
    "spoiler_text": "",
    "visibility": "public",
    "language": "en",
    "replies_count": 0,
    "reblogs_count": 0,
    "favourites_count": 0,
    "quotes_count": 0,
    "edited_at": None,
    "favourited": False,
    "reblogged": False,
    "muted": False,
    "bookmarked": False,
    "pinned": False,
    "content": '<p>Open until midnight. <a href="https://library.example/night" target="_blank" rel="nofollow noopener" '
    'translate="no"><span class="invisible">https://</span><span class="">library.example/night</span></a></p>',
    "filtered": [],
    "reblog": None,
    "application": {"name": "Handbill", "website": None},
    "account": ACCOUNT,
    "media_attachments": [],
    "mentions": [],
    "tags": [{"name": "library", "url": "https://social.example/tags/library"}],
    "emojis": [],
    "card": None,
    "poll": None,
}
CHAT = {"id": -1001234567890, "title": "Town library", "username": "town_library", "type": "channel"}


def answer(path: bytes, number: int) -> bytes:
    """Return what the service that a path belongs to answers to a post, the number standing for all ids."""
    if path.startswith(b"/2/tweets"):
        body: object = {
            "data": {"edit_history_tweet_ids": [f"17{number:017}"], "id": f"17{number:017}", "text": "Open"}
        }
        return whole(b"201 Created", body)
    if path.startswith(b"/api/v1/statuses"):
        name = f"11{number:016}"
        address = f"https://social.example/@library/{name}"
        return whole(b"200 OK", STATUS | {"id": name, "url": address, "uri": address})
    message = {
        "message_id": number,
        "sender_chat": CHAT,
        "chat": CHAT,
        "date": 1777896000,
        "text": "Open until midnight.",
    }
    entities = [{"offset": 0, "length": 4, "type": "text_link", "url": "https://library.example/night"}]
    return whole(b"200 OK", {"ok": True, "result": message | {"entities": entities}})


def whole(status: bytes, body: object) -> bytes:
    """Return an answer with the headers that services send."""
    words = json.dumps(body, ensure_ascii=False).encode()
    head = (
        b"HTTP/1.1 %b\r\nDate: Mon, 04 May 2026 12:00:00 GMT\r\nContent-Type: application/json; charset=utf-8\r\n"
        % status
    )
    return head + b"Content-Length: %d\r\nCache-Control: no-store\r\n\r\n" % len(words) + words


class Sink(asyncio.Protocol):
    """One connection. Counts are the class's: connections that posted, and posts."""

    connections = 0
    numbers = count(1)
    posts = 0
    delay = 0.0

    def __init__(self) -> None:
        self._rest, self._posted = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._rest += data
        while (request := self._request()) is not None:
            method, path = request
            if method == b"GET":
                self._transport.write(whole(b"200 OK", {"connections": Sink.connections, "posts": Sink.posts}))
                continue
            Sink.connections, Sink.posts = Sink.connections + (not self._posted), Sink.posts + 1
            self._posted = True
            said = answer(path, next(Sink.numbers))
            if Sink.delay:
                asyncio.get_running_loop().call_later(Sink.delay, self._say, said)
            else:
                self._transport.write(said)

    def _say(self, words: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(words)

    def _request(self) -> tuple[bytes, bytes] | None:
        """Take the next whole request off what has come; return its method and path."""
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            return None
        head, length = self._rest[:end].lower(), 0
        if (at := head.find(b"\r\ncontent-length:")) >= 0:
            length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        elif b"\r\ntransfer-encoding: chunked" in head:
            last = self._rest.find(b"0\r\n\r\n", end + 4)
            if last < 0:
                return None
            length = last + 5 - end - 4
        if len(self._rest) < end + 4 + length:
            return None
        method, path, _ = self._rest[:end].split(b" ", 2)
        self._rest = self._rest[end + 4 + length :]
        return method, path


async def serve(milliseconds: float) -> None:
    """Serve on every host at one port until killed."""
    Sink.delay = milliseconds / 1000
    loop = asyncio.get_running_loop()
    first, *others = HOSTS.values()
    server = await loop.create_server(Sink, first, 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    for host in others:
        await loop.create_server(Sink, host, port, backlog=1024)
    print(port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
