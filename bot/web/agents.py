"""Which browser a User-Agent header stands for, in the words people know: "Firefox · Android"."""

import re

#: The name to show and what tells it, the more particular first: each browser also claims to be those below it.
BROWSERS = (
    ("Edge", r"\bEdgA?/|\bEdgiOS/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\bFirefox/|\bFxiOS/"),
    ("Chrome", r"Chrom(e|ium)/|\bCriOS/"),
    ("Safari", r"\bSafari/"),
)
SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMacintosh\b"),
    ("Linux", r"\bLinux\b|\bX11\b"),
)


def browser_of(agent: str) -> str:
    """Return the browser and the system, the first word of what is neither, "" for nothing."""
    found = (next((name for name, mark in table if re.search(mark, agent)), "") for table in (BROWSERS, SYSTEMS))
    return " · ".join(filter(None, found)) or agent.partition(" ")[0][:40]
