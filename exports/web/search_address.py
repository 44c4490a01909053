"""Read a search out of an address, and write the address of a search: what is asked is always in the address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode

from exports.python_api.archive import Archive
from exports.python_api.articles import Articles, Sort
from pipelines.core.errors import QueryError
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.parser import in_quotes
from pipelines.database.query_language.tokens import with_stems
from pipelines.database.search.ranking import SORTS

PAGE_ROWS = 20
MAX_PAGE = 10_000
MAX_STEM_CHARS = 60  # of the name of a file
MAX_VALUES = 50  # of one filter, such as sources
LISTS = ("source", "language")
DAYS = ("since", "until", "seen_since", "seen_until")
DAYS_IN_WORDS = {"since": "from", "until": "to", "seen_since": "came in from", "seen_until": "came in until"}
FLAGS = ("undated", "unique", "stem")
PARAMETERS = ("q", *LISTS, *DAYS, *FLAGS, "sort", "page")
FLAGS_IN_WORDS = {"undated": "without a date", "unique": "each text once", "stem": "also other forms of the words"}
IN_QUERY = ("kind", "access", "author", "section", "tag", "origin")  # facets that become words of the query

FACET_TERM = re.compile(rf"""(?<!\S)(?P<key>{"|".join(IN_QUERY)}):(?P<value>"[^"]+"|[^\s"()]+)(?!\S)""")


@dataclass(frozen=True, slots=True)
class SearchAddress:
    """Hold what a search asks for, as a person typed it; `filters` and `articles` check it."""

    query: str = ""
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()  # source and language, those that are given
    days: tuple[tuple[str, str], ...] = ()
    flags: frozenset[str] = frozenset()
    sort: str = "relevance"
    page: int = 1

    @classmethod
    def read(cls, given: Sequence[tuple[str, str]], also: Sequence[str] = ()) -> SearchAddress:
        """Return what the parameters of an address say. `also`: those of its page that are none of a search.

        Raises QueryError, also for a parameter that the page does not know: an answer without it would be another one.
        """
        values: dict[str, list[str]] = {}
        if unknown := next((name for name, _ in given if name not in (*PARAMETERS, *also)), None):
            cause = "is no parameter of this page"
            raise QueryError(f"parameter {unknown!r}", cause, f"say {', '.join((*PARAMETERS, *also))}")
        for name, value in given:
            if value.strip():
                values.setdefault(name, []).append(value.strip())
        lists = []
        for name in LISTS:
            if chosen := tuple(dict.fromkeys(values.get(name, ()))):
                if len(chosen) > MAX_VALUES:
                    raise QueryError(
                        name, f"{len(chosen)} values, and at most {MAX_VALUES} can be chosen", "choose fewer"
                    )
                lists.append((name, chosen))
        sort = values.get("sort", ["relevance"])[-1]
        if sort not in SORTS:
            raise QueryError(f"sort {sort!r}", "unknown order", f"say {', '.join(SORTS)}")
        return cls(
            query=" ".join(values.get("q", ())),
            lists=tuple(lists),
            days=tuple((name, values[name][-1]) for name in DAYS if name in values),
            flags=frozenset(name for name in FLAGS if name in values),
            sort=sort,
            page=_page(values.get("page", ["1"])[-1]),
        )

    def filters(self) -> ArticleFilters:
        """Return the filters. Raises QueryError for a value that is not valid."""
        given: dict[str, Any] = {**dict(self.lists), **dict(self.days)}
        return ArticleFilters(**given, undated="undated" in self.flags, unique="unique" in self.flags)

    def words(self) -> str | None:
        """Return the query as the archive takes it; None if there is none."""
        return (with_stems(self.query) if "stem" in self.flags else self.query) or None

    def articles(self, archive: Archive) -> Articles:
        """Return all articles that match. Raises QueryError, NotFound (of the source)."""
        return archive.matching(self.words(), self.filters(), cast(Sort, self.sort))

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters of the address, without what is as it is without them."""
        found = [("q", self.query)] if self.query else []
        found += [(name, value) for name, values in self.lists for value in values]
        found += [*self.days, *((name, "1") for name in FLAGS if name in self.flags)]
        found += [("sort", self.sort)] if self.sort != "relevance" else []
        return found + ([("page", str(self.page))] if self.page > 1 else [])

    def link(self, path: str = "/search") -> str:
        """Return the address of this search under a path."""
        asked = urlencode(self.parameters())
        return f"{path}?{asked}" if asked else path

    def file_stem(self, day: str) -> str:
        """Return the name of a file of this search, without its ending, in ASCII: ferry-2026-11-30."""
        words = self.query or " ".join(dict(self.lists).get("source", ()))
        ascii_words = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
        return f"{re.sub('[^a-z0-9]+', '-', ascii_words.lower())[:MAX_STEM_CHARS].strip('-') or 'articles'}-{day}"

    def at_page(self, page: int) -> SearchAddress:
        """Return the same search, at another page of its matches."""
        return replace(self, page=page)

    def sorted_by(self, sort: str) -> SearchAddress:
        """Return the same search in another order."""
        return replace(self, sort=sort, page=1)

    def in_period(self, since: str, until: str) -> SearchAddress:
        """Return the same search in one period of publication."""
        kept = tuple(day for day in self.days if day[0] not in ("since", "until"))
        return replace(self, days=(("since", since), ("until", until), *kept), page=1)

    def up_to(self, day: str) -> SearchAddress:
        """Return the same search, up to a day."""
        kept = tuple(one for one in self.days if one[0] != "until")
        return replace(self, days=(*kept, ("until", day)), page=1)

    def restrictions(self, more: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str, str]]:
        """Return each filter as (name, value, address without it on the same page). `more`: its other parameters."""
        found = [(name, value, self.with_value(name, value)) for name, values in self.lists for value in values]
        found += [(DAYS_IN_WORDS[name], day, self.without(name)) for name, day in self.days]
        found += [(FLAGS_IN_WORDS[name], "", self.without(name)) for name in FLAGS if name in self.flags]
        found += self._terms()
        return [(name, value, f"?{urlencode([*one.at_page(1).parameters(), *more])}") for name, value, one in found]

    def _terms(self) -> Iterator[tuple[str, str, SearchAddress]]:
        """Yield (field, value, search without it) of the query's words that restrict it as a facet does."""
        for found in FACET_TERM.finditer(self.query):
            before, after = self.query[: found.start()].split(), self.query[found.end() :].split()
            joined = before[-1:] in (["OR"], ["AND"], ["NOT"]) or after[:1] in (["OR"], ["AND"])
            started = " ".join(before)
            is_inside = started.count('"') % 2 or started.count("(") > started.count(")")
            if not joined and not is_inside:
                yield found["key"], found["value"].strip('"'), replace(self, query=" ".join(before + after))

    def chosen(self, key: str, value: str) -> bool:
        """Return True if the value of a facet is asked for already."""
        return value in dict(self.lists).get(key, ()) or (key in IN_QUERY and _term(key, value) in self.query)

    def with_value(self, key: str, value: str) -> SearchAddress:
        """Return the same search, restricted to the value of a facet; without it, if that is chosen already."""
        if key in LISTS:
            lists = dict(self.lists)
            there = lists.get(key, ())
            lists[key] = tuple(one for one in there if one != value) if value in there else (*there, value)
            return replace(self, lists=tuple((name, lists[name]) for name in LISTS if lists.get(name)), page=1)
        term = _term(key, value)
        if term in self.query:
            words = self.query.replace(term, " ")
        else:
            words = f"({self.query}) {term}" if " OR " in self.query else f"{self.query} {term}"
        return replace(self, query=" ".join(words.split()), page=1)

    def without(self, name: str) -> SearchAddress:
        """Return the same search without one filter."""
        return replace(
            self,
            lists=tuple(one for one in self.lists if one[0] != name),
            days=tuple(one for one in self.days if one[0] != name),
            flags=self.flags - {name},
            page=1,
        )

    def as_json(self) -> Mapping[str, Any]:
        """Return what was asked, for programs."""
        return {"query": self.query or None, **dict(self.lists), **dict(self.days),
                **dict.fromkeys(sorted(self.flags), True), "sort": self.sort}  # fmt: skip


def _term(key: str, value: str) -> str:
    """Return the words of a query that restrict it to the value of a field."""
    return f"{key}:{in_quotes(value)}"


def _page(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_PAGE:
        raise QueryError(f"page {text}", "is no page of a search", f"give a number from 1 to {MAX_PAGE:,}")
    return int(text)
