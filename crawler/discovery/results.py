"""Hold the results of discovery: links, with what feeds and sitemaps say about them. Values that can be pickled.

`named_outcome` is the one place where an exception that a parser raises on a stranger's document becomes a result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import NamedTuple, ParamSpec, TypeVar

from pipelines.core.urls import fetchable, url_key

P = ParamSpec("P")
T = TypeVar("T")

MAX_PROBLEM_CHARS = 200  # of the message of a parser
NO_ADDRESS = "no web address"  # why an entry is left out


@dataclass(frozen=True, slots=True)
class FoundLink:
    """Hold one link worth following."""

    url: str  # absolute and fetchable (`pipelines.core.urls.fetchable`)
    kind: str  # "article", "section", "feed", "news sitemap" or "sitemap"
    hint: dict[str, str] = field(default_factory=dict)  # title, published, modified (ISO 8601), language, authors


class LeftOut(NamedTuple):
    """Hold how many addresses of one document were left out for one reason."""

    why: str  # in a few words, for people
    number: int
    example: str  # the first of them, as the document writes it; may be empty


@dataclass(frozen=True, slots=True)
class Discovery:
    """Hold what was found in one feed, sitemap or page."""

    found: tuple[FoundLink, ...] = ()  # one for each URL, in the order of the document
    problem: str | None = (
        None  # what was wrong with it, for people; `found` has the links that could be read all the same
    )
    # "feed", "comments feed", "news sitemap", "sitemap", "sitemap index" or "page"; None for anything else
    kind: str | None = None
    title: str | None = None  # the document's own title
    language: str | None = None  # the language that the document declares
    rejected: tuple[tuple[str, str], ...] = ()  # (URL, rule) of links that are not in `found`, if asked for
    left_out: tuple[LeftOut, ...] = ()  # what a feed or sitemap lists and `found` has not, by reason
    home: str | None = None  # of a feed: the page that it says it belongs to
    exception: str = ""  # what a parser raised, in the words of its library: for the debug log
    runs_on: bool = False  # a page that has running text as an article does


class Candidate(NamedTuple):
    """Hold one address of a document before it is checked."""

    url: str | None
    kind: str | None  # as in FoundLink; None: left out, because of `why`
    hint: dict[str, str] = {}  # noqa: RUF012 (never changed)
    why: str = ""


def gather(candidates: Iterable[Candidate], limit: int) -> tuple[tuple[FoundLink, ...], tuple[LeftOut, ...]]:
    """Return at most `limit` fetchable links, the first for each URL, and what was left out of them by reason."""
    found: dict[str, FoundLink] = {}
    left: dict[str, LeftOut] = {}
    for url, kind, hint, why in candidates:
        clean = fetchable(url) if url else None
        if clean is None or kind is None:
            why = why if clean is not None else NO_ADDRESS
            before = left.get(why) or LeftOut(why, 0, url or "")
            left[why] = before._replace(number=before.number + 1)
            continue
        found.setdefault(url_key(clean), FoundLink(clean, kind, hint))
        if len(found) >= limit:
            break
    return tuple(found.values()), tuple(sorted(left.values(), key=lambda some: -some.number))


def named_outcome(reader: Callable[P, T]) -> Callable[P, T | Discovery]:
    """Return a reader that gives a Discovery with a problem where a library raises on the document.

    Each reader has such limits as it can have, and parsers promise to raise their own errors only. They break that
    promise on a stranger's bytes, with every class of exception. Whatever it is, it concerns this document alone.
    """

    @wraps(reader)
    def read(*args: P.args, **kwargs: P.kwargs) -> T | Discovery:
        try:
            return reader(*args, **kwargs)
        except MemoryError:
            raise  # the worker process is at its limit; the pool names that
        except Exception as error:  # noqa: BLE001 the result says so
            return Discovery(problem=f"malformed: {broken_off(error)}", exception=described(error))

    return read


def broken_off(error: BaseException, added_lines: int = 0) -> str:
    """Return for people what an exception of a parser means. Its own words name classes and variables of a library.

    `added_lines`: how many lines the parser got before the first one of the document.
    """
    # SAX has a method, lxml, expat and json an attribute.
    line = error.getLineNumber() if hasattr(error, "getLineNumber") else getattr(error, "lineno", None)
    return f"the parser broke off at line {max(line - added_lines, 1):,}" if line else "the parser broke off"


def described(error: BaseException) -> str:
    """Return an exception of a parser as a short text, for the debug log."""
    return f"{type(error).__name__}: {error}"[:MAX_PROBLEM_CHARS].encode("utf-8", "replace").decode()
