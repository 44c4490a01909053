"""Turn the tree of a query into an FTS5 expression and SQL conditions on `articles a`. Pure; knows no database.

Parts without fields are one FTS5 expression, so that FTS5 intersects and ranks. Fields are SQL. Where OR or NOT joins
both, the words become a set of row ids.
"""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.core.errors import QueryError
from pipelines.database.query_language.days import parse_day
from pipelines.database.query_language.parser import (
    QueryExclusion,
    QueryField,
    QueryGroup,
    QueryNode,
    QueryText,
    parse_query,
)
from pipelines.database.query_language.phrases import any_of, quoted, run_phrase
from pipelines.database.query_language.tokens import COLUMNS, misplaced
from pipelines.database.query_language.values import (
    folded_words,
    language_code,
    listed,
    one_of,
    run_words,
)

# Fields that hold words: SQL that is true if the column has the words bound. `has_words` is a function that the
# connection gets: see `selection`.
WORDS_IN = {
    "kind": "has_words(a.kind, {0})",
    "origin": "has_words(a.origin, {0})",
    "section": "has_words(a.section, {0})",
    "tag": "EXISTS (SELECT 1 FROM json_each(a.tags) tag WHERE has_words(tag.value, {0}))",
}
RUNS_IN = {"title": "runs_in_title", "byline": "runs_in_byline", "text": "runs_in_text"}
DAY_OF = {"published": "a.published_day", "seen": "substr(a.first_seen, 1, 10)"}

# Words of the index with the same stem as a word (folded as the index folds them), in a language or in the usual ones
WordForms = Callable[[str, str | None], list[str]]
SourceIds = Callable[[Sequence[str]], list[int]]  # row ids of the sources that a user names; raises NotFound


class QueryConditions:
    """Hold a query as SQL: `match`, an FTS5 expression or None, and `where`, conditions that must all hold besides.

    `word_forms`: what ~word also finds; without it, the word alone. Raises QueryError, and what `source_ids` raises.
    """

    def __init__(self, query: str, source_ids: SourceIds, word_forms: WordForms | None = None) -> None:
        self.query, self.source_ids, self.word_forms = query, source_ids, word_forms
        self.values: dict[str, Any] = {}
        self.texts: list[QueryText] = []  # words and phrases to look for, without those that must not be there
        self.forms: dict[tuple[str, str | None], list[str]] = {}  # of each ~word and its language
        tree = parse_query(query)
        self._note_texts(tree)
        self.match, self.where = self._all(tree.parts if isinstance(tree, QueryGroup) and tree.operator == "AND"
                                           else [tree])  # fmt: skip

    @property
    def marked(self) -> str | None:
        """Return the expression whose matches are the words found in an article that fits; None without any.

        It may name the columns of `search.spans`: RUNS_IN says which column has the runs of a title, byline or text.
        """
        if self.match is not None and not self.where:
            return self.match
        found = [
            f"{RUNS_IN[text.run_column]} : {run_phrase(text.token.raw)}" if text.run_column else self.expression(text)
            for text in self.texts
        ]
        return _joined(" OR ", found) if found else None

    def _note_texts(self, node: QueryNode) -> None:
        if isinstance(node, QueryText):
            self.texts.append(node)
        elif isinstance(node, QueryGroup):
            for part in node.parts:
                self._note_texts(part)

    def _all(self, parts: Sequence[QueryNode]) -> tuple[str | None, list[str]]:
        """Return parts that must all fit as one FTS5 expression for those without fields, and SQL for the others."""
        texts = [part for part in parts if is_text(part)]
        others = [self._sql(part) for part in parts if not is_text(part)]
        if others and texts and all(isinstance(part, QueryExclusion) for part in texts):
            without = [part.part for part in texts if isinstance(part, QueryExclusion)]
            return None, [*others, f"NOT {self._in_matches(self._any_text(without))}"]
        return self._all_texts(texts) if texts else None, others

    def _all_texts(self, parts: Sequence[QueryNode]) -> str:
        wanted = [self._text(part) for part in parts if not isinstance(part, QueryExclusion)]
        unwanted = [part for part in parts if isinstance(part, QueryExclusion)]
        if not wanted:
            cure = "put a word beside each -word or NOT word, in the same parentheses or branch of OR"
            cause = "says what to leave out, but not what to look for"
            raise misplaced(self.query, unwanted[0].place, cause, cure)
        found = _joined(" AND ", wanted)
        return f"({found} NOT {self._any_text([part.part for part in unwanted])})" if unwanted else found

    def _any_text(self, parts: Sequence[QueryNode]) -> str:
        return _joined(" OR ", [self._text(part) for part in parts])

    def _text(self, node: QueryNode) -> str:
        """Return the FTS5 expression of a part without fields."""
        if isinstance(node, QueryText):
            return self.expression(node)
        if isinstance(node, QueryGroup) and node.operator == "OR":
            return self._any_text(node.parts)
        return self._all_texts(node.parts if isinstance(node, QueryGroup) else [node])

    def expression(self, text: QueryText) -> str:
        """Return the FTS5 expression of a word or phrase; for ~word also with the words that have its stem."""
        if text.token.form != "stem":
            return text.fts
        word = text.token.raw, text.token.language
        if word not in self.forms:
            self.forms[word] = self.word_forms(*word) if self.word_forms else []
        return text.inside(any_of([text.token.fts or "", *map(quoted, self.forms[word])]))

    def _sql(self, node: QueryNode) -> str:
        """Return a part as a condition. It may be NULL where a column is, which means that it does not fit."""
        if isinstance(node, QueryField):
            return self._field(node)
        if isinstance(node, QueryExclusion) and not is_text(node):
            return f"NOT coalesce({self._sql(node.part)}, 0)"
        if not isinstance(node, QueryGroup) or is_text(node):
            return self._in_matches(self._text(node))
        if node.operator == "OR":
            texts = [part for part in node.parts if is_text(part)]
            tests = [self._sql(part) for part in node.parts if not is_text(part)]
            tests += [self._in_matches(self._any_text(texts))] if texts else []
            return f"({' OR '.join(tests)})"
        match, tests = self._all(node.parts)
        return f"({' AND '.join([*tests, *([self._in_matches(match)] if match else [])])})"

    def _in_matches(self, match: str) -> str:
        return f"a.place IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH {self._bound(match)})"

    def _bound(self, value: Any) -> str:
        name = f"query{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def _field(self, field: QueryField) -> str:
        try:
            if field.name in COLUMNS.values():
                return f"has_run(a.{field.name}, {self._bound(run_words(field.value))})"
            if field.name in DAY_OF:
                return self._days(field.name, field.value)
            values = listed(f"{field.name}:", field.value)
            if field.name in WORDS_IN:
                return self._words(field.name, values)
            if field.name == "source":
                return self._one_of("a.source_id", self.source_ids(values))
            return self._one_of("a.language", [language_code("language:", value) for value in values])
        except QueryError as error:
            raise misplaced(self.query, field.place, f"{error.subject}: {error.cause}", error.cure) from None

    def _one_of(self, column: str, wanted: Sequence[Any]) -> str:
        sql, bound = one_of(column, f"query{len(self.values)}_", wanted)
        self.values |= bound
        return sql

    def _words(self, name: str, values: Sequence[str]) -> str:
        wanted = []
        for value in values:
            words = folded_words(value)
            if words.isspace():
                raise QueryError(f"{name}: {value!r}", "has no letter or digit", "give a word, a phrase or a prefix*")
            wanted.append(words.rstrip() if value.endswith("*") else words)
        return WORDS_IN[name].format(self._bound("\n".join(wanted)))

    def _days(self, name: str, value: str) -> str:
        """Return a condition for a period, or for what is between two of them: `2012-01..2012-03`, `2012..`."""
        begin, dots, end = value.partition("..")
        since = parse_day(f"{name}:", begin or None, last=False)
        until = parse_day(f"{name}:", (end or None) if dots else begin, last=True)
        if since is None and until is None:
            raise QueryError(f"{name}: {value!r}", "is empty", "give a day or a period on one side of the dots")
        if since and until and since > until:
            raise QueryError(f"{name}: {value!r}", "ends before it begins", "give the earlier day first")
        tests = ["a.published IS NOT NULL"] if name == "published" else []
        tests += [f"{DAY_OF[name]} >= {self._bound(since)}"] if since else []
        tests += [f"{DAY_OF[name]} <= {self._bound(until)}"] if until else []
        return f"({' AND '.join(tests)})"


def is_text(node: QueryNode) -> bool:
    """Return True if a part has no field that SQL compares, so that FTS5 can find it alone."""
    if isinstance(node, QueryGroup):
        return all(map(is_text, node.parts))
    return is_text(node.part) if isinstance(node, QueryExclusion) else isinstance(node, QueryText)


def _joined(operator: str, parts: Sequence[str]) -> str:
    return f"({operator.join(parts)})" if len(parts) > 1 else parts[0]
