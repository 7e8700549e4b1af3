"""`handbill run` against servers that we did not write, through proxies that lose what they can, killed now and again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.peers import stories
from tests.peers.faults import FAULTS, Fault, dealt
from tests.peers.proxy import Proxy, in_background
from tests.peers.servers import Account, Member
from tests.processes import handbill, running, started, stop, told, wait_until

DEADLINE = 2.0
KILLS = 2
#: Faults to each channel: with an undisturbed request after every second no more than there are parts to post.
FEW = 7
CHANNELS = tuple(name for names in stories.CHANNELS.values() for name in names)
Shown = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Stage:
    """A home folder, an account for each channel, and the proxy before each."""

    home: Path
    rng: random.Random
    accounts: Mapping[str, Account | Member]
    proxies: Mapping[str, Proxy]

    def prepare(self) -> None:
        """Write articles, settings and plans."""
        stories.write(self.home / "queue")
        lines = ["HANDBILL_WEB=off", f"HANDBILL_DEADLINE={DEADLINE}"]
        for channel, account in self.accounts.items():
            platform, parted, name = channel.upper().partition("__")
            settings = account.settings(self.proxies[channel].address)
            lines += [f"{platform}_{key}{parted}{name}={value}" for key, value in settings.items()]
        (self.home / ".env").write_text("\n".join(lines) + "\n")
        handbill(self.home, "doctor", check=False)
        for channel in CHANNELS:
            handbill(self.home, "plan", "set", channel, "--every", "1s", "--gap", "1s")

    def tries(self) -> int:
        """Return how many publishing requests the bot has made."""
        return sum(proxy.came(self.accounts[channel].writes) for channel, proxy in self.proxies.items())

    def run_until_killed(self) -> None:
        """Let the bot post some and kill it at a moment that is drawn."""
        enough = self.tries() + self.rng.randint(3, 8)
        with started(self.home, "run") as bot:
            assert wait_until(lambda: self.tries() >= enough, 180, every=0.02), "the bot does not post"
            wait_until(lambda: False, self.rng.uniform(0, DEADLINE))
            bot.kill()

    def queue(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = told(self.home, "queue", "--all")
        return found

    def ended(self) -> bool:
        """Tell whether all is sent; what the bot parked is settled, as a person would."""
        now = self.queue()
        for each in now:
            if each["state"] == "uncertain" and each["due"] is None:
                self.settle(each)
        return {each["state"] for each in now} == {"sent"}

    def settle(self, delivery: Shown) -> None:
        """Read the evidence, look at the platform, say what is there."""
        assert delivery["why"], "an uncertain delivery says why"
        assert told(self.home, "log", delivery["id"])["attempts"], "and keeps what was tried"
        account, text = self.accounts[delivery["channel"]], delivery["parts"][len(delivery["receipts"])]["text"]
        there = [account.page(each.id) for each in account.seen() if bare(each.text) == bare(text)]
        assert len(there) <= 1
        handbill(self.home, "settle", delivery["id"], *(["--there", "--url", *there] if there else ["--absent"]))

    def judge(self, channel: str) -> Shown:
        """Hold what followers see on a channel against the ledger; return its longest thread."""
        seen = {each.id: each for each in self.accounts[channel].seen()}
        posted = [each for each in self.queue() if each["channel"] == channel]
        assert len(posted) == len(stories.TOPICS) + 1
        receipts = [receipt["id"] for each in posted for receipt in each["receipts"]]
        assert sorted(receipts) == sorted(seen), "something is there twice, or not at all"
        for each in posted:
            posts = [seen[receipt["id"]] for receipt in each["receipts"]]
            assert [bare(post.text) for post in posts] == [bare(part["text"]) for part in each["parts"]]
            assert [post.parent for post in posts] == ["", *(post.id for post in posts)][:-1], "a thread is in order"
            assert {post.root for post in posts[1:]} <= {posts[0].id, ""}
        longest: Shown = max(posted, key=lambda each: len(each["parts"]))
        assert len(longest["parts"]) > 1
        return longest

    def withdraw(self, thread: Shown) -> None:
        """Withdraw a thread whose first removal succeeds unheard: what is gone already counts as gone."""
        account, proxy = self.accounts[thread["channel"]], self.proxies[thread["channel"]]
        proxy.decks = {account.removes: [Fault.LOST]}
        before, gone = {each.id for each in account.seen()}, {receipt["id"] for receipt in thread["receipts"]}
        for _ in range(2):
            handbill(self.home, "retract", thread["id"], check=False)
        assert proxy.came(account.removes) > len(gone)
        assert {each.id for each in account.seen()} == before - gone
        assert told(self.home, "log", thread["id"])["state"] == "retracted"

    def story(self) -> str:
        """Return every request, what was done to it, and how each delivery stands."""
        requests = [f"{name}: {line}" for name, proxy in self.proxies.items() for line in proxy.told]
        states = [" ".join(str(each[name]) for name in ("channel", "article", "state", "why")) for each in self.queue()]
        return "\n".join((*requests, *states))


@pytest.fixture
def stage(tmp_path, pds, mastodon_mock, seed) -> Stage:
    rng = random.Random(seed)
    accounts = {name: (pds if name == "bluesky" else mastodon_mock).account() for name in CHANNELS}
    drawn = rng.sample(FAULTS, len(FAULTS))
    faults = {"bluesky": rng.sample(FAULTS, FEW), "mastodon__town": drawn[:FEW], "mastodon__branch": drawn[-FEW:]}
    # One server gets no key to see, as those that ignore it: there only looking can tell what became of a request.
    keyless = {"mastodon__branch": frozenset({"idempotency-key"})}
    looks = (Fault.RESET, Fault.ERROR, Fault.CUT)
    proxies = {
        name: Proxy(
            account.port,
            hold=DEADLINE + 1,
            hidden=keyless.get(name, frozenset()),
            decks={account.writes: dealt(rng, faults[name]), account.looks: dealt(rng, looks)},
        )
        for name, account in accounts.items()
    }
    return Stage(home=tmp_path, rng=rng, accounts=accounts, proxies=proxies)


def test_whatever_is_lost_and_whenever_the_bot_is_killed_each_post_is_there_once(stage, request):
    with in_background(*stage.proxies.values()):
        stage.prepare()
        for _ in range(KILLS):
            stage.run_until_killed()
        with running(stage.home) as bot:
            done = wait_until(stage.ended, 300, every=1)
            request.node.add_report_section("call", "what happened", stage.story())
            assert done, "not every delivery came to its end"
            assert stop(bot) == 0
        for channel, proxy in stage.proxies.items():
            assert not proxy.decks[stage.accounts[channel].writes], "a fault was never met"
            stage.withdraw(stage.judge(channel))


def bare(text: str) -> str:
    """Return a text without white space, which a server's HTML does not keep."""
    return "".join(text.split())
