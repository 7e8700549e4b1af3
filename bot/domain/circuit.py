"""Circuit: what is known of a host that does not answer, so that it is not asked again and again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.domain.channel import Channel

#: After so many failures in a row nothing more is tried there but one probe after each pause.
THRESHOLD = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """`failures` in a row `since` a moment; from THRESHOLD on it is open: nothing is tried before `until`, then one probe."""

    since: datetime
    failures: int = 0
    until: datetime | None = None

    def failed(self, now: datetime) -> "Circuit":
        """Return it after another failure; one that was on its way before it opened lengthens no pause."""
        if self.until is not None and now < self.until:
            return self
        failures = self.failures + 1
        pause = min(FIRST_PAUSE * float(2 ** min(max(failures - THRESHOLD, 0), 20)), LONGEST_PAUSE)
        return replace(self, failures=failures, until=now + pause if failures >= THRESHOLD else None)


def host_of(channel: Channel) -> str:
    """Return the host that a channel's account lives on, its platform's name while that is not known."""
    try:
        return urlsplit(channel.url).hostname or channel.platform
    except ValueError:
        return channel.platform
