"""Whether an address is that of a post on a channel, and of which one."""

from dataclasses import replace

import pytest

from bot.domain.addresses import post_at
from bot.domain.channel import Channel, Limits, Unit
from bot.errors import BadInput
from bot.platforms import adapters

PAGES = {
    "x": "https://x.com/townlibrary",
    "mastodon": "https://town.example/@library",
    "telegram": "https://t.me/townlibrary",
    "bluesky": "https://bsky.app/profile/library.town.example",
}


def channel(platform: str, url: str | None = None) -> Channel:
    page = PAGES[platform] if url is None else url
    return Channel(name=platform, platform=platform, limits=adapters()[platform].LIMITS, account="@library", url=page)


@pytest.mark.parametrize(
    ("platform", "url", "post"),
    [
        ("x", "https://x.com/townlibrary/status/1790", "1790"),
        ("x", "https://www.x.com/TownLibrary/status/1790?s=20&t=abc", "1790"),
        ("x", "https://x.com/townlibrary/status/1790/photo/2", "1790"),
        ("mastodon", "https://town.example/@library/113400000000000001", "113400000000000001"),
        (
            "mastodon",
            " https://TOWN.example/@library/statuses/01HZX4Q0Z6M4W0Y6N0K9D8R3VT ",
            "01HZX4Q0Z6M4W0Y6N0K9D8R3VT",
        ),
        ("telegram", "https://t.me/townlibrary/17?single", "17"),
        ("bluesky", "https://bsky.app/profile/library.town.example/post/3lbxyzabcdefg", "3lbxyzabcdefg"),
    ],
)
def test_the_address_of_a_post_tells_its_id(platform, url, post):
    assert post_at(url, channel(platform)) == post


@pytest.mark.parametrize(
    ("platform", "url"),
    [
        ("x", "https://x.com/museum/status/1790"),
        ("x", "https://x.com/cyclingclub/status/1790"),
        ("x", "https://x.com/townlibrary2/status/1790"),
        ("x", "https://x.com/townlibrary"),
        ("x", "https://x.com/townlibrary/followers"),
        ("x", "https://x.com.evil.example/townlibrary/status/1790"),
        ("x", "https://x.com@evil.example/townlibrary/status/1790"),
        ("mastodon", "https://other.example/@library@town.example/113400000000000001"),
        ("mastodon", "https://town.example/@library/followers"),
        ("telegram", "https://t.me/museum/17"),
        ("telegram", "https://t.me/townlibrary/about"),
        ("bluesky", "https://bsky.app/profile/museum.example/post/3lbxyzabcdefg"),
        ("bluesky", "https://bsky.app/profile/library.town.example/lists/3lbxyzabcdefg"),
        ("x", "status/1790"),
        ("x", "javascript:alert(1)"),
        ("x", "https://[::1/townlibrary/status/1"),
        ("x", ""),
    ],
)
def test_any_other_address_is_refused(platform, url):
    with pytest.raises(BadInput):
        post_at(url, channel(platform))


def test_a_channel_without_a_page_of_its_own_takes_any_post_of_that_form():
    hidden = channel("telegram", "")
    assert post_at("https://t.me/c/1234567890/17", hidden) == "17"
    with pytest.raises(BadInput):
        post_at("https://t.me/c/1234567890", replace(hidden, limits=adapters()["x"].LIMITS))


def test_a_platform_that_says_nothing_of_addresses_is_taken_to_end_them_with_the_id():
    other = Channel(
        name="other", platform="other", limits=Limits(length=9, unit=Unit.BYTES), url="https://o.example/me"
    )
    assert post_at("https://o.example/me/notes/a-7", other) == "a-7"
    with pytest.raises(BadInput):
        post_at("https://o.example/me/notes/more/a-7", other)
