"""What is printed around an article and is not the article: bylines, dates, captions, share lines, imprints.

Patterns as data, own lists, the languages side by side: a page often mixes them. Each function judges one paragraph.
"""

from collections.abc import Sequence

import regex

from bot.domain.text import covers

_NAME = (
    r"(?:(?:von|van|de|del|della|der|den|di|da|dos|du|la|le|al|el|bin|ibn)\s+|[dO][’'])*"
    r"\p{Lu}[\p{L}\p{M}.’'-]*(?:\s+(?:(?:von|van|de|del|della|der|den|di|da|dos|du|la|le|al|el|bin|ibn)"
    r"|\p{Lu}[\p{L}\p{M}.’'-]*)){0,4}"
)
_BYLINE = regex.compile(
    r"(?:(?i:by|words by|written by|reported by|story by|text by|interview by|von|ein beitrag von|par|por|di"
    r"|a cura di|door|av|af"
    r"|przez|автор(?:ы)?|текст|text|texte|texto|testo|autor(?:in)?|auteur|autrice|author|redaktion|rédaction"
    r"|redacción)\s*:?)\s+"
    rf"{_NAME}(?:\s*(?:,|&|\band\b|\bund\b|\bet\b|\by\b|\be\b|\bи\b|\bog\b|\boch\b|\ben\b)\s*{_NAME})*"
    r"(?:\s*[,|–—·•-]\s*[^.!?\n]{0,80})?"
    r"|(?:بقلم|كتب|كتبت|تقرير|إعداد|نویسنده|گزارشگر|خبرنگار|مترجم|به قلم)\s*[:：]?\s*\S+(?:\s+\S+){0,5}"
    r"|(?:(?:本报)?(?:记者|記者)|作者|撰文|文|图文|取材|執筆|筆者)\s*[/／:：=＝|｜・\s]\s*[\p{L}・·\s/／]{2,24}"
)
_DATES = """january february march april may june july august september october november december jan feb mar apr jun
 jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri
 sat sun januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag
 samstag sonntag janvier février mars avril juin juillet août septembre octobre novembre décembre lundi
 mardi mercredi jeudi vendredi samedi dimanche enero febrero marzo abril mayo junio julio agosto septiembre
 octubre noviembre diciembre lunes martes miércoles jueves viernes sábado domingo января февраля марта
 апреля мая июня июля августа сентября октября ноября декабря gennaio febbraio aprile maggio giugno luglio
 settembre ottobre dicembre janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
 published updated posted modified last on at am pm um uhr den vom stand veröffentlicht aktualisiert publié
 mis à jour le publicado actualizado el de a las del опубликовано обновлено в utc gmt cet cest est edt h st
 nd rd th min minute minutes read lesezeit minuten lecture lectura de يناير فبراير مارس أبريل مايو يونيو
 يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند
 ساعت تاریخ انتشار منتشر شد نشر في 年 月 日 发布 发布于 更新 更新于 公開 時 分 时 星期 年月日 発表"""
DATE_WORDS = frozenset(_DATES.split())
_MEDIUM = (
    r"photos?|photographs?|pictures?|images?|illustrations?|graphics?|video|credits?|caption|fotos?|bild(?:er)?"
    r"|grafik|abbildung"
    r"|abb\.|fig(?:ure|\.)?|crédits?(?: photo)?|légende|imagen(?:es)?|fotografías?|ilustración|foto di|immagine"
    r"|fotografia|imagem"
    r"|фото|изображение|иллюстрация|صورة|الصورة|تصویر|عکس|图片?|图为|圖|摄影|攝影|写真|撮影|画像|提供"
)
_CAPTION = regex.compile(
    rf"[(\[]?(?:{_MEDIUM})(?:\s+(?:credits?|source|by|von|de|par|di|courtesy of|\d+[a-z]?))*\s*"
    r"(?:[:：/／=]|\bby\s+\p{Lu}|©|\s\|\s)",
    regex.IGNORECASE,
)
_CREDITED = regex.compile(
    rf"(?:[(\[]\s*(?:{_MEDIUM})(?:\s+(?:credit|by|von))?\s*[:：/]?\s[^()\[\]]{{2,60}}[)\]]|(?:{_MEDIUM})\s*[:：]\s*[^.:]{{2,50}}"
    r"|[(\[]?©\s*[^.()]{2,50}[)\]]?)\.?$",
    regex.IGNORECASE,
)
_RIGHTS = (
    "all rights reserved",
    "alle rechte vorbehalten",
    "tous droits réservés",
    "todos los derechos reservados",
    "tutti i diritti riservati",
    "todos os direitos reservados",
    "alle rechten voorbehouden",
    "все права защищены",
    "جميع الحقوق محفوظة",
    "تمامی حقوق",
    "کلیه حقوق",
    "版权所有",
    "未经授权",
    "無断転載",
    "uses cookies",
    "we use cookies",
    "verwendet cookies",
    "this article was first published",
    "this article first appeared",
    "this article originally appeared",
    "this article was originally published",
    "dieser artikel erschien zuerst",
    "cet article a été publié",
    "cet article est paru",
    "este artículo se publicó",
    "este artículo fue publicado",
    "is no longer being updated",
    "live coverage has ended",
    "wird nicht mehr aktualisiert",
    "liveticker ist beendet",
    "n'est plus mise à jour",
    "n’est plus mise à jour",
    "ya no se actualiza",
    "alle angaben ohne gewähr",
    "to unsubscribe",
)
_NEWSLETTER = (
    "newsletter",
    "mailing list",
    "email alert",
    "e-mail alert",
    "inbox",
    "rundbrief",
    "lettre d’information",
    "lettre d'information",
    "boletín",
    "рассылк",
    "خبرنامه",
    "النشرة",
    "メルマガ",
    "邮件列表",
)
_INVITING = regex.compile(
    r"(?:sign up|subscribe|join|get|receive|register|abonnieren|melden sie|jetzt|abonnez|inscrivez|recevez"
    r"|suscr[ií]b|regístrate"
    r"|recibe|подпи|получай|اشترك|سجل|عضو|عضویت|订阅|訂閱|購読|登録|never miss|want more|unser|our|notre|nuestro)",
    regex.IGNORECASE,
)
_FURNITURE = regex.compile(
    r"(?:editor[’']?s[’']? note\s*:"
    r"|(?:press|media) (?:contact|enquiries|inquiries)\s*:|pressekontakt\s*:|contact presse\s*:|contacto de prensa\s*:"
    r"|(?:(?:read|see|find out|learn|discover|more) more|more)(?=\s*[:>»→…]|\s*$|\s+(?:about|on|from|in|here|at"
    r"|of our|stories|articles|news)\b)"
    r"|continue reading|see also|also read|you (?:may|might) also like|related(?: articles?| stories| links"
    r"| content| posts)?(?=\s*[:>]|\s*$)"
    r"|recommended(?=\s*[:>]|\s*$)|share(?= (?:this|on|via|with)\b|\s*[:|]|\s*$)|follow us|subscribe|click here"
    r"|advertisement\b|ad\s*$"
    r"|sponsored|print(?= this|\s*$)|download (?:the )?(?:pdf|app)|leave a (?:comment|reply)"
    r"|comments?(?:\s*\(\d+\))?\s*$|tags?\s*:"
    r"|filed under|categor(?:y|ies)\s*:|topics?\s*:|skip to|back to top|next (?:article|post)|previous (?:article"
    r"|post)|copyright\b"
    r"|©|\(c\) \d{4}|source\s*:|image credits?|editing by|reporting by|additional reporting"
    r"|weiterlesen|mehr (?:dazu|lesen|zum thema|erfahren|infos?\b)|lesen sie (?:auch|mehr)|(?:jetzt )?abonnieren"
    r"|folgen sie uns"
    r"|(?:artikel )?teilen(?=\s*[:|]|\s*$)|anzeige\s*$|werbung\s*$|kommentare?(?:\s*\(\d+\))?\s*$|drucken\s*$"
    r"|schlagw[oö]rter|themen\s*:"
    r"|quelle\s*:|siehe auch|auch interessant"
    r"|lire (?:aussi|la suite|plus|également)|à lire|en savoir plus|abonnez-vous|s[’']abonner|suivez-nous"
    r"|partager(?=\s|$)|publicité"
    r"|voir aussi|mots-clés|source\s*:"
    r"|leer más|lea (?:también|además)|le puede interesar|más información|suscr[ií]b(?:ase|ete)|s[ií]ganos|síguenos"
    r"|compartir(?=\s|$)"
    r"|publicidad|ver también|etiquetas\s*:|fuente\s*:"
    r"|leggi anche|leggi tutto|continua a leggere|condividi|seguici|iscriviti|pubblicità|leia (?:mais|também)"
    r"|assine|compartilhe"
    r"|siga-nos|lees (?:ook|meer|verder)|deel dit|volg ons|advertentie|læs også|läs (?:också|mer)|annons\b"
    r"|подробнее\s*:|читайте (?:также|ещё|еще|далее)|читать (?:далее|дальше)|подписывайтесь|подпишитесь|поделиться|реклама\s*$"
    r"|теги\s*:|источник\s*:"
    r"|اقرأ (?:أيضا|أيضاً|المزيد)|اشترك|تابعونا|شارك(?:\s|$)|إعلان\s*$|المصدر\s*:|للمزيد"
    r"|بیشتر بخوانید|همچنین بخوانید|ما را (?:در|دنبال)|به اشتراک|اشتراک‌گذاری|آگهی\s*$|ادامه مطلب|منبع\s*:|برچسب"
    r"|阅读更多|延伸阅读|相关(?:阅读|文章|新闻)|订阅|訂閱|关注我们|分享到|广告\s*$|点击(?:这里|此处|查看)|责任编辑"
    r"|编辑\s*[:：]|来源\s*[:：]|標籤"
    r"|続きを読む|関連(?:記事|リンク)|あわせて読みたい|フォロー|シェア|広告\s*$|詳しくはこちら|出典\s*[:：])",
    regex.IGNORECASE,
)
#: Headings after which the article is over, up to the next heading.
_ENDMATTER = regex.compile(
    r"(?:about (?:the|us|our|this)\b.*|(?:media|press)(?: enquiries| inquiries)? contacts?|contacts?|contact us"
    r"|notes? (?:to|for) editors"
    r"|further (?:information|reading)|more (?:information|from .*|stories)|related .*|sources?|references"
    r"|footnotes|disclaimer"
    r"|über (?:den|die|das|uns)\b.*|zur person|pressekontakt|kontakt|ansprechpartner(?:in)?|weitere informationen"
    r"|impressum|quellen"
    r"|à propos .*|contact presse|en savoir plus|sobre (?:el|la|los|nosotros)\b.*|acerca de .*"
    r"|contacto(?: de prensa)?|sull[’']autor.*"
    r"|sobre o autor.*|over de auteur.*|об авторе|о компании|контакты|عن الكاتب|نبذة عن .*|للتواصل|درباره .*"
    r"|تماس با ما|关于.*|联系(?:我们|方式)"
    r"|著者(?:について|プロフィール)|お問い合わせ.*|プロフィール)\s*[:：]?\s*",
    regex.IGNORECASE,
)
#: A line by itself that ends a press release, or stands above the signature of an e-mail (RFC 3676, 4.3).
_THE_END = regex.compile(r"[-–—*#\s]*(?:ends?|ende|fin|30|###)[-–—*#\s]*|--", regex.IGNORECASE)
_NOTE = regex.compile(r"(?:\[\d{1,3}\]|[¹²³⁴-⁹])\s*\S")
_GREETING = regex.compile(r"[^,.!?;:\n]{2,40}(?:,[^,.!?;:\n]{2,40}){0,2}[,،，、]")
_CALL = regex.compile(r"[^.!?;:\n！？。]{2,60}[!！:：]")
_COURTESY = regex.compile(
    r"(?:good (?:morning|afternoon|evening|day)|thank you|thanks|ladies and gentlemen|welcome|dear |hello|hi\b"
    r"|guten (?:morgen|tag|abend)|meine damen|sehr geehrte|liebe \p{L}+,|herzlich willkommen|(?:vielen "
    r"|herzlichen )?dank\b|danke"
    r"|bonjour|bonsoir|mesdames|messieurs|chers |chères |merci|bienvenue"
    r"|buen[oa]s (?:días|tardes|noches)|señoras|señores|querid[oa]s |gracias|bienvenid"
    r"|добр(?:ый|ое|ого)|уважаемые|дорогие|спасибо|здравствуйте|благодарю"
    r"|السلام عليكم|مساء الخير|صباح الخير|(?:أيتها |أيها )?السيدات|أيها|شكرا|أهلا"
    r"|سلام(?!ت)|با سلام|خانم‌ها|دوستان|سپاس|متشکر|با درود"
    r"|大家(?:好|晚上好)|各位|女士们|先生们|谢谢|感谢(?:大家|各位)|尊敬的|皆さん|皆様|こんにちは|こんばんは|おはよう|ありがとう)",
    regex.IGNORECASE,
)
_CLOCK = regex.compile(
    r"\(?\d{1,2}(?::|\.|h)\d{2}(?:\s?(?:Uhr|h|[ap]\.?m\.?))?+\)?\s*[:–—|-]?\s+(?=[\"“„«]?(?:[^\p{Ll}\s\d:–—|-]|\d[\d.,'’\s]*\p{L}))"
)
_TURN = regex.compile(
    r"(?:[QAFRVПО]|Q&A|question|answer|frage|antwort|réponse|pregunta|respuesta|domanda|risposta|vraag|antwoord"
    r"|вопрос|ответ|سؤال|جواب|س|ج|پرسش|پاسخ|[問问答]|質問|回答|記者|记者)\s?(?::|：)\s*\S",
    regex.IGNORECASE,
)
_PLACE = r"\p{L}[\p{L}\p{M}.’'/ -]{1,40}"
_FACT = regex.compile(r"[^\s:：.!?][^:：\n.!?]{0,28}[:：](?!//)[^\S\n]*\S")
_DATELINE = regex.compile(
    r"(?P<uncased>\p{Arabic}+(?:\s\p{Arabic}+)?)\s+[–—-]\s+(?=\p{Arabic})"
    rf"|(?P<place>{_PLACE}(?:,\s*[^–—\n()!?]{{1,40}})?)\s*(?P<agency>[(/][^()/\n]{{1,30}}[)/])?\s*"
    rf"(?:[–—]|-{{1,2}}(?=\s)|(?P<stretched>ـ{{1,4}}(?=\s)))\s+"
    r"(?=[\"“„«]?[^\p{Ll}\s])"
    r"|(?P<wire>(?:(?:\p{Han}{2,12}\d{1,2}月\d{1,2}日(?:电|電|讯|訊)?\s*(?:[（(][^）)]{1,30}[）)])?(?<=[电電讯訊）)])"
    r"|(?:本[報报刊网網社台]|\p{Han}{2,4}[网網社])\p{Han}{0,8}?[讯訊电電](?=[\s（(]|记者|記者)|[（(](?:本[报報])?(?:记者|記者|通讯员)[^）)]{1,40}[）)]"
    r"|【[^】\n]{2,20}】(?!.*\n【))\s*){1,3})(?=\S)"
)
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_CLOSING = regex.compile(
    r"(?:yours (?:faithfully|sincerely|truly)|(?:with )?(?:best|kind|kindest|warm|warmest) (?:wishes|regards)|regards|sincerely"
    r"|(?:mit )?(?:freundlichen|herzlichen|besten|vielen|lieben) grüßen?|hochachtungsvoll|(?:viele|liebe|beste|herzliche) grüße"
    r"|cordialement|bien cordialement|(?:veuillez|je vous prie d[’'])\s?agréer|salutations"
    r"|atentamente|(?:un )?(?:cordial|atento) saludo|saludos (?:cordiales|atentos)?|cordiali saluti|distinti saluti"
    r"|com os melhores cumprimentos|atenciosamente|met vriendelijke groet(?:en)?|с уважением|с наилучшими пожеланиями"
    r"|مع (?:خالص )?(?:التحية|التقدير|الاحترام)|وتفضلوا بقبول|با (?:احترام|سپاس)|ارادتمند"
    r"|此致|敬礼|敬禮|顺颂|敬具|草々)(?!\p{L})[^.!?\n]{0,40}[,.،，、!。]?",
    regex.IGNORECASE,
)
_POSTSCRIPT = regex.compile(
    r"(?:p\.?\s?p?\.?\s?s\b|ps\b|n\.?b\b|постскриптум|附言|又及|追伸|ملاحظة|پ\.?ن)", regex.IGNORECASE
)
_LONGEST_SIGNATURE = 240
_SHORT_FACT = 80
_AMOUNT = regex.compile(r"\p{Nd}|[€$£¥₹₽]")
_TOLD = regex.compile(r"[.!?…。！？؟۔।]\W*$")
_CONTACT = regex.compile(r"\S+@\S+\.\S|\+?\d[\d ()/-]{6,}|\b(?:tel|fax|phone)\b", regex.IGNORECASE)
_ADDRESS = regex.compile(
    r"(?:\S+@\S+\.\S+|(?:https?://|www\.)\S+|[#@][\p{L}\p{M}\p{N}_]+|[+\d][\d ()/.-]{5,}|[|·•,;\s-])+"
)


def dateline(text: str) -> int:
    """Return how many code points of a paragraph are its dateline ("PARIS, 29 June (Agency) – "), 0 = it has none."""
    found = _DATELINE.match(text)
    if not found:
        return 0
    place = found["place"] or ""
    capitals = place.split(",")[0]
    dated = any(word.lower() in DATE_WORDS for word in _WORD.findall(place)) and any(map(str.isdigit, place))
    told = found["wire"] or found["uncased"] or found["agency"] or found["stretched"] or dated
    return found.end() if told or (capitals.isupper() and len(capitals) > 2) else 0


def byline(text: str) -> bool:
    """Whether a short paragraph says who wrote the article, where or when, and nothing else."""
    if len(text) > 160:
        return False
    return bool(_BYLINE.fullmatch(text)) or _only_a_date(text) or dateline(text + " X") == len(text) + 1


def _only_a_date(text: str) -> bool:
    if len(text) > 80 or not any(map(str.isdigit, text)):
        return False
    letters = _WORD.findall(text.lower())
    return bool(letters) and all(word in DATE_WORDS for word in letters)


def caption(text: str) -> bool:
    """Whether a paragraph belongs to a picture: it starts with "Photo:" and the like, or ends in a credit."""
    if len(text) > 300:
        return False
    return bool(_CAPTION.match(text)) or (any(sign in text[-90:] for sign in ":：/©") and bool(_CREDITED.search(text)))


def boilerplate(text: str) -> bool:
    """Whether a paragraph is there for the site and not for the article."""
    if len(text) > 400:
        return False
    if not _WORD.search(text) or _ADDRESS.fullmatch(text) or _NOTE.match(text):
        return True
    lower = text.lower()
    if any(phrase in lower for phrase in _RIGHTS):
        return True
    if any(word in lower for word in _NEWSLETTER) and _INVITING.match(text):
        return True
    return covers.covering(text) or (len(text) <= 200 and _FURNITURE.match(text.lstrip("([（【")) is not None)


def greeting(text: str) -> bool:
    """Whether a line by itself greets readers ("Dear members,", "Уважаемые жители!")."""
    return _GREETING.fullmatch(text) is not None or (courtesy(text) and _CALL.fullmatch(text) is not None)


def courtesy(text: str) -> bool:
    """Whether a sentence begins as speeches do ("Good evening", "Thank you for coming")."""
    return _COURTESY.match(text) is not None


def clock(text: str) -> int:
    """Return how many code points of a paragraph are the time at which it was written ("18:40 "), 0 = it has none."""
    found = _CLOCK.match(text)
    return found.end() if found else 0


def turn(text: str) -> bool:
    """Whether a paragraph is marked as somebody's turn to speak ("Q: Why?", "答：……")."""
    return _TURN.match(text) is not None


def facts(text: str) -> bool:
    """Whether a paragraph is a list of facts, two lines or more: "Where: Town hall\\nWhen: Sunday, 10 am"."""
    lines = text.strip().split("\n")
    return len(lines) > 1 and sum(_FACT.match(line.strip()) is not None for line in lines) * 3 >= len(lines) * 2


def entry(text: str) -> bool:
    """Whether a list entry is one fact of several that belong together: a date, a time, a price ("Mon 22 Dec: 9–17")."""
    short = len(text) <= _SHORT_FACT and _AMOUNT.search(text) is not None
    return short and (_TOLD.search(text) is None or _FACT.match(text) is not None)


def belonging(entries: Sequence[str]) -> bool:
    """Whether the entries of a list are short facts, which mislead when some of them are left out."""
    return len(entries) > 1 and sum(map(entry, entries)) * 3 >= len(entries) * 2


def closing(text: str) -> bool:
    """Whether a paragraph closes a letter ("Yours faithfully,"), alone or with who signs it."""
    line, _, rest = text.partition("\n")
    return _CLOSING.fullmatch(line.strip()) is not None and (not rest or signing(rest))


def signing(text: str) -> bool:
    """Whether a paragraph below the closing of a letter is who signed it, with an address: no whole sentence, no postscript."""
    if len(text) > _LONGEST_SIGNATURE or _POSTSCRIPT.match(text):
        return False
    return all(
        _TOLD.search(line) is None or len(line) < _SHORT_FACT / 2 or _CONTACT.search(line) for line in text.split("\n")
    )


def endmatter(text: str) -> bool:
    """Whether a heading opens what stands after an article ("About the library", "Press contact")."""
    return len(text) <= 80 and _ENDMATTER.fullmatch(text) is not None


def the_end(text: str) -> bool:
    """Whether a line says that the article is over ("ENDS", "-30-")."""
    return len(text) <= 20 and _THE_END.fullmatch(text) is not None
