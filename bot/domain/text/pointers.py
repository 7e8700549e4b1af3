"""Sentences that only send readers elsewhere: "See https://… for details.", "Read more at …", "Click here".

Patterns as data, own lists, for English, German, French, Spanish, Arabic, Persian, Chinese, Japanese and Russian side by
side, as in `marginalia.py`. What is mostly an address is recognised in any language.
"""

import regex

#: A longer sentence has more to say than where to go.
LONGEST = 220
#: With this many words besides its address a sentence may say something.
ENOUGH_WORDS = 7
ENOUGH_WIDE = 14

_URL = r"(?:https?://|www\.)\S+"
_PLACE = (
    rf"(?:{_URL}"
    rf"|(?<![\p{{L}}\p{{N}}@.-])[\p{{L}}\p{{N}}][\p{{L}}\p{{N}}-]*(?:\.[\p{{L}}\p{{N}}-]+)*\.\p{{L}}{{2,}}(?=[/\s,;:!?).]|$))"
)
_ADDRESS = regex.compile(_URL)
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}’'-]*")
_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_OPENING = regex.compile(r"[\s\p{P}\p{S}]*")
_TO = {
    "en": rf"(?:{_PLACE}|\bhere(?=\W*$| for\b)|\blinks?\b|\bwebsites?\b|\bweb site\b|\bhome ?page\b|\bonline(?=\W*$| at\b))",
    "de": rf"(?:{_PLACE}|\bhier\b|\bunten\b|\blink\b|\bwebsite\b|\bwebseite\b|\binternetseite\b|\bhomepage\b|\bonline\b"
    rf"|\bim internet\b)",
    "fr": rf"(?:{_PLACE}|\bici\b|\blien\b|\b(?:notre|son|leur|sur le) site\b|\bsite (?:internet|web|officiel)\b"
    rf"|\ben ligne\b|\bci-dessous\b"
    r"|\b(?:notre|cette) page\b)",
    "es": rf"(?:{_PLACE}|\baquí\b|\benlace\b|\bsitio (?:web|oficial)\b|\bweb\b|\ben línea\b|\bpágina\b)",
    "ru": rf"(?:{_PLACE}|\bздесь\b|\bтут\b|\bссылк\p{{L}}*|\bсайт\p{{L}}*|\bонлайн\b)",
    "ar": rf"(?:{_PLACE}|هنا|الرابط|الموقع|موقعنا|موقع|صفحتنا)",
    "fa": rf"(?:{_PLACE}|اینجا|این‌جا|لینک|پیوند|وب‌?سایت|سایت|نشانی|تارنما)",
    "zh": rf"(?:{_PLACE}|这里|這裡|此处|此處|链接|連結|官网|官網|网站|網站|网址|下文|原文)",
    "ja": rf"(?:{_PLACE}|こちら|ここ|リンク|サイト|ページ|ウェブ)",
}
_LATIN = (
    # English
    r"(?:please )?(?:click|tap|press) (?:here|on|the|below|this)\b",
    (
        r"(?:read|find out|learn|see|discover)(?: (?:much|even))? more(?=\s*(?:$|[:>»→.…!]|at\b|about\b|on\b|in\b|here\b"
        r"|from\b|online\b))"
    ),
    rf"(?:please )?(?:read|see|view|watch|find|get|download) (?:the|our|all|its|her|his) [^.!?]*{_TO['en']}",
    rf"(?:please )?(?:see|visit|go to|check(?: out)?|consult|head (?:over )?to|follow|browse) (?:[^.!?]{{0,80}}?){_TO['en']}",
    r"(?:please )?(?:see|visit|follow|use) (?:the link|below|above|our website)",
    (
        r"for (?:(?:more|further|full|additional|all|the|other) )*(?:details|information|info|dates|prices)\b[^.!?]*"
        rf"(?:see|visit|go|click|check|follow|read|{_TO['en']})"
    ),
    rf"(?:(?:more|further|full|additional|all|the) )+(?:details|information|info|photos|pictures|dates)\b[^.!?]*{_TO['en']}",
    r"(?:more|further|full|additional) (?:details|information|info)\s*(?::|$|[.!])",
    # German
    r"(?:bitte )?(?:klicken sie|klicke?t?) (?:hier|auf|unten)\b|hier klicken",
    (
        rf"(?:(?:mehr|weitere|nähere|alle|ausführliche|zusätzliche) )+(?:informationen|infos?|details|angaben|bilder|fotos"
        rf"|termine)\b"
        rf"[^.!?]*(?:{_TO['de']}|unter\b|:)"
    ),
    rf"(?:mehr (?:dazu|darüber|hierzu)|näheres|einzelheiten|genaueres|alles weitere)\b[^.!?]*(?:{_TO['de']}|:)",
    r"(?:hier (?:geht es|geht[’']s|finden sie|findest du|gibt es|lesen sie|können sie))\b",
    rf"(?:lesen sie|lies|sehen sie|besuchen sie|siehe|schauen sie)\b[^.!?]*(?:{_TO['de']}|\bmehr\b|\bweiter\b)",
    r"(?:jetzt |hier )?(?:weiterlesen|mehr lesen|mehr erfahren)(?=\W|$)",
    # French
    r"(?:veuillez )?(?:cliquez|cliquer|appuyez) (?:ici|sur)\b",
    (
        rf"(?:pour )?(?:en savoir plus|(?:(?:plus|davantage) d[e’']\s?|toutes les |les )(?:informations?|infos?|détails"
        rf"|renseignements))\b"
        rf"[^.!?]*(?:{_TO['fr']}|:|$)"
    ),
    rf"(?:lire|lisez|voir|voyez|consultez|visitez|retrouvez|rendez-vous)\b[^.!?]*{_TO['fr']}",
    r"(?:lire|lisez) (?:la suite|plus|aussi|également)\b",
    # Spanish
    r"(?:haga|haz|hacer) clic\b|(?:pulse|pinche|pulsa|pincha) (?:aquí|en)\b",
    (
        rf"(?:para )?(?:(?:obtener |ver )?(?:más|mayor) (?:información|detalles|datos|info)|toda la información|los detalles)\b"
        rf"[^.!?]*(?:{_TO['es']}|:|$)"
    ),
    rf"(?:lea|lee|leer|vea|ver|véase|visite|visita|consulte|consulta|entre|descubra|descubre)\b[^.!?]*{_TO['es']}",
    r"(?:lea|lee|leer|ver|saber) más\b",
)
_CYRILLIC = (
    # Russian
    r"(?:нажмите|кликните|жмите|щёлкните|щелкните) (?:здесь|сюда|на|по)|перейдите по",
    (
        rf"(?:подробнее|подробности|подробная информация|полная информация|больше информации|дополнительная информация"
        rf"|вся информация|узнать больше|узнайте больше|узнайте подробнее)[^.!?]*(?:{_TO['ru']}|:|$)"
    ),
    rf"(?:читайте|читать|смотрите|см\.|посетите|зайдите)(?:[^.!?]*{_TO['ru']}| (?:также|далее|дальше|ещё|еще)\b)",
)
_ARABIC = (
    # Arabic
    r"(?:ا|إ)(?:ضغط|نقر)(?:وا|ي)? (?:هنا|على)|(?:يرجى|الرجاء) (?:الضغط|النقر)",
    (
        rf"(?:و?لل?مزيد|و?لمزيد|و?المزيد)(?: (?:من|عن|حول))?(?: (?:ال)?(?:معلومات|تفاصيل|استفسار"
        rf"|اطلاع))?[^.!؟]*(?:{_TO['ar']}|:|$)"
    ),
    rf"(?:اقرأ|اقرؤوا|اقرأوا|طالع|انظر|راجع|زوروا|زر|تفضلوا|شاهد|التفاصيل)[^.!؟]*(?:{_TO['ar']}|المزيد|أيضا)",
    # Persian
    (
        rf"(?:برای )?(?:(?:کسب |دریافت |دیدن |خواندن )?(?:اطلاعات|جزئیات|جزییات|توضیحات|شرح) (?:بیشتر"
        rf"|کامل))[^.!؟]*(?:{_TO['fa']}|:|مراجعه|$)"
    ),
    (
        rf"(?:بیشتر بخوانید|ادامه (?:مطلب|خبر)|ادامهٔ (?:مطلب|خبر))|[^.!؟]*{_TO['fa']}[^.!؟]*(?:کلیک|مراجعه|بخوانید|ببینید"
        rf"|سر بزنید)"
    ),
)
_WIDE_ONES = (
    # Chinese
    r"(?:请|請)?(?:点击|點擊|点按|按|点|點)(?:这里|這裡|此处|此處|此|链接|連結|下方|查看|阅读|閱讀)",
    (
        rf"(?:更多|详细|詳細|进一步|其他|其它|有关|相關)*(?:信息|資訊|资讯|详情|詳情|內容|内容|消息|细节|細節)[^。！？]*"
        rf"(?:见|見|请|請|查看|访问|訪問|浏览|瀏覽|参阅|參閱|{_TO['zh']})"
    ),
    rf"(?:欲知|欲了解|了解|想了解|如需)[^。！？]*(?:请|請|{_TO['zh']})|(?:阅读|閱讀|查看)(?:全文|更多|原文)",
    rf"(?:请|請)?(?:访问|訪問|浏览|瀏覽|参见|參見|参阅|登录|登錄|查看|见|見)[^。！？]*{_TO['zh']}",
    # Japanese
    rf"(?:詳細|詳しく|くわしく|詳しい情報|詳しい内容|続き|全文|申し込み|申込)(?:について)?(?:は|を)[^。！？]*(?:{_TO['ja']}|ご覧|参照)",
    r"(?:こちら|ここ)を?(?:クリック|タップ)|続きを読む|もっと(?:読む|見る|詳しく)|詳しくはこちら",
    rf"[^。！？]*{_TO['ja']}[^。！？]*(?:をご覧ください|を参照|をクリック|でご確認)",
)
_SCRIPTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\p{Latin}", _LATIN),
    (r"\p{Cyrillic}", _CYRILLIC),
    (r"\p{Arabic}", _ARABIC),
    (r"[\p{Han}\p{Hiragana}\p{Katakana}]", _WIDE_ONES),
)
#: Each script's patterns are tried only where a sentence begins with one of its letters.
_POINTING = regex.compile(
    "|".join(f"(?={script})(?:{'|'.join(f'(?:{each})' for each in patterns)})" for script, patterns in _SCRIPTS),
    regex.IGNORECASE,
)


def points(sentence: str) -> bool:
    """Whether a sentence says nothing but where to read on, look or click."""
    if len(sentence) > LONGEST:
        return False
    start = _OPENING.match(sentence)
    return _mostly_address(sentence) or _POINTING.match(sentence, start.end() if start else 0) is not None


def _mostly_address(sentence: str) -> bool:
    if not _ADDRESS.search(sentence):
        return False
    rest = _ADDRESS.sub(" ", sentence)
    wide = len(_WIDE.findall(rest))
    return wide < ENOUGH_WIDE if wide else len(_WORD.findall(rest)) < ENOUGH_WORDS
