"""What lies on top of a press release, and is for the newsroom: lines that hand it over, and embargoes.

Patterns as data, own lists, for English, French, German, Spanish, Arabic, Persian, Chinese, Japanese and Russian side by
side, as in `marginalia.py`.
"""

from collections.abc import Iterable

import regex

#: A longer paragraph tells something besides.
LONGEST = 400
LONGEST_NOTICE = 160
#: A notice stands above the text or below it: so much is read of each.
HEAD, FOOT = 4000, 1000

_GREETED = r"(?:[^.!?:\n。！？：]{2,60}[,،，、:!]\s*)?"
_LABEL = (
    r"(?:press|news|media) (?:release|statement|advisory)|(?:presse|medien)(?:mitteilung|information|aussendung)"
    r"|communiqué(?: de presse)?|nota de prensa|comunicado(?: de prensa)?|пресс-релиз|بيان صحفي|خبر صحفي"
    r"|(?:بیانیه|اطلاعیه|خبر) مطبوعاتی|新闻稿|新聞稿|新闻通稿|プレスリリース|報道資料|ニュースリリース"
)
#: A line that is nothing but the name of the form, with a number or a date.
_LABELLED = regex.compile(
    rf"[^\p{{L}}\p{{N}}]*+(?:{_LABEL})(?:[^\p{{L}}\n]|(?:no|nr|n°|№)\b|(?<=\s)\p{{L}}{{3,10}}(?=\s\d{{4}}))*",
    regex.IGNORECASE,
)
_PAPERS = "press|release|statement|medien|mitteilung|communiqué|prensa|comunicado|релиз|صحفي|مطبوعاتی|خبر"
_COVERING = regex.compile(
    r"[^\p{L}]*+(?:"
    # English
    rf"{_GREETED}(?:please (?:find|see)|find|i am attaching|we are attaching|i attach|we attach|i enclose|we enclose"
    r"|attached (?:is|are|please find)|enclosed (?:is|are|please find)|below (?:is|are|please find|you will find)|here is)\b"
    rf"[^.!?\n]*(?:{_PAPERS})"
    r"|(?:for|not for) (?:immediate |general )?(?:release|publication|distribution)\b[^.!?\n]{0,60}"
    r"|we would (?:be grateful|appreciate it|be pleased)\b[^.!?]*(?:publi|report|coverage|readers)"
    r"|(?:please )?publish (?:this|the (?:following|attached|enclosed))\b[^.!?]*"
    r"|[^.!?]*\bwith the request (?:for publication|to publish)"
    # German
    rf"|{_GREETED}(?:anbei|beiliegend|im anhang|in der anlage|beigefügt|angehängt|nachfolgend|nachstehend)\b"
    rf"[^.!?]*(?:{_PAPERS})"
    r"|[^.!?]*mit (?:der|herzlicher|freundlicher) bitte um (?:veröffentlichung|beachtung|berücksichtigung|kenntnisnahme"
    r"|abdruck|berichterstattung)"
    r"|(?:zur (?:sofortigen |freien )?(?:veröffentlichung|verwendung)|abdruck (?:honorar)?frei)\b[^.!?]{0,60}"
    r"|(?:über|wir freuen uns über)\b[^.!?]*(?:veröffentlichung|berichterstattung|abdruck)\b[^.!?]*"
    # French
    rf"|{_GREETED}(?:veuillez trouver|vous trouverez|nous vous (?:adressons|prions|transmettons)|je vous (?:adresse|prie)"
    rf"|ci-joint)\b[^.!?]*(?:{_PAPERS})"
    r"|pour (?:publication|diffusion) immédiate|nous vous (?:remercions|saurions gré)\b[^.!?]*(?:publi|diffusion)"
    # Spanish
    rf"|{_GREETED}(?:adjunt[oa]s?|adjuntamos|les? (?:enviamos|remitimos|adjunto|adjuntamos|envío)|sírva(?:n)?se encontrar)\b"
    rf"[^.!?]*(?:{_PAPERS})"
    r"|para (?:su )?(?:publicación|difusión) inmediata|[^.!?]*(?:rogamos|agradecemos|solicitamos) su (?:publicación|difusión)"
    # Russian
    rf"|{_GREETED}(?:во вложении|прилагаем|направляем|прилагается|высылаем)(?!\p{{L}})[^.!?]*(?:{_PAPERS})"
    r"|для (?:немедленной|свободной) публикации|[^.!?]*просим (?:вас )?опубликовать"
    # Arabic and Persian
    r"|[^.!؟]*(?:مرفق|نرفق|تجدون|نرسل)[^.!؟]*(?:بيان|خبر|صحفي)|للنشر الفوري"
    r"|[^.!؟]*(?:يرجى|نرجو|الرجاء) (?:التكرم )?(?:ب?نشر)[^.!؟]*"
    r"|[^.!؟]*(?:به پیوست|پیوست|ضمیمه)[^.!؟]*(?:خبر|بیانیه|اطلاعیه|مطبوعاتی)|[^.!؟]*جهت (?:انتشار|استحضار)|برای انتشار فوری"
    # Chinese and Japanese
    r"|[^。！？]*(?:附件|随附|隨附|附上|现将|現將)[^。！？]*(?:新闻稿|新聞稿|通稿|稿件)|(?:供)?即时发布|(?:供)?即時發佈|立即发布"
    r"|[^。！？]*(?:敬请|敬請|请予|請予|恳请)(?:予以)?(?:刊发|刊登|报道|報導|發布|发布)"
    r"|[^。！？]*(?:(?:添付|別添|下記)[^。！？]*(?:リリース|報道資料|お送り)|(?:リリース|報道資料)を(?:添付|お送り))|[^。！？]*(?:掲載|報道)(?:のほど|して(?:いただけ|ください|頂け))[^。！？]*"
    r")",
    regex.IGNORECASE,
)
_PIECE = regex.compile(r"(?<=[.!?؟。！？])\s+|(?<=[。！？])|\n+")

#: What follows the word where it stands for itself and begins no sentence about one.
_ITSELF = r"(?=\W*(?:$|\n|\d|until\b|till\b|for\b|bis\b|jusqu|au\b|hasta\b|до\b)|\s*[:：])"
_DATE = r"[^\n.!?]{0,40}?\d"
_NOTICE = (
    r"(?:^|\n)[^\p{L}\p{N}\n]*"
    r"(?:(?:strict(?:ly)?|streng|wichtig|note|attention|achtung|внимание|تنبيه|توجه|注意)\W{1,4})?"
)
_EMBARGO = regex.compile(
    # a line that begins with the word, and does not say that there is none
    rf"{_NOTICE}(?:(?:embargo(?:ed|frist|datum)?|под эмбарго|эмбарго|sous embargo|embargado|bajo embargo)(?!\p{{L}}){_ITSELF}"
    r"|sperr?frist|sperrvermerk|hold (?:for release )?(?:until|till)"
    r"|not for (?:release|publication|broadcast) (?:before|until|till)"
    r"|ne pas (?:publier|diffuser) avant|no publicar (?:antes|hasta)|не публиковать до|frei ab|gesperrt bis"
    r"|(?:报道|報道|情報|公開|新闻|新聞|発表)?解禁(?:日時|时间|時間|日)?(?=\s*[:：】]|\s*\d)|エンバーゴ|发布时间(?=不早于|：不早于)|禁发)(?!\p{Ll})"
    r"(?!\s*(?:[:：–—-]\s*)?(?:none|no\b|keine?|aucun|ningun[oa]|sin\b|нет|без|なし|无|無|ندارد|لا يوجد|lifted|aufgehoben"
    r"|levé|levantado|снято|has been lifted|ist aufgehoben))"
    # words that are used of nothing else
    r"|\bembargoed (?:until|till|for|to)\b|\b(?:under|strict) (?:strict )?embargo (?:until|till|to)\b"
    rf"|\bsperrfrist\s*(?:[:：]|bis\b|endet\b|ist\b){_DATE}|\bgesperrt bis\b{_DATE}"
    rf"|\bsous embargo (?:jusqu|au\b){_DATE}|\bembargad[oa]s? hasta\b|\b(?:bajo|con) embargo hasta\b{_DATE}"
    rf"|под эмбарго до|эмбарго до{_DATE}"
    r"|محظور(?:ة)? النشر|يحظر النشر (?:حتى|قبل)|حظر النشر حتى|(?:غير|ليس) للنشر قبل"
    r"|ممنوعیت انتشار|انتشار (?:تا|پیش از|قبل از)[^.\n]{1,40}ممنوع|غیر ?قابل انتشار تا"
    r"|禁止提前(?:发布|發布|报道|刊发)|(?:请勿|不得|勿)提前(?:发布|發布|报道|刊发)|发布时间[:：]?不早于|發布時間[:：]?不早於|不得早于[^。\n]{1,30}发布"
    r"|(?:报道|報道|情報|記事)解禁(?:日時|は|：|:)",
    regex.IGNORECASE,
)

#: A text without any of these is neither cover nor embargo; looking for them takes a hundredth of the time.
_HINTS = """press release statement advisory medien mitteilung communiqué prensa comunicado релиз صحفي مطبوعاتی خبر بيان نشر
 انتشار استحضار publi veröffentlich bitte berichterstattung abdruck verwendung diffus difus grateful appreciate pleased
 distribution опубликова публикова embarg sperr эмбарго hold frei gesperrt 解禁 エンバーゴ 发布 發佈 發布 禁发 提前
 新闻稿 新聞稿 通稿 稿件 刊发 刊登 报道 報道 報導 リリース 掲載 お送り saurions remercions"""
_HINTING = tuple(_HINTS.split())


def covering(text: str) -> bool:
    """Whether a paragraph or a sentence only hands a press release over ("Please find attached …", "For immediate release")."""
    if len(text) > LONGEST or not _hinted(text):
        return False
    if _LABELLED.fullmatch(text) or notice(text):
        return True
    return any(_all_covering(_PIECE.split(each)) for each in (text, " ".join(text.split())))


def _hinted(text: str) -> bool:
    lower = text.lower()
    return any(hint in lower for hint in _HINTING)


def _all_covering(pieces: Iterable[str]) -> bool:
    said = [piece for piece in pieces if piece.strip()]
    return bool(said) and all(_COVERING.match(piece) or _LABELLED.fullmatch(piece) for piece in said)


def notice(text: str) -> bool:
    """Whether a paragraph says until when the rest is not to be published, and nothing else."""
    found = _EMBARGO.match(text) if len(text) <= LONGEST_NOTICE else None
    return found is not None


def embargo(text: str) -> str:
    """Return the words by which a text says that it is not to be published yet, with what follows on their line, or ""."""
    text = text if len(text) <= HEAD + FOOT else f"{text[:HEAD]}\n{text[-FOOT:]}"
    found = _EMBARGO.search(text) if _hinted(text) else None
    if not found:
        return ""
    start = found.end() - len(found[0].lstrip("\n"))
    return " ".join(text[start : start + LONGEST_NOTICE].split("\n", 1)[0].split())
