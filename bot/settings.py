"""The operator's settings: environment and .env, read once into a frozen Settings.

The environment wins over .env. Every secret has a `_FILE` twin that names a file to read it from. A second account on a
platform takes the suffix `__NAME`: MASTODON_TOKEN__LIBRARY makes the channel "mastodon__library".
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import BadSetting
from bot.ports import Field

#: What holds for the whole bot, as HANDBILL_<key>.
FIELDS: tuple[Field, ...] = (
    Field(key="DATA", default="data", required=False, help="folder for the database and pictures"),
    Field(key="QUEUE", default="queue", required=False, help="the managers' folder of articles"),
    Field(key="ZONE", default="UTC", required=False, help="time zone of plans that name none, such as Europe/Paris"),
    Field(key="WEB", default="127.0.0.1:8080", required=False, help="address of the web page; empty = no page"),
    Field(key="DEADLINE", default="30", required=False, help="seconds one publishing call may take at most"),
    Field(key="LOG", default="info", required=False, help="how much to log: debug, info, warning or error"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """One channel's fields by key; `missing` are the names of required settings that are not there."""

    name: str
    platform: str
    credentials: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the operator chose. Paths are absolute; `web` is (host, port) or None; `secrets` are values to redact."""

    home: Path
    data: Path
    queue: Path
    zone: str
    web: tuple[str, int] | None
    deadline: timedelta
    log: str
    channels: tuple[ChannelSettings, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def database(self) -> Path:
        """Where the ledger lies."""
        return self.data / "handbill.db"


def load(
    home: Path, fields: Mapping[str, Sequence[Field]] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings of the folder `home`; `fields` are each platform's (None = read no channels).

    Raises BadSetting naming the setting and where it stands, never a secret's value.
    """
    outside = dict(os.environ if environ is None else environ)
    inside = _dotenv(home / ".env")
    _refuse_unknown(inside, home / ".env", fields)
    both = {**inside, **outside}
    core = {each.key: _value(both, f"HANDBILL_{each.key}", each) or "" for each in FIELDS}
    channels = tuple(_channels(both, fields or {}))
    return Settings(
        home=home.resolve(),
        data=(home / core["DATA"]).resolve(),
        queue=(home / core["QUEUE"]).resolve(),
        zone=_zone(core["ZONE"]),
        web=_address(core["WEB"]),
        deadline=_seconds(core["DEADLINE"]),
        log=_level(core["LOG"]),
        channels=channels,
        secrets=tuple(_secrets(channels, fields or {})),
    )


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
                f"{name}={value}" if value or spec.required else f"# {name}={spec.default}",
            ]
    return "\n".join(lines) + "\n"


def _dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    try:
        return {key: value or "" for key, value in dotenv_values(path, interpolate=False).items()}
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"cannot be read: {error}", where=str(path), hint="save it as UTF-8 text") from error


def _value(values: Mapping[str, str], name: str, spec: Field, suffix: str = "") -> str | None:
    """Return a setting, from its `_FILE` twin if that is set; the default when it is not set at all."""
    file = values.get(f"{name}_FILE{suffix}", "") if spec.secret else ""
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(
                f"{name}_FILE{suffix} names a file that cannot be read", hint="check its path and permissions"
            ) from error
    given = values.get(f"{name}{suffix}", "").strip()
    return given or spec.default or None


def _channels(values: Mapping[str, str], fields: Mapping[str, Sequence[Field]]) -> Iterable[ChannelSettings]:
    for platform, specs in fields.items():
        for suffix in _suffixes(values, platform, specs):
            found = {each.key: _value(values, f"{platform.upper()}_{each.key}", each, suffix) for each in specs}
            yield ChannelSettings(
                name=f"{platform}{suffix.lower()}",
                platform=platform,
                credentials={key: value for key, value in found.items() if value},
                missing=tuple(
                    f"{platform.upper()}_{each.key}{suffix}" for each in specs if each.required and not found[each.key]
                ),
            )


def _suffixes(values: Mapping[str, str], platform: str, specs: Sequence[Field]) -> list[str]:
    """Return "" and "__NAME" for each account of which at least one field without a default is set."""
    keys = "|".join(re.escape(each.key) for each in specs if not each.default)
    pattern = re.compile(rf"{platform.upper()}_(?:{keys})(?:_FILE)?(__[A-Z0-9_]+)?")
    return sorted({match[1] or "" for name in values if values[name] and (match := pattern.fullmatch(name))})


def _refuse_unknown(inside: Mapping[str, str], path: Path, fields: Mapping[str, Sequence[Field]] | None) -> None:
    """A misspelt name in .env is an error: silently ignored, it costs an evening."""
    known = {f"HANDBILL_{each.key}" for each in FIELDS} | {"HANDBILL_HOME"}
    for platform, specs in (fields or {}).items():
        known |= {f"{platform.upper()}_{each.key}{twin}" for each in specs for twin in ("", "_FILE")[: 1 + each.secret]}
    prefixes = ("HANDBILL_", *(f"{platform.upper()}_" for platform in fields or {}))
    for name in inside:
        if name.startswith(prefixes) and (bare := name.partition("__")[0]) not in known:
            close = difflib.get_close_matches(bare, known, 1)
            raise BadSetting(
                f"unknown setting {name}",
                where=f"{path}:{_line_of(path, name)}",
                hint=f"did you mean {close[0]}?" if close else "see .env.example for all settings",
            )


def _line_of(path: Path, name: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if re.match(rf"\s*(export\s+)?{name}\s*=", line)), 1)


def _secrets(channels: Iterable[ChannelSettings], fields: Mapping[str, Sequence[Field]]) -> Iterable[str]:
    for channel in channels:
        for spec in fields[channel.platform]:
            if spec.secret and spec.key in channel.credentials:
                yield channel.credentials[spec.key]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadSetting(
            f"HANDBILL_ZONE: no time zone is called {name!r}", hint="use a name such as Europe/Paris"
        ) from error
    return name


def _address(text: str) -> tuple[str, int] | None:
    if not text or text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not int(port) < 65536:
        raise BadSetting(f"HANDBILL_WEB: {text!r} is not HOST:PORT", hint="for example 127.0.0.1:8080, or off")
    return host.strip("[]"), int(port)


def _seconds(text: str) -> timedelta:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 1 <= seconds <= 600:
        raise BadSetting(f"HANDBILL_DEADLINE: {text!r} is not a number of seconds from 1 to 600")
    return timedelta(seconds=seconds)


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise BadSetting(f"HANDBILL_LOG: {text!r} is not debug, info, warning or error")
    return text.lower()
