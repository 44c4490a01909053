"""Turn the tree of a query into an FTS5 expression, a range of places and SQL conditions on `articles a`.

What the index knows (words, source, language, kind) is one FTS5 expression, so that FTS5 intersects and ranks. A period
is a range of places. The other fields are SQL. Where OR or NOT joins them with what the index knows, that becomes a set
of places. Pure; knows no database.
"""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from pipelines.core import ARTICLE_KINDS, PAYWALLED_WHOLE
from pipelines.core.errors import NotFound, QueryError
from pipelines.database.query_language.contradictions import check_fields
from pipelines.database.query_language.days import parse_day, words_of_period
from pipelines.database.query_language.index_terms import (
    EVERY_ARTICLE,
    EVERYWHERE,
    PlaceRange,
    in_languages,
    of_kinds,
    of_sources,
    passed_test,
    places_between,
)
from pipelines.database.query_language.parser import (
    NEAR_IN,
    QueryExclusion,
    QueryField,
    QueryGroup,
    QueryNode,
    QueryText,
    parse_query,
)
from pipelines.database.query_language.phrases import any_of, has_run, in_column, quoted, run_phrase, spelled_as
from pipelines.database.query_language.tokens import COLUMNS, misplaced
from pipelines.database.query_language.values import folded_words, has_words, language_codes, listed, run_words

LABELLED = ("source", "language", "kind")  # fields that the index knows
# Fields that hold words: SQL that is true if the column has the words bound. `has_words` is a function that the
# connection gets: see `selection`.
WORDS_IN = {
    "origin": "has_words(a.origin, {0})",
    "section": "has_words(a.section, {0})",
    "tag": "EXISTS (SELECT 1 FROM json_each(a.tags) tag WHERE has_words(tag.value, {0}))",
}
# Values of access: with their SQL. Where nothing says that a text is cut, `access` is NULL.
ACCESS = {
    "whole": f"(a.access IS NULL OR a.access = '{PAYWALLED_WHOLE}')",
    "cut": "a.access IN ('paywall', 'truncated')",
    "paywall": "a.access = 'paywall'",
    "truncated": "a.access = 'truncated'",
    "declared": f"a.access = '{PAYWALLED_WHOLE}'",
    "consent": "a.access = 'consent wall'",
}
RUNS_IN = {"title": "runs_in_title", "byline": "runs_in_byline", "text": "runs_in_text"}
DAY_SEEN = "substr(a.first_seen, 1, 10)"

# Words of the index with the same stem as a word (folded as the index folds them), in a language or in the usual ones
WordForms = Callable[[str, str | None], list[str]]
IsThere = Callable[[str], bool]  # True if any article has what an FTS5 expression asks for
SourceIds = Callable[[Sequence[str]], list[int]]  # row ids of the sources that a user names; raises NotFound


class Marking(NamedTuple):
    """Hold an FTS5 expression whose matches are the words found in an article that fits."""

    expression: str
    tests: list[str]  # conditions on `articles a`; the article has the label `passed_test(n)` if it passes number n


class QueryConditions:
    """Hold a query as what must all hold: `match`, an FTS5 expression or None; `places`; `where`, conditions in SQL.

    `headline`: `match` with its words in the headline, if hits can be ranked; None if they cannot. `in_title`: SQL for
    words of scripts without spaces, of which the index does not know in which column they are. `has_words`: `match`
    has words that can be marked in a text. `word_forms`: what ~word also finds; without it, the word alone. `is_there`:
    spellings that no article has are left out. Raises QueryError, and what `source_ids` and `word_forms` raise.
    """

    def __init__(
        self, query: str, source_ids: SourceIds, word_forms: WordForms | None = None, is_there: IsThere | None = None
    ) -> None:
        self.query, self.source_ids, self.word_forms = query, source_ids, word_forms
        self.is_there = is_there and cache(is_there)
        self.values: dict[str, Any] = {}
        # What to look for, without what must not be there
        self.texts: list[QueryText] = []  # words and phrases
        self.fields: list[QueryField] = []  # that are compared, but for periods
        self.forms: dict[tuple[str, str | None], list[str]] = {}  # of each ~word and its language
        self.places = EVERYWHERE
        self._terms: dict[QueryField, str] = {}
        tree = self._tree = parse_query(query)
        self._note(tree)
        parts = list(tree.parts if isinstance(tree, QueryGroup) and tree.operator == "AND" else [tree])
        periods = [part for part in parts if isinstance(part, QueryField) and part.name == "published"]
        for period in periods:
            self.places = self.places.within(self._period(period))
        parts = [part for part in parts if part not in periods]
        self.match, self.where = self._all(parts, alone=not periods) if parts else (None, [])
        wanted = [part for part in parts if not isinstance(part, QueryExclusion)]
        self.headline, self.in_title = None, list[str]()
        if self.match is not None and any(map(is_text, wanted)):
            self.headline = self._all(parts, titled=True)[0]
            self.in_title = [self._in_title(part) for part in wanted if _is_run(part)]
        self.has_words = self.match is not None and any(map(_has_text, wanted))
        check_fields(query, tree, self._one_of, lambda field: self._read(field, self._days))

    def marking(self) -> Marking | None:
        """Return what tells which words are the ones found in an article that fits; None without any.

        The expression may name the columns of `search.spans`: RUNS_IN says which one has the runs of a title, byline or
        text.
        """
        if not self.texts:
            return None
        if self.match is not None and not self.where:
            return Marking(self.match, [])
        tests: list[str] = []
        return Marking(self._marked(self._tree, tests), tests)

    def _marked(self, node: QueryNode, tests: list[str]) -> str:
        """Return a part as an FTS5 expression. A condition in SQL is added to `tests`, and a label stands for it."""
        if isinstance(node, QueryText):
            return (
                f"{RUNS_IN[node.run_column]} : {run_phrase(node.token.raw)}"
                if node.run_column
                else self.expression(node)
            )
        if isinstance(node, QueryExclusion):
            return f"({EVERY_ARTICLE} NOT {self._marked(node.part, tests)})"
        if isinstance(node, QueryGroup):
            return _joined(f" {node.operator} ", [self._marked(part, tests) for part in node.parts])
        if node.name in LABELLED:
            return self._label(node)
        tests.append(self._field(node))
        return passed_test(len(tests) - 1)

    def expression(self, text: QueryText) -> str:
        """Return the FTS5 expression of a word or phrase; for ~word also with the words that have its stem."""
        if text.token.form != "stem":
            return self._spelled(text.fts)
        word = text.token.raw, text.token.language
        if word not in self.forms:
            try:
                self.forms[word] = self.word_forms(*word) if self.word_forms else []
            except QueryError as error:
                raise misplaced(self.query, text.token.place, error.cause, error.cure) from None
        return text.inside(any_of([self._spelled(text.token.fts or ""), *map(quoted, self.forms[word])]))

    def _spelled(self, expression: str) -> str:
        return spelled_as(expression, self.is_there) if self.is_there else expression

    def _note(self, node: QueryNode) -> None:
        if isinstance(node, QueryText):
            self.texts.append(node)
        elif isinstance(node, QueryField) and node.name in (*LABELLED, *WORDS_IN):
            self.fields.append(node)
        elif isinstance(node, QueryGroup):
            for part in node.parts:
                self._note(part)

    def _all(
        self, parts: Sequence[QueryNode], *, titled: bool = False, alone: bool = True
    ) -> tuple[str | None, list[str]]:
        """Return parts that must all fit: what the index knows as one FTS5 expression, and SQL for the others.

        `titled`: with its words in the headline. `alone`: nothing else must fit besides.
        """
        wanted, unwanted, tests = list[str](), list[str](), list[str]()
        for part in parts:
            inner = part.part if isinstance(part, QueryExclusion) else part
            if not self._is_known(inner):
                if not titled:  # they are bound once
                    tests.append(self._sql(part))
            elif isinstance(part, QueryExclusion):
                unwanted.append(self._index(inner))
            else:
                wanted.append(self._index(part, titled=titled))
        if not unwanted or wanted:
            return (self._with_and_without(wanted, unwanted) if wanted else None), tests
        if alone and all(map(is_text, parts)):
            raise self._says_nothing(parts)
        return None, [*tests, f"NOT {self._in_matches(_joined(' OR ', unwanted))}"]

    def _with_and_without(self, wanted: Sequence[str], unwanted: Sequence[str]) -> str:
        found = _joined(" AND ", wanted)
        return f"({found} NOT {_joined(' OR ', unwanted)})" if unwanted else found

    def _says_nothing(self, parts: Sequence[QueryNode]) -> QueryError:
        place = next(part.place for part in parts if isinstance(part, QueryExclusion))
        cure = "put a word beside each -word or NOT word, in the same parentheses or branch of OR"
        return misplaced(self.query, place, "says what to leave out, but not what to look for", cure)

    def _is_known(self, node: QueryNode) -> bool:
        """Return True if the index alone can find a part. Raises QueryError for words that are only left out."""
        if isinstance(node, QueryExclusion):
            if is_text(node):
                raise self._says_nothing([node])
            return False
        if not isinstance(node, QueryGroup):
            return isinstance(node, QueryText) or node.name in LABELLED
        wanted = [part for part in node.parts if not isinstance(part, QueryExclusion)]
        if not wanted and is_text(node):
            raise self._says_nothing(node.parts)
        if node.operator == "OR":
            return all(self._is_known(part) for part in node.parts)
        return bool(wanted) and all(
            self._is_known(part.part if isinstance(part, QueryExclusion) else part) for part in node.parts
        )

    def _index(self, node: QueryNode, *, titled: bool = False) -> str:
        """Return the FTS5 expression of a part that the index knows; `titled`: its words must be in the headline."""
        titled = titled and not _is_run(node)
        if isinstance(node, QueryText):
            found = self.expression(node)
            return in_column("title", f"({found})") if titled and not node.column else found
        if isinstance(node, QueryField):
            return self._label(node)
        assert isinstance(node, QueryGroup), "an exclusion is part of a group"
        wanted = [part for part in node.parts if not isinstance(part, QueryExclusion)]
        unwanted = [part.part for part in node.parts if isinstance(part, QueryExclusion)]
        if node.operator == "OR":
            return _joined(" OR ", [self._index(part, titled=titled) for part in wanted])
        return self._with_and_without(
            [self._index(part, titled=titled) for part in wanted], [self._index(part) for part in unwanted]
        )

    def _in_title(self, node: QueryNode) -> str:
        """Return a part in a script without spaces as a condition that it is in the headline."""
        if isinstance(node, QueryGroup):
            return f"({f' {node.operator} '.join(map(self._in_title, node.parts))})"
        assert isinstance(node, QueryText), "no other part is a run"
        return f"has_run(a.title, {self._bound(run_words(node.token.raw))})"

    def _sql(self, node: QueryNode) -> str:
        """Return a part as a condition. It may be NULL where a column is, which means that it does not fit."""
        if isinstance(node, QueryExclusion):
            return f"NOT coalesce({self._sql(node.part)}, 0)"
        if self._is_known(node):
            return self._in_matches(self._index(node))
        if isinstance(node, QueryField):
            return self._field(node)
        assert isinstance(node, QueryGroup), "the index knows words"
        if node.operator == "OR":
            known = [self._is_known(part) for part in node.parts]
            tests = [self._sql(part) for part, is_known in zip(node.parts, known, strict=True) if not is_known]
            terms = [self._index(part) for part, is_known in zip(node.parts, known, strict=True) if is_known]
            tests += [self._in_matches(_joined(" OR ", terms))] if terms else []
            return f"({' OR '.join(tests)})"
        match, tests = self._all(node.parts)
        return f"({' AND '.join([*tests, *([self._in_matches(match)] if match else [])])})"

    def _in_matches(self, match: str) -> str:
        return f"a.place IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH {self._bound(match)})"

    def _bound(self, value: Any) -> str:
        name = f"query{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def _label(self, field: QueryField) -> str:
        """Return the FTS5 expression of a field that the index knows."""
        if field not in self._terms:  # sources are looked up once
            self._terms[field] = self._read(field, self._labels)
        return self._terms[field]

    def _labels(self, field: QueryField) -> str:
        values = listed(f"{field.name}:", field.value)
        if field.name == "source":
            return of_sources(self.source_ids(values))
        if field.name == "language":
            return in_languages(language_codes("language:", values))
        wanted = _words("kind", values)
        for value, words in zip(values, wanted, strict=True):
            if not any(has_words(kind, words) for kind in ARTICLE_KINDS):
                raise QueryError(f"kind: {value!r}", "there is no such kind", f"kinds are {', '.join(ARTICLE_KINDS)}")
        return of_kinds([words.strip() + "*" * (not words.endswith(" ")) for words in wanted])

    def _one_of(self, field: QueryField) -> set[Any]:
        """Return the values of a field of which an article has one: what fits it."""
        values = listed(f"{field.name}:", field.value)
        if field.name == "source":
            return set(self.source_ids(values))
        if field.name == "language":
            return {*language_codes("language:", values)}
        return {kind for kind in ARTICLE_KINDS if has_words(kind, "\n".join(_words("kind", values)))}

    def _field(self, field: QueryField) -> str:
        """Return the condition of a field that the index does not know."""
        if field.name == "published":
            first, last = self._period(field)
            return f"a.place BETWEEN {self._bound(first)} AND {self._bound(last)}"
        if field.name.startswith(NEAR_IN):
            column, wanted = field.name.removeprefix(NEAR_IN), self._bound(field.value)
            columns = [column] if column else dict.fromkeys(COLUMNS.values())
            return f"({' OR '.join(f'has_near(a.{name}, {wanted})' for name in columns)})"
        if field.name in COLUMNS.values():
            return f"has_run(a.{field.name}, {self._bound(run_words(field.value))})"
        if field.name == "seen":
            since, until = self._read(field, self._days)
            tests = [f"{DAY_SEEN} >= {self._bound(since)}"] if since else []
            tests += [f"{DAY_SEEN} <= {self._bound(until)}"] if until else []
            return f"({' AND '.join(tests)})"
        if field.name == "access":
            return f"({' OR '.join(self._read(field, _access))})"
        words = self._read(field, lambda field: _words(field.name, listed(f"{field.name}:", field.value)))
        return WORDS_IN[field.name].format(self._bound("\n".join(words)))

    def _period(self, field: QueryField) -> PlaceRange:
        return places_between(*self._read(field, self._days))

    def _days(self, field: QueryField) -> tuple[str | None, str | None]:
        """Return the ends of a period, or of what is between two of them: `2012-01..2012-03`, `2012..`."""
        begin, dots, end = field.value.partition("..")
        try:
            since = parse_day(f"{field.name}:", begin or None, last=False)
            until = parse_day(f"{field.name}:", (end or None) if dots else begin, last=True)
        except QueryError as error:
            said = words_of_period(self.query[field.place :])
            cure = f'write {field.name}:"{said}"' if said else error.cure.replace("'", '"')
            raise QueryError(error.subject, error.cause, cure) from None
        if since is None and until is None:
            cure = "give a day or a period on one side of the dots"
            raise QueryError(f"{field.name}: {field.value!r}", "is empty", cure)
        if since and until and since > until:
            raise QueryError(f"{field.name}: {field.value!r}", "ends before it begins", "give the earlier day first")
        return since, until

    def _read(self, field: QueryField, read: Callable[[QueryField], Any]) -> Any:
        """Return what `read` makes of a field. Its QueryError or NotFound shows the place of the value."""
        try:
            return read(field)
        except (QueryError, NotFound) as error:
            shown = misplaced(self.query, field.place, f"{error.subject}: {error.cause}", error.cure)
            raise type(error)(shown.subject, shown.cause, shown.cure) from None


def _words(name: str, values: Sequence[str]) -> list[str]:
    """Return phrases as `values.has_words` takes them. Raises QueryError."""
    wanted = []
    for value in values:
        words = folded_words(value)
        if words.isspace():
            raise QueryError(f"{name}: {value!r}", "has no letter or digit", "give a word, a phrase or a prefix*")
        wanted.append(words.rstrip() if value.endswith("*") else words)
    return wanted


def _access(field: QueryField) -> list[str]:
    """Return the conditions of the values of `access:`, by their first words. Raises QueryError."""
    tests = []
    for value in listed("access:", field.value.replace(PAYWALLED_WHOLE, "declared")):
        test = ACCESS.get(value.casefold().split(" ")[0])
        if test is None:
            raise QueryError(f"access: {value!r}", "there is no such value", f"values are {', '.join(ACCESS)}")
        tests.append(test)
    return tests


def is_text(node: QueryNode) -> bool:
    """Return True if a part consists of words, so that matches can be ranked by it."""
    if isinstance(node, QueryGroup):
        return all(map(is_text, node.parts))
    return is_text(node.part) if isinstance(node, QueryExclusion) else isinstance(node, QueryText)


def _is_run(node: QueryNode) -> bool:
    """Return True if all of a part is in scripts without spaces, in any column."""
    if isinstance(node, QueryGroup):
        return all(map(_is_run, node.parts))
    return isinstance(node, QueryText) and not node.run_column and node.token.form != "near" and has_run(node.token.raw)


def _has_text(node: QueryNode) -> bool:
    """Return True if there are words in a part, besides those that are left out."""
    if isinstance(node, QueryGroup):
        return any(map(_has_text, node.parts))
    return isinstance(node, QueryText)


def _joined(operator: str, parts: Sequence[str]) -> str:
    """Return expressions joined by an operator. What is there twice is there once: FTS5 would look for it twice."""
    different = list(dict.fromkeys(parts))
    return f"({operator.join(different)})" if len(different) > 1 else different[0]
