"""Write and check page pairs, the tests of a source's rules: NAME.html as captured, NAME.json what it should give.

The JSON holds fields of Article; those that it holds are compared, `text` as a list of lines. For the reading itself it
also holds `source` (whose rules apply), `captured` (its day selects the rule) and `content_type`.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.core import timestamps
from pipelines.core.archive_layout import archive_owning
from pipelines.core.errors import ConfigError, MorgueError, NotFound, os_errors
from pipelines.core.input_files import open_input
from pipelines.core.items import Article, Capture, NothingToRead, Page, Source
from pipelines.core.safe_open import draft, must_be_ordinary, read_bytes

# Fields that a new pair holds besides the text. The user may add others by hand.
NEW_PAIR_FIELDS = ("title", "authors", "published", "language")
PAGE_KEYS = ("url", "source", "captured", "content_type")  # about the page; not compared
COMPARED_FIELDS = tuple(field.name for field in fields(Article) if field.name != "url")
NOTE_KEYS = ("leaks", "note")  # notes for people; not compared
SAMPLES_FOLDER = "samples"  # of an archive; a pair is samples/SOURCE/NAME.html and .json


@dataclass(frozen=True, slots=True)
class PagePair:
    """Hold one page pair."""

    path: Path  # of the JSON
    truth: Mapping[str, Any]  # the JSON: what should be read from the page

    @property
    def html(self) -> Path:
        return self.path.with_suffix(".html")

    @property
    def source(self) -> str | None:
        """Return the name of the source whose rules apply."""
        return self.truth.get("source")


def page_at(url: str, body: bytes, content_type: str | None, captured: datetime, source: Source | None = None) -> Page:
    """Return a page as a crawl would give it. The time of capture selects the rule and shows which dates are future."""
    capture = Capture(None, url, captured, 200, "text/html", "", 0, 0, "", "response", None, None, "page")
    return Page(url, body, content_type, capture, source)


def name_for(place: str) -> str:
    """Return a name for a pair: the longer of the last two parts of a URL's path, or a file's own name."""
    parts = [part for part in urlsplit(place).path.split("/") if part]
    names = [re.sub(r"[^\w-]+", "-", re.sub(r"(?:\.\w{1,5}){1,2}$", "", part)).strip("-")[:60] for part in parts]
    return max(names[-2:] if "://" in place else names[-1:], key=len, default="") or "page"


def truth(page: Page, outcome: Article | NothingToRead) -> dict[str, Any]:
    """Return the JSON of a new pair: the page as it is read today, for the user to correct."""
    assert page.capture is not None
    about: dict[str, Any] = {"url": page.url}
    if page.source is not None:
        about["source"] = page.source.name
    about["captured"] = timestamps.stamp(page.capture.time)
    if page.content_type and page.content_type != "text/html":
        about["content_type"] = page.content_type
    values = as_read(outcome)
    return about | {name: values[name] for name in (*NEW_PAIR_FIELDS, "text")}


def as_read(outcome: Article | NothingToRead) -> dict[str, Any]:
    """Return an outcome as the JSON of a pair has it. For NothingToRead every field is empty."""
    if isinstance(outcome, NothingToRead):
        return dict.fromkeys(COMPARED_FIELDS) | {"authors": [], "tags": [], "rights": [], "text": []}
    values = {name: getattr(outcome, name) for name in COMPARED_FIELDS}
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return values | {"text": outcome.text.split("\n")}


def write(folder: Path, name: str, body: bytes, truth: Mapping[str, Any], *, force: bool = False) -> PagePair:
    """Write a pair. Raises ConfigError if it exists and `force` is not set, NotWritable, DiskFull."""
    pair = PagePair(folder / f"{name}.json", truth)
    if (archive := archive_owning(pair.path)) is not None:
        raise ConfigError(str(pair.path), f"is among the files of the archive {archive}", "name another folder with -o")
    with os_errors(str(pair.path)):
        must_be_ordinary(pair.html)
        same = pair.html.exists() and read_bytes(pair.html) == body  # the user saved this very page here
        there = next((half for half in (pair.path, pair.html) if os.path.lexists(half)), None)
        if same and there == pair.html:
            there = None
    if there is not None and not force:
        cure = "--name NAME writes another pair, --force overwrites this one"
        raise ConfigError(str(there), "exists already", cure)
    with os_errors(str(pair.path)):
        folder.mkdir(parents=True, exist_ok=True)
        for half, data in (
            (pair.html, body),
            (pair.path, f"{json.dumps(truth, ensure_ascii=False, indent=1)}\n".encode()),
        ):
            must_be_ordinary(half)
            with draft(half) as file:
                file.write(data)
    return pair


def pairs(paths: Iterable[Path]) -> list[PagePair]:
    """Return the pairs named by files (either half) and folders (at any depth). Raises NotFound, ConfigError."""
    found: dict[Path, PagePair] = {}
    for path in paths:
        if not path.exists() and path.suffix not in (".html", ".json"):
            cure = "`morgue sample URL` makes page pairs: NAME.html and NAME.json"
            raise NotFound(str(path), "does not exist", cure)
        if path.is_dir():
            halves = sorted(half for half in path.rglob("*.json") if half.with_suffix(".html").exists())
        else:
            halves = [path.with_suffix(".json")]
        if not halves:
            raise NotFound(str(path), "holds no page pairs", "`morgue sample URL` makes one: NAME.html and NAME.json")
        found |= {half: _read(half) for half in halves}
    return list(found.values())


def pair_of(page: Path) -> PagePair | None:
    """Return the pair whose page this file is; None without a JSON file next to it, or if that is not a pair's."""
    try:
        return _read(page.with_suffix(".json")) if page.suffix == ".html" else None
    except MorgueError:
        return None


def _read(path: Path) -> PagePair:
    cure = 'write one object: {"url": "https://paper.example/story", "title": "Story", "text": ["A line."]}'
    missing = next((half for half in (path, path.with_suffix(".html")) if not half.exists()), None)
    if missing is not None:
        raise NotFound(str(missing), "does not exist", "a page pair is NAME.html and NAME.json in one folder")
    try:
        with os_errors(str(path)):
            truth = json.loads(_bytes(path))
    except ValueError as error:
        raise ConfigError(str(path), f"is not JSON ({error})", cure) from None
    if not isinstance(truth, dict) or not isinstance(truth.get("url"), str):
        raise ConfigError(str(path), "has no url", cure)
    for key in truth:
        if key not in (*PAGE_KEYS, *COMPARED_FIELDS, *NOTE_KEYS):
            near = difflib.get_close_matches(key, COMPARED_FIELDS, 1)
            raise ConfigError(
                str(path), f'"{key}" is not a field of an article', f"did you mean {near[0]}?" if near else ""
            )
    try:
        timestamps.parse(truth.get("captured", "2000-01-01"))
    except (TypeError, ValueError):
        raise ConfigError(str(path), f'captured: "{truth["captured"]}" is not a time', 'say "2026-03-01"') from None
    return PagePair(path, truth)


def _bytes(path: Path) -> bytes:
    from pipelines.extraction.page.parse import MAX_BYTES

    with open_input(path) as file:
        data: bytes = file.read(MAX_BYTES + 1)  # the extractor refuses more
    return data


def page_of(pair: PagePair, source: Source | None) -> Page:
    """Return the page of a pair, to be read as of the day of its capture."""
    captured = pair.truth.get("captured")
    with os_errors(str(pair.html)):
        body = _bytes(pair.html)
    time = timestamps.parse(captured) if captured else timestamps.now()
    page = page_at(pair.truth["url"], body, pair.truth.get("content_type", "text/html"), time, source)
    return replace(page, comments=pair.truth.get("comments") is not None)


def differences(pair: PagePair, outcome: Article | NothingToRead) -> dict[str, list[str]]:
    """Return the differences between a new reading and the pair as lines for people, by field; empty if there are none.

    For a page that gives no article, the key "" holds the reason.
    """
    values = as_read(outcome)
    wanted = {name: value for name, value in pair.truth.items() if name in COMPARED_FIELDS}
    if isinstance(wanted.get("text"), str):
        wanted["text"] = wanted["text"].split("\n")
    found = {
        name: list(_difference_lines(name, value, values[name]))
        for name, value in wanted.items()
        if value != values[name]
    }
    if found and isinstance(outcome, NothingToRead):
        detail = f" ({outcome.detail})" if outcome.detail else ""
        return {"": [f"no article: {outcome.reason}{detail}"]} | found
    return found


def _difference_lines(name: str, wanted: Any, value: Any) -> Iterator[str]:
    if name == "text":
        names = "as it should be", "as it is read now"
        yield from difflib.unified_diff(wanted or [], value or [], *names, lineterm="", n=1)
    else:
        yield f"-{name}: {json.dumps(wanted, ensure_ascii=False)}"
        yield f"+{name}: {json.dumps(value, ensure_ascii=False)}"
