"""The servers as processes, and what a person would see on them, asked past the proxy."""

import html
import json
import os
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from tests.peers.fetch import HERE, python

Json = dict[str, Any]
POST = "app.bsky.feed.post"
TOKENS = tuple(f"token-{number}" for number in range(1, 33))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One post on a server: its id, its text, and the ids that it replies to."""

    id: str
    text: str
    parent: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Pds:
    """A running PDS."""

    port: int
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def ask(self, nsid: str, body: Json | None = None, token: str = "", **query: str) -> Json:
        """Make one call."""
        address = f"http://127.0.0.1:{self.port}/xrpc/{nsid}?{urllib.parse.urlencode(query)}"
        answer: Json = _asked(address, body, {"Authorization": f"Bearer {token}"} if token else {})
        return answer

    def account(self) -> "Account":
        """Make an account with an app password."""
        handle = f"library{next(self.numbers)}.test"
        made = self.ask(
            "com.atproto.server.createAccount", {"handle": handle, "email": f"{handle}@post.test", "password": "own"}
        )
        app = self.ask("com.atproto.server.createAppPassword", {"name": "handbill"}, made["accessJwt"])
        return Account(pds=self, handle=handle, did=made["did"], password=app["password"])

    @cache  # noqa: B019 - there is one server in a run
    def regular(self) -> "Account":
        """Return an account that is there already: making one costs the server most."""
        return self.account()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account on the PDS."""

    pds: Pds
    handle: str
    did: str
    password: str

    writes = "POST /xrpc/com.atproto.repo.putRecord"
    removes = "POST /xrpc/com.atproto.repo.deleteRecord"
    looks = "GET /xrpc/com.atproto.repo.getRecord.*feed.post"

    @property
    def port(self) -> int:
        return self.pds.port

    def page(self, id: str) -> str:
        """Return the address under which a person would find a post."""
        return f"https://bsky.app/profile/{self.handle}/post/{id.rpartition('/')[2]}"

    def settings(self, address: str) -> dict[str, str]:
        """Return the channel's settings when the server is reached at that address."""
        return {"BASE_URL": address, "HANDLE": self.handle, "PASSWORD": self.password}

    def records(self) -> list[Json]:
        """Return all posts of the account as {uri, cid, value}."""
        found = self.pds.ask("com.atproto.repo.listRecords", repo=self.did, collection=POST, limit="100")
        records: list[Json] = found["records"]
        return records

    def seen(self) -> list[Seen]:
        """Return what a follower would see."""
        return [
            Seen(
                id=each["uri"],
                text=each["value"]["text"],
                parent=each["value"].get("reply", {}).get("parent", {}).get("uri", ""),
                root=each["value"].get("reply", {}).get("root", {}).get("uri", ""),
            )
            for each in self.records()
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Mock:
    """A running mastodon-mock, each of whose accounts is used by one test."""

    port: int
    tokens: Iterator[str] = field(default_factory=lambda: iter(TOKENS))

    def account(self) -> "Member":
        """Return an account that nobody uses."""
        return Member(mock=self, token=next(self.tokens))

    @cache  # noqa: B019 - there is one server in a run
    def regular(self) -> "Member":
        """Return an account that is there already."""
        return self.account()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account on mastodon-mock."""

    mock: Mock
    token: str

    writes = "POST /api/v1/statuses"
    removes = "DELETE /api/v1/statuses"
    looks = "GET /api/v1/accounts/.*/statuses"

    @property
    def port(self) -> int:
        return self.mock.port

    def page(self, id: str) -> str:
        """Return the address under which a person would find a post."""
        return str(self.ask(f"/api/v1/statuses/{id}")["url"])

    def settings(self, address: str) -> dict[str, str]:
        """Return the channel's settings when the server is reached at that address."""
        return {"BASE_URL": address, "TOKEN": self.token}

    def ask(self, path: str) -> Any:
        """Get something as the account."""
        return _asked(f"http://127.0.0.1:{self.mock.port}{path}", None, {"Authorization": f"Bearer {self.token}"})

    def seen(self) -> list[Seen]:
        """Return what a follower would see."""
        me = self.ask("/api/v1/accounts/verify_credentials")["id"]
        found: list[Json] = self.ask(f"/api/v1/accounts/{me}/statuses?limit=40")
        assert len(found) < 40, "there may be more than one page"
        return [
            Seen(id=each["id"], text=_words(each["content"]), parent=each["in_reply_to_id"] or "") for each in found
        ]


@contextmanager
def pds(modules: Path, folder: Path) -> Iterator[Pds]:
    """Run the PDS with the directory it needs; both end when the pipe to them is closed."""
    with (folder / "pds.log").open("w") as log:
        process = subprocess.Popen(
            ["node", HERE / "pds.cjs", modules, folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env={**os.environ, "LOG_ENABLED": "false"},
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            try:
                line = process.stdout.readline()
                assert line, (folder / "pds.log").read_text()
                yield Pds(json.loads(line)["port"])
            finally:
                _ended(process)


@contextmanager
def mastodon_mock(environment: Path, folder: Path) -> Iterator[Mock]:
    """Run mastodon-mock on a socket that is open already, so that the first request waits for it to be ready."""
    accounts = (f'[[seed.accounts]]\nusername = "{each}"\naccess_token = "{each}"\nbot = true\n' for each in TOKENS)
    (folder / ".mastodon_mock.toml").write_text("\n".join(accounts))
    with socket.create_server(("127.0.0.1", 0)) as listening, (folder / "mastodon.log").open("w") as log:
        process = subprocess.Popen(
            [python(environment), "-m", "uvicorn", "--factory", "mastodon_mock.app:create_app",
             "--fd", str(listening.fileno())],
            pass_fds=(listening.fileno(),), cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            running = Mock(listening.getsockname()[1])
            _asked(f"http://127.0.0.1:{running.port}/api/v2/instance", None, {}, patience=90)
            yield running
        finally:
            _ended(process)


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _asked(address: str, body: Json | None, headers: dict[str, str], patience: float = 30) -> Any:
    wanted = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(address, wanted, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=patience) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise AssertionError(f"{address}: {error.code} {error.read().decode()}") from None


def _words(content: str) -> str:
    """Return the text of a status's HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"</p>\s*<p>", "\n\n", re.sub(r"<br ?/?>", "\n", content))))
