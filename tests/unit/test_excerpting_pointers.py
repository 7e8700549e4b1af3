"""Sentences that only send readers elsewhere are told from those that say something, and never offered."""

import pytest

from bot.domain.text import pointers
from tests.unit.test_excerpting import texts

POINTING = {
    "en": (
        "See https://bus.example/night for details.",
        "Read more at bus.example.",
        "Click here to buy a ticket.",
        "For more information, visit the museum's website.",
    ),
    "fr": (
        "Plus d’informations sur bus.example.",
        "Cliquez ici pour réserver.",
        "Lire la suite.",
        "Pour en savoir plus, rendez-vous sur le site du musée.",
    ),
    "de": (
        "Weitere Informationen finden Sie hier.",
        "Mehr dazu unter https://bus.example.",
        "Klicken Sie hier, um Karten zu kaufen.",
        "Lesen Sie mehr auf museum.example.",
    ),
    "es": (
        "Más información en bus.example.",
        "Haga clic aquí.",
        "Para más información, visite nuestra página.",
        "Lea más aquí.",
    ),
    "ar": (
        "للمزيد من المعلومات زوروا موقعنا.",
        "اضغط هنا للتسجيل.",
        "اقرأ المزيد على الرابط.",
        "لمزيد من التفاصيل اضغط هنا.",
    ),
    "fa": ("برای اطلاعات بیشتر به وب‌سایت موزه مراجعه کنید.", "برای ثبت‌نام اینجا کلیک کنید.", "ادامه مطلب را بخوانید."),
    "zh": ("更多信息请访问官网。", "点击这里购票。", "详情请见 https://x.example。", "阅读全文。"),
    "ja": ("詳細はこちらをご覧ください。", "詳しくは図書館のサイトをご覧ください。", "続きを読む"),
    "ru": (
        "Подробнее на сайте музея.",
        "Подробности: https://x.example",
        "Нажмите здесь, чтобы купить билет.",
        "Читайте также на нашем сайте.",
    ),
}
NEWS = {
    "en": "The night bus runs every hour from the first of May.",
    "fr": "Le bus de nuit roule toutes les heures à partir du mois de mai.",
    "de": "Der Nachtbus fährt ab dem ersten Wochenende jede Stunde zum Bahnhof.",
    "es": "El autobús nocturno pasa cada hora desde el primero de mayo.",
    "ar": "تعمل حافلة الليل كل ساعة ابتداء من مطلع الشهر المقبل.",
    "fa": "اتوبوس شبانه از آغاز ماه هر ساعت یک بار حرکت می‌کند.",
    "zh": "夜班车从五月一日起每小时开一班，票价三元。",
    "ja": "夜行バスは五月一日から一時間ごとに運行する。",
    "ru": "Ночной автобус ходит каждый час с первого числа месяца.",
}
SAYING = """See how the old bridge was taken down stone by stone.
See the old boat that was built here in 1911.
Visit the museum below the castle.
Read more books this winter, says the library.
The library put its catalogue online, with 40,000 entries.
For more than forty years the ferry has crossed the river here.
The museum asks all who own an old ticket, a poster or a photograph of the tram to bring it: https://museum.example/tram.
Besuchen Sie die Mühle am Sonntag.
Mehr Licht, weniger Strom: Die Stadt tauscht 900 Lampen aus.
Weitere Termine folgen im Mai.
Découvrez le site du moulin dimanche.
Les informations manquaient après la crue.
Visite el sitio arqueológico de la colina.
Más de mil personas visitaron la página.
المزيد من الناس يزورون المتحف كل عام.
اطلاعات تازه نشان می‌دهد که رودخانه بالا آمده است.
更多市民选择乘坐夜班车。
访问磨坊的游客超过三万人。
ここには古い水車がある。
続きは来年の春に始まる。
Подробности аварии пока не сообщаются.
Узнайте больше о реке на прогулке в субботу.""".splitlines()


@pytest.mark.parametrize("sentence", [each for language in POINTING.values() for each in language])
def test_what_only_sends_readers_elsewhere(sentence: str):
    assert pointers.points(sentence)


@pytest.mark.parametrize("sentence", SAYING)
def test_what_says_something(sentence: str):
    assert not pointers.points(sentence)


@pytest.mark.parametrize("language", POINTING)
def test_no_excerpt_sends_readers_elsewhere(language: str):
    pointing = POINTING[language]
    text = f"{NEWS[language]} {' '.join(pointing)} {NEWS[language]}\n\n" + "\n\n".join(pointing)
    found = texts(text, language=language)
    assert found == [NEWS[language]]
    assert not any(sentence in one for one in found for sentence in POINTING[language])


def test_a_post_of_nothing_but_a_pointer_may_be_meant():
    assert texts("Our programme for May: https://town.example/may") == [
        "Our programme for May: https://town.example/may"
    ]
