"""The operator's settings as the bot reads them: who wins, where secrets may lie, and that they never show."""

import string
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.errors import BadSetting
from bot.ports import Field
from bot.settings import Settings, example, load

FIELDS = {
    "board": (
        Field(key="BASE_URL", help="its address", default="https://board.example"),
        Field(key="TOKEN", help="from its settings page", secret=True),
        Field(key="ROOM", help="where to post"),
        Field(key="SIGN", help="what to sign with", secret=True, required=False),
    ),
    "wall": (Field(key="TOKEN", help="from its settings page", secret=True),),
}
SECRET = "sea-shell-4711"


def read(home: Path, text: str = "", environ: dict[str, str] | None = None) -> Settings:
    (home / ".env").write_text(text, encoding="utf-8")
    return load(home, FIELDS, environ or {})


def test_nothing_set_gives_the_defaults_and_no_channel(tmp_path):
    settings = load(tmp_path, FIELDS, {})
    assert (settings.data, settings.queue) == (tmp_path / "data", tmp_path / "queue")
    assert settings.database == tmp_path / "data" / "handbill.db"
    assert (settings.zone, settings.web, settings.log) == ("UTC", ("127.0.0.1", 8080), "info")
    assert (settings.deadline, settings.channels, settings.secrets) == (timedelta(seconds=30), (), ())


def test_the_environment_wins_over_the_file_even_where_it_is_set_to_nothing(tmp_path):
    text = "HANDBILL_ZONE=Europe/Paris\nHANDBILL_LOG=debug\n"
    settings = read(tmp_path, text, {"HANDBILL_ZONE": "Asia/Tokyo", "HANDBILL_LOG": ""})
    assert (settings.zone, settings.log) == ("Asia/Tokyo", "info")


def test_a_channel_is_there_once_one_of_its_fields_is_and_says_what_it_lacks(tmp_path):
    (channel,) = read(tmp_path, f"BOARD_TOKEN={SECRET}\n").channels
    assert (channel.name, channel.platform, channel.missing) == ("board", "board", ("BOARD_ROOM",))
    assert channel.credentials == {"BASE_URL": "https://board.example", "TOKEN": SECRET}
    assert read(tmp_path, "BOARD_BASE_URL=https://other.example\n").channels == ()


def test_a_second_account_is_a_channel_of_its_own(tmp_path):
    text = (
        "BOARD_TOKEN=one-1\nBOARD_ROOM=a\nBOARD_TOKEN__TOWN_HALL=two-2\nBOARD_ROOM__TOWN_HALL=b\nWALL_TOKEN__B=three\n"
    )
    settings = read(tmp_path, text)
    assert [(each.name, each.platform, each.missing) for each in settings.channels] == [
        ("board", "board", ()),
        ("board__town_hall", "board", ()),
        ("wall__b", "wall", ()),
    ]
    assert [each.credentials["TOKEN"] for each in settings.channels] == ["one-1", "two-2", "three"]
    assert set(settings.secrets) == {"one-1", "two-2", "three"}


def test_a_secret_may_lie_in_a_file_named_from_the_root_or_from_home(tmp_path):
    (tmp_path / "secret").write_text(f"\ufeff{SECRET}\n", encoding="utf-8")
    for name in ("secret", str(tmp_path / "secret")):
        settings = read(tmp_path, f"BOARD_TOKEN_FILE__B={name}\nBOARD_ROOM__B=a\n")
        assert settings.channels[0].credentials["TOKEN"] == SECRET
        assert settings.secrets == (SECRET,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"BOARD_TOKEN_FILE={SECRET}\n", "BOARD_TOKEN_FILE"),
        (f"BOARD_TOKEN={SECRET}\nBOARD_TOKEN_FILE=x\n", "both set"),
        (f"BOARD_TOKN={SECRET}\n", "did you mean BOARD_TOKEN"),
        (f"BOARD_TOKEN={SECRET}\nBOARD_TOKEN={SECRET}\n", "again"),
        (f"BOARD_TOKEN {SECRET}\n", "not NAME=value"),
        (f"BOARD_TOKEN={SECRET}\nBOARD_ROOM_FILE=x\n", "BOARD_ROOM"),
        (f"BOARD_TOKEN__town={SECRET}\n", "BOARD_TOKEN__TOWN"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_ZONE=Nowhere/Here\n", "Nowhere/Here"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_WEB=8080\n", "HOST:PORT"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_WEB=::1:99999\n", "HOST:PORT"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_DEADLINE=nan\n", "1 to 600"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_DEADLINE=0\n", "1 to 600"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_LOG=loud\n", "debug, info"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_PROXIES=proxy.example\n", "neither an address nor a network"),
        (f"BOARD_TOKEN={SECRET}\nHANDBILL_PROXIES=10.0.0.1/8\n", "'10.0.0.1/8'"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_never_with_a_secret(tmp_path, text, told):
    with pytest.raises(BadSetting) as caught:
        read(tmp_path, text)
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert told in shown
    assert f"{tmp_path / '.env'}:{text.count(chr(10))}" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / ".env").write_bytes(b"BOARD_TOKEN=\xff\xfe")
    with pytest.raises(BadSetting, match="UTF-8"):
        load(tmp_path, FIELDS, {})


def test_no_repr_shows_a_secret(tmp_path):
    settings = read(tmp_path, f"BOARD_TOKEN={SECRET}\n")
    assert SECRET not in repr(settings)
    assert SECRET not in repr(settings.channels)
    assert SECRET not in str(settings)


def test_what_other_programs_keep_in_the_environment_is_no_concern_of_ours(tmp_path):
    assert read(tmp_path, "PATH_TO_CATS=x\n", {"BOARD_GAME": "chess", "HANDBILL_": "?"}).channels == ()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("off", None),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:0", ("::1", 0)),
        ("desk.example:65535", ("desk.example", 65535)),
    ],
)
def test_addresses_of_the_page(tmp_path, given, address):
    assert read(tmp_path, environ={"HANDBILL_WEB": given}).web == address


def test_the_example_read_as_it_is_sets_nothing_and_names_everything(tmp_path):
    text = example({name: (name.title(), specs) for name, specs in FIELDS.items()})
    assert read(tmp_path, text) == load(tmp_path, FIELDS, {})
    for name, specs in FIELDS.items():
        assert all(f"{name.upper()}_{spec.key}=" in text for spec in specs)


@given(some.text(string.printable[:-5] + "\täß€\\'\"#$`", min_size=1, max_size=30))
def test_whatever_init_is_told_is_read_back(tmp_path_factory, value):
    value = value.strip()
    text = example({"board": ("Board", FIELDS["board"])}, {"BOARD_TOKEN": value, "BOARD_ROOM": "a"})
    home = tmp_path_factory.mktemp("home")
    (channel,) = read(home, text).channels
    assert channel.credentials.get("TOKEN", "") == value
