"""What tests/faces runs where data/ is a small disk of its own: a bot, the disk filled and emptied below it."""

import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.processes import handbill, started, told, wait_until

PICTURED = (
    "---\nimages: [{file: roof.png, alt: The roof from above}]\n---\nThe library has repaired its roof by itself.\n"
)


def main(home: Path, work: "Callable[[Path, Callable[[], int]], list[str]]") -> None:
    """Print what was seen, step by step."""
    seen = []
    with started(home, "run") as bot:
        assert bot.stdout is not None
        address = bot.stdout.readline().split("http://")[1].split("/ ")[0]

        def status() -> int:
            try:
                with urllib.request.urlopen(f"http://{address}/health", timeout=60) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        if wait_until(lambda: status() == 200, 100):
            seen.append("well")
        seen += work(home, status)
        assert bot.poll() is None
        bot.send_signal(signal.SIGTERM)
        seen.append(f"ended {bot.wait(timeout=100)}")
    sys.stdout.write(", ".join(seen) + "\n")


def without_room(home: Path, status: Callable[[], int]) -> list[str]:
    """Fill the disk to the last byte."""
    seen = []
    ballast = home / "data" / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            seen.append("full" if wait_until(lambda: status() == 503, 100) else "not noticed")
    words = handbill(home, "status", check=False).stdout
    seen.append("status tells" if "NOTHING CAN BE SENT: the disk is full" in words else words)
    ballast.unlink()
    return [*seen, "well"] if wait_until(lambda: status() == 200, 100) else seen


def without_inodes(home: Path, status: Callable[[], int]) -> list[str]:
    """Make empty files until there can be no more: what is open goes on, a new picture cannot be kept."""
    seen, queue = [], home / "queue" / "library"
    queue.mkdir(parents=True)
    ballast = [home / "data" / f"ballast-{number}" for number in range(100)]
    try:
        for each in ballast:
            each.touch()
    except OSError:
        seen.append("full")
    (queue / "words.txt").write_text("The library is open until eleven from May on.\n")
    Image.new("RGB", (48, 32), "navy").save(queue / "roof.png")
    (queue / "roof.md").write_text(PICTURED)

    def problems() -> str:
        return " ".join(each["what"] for each in told(home, "status")["problems"])

    def taken() -> set[str]:
        return {each["article"] for each in told(home, "queue")}

    if wait_until(lambda: "cannot keep an image: No space left" in problems(), 100):
        seen.append("status tells")
    seen += ["well"] * (status() == 200)
    seen += ["words go on"] * (taken() == {"words.txt"})
    for each in ballast:
        each.unlink(missing_ok=True)
    return [*seen, "picture taken"] if wait_until(lambda: len(taken()) == 2, 100, every=1) else seen


if __name__ == "__main__":
    main(Path(sys.argv[1]), without_inodes if "inodes" in sys.argv else without_room)
