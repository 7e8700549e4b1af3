"""Posts of ours are recognised although a platform writes letters of a link otherwise, or drops what only directs."""

import pytest

from bot.platforms import mastodon, x

SENT = "\u200fNASA در \u2066@town\u2069 گفت: https://a.org/خبر\u200cها/1 و https://a.org/архив/\u2069."


@pytest.mark.parametrize("same", [x.comparable, mastodon.plain])
def test_letters_of_a_link_may_come_back_encoded_and_marks_not_at_all(same):
    back = "NASA در @town گفت: https://a.org/%D8%AE%D8%A8%D8%B1%E2%80%8C%D9%87%D8%A7/1 و "
    back += "https://a.org/%d0%b0%d1%80%d1%85%d0%b8%d0%b2/."
    assert same(back) == same(SENT)
    assert same(back.replace("/1", "/2")) != same(SENT)
    assert same(back.replace("NASA", "ESA")) != same(SENT)
