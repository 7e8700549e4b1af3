"""The operator's settings: environment and .env, read once into a frozen Settings.

The environment wins over .env. Every secret has a `_FILE` twin that names a file to read it from. A second account on a
platform takes the suffix `__NAME`: MASTODON_TOKEN__LIBRARY makes the channel "mastodon__library".
"""

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.errors import BadSetting
from bot.ports import Field

#: What holds for the whole bot, as HANDBILL_<key>.
FIELDS: tuple[Field, ...] = (
    Field(key="DATA", default="data", required=False, help="folder for the database and pictures"),
    Field(key="QUEUE", default="queue", required=False, help="the managers' folder of articles"),
    Field(key="ZONE", default="UTC", required=False, help="time zone of plans that name none, such as Europe/Paris"),
    Field(key="WEB", default="127.0.0.1:8080", required=False, help="address of the web page; off = no page"),
    Field(
        key="URL",
        required=False,
        help="address people reach the page at behind a proxy, such as https://desk.library.example/handbill",
    ),
    Field(
        key="PROXIES",
        default="127.0.0.1,::1",
        required=False,
        help="machines or networks of proxies, such as 172.18.0.0/16: who asks is who these say (X-Forwarded-For)",
    ),
    Field(key="DEADLINE", default="30", required=False, help="seconds one publishing call may take at most"),
    Field(key="LOG", default="info", required=False, help="how much to log: debug, info, warning or error"),
)

#: The path below which a proxy shows the page.
PREFIX = r"(/[A-Za-z0-9._~-]+)*"
#: How the name of a second account is written behind "__".
ACCOUNT = "[A-Z0-9][A-Z0-9_]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """One channel's fields by key; `missing` are the names of required settings that are not there."""

    name: str
    platform: str
    credentials: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the operator chose. Paths are absolute; `web` is (host, port) or None; `secrets` are values to redact.

    `url` is where people reach the page, without a slash at its end; "" = at the address it listens on. `proxies` are
    believed when they say who asks.
    """

    home: Path
    data: Path
    queue: Path
    zone: str
    web: tuple[str, int] | None
    deadline: timedelta
    log: str
    url: str = ""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    command: str = "handbill"

    @property
    def database(self) -> Path:
        """Where the ledger lies."""
        return self.data / "handbill.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value as the operator gave it, and where: "/srv/handbill/.env:3", "the environment", "" for a default."""

    value: str = field(repr=False)
    where: str


def load(
    home: Path, fields: Mapping[str, Sequence[Field]] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings of the folder `home`; `fields` are each platform's (None = read no channels).

    A secret's file that is not named from the root lies in `home`. Raises BadSetting naming the setting and where it
    stands, never a secret's value.
    """
    home = home.resolve()
    inside = _dotenv(home / ".env")
    _refuse_unknown(inside, fields or {})
    outside = os.environ if environ is None else environ
    given = inside | {name: Given(value=value.strip(), where="the environment") for name, value in outside.items()}
    core = {each.key: _value(given, f"HANDBILL_{each.key}", each, home) for each in FIELDS}
    channels = tuple(_channels(given, fields or {}, home))
    return Settings(
        home=home,
        data=_folder(home, core["DATA"]),
        queue=_folder(home, core["QUEUE"]),
        zone=_zone(core["ZONE"]),
        web=_address(core["WEB"]),
        url=_url(core["URL"]),
        proxies=tuple(_networks(core["PROXIES"])),
        deadline=_seconds(core["DEADLINE"]),
        log=_level(core["LOG"]),
        channels=channels,
        secrets=tuple(_secrets(channels, fields or {})),
        command=command_of(home, outside),
    )


def command_of(home: Path, outside: Mapping[str, str]) -> str:
    """Return what a person here types for `handbill`, for pages and messages to show."""
    program = outside.get("HANDBILL_PROGRAM") or "handbill"
    if home in (Path.cwd(), Path(outside.get("HANDBILL_HOME") or ".").resolve()):
        return program
    inside = home.is_relative_to(Path.cwd())
    return f"{program} --home {shlex.quote(str(home.relative_to(Path.cwd()) if inside else home))}"


def example(platforms: Mapping[str, tuple[str, Sequence[Field]]], given: Mapping[str, str] | None = None) -> str:
    """Return the text of .env.example, or of a .env with the `given` values; `platforms` are (title, fields) by name."""
    lines = [
        "# Settings of Handbill. Copy to .env, or let `handbill init` ask. The environment wins over this file.",
        "# Every secret has a twin with _FILE at its end that names a file to read it from (X_ACCESS_TOKEN_FILE=/run/…).",
        "# A second account on a platform: the same names with __NAME at the end (MASTODON_TOKEN__LIBRARY).",
    ]
    groups = {"HANDBILL": ("The bot", FIELDS), **{name.upper(): each for name, each in platforms.items()}}
    for prefix, (title, specs) in groups.items():
        lines += ["", f"# {title}"]
        for spec in specs:
            name = f"{prefix}_{spec.key}"
            value = (given or {}).get(name, "")
            kind = "secret, " if spec.secret else ""
            need = "required" if spec.required and not spec.default else f"default: {spec.default or 'none'}"
            lines += [
                f"# {spec.help} ({kind}{need})",
                f"{name}={_quoted(value)}" if value or spec.required else f"# {name}={spec.default}",
            ]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """Return a value as .env takes it: in quotes where it would be read as something else."""
    if re.fullmatch(r"[\w@%+=:,./~-]*", value):
        return value
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"


def _dotenv(path: Path) -> dict[str, Given]:
    """Read the file, which need not be there; a line that cannot be read, or says a name again, is an error."""
    from dotenv.parser import parse_stream

    found: dict[str, Given] = {}
    if not path.exists():
        return found
    try:
        with path.open(encoding="utf-8-sig") as file:
            bindings = list(parse_stream(file))
    except UnicodeDecodeError as error:
        raise BadSetting("is not UTF-8 text", where=str(path), hint="save it as UTF-8") from error
    except OSError as error:
        hint = "a file of this name holds the settings; check what is there and who may read it"
        raise BadSetting(f"cannot be read: {error.strerror}", where=str(path), hint=hint) from error
    for binding in bindings:
        where = f"{path}:{binding.original.line + _blank_lines(binding.original.string)}"
        if binding.error or (binding.key and binding.value is None):
            raise BadSetting("this line is not NAME=value", where=where, hint="begin it with # if it is a remark")
        if binding.key in found:
            raise BadSetting(
                f"{binding.key} stands here again", where=where, hint=f"first at {found[binding.key].where}"
            )
        if binding.key:
            found[binding.key] = Given(value=(binding.value or "").strip(), where=where)
    return found


def _blank_lines(text: str) -> int:
    """Return how many empty lines the parser counted to the entry that follows them."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def _value(values: Mapping[str, Given], name: str, spec: Field, home: Path, suffix: str = "") -> Given:
    """Return a setting, from its `_FILE` twin if that is set; the default, or "", when it is not set at all."""
    nothing = Given(value=spec.default, where="")
    given = values.get(f"{name}{suffix}", nothing)
    twin = values.get(f"{name}_FILE{suffix}", nothing) if spec.secret else nothing
    if not twin.where or not twin.value:
        return given if given.value else nothing
    if given.where and given.value:
        what = f"{name}_FILE{suffix} and {name}{suffix} are both set"
        raise BadSetting(what, where=twin.where, hint="leave one of them out")
    try:
        text = (home / twin.value).read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        # The name of the file is not told: some write the secret itself there.
        what = f"{name}_FILE{suffix} names a file that cannot be read"
        raise BadSetting(what, where=twin.where, hint="check its path and permissions") from error
    return Given(value=text, where=twin.where)


def _channels(
    values: Mapping[str, Given], fields: Mapping[str, Sequence[Field]], home: Path
) -> Iterable[ChannelSettings]:
    for platform, specs in fields.items():
        for suffix in _suffixes(values, platform, specs):
            found = {each.key: _value(values, f"{platform.upper()}_{each.key}", each, home, suffix) for each in specs}
            yield ChannelSettings(
                name=f"{platform}{suffix.lower()}",
                platform=platform,
                credentials={key: given.value for key, given in found.items() if given.value},
                missing=tuple(
                    f"{platform.upper()}_{each.key}{suffix}"
                    for each in specs
                    if each.required and not found[each.key].value
                ),
            )


def _suffixes(values: Mapping[str, Given], platform: str, specs: Sequence[Field]) -> list[str]:
    """Return "" and "__NAME" for each account of which at least one field without a default is set."""
    keys = "|".join(re.escape(each.key) for each in specs if not each.default)
    pattern = re.compile(rf"{platform.upper()}_(?:{keys})(?:_FILE)?(__{ACCOUNT})?")
    return sorted({match[1] or "" for name in values if values[name].value and (match := pattern.fullmatch(name))})


def _refuse_unknown(inside: Mapping[str, Given], fields: Mapping[str, Sequence[Field]]) -> None:
    """A misspelt name in .env is an error: silently ignored, it costs an evening."""
    whole = {"HANDBILL_HOME", *(f"HANDBILL_{each.key}" for each in FIELDS)}
    twins = {
        f"{platform.upper()}_{each.key}{twin}"
        for platform, specs in fields.items()
        for each in specs
        for twin in ("", "_FILE")[: 1 + each.secret]
    }
    prefixes = ("HANDBILL_", *(f"{platform.upper()}_" for platform in fields))
    for name, given in inside.items():
        bare, mark, account = name.partition("__")
        if name in whole or (bare in twins and (not mark or re.fullmatch(ACCOUNT, account))):
            continue
        meant = _meant(bare.upper(), (*whole, *twins), sure=name.upper().startswith(prefixes))
        if meant is not None:
            meant += f"{mark}{account.upper()}" if meant in twins and re.fullmatch(ACCOUNT, account.upper()) else ""
            hint = f"did you mean {meant}?" if meant else "see .env.example for all settings"
            raise BadSetting(f"unknown setting {name}", where=given.where, hint=hint)


def _meant(name: str, known: Sequence[str], *, sure: bool) -> str | None:
    """Return the setting whose misspelt name this may be, "" when it is ours but like none, None for another program's."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1, 0.6 if sure else 0.85)
    return close[0] if close else "" if sure else None


def _secrets(channels: Iterable[ChannelSettings], fields: Mapping[str, Sequence[Field]]) -> Iterable[str]:
    for channel in channels:
        for spec in fields[channel.platform]:
            if spec.secret and spec.key in channel.credentials:
                yield channel.credentials[spec.key]


def _folder(home: Path, given: Given) -> Path:
    return (home / Path(given.value).expanduser()).resolve()


def _zone(given: Given) -> str:
    try:
        ZoneInfo(given.value)
    except (KeyError, ValueError, OSError) as error:
        what = f"HANDBILL_ZONE: no time zone is called {given.value!r}"
        raise BadSetting(what, where=given.where, hint="use a name such as Europe/Paris") from error
    return given.value


def _address(given: Given) -> tuple[str, int] | None:
    if given.value == "off":
        return None
    host, _, port = given.value.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        what = f"HANDBILL_WEB: {given.value!r} is not HOST:PORT"
        raise BadSetting(what, where=given.where, hint="for example 127.0.0.1:8080, 0.0.0.0:8080 for everyone, or off")
    return host.strip("[]"), int(port)


def _url(given: Given) -> str:
    """Return the address people reach the page at, its host in lower case, "" when none is set."""
    url = given.value.rstrip("/")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if (
        parts.scheme not in ("http", "https")
        or not re.fullmatch(r"[a-z0-9.:-]+", host)
        or not re.fullmatch(PREFIX, parts.path)
    ):
        what = f"HANDBILL_URL: {given.value!r} is no address of a web page"
        raise BadSetting(what, where=given.where, hint="for example https://desk.library.example/handbill")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{'' if port is None else f':{port}'}{parts.path}"


def _networks(given: Given) -> Iterator[IPv4Network | IPv6Network]:
    for each in re.split(r"[\s,]+", given.value.strip(" ,")):
        try:
            yield ip_network(each)
        except ValueError as error:
            what = f"HANDBILL_PROXIES: {each!r} is neither an address nor a network"
            raise BadSetting(what, where=given.where, hint="for example 127.0.0.1, 172.18.0.0/16") from error


def _seconds(given: Given) -> timedelta:
    try:
        seconds = float(given.value)
    except ValueError:
        seconds = -1.0
    if not 1 <= seconds <= 600:
        what = f"HANDBILL_DEADLINE: {given.value!r} is not a number of seconds from 1 to 600"
        raise BadSetting(what, where=given.where)
    return timedelta(seconds=seconds)


def _level(given: Given) -> str:
    if given.value.lower() not in ("debug", "info", "warning", "error"):
        raise BadSetting(f"HANDBILL_LOG: {given.value!r} is not debug, info, warning or error", where=given.where)
    return given.value.lower()
