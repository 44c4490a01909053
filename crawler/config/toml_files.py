"""Read the TOML files of an archive and check them against models; report all mistakes at once, in the user's words.

Knows no key by name: keys, types and examples come from the models of `crawler.config.models`.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from crawler.config.archive_folder import MAX_TOML_BYTES, SETTINGS, ArchiveFolder
from crawler.config.plain_values import literal
from pipelines.core import safe_open
from pipelines.core.errors import ConfigError, NotOrdinaryFile, os_errors
from pipelines.core.log_output import without_passwords
from pipelines.core.urls import site_of_host, site_or_none
from pipelines.fleet.layout import SHARD_TABLE, FleetFolder, place_of_shard

Model = TypeVar("Model", bound=BaseModel)
KeyPath = tuple[str, ...]

EXAMPLE_LINES = ('feeds = ["https://paper.example/feed.xml"]', 'contact = "me@example.org"')  # in a source, in settings
SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
WORD_FOR_FLAG = re.compile(r"(yes|no|on|off|true|false)\b", re.IGNORECASE)  # that other formats take for true or false
LISTING_KEYS = ("feeds", "news_sitemaps", "sitemaps", "sections")
EVERY_SITE = "any"  # value of `sites`
OPTION = "-s"  # named instead of a file in a mistake of an override


@dataclass(frozen=True, slots=True)
class OtherShards:
    """Hold what a shard of a fleet has to know of the sources of other shards."""

    sources: frozenset[str] = frozenset()  # their names
    shared_sites: frozenset[str] = frozenset()  # that they name, and this shard owns
    moves: int = 0  # of sites between shards, of which fleet.toml knew


NO_OTHERS = OtherShards()


class TomlReader:
    """Read an archive's files: hold their raw values and the mistakes found so far."""

    def __init__(self, folder: ArchiveFolder, overrides: Sequence[str] = ()) -> None:
        self.mistakes: list[ConfigError] = []
        self.unread: set[str] = set()  # names of files that could not be read
        self.settings = self._read(folder.settings, SETTINGS)
        self.settings.pop(SHARD_TABLE, None)  # of a shard that was copied out of its fleet
        self.sources: dict[str, dict[str, Any]] = {}
        self.others = NO_OTHERS
        self.overridden: dict[str, set[KeyPath]] = {}  # file -> keys that came from `-s`
        for file in self._source_files(folder.sources):
            self.sources[file.stem] = self._read(file, f"sources/{file.name}")
        for text in overrides:
            self._override(text)
        if (place := place_of_shard(folder.path)) is not None:
            self._leave_out_of_other_shards(*place)

    def check(self, file: str, values: Mapping[str, Any], model: type[Model], **given: Any) -> Model:
        """Return `values` as a `model`. For mistakes, collect them and return an unchecked stand-in.

        `given` are fields of the model that are not keys of the file.
        """
        stray = {key: value for key, value in values.items() if key in given}
        for key in stray:
            self.mistakes.append(ConfigError(file, f"{key}: unknown key", "the name of the file already says it"))
        try:
            return model.model_validate({**values, **given})
        except ValidationError as error:
            for detail in error.errors():
                if detail["type"] == "missing" and file in self.unread:
                    continue  # the file could not be read, so the key may be in it
                self.mistakes.append(config_error(file, detail, model, self.overridden.get(file, set())))
            return model.model_construct(**given)

    def raise_mistakes(self) -> None:
        """Raise one ConfigError that lists all mistakes, if there are any."""
        if self.mistakes:
            raise joined(self.mistakes)

    def take_mistakes_of_sources(self) -> dict[str, ConfigError]:
        """Return the mistakes in source files, by the name of the source; those in settings and options stay here."""
        found: dict[str, list[ConfigError]] = {}
        for mistake in [mistake for mistake in self.mistakes if mistake.subject.startswith("sources/")]:
            self.mistakes.remove(mistake)
            found.setdefault(mistake.subject.removeprefix("sources/").removesuffix(".toml"), []).append(mistake)
        return {name: joined(mistakes) for name, mistakes in found.items()}

    def _leave_out_of_other_shards(self, fleet: FleetFolder, shard: int) -> None:
        """Leave out the sources of other shards, and their mistakes. A file that says no address goes by its name."""
        names, sites = set[str](), set[str]()
        for name, values in list(self.sources.items()):
            url = values.get("url")
            if fleet.owner_of_url(url if isinstance(url, str) else "", name) != shard:
                del self.sources[name]
                names.add(name)
                sites |= named_sites(values)
                file = f"sources/{name}.toml"
                self.mistakes = [mistake for mistake in self.mistakes if mistake.subject != file]
        own = {site for site in sites if site == EVERY_SITE or fleet.owner_of(site) == shard}
        self.others = OtherShards(frozenset(names), frozenset(own), fleet.moves)

    def _source_files(self, folder: Path) -> list[Path]:
        try:
            # os.listdir, because Path.glob silently skips a folder that it may not read.
            names = sorted(name for name in os.listdir(folder) if name.endswith(".toml") and name[0] not in "._")
        except FileNotFoundError:
            return []
        except OSError as error:
            self.mistakes.append(unreadable("sources", error))
            return []
        for name in [name for name in names if not SOURCE_NAME.fullmatch(name.removesuffix(".toml"))]:
            names.remove(name)
            cure = "rename it: use only letters, digits, - _ and ., with a letter or digit first"
            self.mistakes.append(
                ConfigError(f"sources/{name}", "the file's name is not a valid name for a source", cure)
            )
        return [folder / name for name in names]

    def _read(self, path: Path, shown: str) -> dict[str, Any]:
        try:
            return read(path, shown)
        except ConfigError as error:
            self.mistakes.append(error)
            self.unread.add(shown)
            return {}

    def _override(self, text: str) -> None:
        """Set one `key=value` in the raw values."""
        name, equals, value = text.partition("=")
        if not equals:
            self.mistakes.append(ConfigError(f"{OPTION} {text}", "has no value", f"say e.g. {OPTION} crawl.delay=0"))
            return
        keys, file, values = name.strip(), SETTINGS, self.settings
        if keys.startswith("source."):
            keys = keys.removeprefix("source.")
            # A name may contain dots, so the longest name that fits is meant.
            found = max((known for known in self.sources if keys.startswith(f"{known}.")), key=len, default=None)
            if found is None:
                there = ", ".join(self.sources) or "none yet"
                self.mistakes.append(
                    ConfigError(f"{OPTION} {text}", "names no source of this archive", f"sources: {there}")
                )
                return
            file, values, keys = f"sources/{found}.toml", self.sources[found], keys.removeprefix(f"{found}.")
        path = tuple(keys.split("."))
        for key in path[:-1]:
            inner = values.get(key)
            values[key] = values = inner if isinstance(inner, dict) else {}
        values[path[-1]] = option_value(value.strip())
        if file == SETTINGS:
            self._outrank(path)
        self.overridden.setdefault(file, set()).add(path)

    def _outrank(self, path: KeyPath) -> None:
        """Let an override apply to every source, also to those whose own file sets the key."""
        for source in self.sources.values():
            own = source.get(path[0])
            if len(path) == 2 and isinstance(own, dict):
                own.pop(path[1], None)


def named_sites(values: Mapping[str, Any]) -> set[str]:
    """Return the sites whose hosts a source may ask, as its unchecked file says: of its lists, and its further ones."""
    further = values.get("sites", [])
    if further == EVERY_SITE:
        return {EVERY_SITE}
    listed = [values[key] for key in LISTING_KEYS if isinstance(values.get(key), list)]
    sites = {site_or_none(url) for urls in listed for url in urls if isinstance(url, str)}
    domains = further if isinstance(further, list) else []
    return {site for site in sites if site} | {site_of_host(one) for one in domains if isinstance(one, str) and one}


def joined(mistakes: Sequence[ConfigError]) -> ConfigError:
    """Return one error that lists all mistakes, each with its cure."""
    first, *rest = mistakes
    lines = [line for line in (first.cure, *map(str, rest)) if line]
    return ConfigError(first.subject, first.cause, "\n".join(lines))


def read(path: Path, shown: str) -> dict[str, Any]:
    """Return the values of one file. Raises ConfigError that names the file as `shown`, and the line."""
    try:
        data = safe_open.read_bytes(path, MAX_TOML_BYTES)
    except OSError as error:
        raise unreadable(shown, error) from error
    try:
        return tomllib.loads(data.decode("utf-8-sig"))  # editors on Windows write a byte order mark
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(shown, f"line {line}: is not UTF-8", "save the file as UTF-8") from error
    except RecursionError as error:
        raise ConfigError(shown, "is nested too deeply", "settings need at most a table within a table") from error
    except ValueError as error:
        raise syntax_error(shown, error, data.decode("utf-8-sig")) from error


def write(path: Path, text: str) -> None:
    """Write a file in one step: a crash leaves the old text or the new one. Its permissions stay. Raises OSError."""
    safe_open.must_be_ordinary(path)
    with safe_open.draft(path) as draft:
        with suppress(FileNotFoundError):
            os.fchmod(draft.fileno(), stat.S_IMODE(os.lstat(path).st_mode))
        draft.write(text.encode())


def append_rule(path: Path, there: str, text: str) -> None:
    """Add a rule at the end of a source's file, which now holds `there`. Raises ConfigError, NotWritable."""
    longer = f"{there.rstrip()}\n\n{text}"
    try:
        tomllib.loads(longer)
    except ValueError as error:  # rule = [...] in one piece
        cause = f"a [[rule]] cannot be added at its end ({error})"
        raise ConfigError(str(path), cause, "leave out --rule, and add the rule by hand") from None
    with os_errors(str(path)):
        write(path, longer)


def unreadable(shown: str, error: OSError) -> ConfigError:
    cause = error.strerror or str(error)
    if isinstance(error, NotOrdinaryFile):
        return ConfigError(shown, cause, error.cure)
    return ConfigError(shown, f"cannot be read: {cause}", "check where it is, who owns it and its permissions")


def syntax_error(shown: str, error: ValueError, text: str) -> ConfigError:
    """Return a ConfigError with line and column. In Python 3.11 tomllib gives them only as "(at line 3, column 9)"."""
    line = EXAMPLE_LINES[shown == SETTINGS]
    cure = f"TOML needs quotes around text, one key = value per line, and a ] for each [: {line}"
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    if match is None:
        return ConfigError(shown, f"is not TOML: {error}", cure)
    line = "".join(text.splitlines()[int(match[2]) - 1 : int(match[2])])
    key, value = (part.strip() for part in f"{line}=".split("=")[:2])
    if match[1].startswith("Cannot overwrite"):
        return ConfigError(shown, f"line {match[2]}: {key} is there twice", "delete one of the two lines")
    if match[1].startswith("Cannot declare"):
        return ConfigError(shown, f"line {match[2]}: {line.strip()} is there twice", "join the two under one header")
    if WORD_FOR_FLAG.match(value):
        cure = f"say {key} = true or {key} = false, in small letters"
    return ConfigError(shown, f"line {match[2]}: {match[1]} (column {match[3]})", cure)


def option_value(text: str) -> Any:
    """Return the value after `=` on the command line: a TOML value, else text, which needs no quotes there."""
    try:
        values = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return values["value"] if len(values) == 1 else text


def config_error(file: str, detail: ErrorDetails, model: type[BaseModel], overridden: set[KeyPath]) -> ConfigError:
    """Turn one of pydantic's errors into a ConfigError."""
    at = detail["loc"]
    by_option = any(at[: len(path)] == path[: len(at)] for path in overridden)
    place = ""
    if by_option:
        place = "" if file == SETTINGS else f"source {file.removeprefix('sources/').removesuffix('.toml')}: "
    owner, field = declaration(model, at)
    if detail["type"] == "extra_forbidden":
        cause, cure = unknown_key(detail, owner, model)
    elif detail["type"] == "missing":
        cause, cure = "is missing", example_line(at, field, by_option=False)
    elif detail["type"] == "value_error":
        error = detail["ctx"]["error"]
        cause, cure = str(error), getattr(error, "cure", "") or example_line(at, field, by_option=by_option)
    else:
        is_table = isinstance(detail["input"], dict)  # [rule] instead of [[rule]]
        cause = (
            "is a single table, but must be a list of tables"
            if is_table
            else f"{literal(detail['input'])} is not a table"
        )
        cure = f"say {table_header(at)}" + (" with double brackets, above its keys" if is_table else "")
    return ConfigError(OPTION if by_option else file, without_passwords(f"{place}{key_label(at)}: {cause}"), cure)


def declaration(model: type[BaseModel], at: tuple[str | int, ...]) -> tuple[type[BaseModel], Any]:
    """Return (the model that owns the key at `at`, the key's declaration or None)."""
    owner, field = model, None
    for key in at:
        if isinstance(key, int):
            continue
        if field is not None:
            kinds = (field.annotation, *get_args(field.annotation))
            tables = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
            owner = next(tables, owner)
        field = owner.model_fields.get(key)
    return owner, field


def unknown_key(detail: ErrorDetails, owner: type[BaseModel], model: type[BaseModel]) -> tuple[str, str]:
    """Return cause and cure for an unknown key."""
    key = str(detail["loc"][-1])
    cause = "unknown table" if isinstance(detail["input"], dict) else "unknown key"
    if owner is not model and key in getattr(owner, "keys_of_archive", ()):
        table = detail["loc"][0]
        cure = f"set it under [{table}] in {SETTINGS}, or by {OPTION} {table}.{key}=VALUE for one run"
        return "holds for the whole archive, and the file of a source cannot set it", cure
    keys = [name for name, field in owner.model_fields.items() if not field.exclude]
    if close := difflib.get_close_matches(key, keys, n=1):
        return cause, f"did you mean {close[0]}?"
    for table in model.model_fields:
        inner, _ = declaration(model, (table, key))
        if inner is not model and key in inner.model_fields:
            return cause, f"it belongs in [{table}]"
    return cause, f"known keys: {', '.join(keys)}"


def example_line(at: tuple[str | int, ...], field: Any, *, by_option: bool) -> str:
    """Return advice with a line that would be right, or ""."""
    if field is None or not field.examples:
        return ""
    value = literal(field.examples[0])
    keys = [str(key) for key in at if isinstance(key, str)]
    return f"say e.g. {OPTION} {'.'.join(keys)}={value}" if by_option else f"say e.g. {keys[-1]} = {value}"


def table_header(at: tuple[str | int, ...]) -> str:
    keys = [str(key) for key in at if isinstance(key, str)]
    if keys[0] != "rule":
        return f"[{keys[0]}]"
    return f"[{'.'.join(keys)}]" if len(keys) > 1 else "[[rule]]"


def key_label(at: tuple[str | int, ...]) -> str:
    """Return a key as messages name it: `[crawl] delay`, `url`, `[[rule]] 2: until`."""
    keys = [str(key) for key in at if isinstance(key, str)]
    numbers = [key for key in at if isinstance(key, int)]
    if numbers:
        return f"[[{keys[0]}]] {numbers[0] + 1}: {'.'.join(keys[1:])}".rstrip(": ")
    return f"[{keys[0]}] {' '.join(keys[1:])}" if len(keys) > 1 else keys[0] or '""'
