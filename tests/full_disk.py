"""What tests/faces runs where data/ is a small disk of its own: a bot, the disk filled and emptied below it."""

import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.processes import handbill, started, wait_until


def main(home: Path) -> None:
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
        ballast = home / "data" / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                seen.append("full" if wait_until(lambda: status() == 503, 100) else "not noticed")
        told = handbill(home, "status", check=False).stdout
        seen.append("status tells" if "NOTHING CAN BE SENT: the disk is full" in told else told)
        ballast.unlink()
        if wait_until(lambda: status() == 200, 100) and bot.poll() is None:
            seen.append("well")
        bot.send_signal(signal.SIGTERM)
        seen.append(f"ended {bot.wait(timeout=100)}")
    sys.stdout.write(", ".join(seen) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
