"""What an operator gets wrong in `.env`: every slip is told with its line and never with a secret."""

import pytest

from tests.processes import ROOT, handbill, refused, told

TOKEN = "tok-4711-geheim"
MASTODON = f"MASTODON_BASE_URL=http://127.0.0.1:9\nMASTODON_TOKEN={TOKEN}\n"

#: A .env, the line that is told, what is told.
SLIPS = {
    "misspelt": (f"# mine\n\nMASTODON_TOKN={TOKEN}\n", ":3", "did you mean MASTODON_TOKEN?"),
    "misspelt platform": (f"MASTADON_TOKEN={TOKEN}\n", ":1", "did you mean MASTODON_TOKEN?"),
    "misspelt bot": ("HANDBIL_ZONE=UTC\n", ":1", "did you mean HANDBILL_ZONE?"),
    "lower case": (f"mastodon_token={TOKEN}\n", ":1", "did you mean MASTODON_TOKEN?"),
    "account in lower case": (f"MASTODON_TOKEN__library={TOKEN}\n", ":1", "did you mean MASTODON_TOKEN__LIBRARY?"),
    "account of nothing": ("HANDBILL_ZONE__TWO=UTC\n", ":1", "did you mean HANDBILL_ZONE?"),
    "like none": ("X_WHATEVER=1\n", ":1", "see .env.example"),
    "no equals sign": (f"{MASTODON}MASTODON_VISIBILITY public\n", ":3", "this line is not NAME=value"),
    "name alone": (f"\n{TOKEN}\n", ":2", "this line is not NAME=value"),
    "open quotes": (f"MASTODON_TOKEN='{TOKEN}\n", ":1", "this line is not NAME=value"),
    "twice": (f"{MASTODON}\nMASTODON_TOKEN=\n", ":4", "MASTODON_TOKEN stands here again"),
    "two ways": (f"{MASTODON}MASTODON_TOKEN_FILE=/run/token\n", ":3", "MASTODON_TOKEN are both set"),
    "no such file": (f"MASTODON_TOKEN_FILE=/run/{TOKEN}\n", ":1", "names a file that cannot be read"),
    "zone": ("HANDBILL_ZONE=Europe/Pariss\n", ":1", "no time zone is called 'Europe/Pariss'"),
    "web": ("HANDBILL_WEB=8080\n", ":1", "'8080' is not HOST:PORT"),
    "web port": ("HANDBILL_WEB=127.0.0.1:80800\n", ":1", "is not HOST:PORT"),
    "deadline": ("HANDBILL_DEADLINE=nan\n", ":1", "'nan' is not a number of seconds from 1 to 600"),
    "log": ("HANDBILL_LOG=loud\n", ":1", "'loud' is not debug, info, warning or error"),
    "not text": ("HANDBILL_ZONE=Zürich\n", "", "is not UTF-8 text"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_its_line(tmp_path, slip):
    text, line, words = SLIPS[slip]
    env = tmp_path / ".env"
    env.write_bytes(text.encode("latin-1"))
    said = refused(tmp_path, 4, "run")
    assert said.startswith(f"{env}{line}: ")
    assert words in said
    assert TOKEN not in said


def test_an_env_that_is_a_folder_is_told(tmp_path):
    (tmp_path / ".env").mkdir()
    assert f"{tmp_path / '.env'}: cannot be read: Is a directory" in refused(tmp_path, 4, "run")
    assert "cannot be read" in refused(tmp_path, 4, "init", "--no-input")


def test_the_environment_wins_and_is_named_where_it_is_wrong(tmp_path):
    (tmp_path / ".env").write_text("HANDBILL_ZONE=Europe/Paris\n")
    assert refused(tmp_path, 4, "run", HANDBILL_ZONE="Mars/Base").startswith("the environment: HANDBILL_ZONE: no time")


def test_other_programs_settings_may_stand_in_env(tmp_path):
    (tmp_path / ".env").write_text(f"COMPOSE_PROJECT_NAME=town\nTZ=UTC\nexport DATABASE_URL=x # ours\n{MASTODON}")
    assert [each["name"] for each in told(tmp_path, "status")["channels"]] == ["mastodon"]


def test_two_accounts_and_secrets_in_files(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text(f"\ufeff{TOKEN}\n")
    (tmp_path / ".env").write_text(
        "\ufeffMASTODON_BASE_URL=http://127.0.0.1:9\r\nMASTODON_TOKEN=\r\nMASTODON_TOKEN_FILE=secrets/token\r\n"
        f"MASTODON_BASE_URL__CYCLING_CLUB=http://127.0.0.1:9\r\nMASTODON_TOKEN__CYCLING_CLUB={TOKEN}2\r\n"
        f"MASTODON_TOKEN_FILE__MUSEUM=secrets/token\r\n",
        newline="",
    )
    found = told(tmp_path, "status")
    assert [each["name"] for each in found["channels"]] == ["mastodon", "mastodon__cycling_club"]
    assert found["missing"] == ["MASTODON_BASE_URL__MUSEUM"]
    assert found["running"] is False


def test_folders_may_lie_elsewhere(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text(f"HANDBILL_DATA={tmp_path}/ledger\nHANDBILL_QUEUE=../texts\n{MASTODON}")
    (tmp_path / "texts" / "library").mkdir(parents=True)
    (tmp_path / "texts" / "library" / "tour.txt").write_text("The library invites you to a tour of its cellar.\n")
    assert [each["article"] for each in told(home, "queue")] == ["tour.txt"]
    assert (tmp_path / "ledger" / "handbill.db").exists()
    assert not (home / "data").exists()


def test_an_unforeseen_fault_is_one_line_without_secrets(tmp_path):
    """What can never happen is brought about by a package of that name that stands in for a broken installation."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "alembic.py").write_text(f"raise TypeError('cannot read {TOKEN} {TOKEN}')\n")
    (tmp_path / ".env").write_text(MASTODON)
    paths = f"{tmp_path / 'broken'}:{ROOT}"
    words = refused(tmp_path, 1, "queue", PYTHONPATH=paths)
    assert words.splitlines()[0] == "this is a bug in Handbill: TypeError: cannot read [secret] [secret]"
    assert "HANDBILL_LOG=debug" in words
    loud = handbill(tmp_path, "queue", check=False, PYTHONPATH=paths, HANDBILL_LOG="debug")
    assert "Traceback (most recent call last)" in loud.stderr
    assert TOKEN not in loud.stderr + loud.stdout
