"""Emoji sequences that a counting platform takes for one character.

The table ends at Emoji 11, where the platform's reference counter stopped: a later sequence counts as its pieces there,
so it must count as its pieces here. One-code-point emoji need no entry: they weigh what any other heavy character does.
Sources: https://unicode.org/Public/emoji/11.0/, and docs/conformance.md, 1, for what it leaves out.
"""

import re

ZWJ, VS16, KEYCAP = "\u200d", "\ufe0f", "\u20e3"

#: Regional-indicator pairs with a flag, as ISO 3166 letters.
_FLAGS = """
    AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CR CU CV CW CX CY CZ DE DG DJ DK DM DO DZ EA EC EE EG EH ER ES ET EU
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU IC ID IE IL IM IN
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG
    MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL
    PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD
    TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM UN US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""

#: Black flag + tag letters: England, Scotland, Wales.
_REGIONS = ("gbeng", "gbsct", "gbwls")

#: Take a skin tone, and of these the ones that may have VS16 before it.
_SKIN = "☝⛷⛹✊-✍🎅🏂-🏄🏇🏊-🏌👂👃👆-👐👦-👩👮👰-👸👼💁-💃💅-💇💪🕴🕵🕺🖐🖕🖖🙅-🙇🙋-🙏🚣🚴-🚶🛀🛌🤘-🤜🤞🤟🤦🤰-🤹🤽🤾🦵🦶🦸🦹🧑-🧝"
_SKIN_AFTER_VS16 = "☝⛷⛹✌✍🏋🏌🕴🕵🖐"

#: Text symbols that VS16 turns into one emoji.
_SYMBOLS = (
    "©®‼⁉™ℹ↔-↙↩↪⌚⌛⌨⏏⏭-⏯⏱⏲⏸-⏺Ⓜ▪▫▶◀◻-◾☀-☄☎☑☔☕☘☝☠☢☣☦☪☮☯☸-☺"
    "♀♂♈-♓♟♠♣♥♦♨♻♿⚒-⚗⚙⚛⚜⚠⚡⚪⚫⚰⚱⚽⚾⛄⛅⛈⛏⛑⛓⛔⛩⛪⛰-⛵⛷-⛺⛽✂✈✉✌✍✏✒"
    "✔✖✝✡✳✴❄❇❗❣❤➡⤴⤵⬅-⬇⬛⬜⭐⭕〰〽㊗㊙🀄🅰🅱🅾🅿🈂🈚🈯🈷🌡🌤-🌬🌶🍽🎖🎗🎙-🎛🎞🎟🏋-🏎"
    "🏔-🏟🏳🏵🏷🐿👁📽🕉🕊🕯🕰🕳-🕹🖇🖊-🖍🖐🖥🖨🖱🖲🖼🗂-🗄🗑-🗓🗜-🗞🗡🗣🗨🗯🗳🗺🛋🛍-🛏🛠-🛥🛩🛰"
    "🛳"
)

#: People of either sex (with ♀ or ♂); the second row has no skin tones, the third wants a skin tone or VS16.
_EITHER = "🏃🏄🏊👮👱👳👷💁💂💆💇🙅-🙇🙋🙍🙎🚣🚴-🚶🤦🤵🤷-🤹🤽🤾🦸🦹🧖-🧝"
_EITHER_PLAIN = "👯🤼🧞🧟"
_EITHER_VS16 = "🏋🏌🕴🕵⛹"

#: What 👨 or 👩 joins to become a profession or to get a hair style; the second row wants VS16.
_TRADES = "🌾🍳🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦰-🦳"
_TRADES_VS16 = "⚕⚖✈"


def _flags() -> dict[str, str]:
    """Return the second letters that each first letter goes with."""
    pairs = _FLAGS.split()
    return {
        first: "".join(pair[1] for pair in pairs if pair[0] == first) for first in sorted({pair[0] for pair in pairs})
    }


def _indicator(letter: str) -> str:
    return chr(0x1F1E6 + ord(letter) - ord("A"))


def _region(letters: str) -> str:
    return "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in letters) + "\U000e007f"


def _pattern() -> str:
    tone = "[🏻-🏿]"
    sex = f"{ZWJ}[♀♂]{VS16}"
    children = f"{ZWJ}(?:👦{ZWJ}👦|👧{ZWJ}[👦👧]|[👦👧])"
    heart = f"{ZWJ}❤{VS16}{ZWJ}(?:💋{ZWJ})?"
    sequences = (
        f"[👨👩]{tone}?{ZWJ}(?:[{_TRADES_VS16}]{VS16}|[{_TRADES}])",
        f"[{_EITHER_VS16}](?:{tone}|{VS16}){sex}",
        f"[{_EITHER}]{tone}?{sex}",
        f"[{_EITHER_PLAIN}]{sex}",
        f"👨{heart}👨|👩{heart}[👨👩]",
        f"(?:👨(?:{ZWJ}[👨👩])?|👩(?:{ZWJ}👩)?){children}",
        f"🏳{VS16}{ZWJ}🌈|🏴{ZWJ}☠{VS16}|👁{ZWJ}🗨",
        f"[#*0-9]{VS16}?{KEYCAP}",
        f"[{_SKIN_AFTER_VS16}]{VS16}{tone}",
        f"[{_SYMBOLS}]{VS16}",
        f"[{_SKIN}]{tone}",
        *map(_region, _REGIONS),
        *(f"{_indicator(first)}[{''.join(map(_indicator, seconds))}]" for first, seconds in _flags().items()),
    )
    start = f"[👨👩👁🏴#*0-9{_EITHER_PLAIN}{_SYMBOLS}{_SKIN}\U0001f1e6-\U0001f1ff]"
    return f"(?={start})(?:{'|'.join(sequences)})"


#: A sequence can only be where one of these is: a quick look that spares most texts the table.
HINT = re.compile(f"[{ZWJ}{VS16}{KEYCAP}🏻-🏿\U0001f1e6-\U0001f1ff\U000e0061-\U000e007f]")

SEQUENCE = re.compile(_pattern())
