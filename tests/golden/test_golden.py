"""Articles and the posts that each platform gets of them, whole, as an editor approved them.

Each article in this folder (NAME.md, .txt or .html; invented, read as a file in the managers' folder is) stands beside
one NAME.PLATFORM.json per platform. Add a file, gain a test. To write what the present code makes of it:

    .venv/bin/python -m tests.golden.test_golden --write [NAME…]

Then read the difference as a follower would. A post that reads badly is a fault of the code; it is mended there.
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bot.domain.channel import Channel
from bot.domain.composing import Composition, compose
from bot.platforms import OURS, adapters
from bot.sources import article as reading

FOLDER = Path(__file__).resolve().parent
ARTICLES = {path.stem: path for path in sorted(FOLDER.iterdir()) if path.suffix in reading.SUFFIXES}
CHANNELS = {name: Channel(name=name, platform=name, limits=adapters()[name].LIMITS) for name in OURS}
CAMPAIGN = reading.campaign_of((FOLDER / "campaign.yaml").read_bytes(), "town", "campaign.yaml")


def composed(name: str) -> dict[str, Composition]:
    """Return what each platform gets of an article."""
    path = ARTICLES[name]
    article = reading.read(path.read_bytes(), CAMPAIGN.name, path.name, path.name, "UTC").article
    return {each.channel.name: each for each in compose(article, CAMPAIGN, CHANNELS.values())}


def told(made: Composition) -> dict[str, Any]:
    """Return a composition as it stands in its file: all of the post, its text line by line, and why this excerpt."""
    parts = [
        {
            **asdict(part),
            "text": part.text.split("\n"),
            "spans": [f"{span.kind} {span.start}-{span.end} {span.target}" for span in part.spans],
        }
        for part in made.post.parts
    ]
    excerpt = asdict(made.excerpt)
    why = {key: excerpt[key] for key in ("reason", "detail", "score", "start", "end")}
    return {"parts": parts, "notes": made.post.notes, "excerpt": {**why, "sentences": str(excerpt["sentences"])}}


def written(made: Composition) -> str:
    """Return the file's content."""
    return json.dumps(told(made), ensure_ascii=False, indent=1) + "\n"


def file(name: str, channel: str) -> Path:
    """Return where the post of an article on a platform stands."""
    return FOLDER / f"{name}.{channel}.json"


@pytest.mark.parametrize("name", ARTICLES)
def test_each_platform_gets_the_post_that_an_editor_approved(name):
    made = composed(name)
    assert set(made) == set(CHANNELS)
    for channel, composition in made.items():
        assert json.loads(written(composition)) == json.loads(file(name, channel).read_text(encoding="utf-8")), channel


def test_each_post_belongs_to_an_article():
    posts = {path.name for path in FOLDER.glob("*.json")}
    assert posts == {file(name, channel).name for name in ARTICLES for channel in CHANNELS}


def main(names: Iterable[str]) -> None:
    """Write the posts of those articles, of all when none is named."""
    for name in names or ARTICLES:
        for channel, composition in composed(name).items():
            file(name, channel).write_text(written(composition), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the posts that the present code makes of the golden articles.")
    parser.add_argument("--write", nargs="*", metavar="NAME", required=True, choices=[*ARTICLES, []])
    main(parser.parse_args().write)
