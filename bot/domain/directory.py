"""Directory: people and organisations, and the handle each has on each platform."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One person or organisation; `handles` are (platform, handle without "@"), at most one for each platform."""

    name: str
    handles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Who may be mentioned in a post. A name counts whatever its case and white space."""

    entries: tuple[Entry, ...] = ()

    def entry(self, name: str) -> Entry | None:
        """Return the entry of that name, None when there is none."""
        wanted = folded(name)
        return next((entry for entry in self.entries if folded(entry.name) == wanted), None)

    def handle(self, name: str, platform: str) -> str:
        """Return somebody's handle on a platform, without "@"; "" when the directory has none."""
        entry = self.entry(name)
        return dict(entry.handles).get(platform, "") if entry else ""

    def handles(self, platform: str) -> frozenset[str]:
        """Return every handle that may be mentioned on a platform, without "@"."""
        return frozenset(handle for entry in self.entries for where, handle in entry.handles if where == platform)


def folded(name: str) -> str:
    """Return what two spellings of one name have in common."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
