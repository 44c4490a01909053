"""Parse a query: what people type into a search box, into a tree. Pure; knows no database.

    disjunction := conjunction (OR conjunction)*               the lowest precedence
    conjunction := ([AND] [NOT | - | !] [+] term)*             neighbouring words must all be there
    term        := [field:] ( "(" disjunction ")" | word | ~word | phrase | NEAR(...) )

AND and OR may be written && and ||. The precedence differs from FTS5's in one point: NOT applies to the next term only,
so that `a NOT b c` means `a c -b`. A field before parentheses holds for every term in them that has no field of its
own. An operator without a term, and empty parentheses, are errors. A term without a letter or digit is left out.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from pipelines.core.errors import QueryError
from pipelines.database.query_language.phrases import has_run, in_column
from pipelines.database.query_language.tokens import (
    COLUMNS,
    FILTERS,
    QueryToken,
    misplaced,
    named_query,
    near_members,
    tokens_of,
)

NEAR_IN = "near:"
MAX_DEPTH = 20  # nested parentheses; FTS5's parser has a stack of 100 entries
MAX_FILTERS = 200  # fields that SQL compares; SQLite takes expressions 1,000 deep


class QueryText(NamedTuple):
    """Hold a word, phrase, prefix or NEAR, which the full-text index finds."""

    fts: str  # FTS5 expression
    column: str | None  # of the index, if it must be there
    token: QueryToken
    run_column: str | None = None  # of the article, if a run in a script without spaces must be there
    field: str | None = None  # by which the user named the column

    @property
    def typed(self) -> str:
        """Return it as a user types it."""
        text, before = self.token.raw, f"{self.field}:" if self.field else ""
        if self.token.form == "stem":
            before += "~" + (f"{self.token.language}:" if self.token.language else "")
        return before + (f'"{text}"' if self.token.form == "phrase" else text) + "*" * self.token.is_prefix

    def inside(self, expression: str) -> str:
        """Return an expression for the column of this text."""
        return in_column(self.column, expression) if self.column else expression


class QueryField(NamedTuple):
    """Hold a field that is compared with SQL."""

    # One of FILTERS. Of a run in a script without spaces, the column that must have it; of a NEAR with one, NEAR_IN and
    # the column, or nothing for any of them
    name: str
    value: str
    place: int  # of the value in the query

    @property
    def typed(self) -> str:
        """Return it as a user types it."""
        star = "*" * self.value.endswith("*")
        return f"{self.name}:{in_quotes(self.value.removesuffix('*'))}{star}"


class QueryGroup(NamedTuple):
    """Hold two or more parts of which all (AND) or one (OR) must fit."""

    operator: str
    parts: list[QueryNode]

    @property
    def typed(self) -> str:
        """Return it as a user types it, in parentheses."""
        texts = (part.typed for part in self.parts if not isinstance(part, QueryField) or part.name in FILTERS)
        parts = dict.fromkeys(texts)
        text = (" OR " if self.operator == "OR" else " ").join(parts)
        return f"({text})" if len(parts) > 1 else text


class QueryExclusion(NamedTuple):
    """Hold a part that must not fit."""

    part: QueryNode
    place: int  # of the NOT or minus

    @property
    def typed(self) -> str:
        """Return it as a user types it."""
        return f"-{self.part.typed}"


QueryNode: TypeAlias = QueryText | QueryField | QueryGroup | QueryExclusion


def parse_query(query: str) -> QueryNode:
    """Return the tree of a query. Raises QueryError with the place of the mistake."""
    found = _Parser(query).parse()
    if found is None:
        raise QueryError(
            named_query(query) if query else "query", "nothing to look for: it has no letter or digit",
            "give a word, a \"phrase\" or a prefix*, e.g. morgue search 'title:climate -sport'",
        )  # fmt: skip
    return found


def left_out(query: str) -> list[str]:
    """Return what no article may have that fits a query, as a user types it. Raises QueryError.

    What one branch of OR leaves out, another may find.
    """
    tree = parse_query(query)
    parts = tree.parts if isinstance(tree, QueryGroup) and tree.operator == "AND" else [tree]
    return list(dict.fromkeys(part.part.typed for part in parts if isinstance(part, QueryExclusion)))


def in_quotes(value: str) -> str:
    """Return the value of a field with quotation marks around it if it needs them."""
    return f'"{value}"' if re.search(r'[\s"()]', value) else value


class _Parser:
    """Parse tokens by recursive descent. Each method returns a node, or None if nothing is left of its part."""

    def __init__(self, query: str) -> None:
        self.query, self.tokens, self.at, self.depth, self.filters = query, tokens_of(query), 0, 0, 0

    def peek(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else "end"

    def take(self) -> QueryToken:
        self.at += 1
        return self.tokens[self.at - 1]

    def parse(self) -> QueryNode | None:
        found = self.disjunction(None)
        if self.peek() == "close":
            cure = "leave it out, or put text that has parentheses in quotes"
            raise misplaced(self.query, self.take().place, "this parenthesis was not opened", cure)
        return found

    def is_at_end(self) -> bool:
        """Return True if no term follows in this branch."""
        return self.peek() in ("OR", "close", "end")

    def disjunction(self, field: str | None) -> QueryNode | None:
        branches = [self.conjunction(field)]
        while self.peek() == "OR":
            token = self.take()
            if self.is_at_end():
                raise self.dangling(token, "after")
            branches.append(self.conjunction(field))
        return _group("OR", branches)

    def conjunction(self, field: str | None) -> QueryNode | None:
        parts: list[QueryNode | None] = []
        if self.peek() in ("AND", "OR"):
            raise self.dangling(self.take(), "before")
        while not self.is_at_end():
            if self.peek() == "AND":
                token = self.take()
                if self.is_at_end() or self.peek() == "AND":
                    raise self.dangling(token, "after")
            parts.append(self.negation(field) if self.peek() == "NOT" else self.term(field))
        return _group("AND", parts)

    def negation(self, field: str | None) -> QueryExclusion:
        sign = self.take()
        if self.is_at_end() or self.peek() in ("AND", "NOT"):
            raise self.dangling(sign, "after")
        part = self.term(field)
        if part is None:
            cause = "what follows has no letter or digit, so it cannot be left out"
            cure = "write a word right after it: -WORD or NOT WORD; else leave it out"
            raise misplaced(self.query, sign.place, cause, cure)
        return QueryExclusion(part, sign.place)

    def dangling(self, token: QueryToken, side: str) -> QueryError:
        """Return the error for an operator without a term on one side of it."""
        example = "flood NOT dam" if token.kind == "NOT" else f"flood {token.kind} dam"
        itself = f'; to search for the word itself, put it in quotes: "{token.raw}"' if token.raw.isalpha() else ""
        cure = f"write words or parentheses beside it: {example}{itself}"
        return misplaced(self.query, token.place, f"{token.raw} has nothing {side} it", cure)

    def term(self, field: str | None) -> QueryNode | None:
        has_own_field = self.peek() == "field"
        if has_own_field:
            field = self.field()
        if self.peek() == "open":
            return self.group(field)
        token = self.take()
        if set(token.raw) == {"-"} and self.is_at_end():  # between words, as in headlines, it is only a sign
            cure = "write a word right after it to leave that out: -WORD; else leave it out"
            raise misplaced(self.query, token.place, "this minus is not followed by a word", cure)
        if field is None or field in COLUMNS:
            if has_own_field and token.fts is None:
                raise misplaced(self.query, token.place, f"{field}: has no letter or digit", "give a word or a phrase")
            return None if token.fts is None else _text(token, field)
        return self.filter(field, token)

    def field(self) -> str:
        """Return the name of the field that is next. Raises QueryError unless it has a value."""
        named = self.take()
        if self.peek() in ("open", "text"):
            return named.raw
        following, cause = self.tokens[self.at], f"{named.raw}: has an operator as its value"
        cure = f'to search for the word itself, put it in quotes: {named.raw}:"{following.raw}"'
        if following.kind == "field":
            value = next(
                (token.raw for token in self.tokens[self.at + 1 : self.at + 2] if token.kind == "text"), "WORD"
            )
            cause = f"{named.raw}: is followed by another field instead of a word"
            words = f'for the words, put them in quotes: {named.raw}:"{following.raw}:{value}"'
            cure = f"write {named.raw}:WORD {following.raw}:{value}; {words}"
        elif following.kind == "NOT":
            cure = f"write NOT {named.raw}:WORD; {cure}"
        raise misplaced(self.query, named.place, cause, cure)

    def filter(self, field: str, token: QueryToken) -> QueryField:
        self.filters += 1
        if self.filters > MAX_FILTERS:
            cure = "give several values to one field, with commas: source:a,b,c"
            raise misplaced(self.query, token.place, f"more than {MAX_FILTERS} fields", cure)
        if token.raw.startswith("NEAR("):
            raise misplaced(self.query, token.place, f"NEAR is not a value of {field}:", "give a word or a phrase")
        return QueryField(field, token.raw.rstrip("*") + "*" * token.is_prefix, token.place)

    def group(self, field: str | None) -> QueryNode | None:
        opening = self.take()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            cause = f"parentheses more than {MAX_DEPTH} deep"
            raise misplaced(self.query, opening.place, cause, "use fewer of them")
        if self.peek() == "close":
            cure = "write words between them, or leave them out"
            raise misplaced(self.query, opening.place, "there is nothing in these parentheses", cure)
        found = self.disjunction(field)
        if self.peek() == "end":
            cause, cure = "this parenthesis is not closed", "close it, or put text that has parentheses in quotes"
            raise misplaced(self.query, opening.place, cause, cure)
        self.take()
        self.depth -= 1
        return found


def _text(token: QueryToken, field: str | None) -> QueryNode:
    """Return a text to be found. The index has runs of all columns in one: SQL finds out in which of them they are."""
    column = COLUMNS[field] if field else None
    if token.form == "near" and has_run(token.raw) and (column or not all(map(has_run, near_members(token.raw)[0]))):
        anywhere = QueryText(token.fts or "", None, token, field=field)
        return QueryGroup("AND", [anywhere, QueryField(f"{NEAR_IN}{column or ''}", token.raw, token.place)])
    if column is not None and has_run(token.raw):
        anywhere = QueryText(token.fts or "", None, token, column, field)
        return QueryGroup("AND", [anywhere, QueryField(column, token.raw, token.place)])
    bare = QueryText(token.fts or "", column, token, field=field)
    return bare._replace(fts=bare.inside(bare.fts))


def _group(operator: str, parts: list[QueryNode | None]) -> QueryNode | None:
    there: list[QueryNode] = []
    for part in parts:
        # (a b) c is a b c: what FTS5 finds and what SQL compares are then together
        if isinstance(part, QueryGroup) and part.operator == operator:
            there += part.parts
        elif part is not None:
            there.append(part)
    return QueryGroup(operator, there) if len(there) > 1 else there[0] if there else None
