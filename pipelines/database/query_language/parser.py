"""Translate what people type into a search box into an FTS5 MATCH expression. Pure; knows no database.

FTS5's own query language answers a stray quote or hyphen with an error. Here every word and phrase is quoted, and parts
without a meaning (dangling operators, lone punctuation, open parentheses) are repaired.

    disjunction := conjunction (OR conjunction)*               the lowest precedence
    conjunction := ([AND] [NOT | -] term)*                     neighbouring words must all be there
    term        := [column:] ( "(" disjunction ")" | phrase | NEAR(...) )

The precedence differs from FTS5's in one point: NOT applies to the next term only, so that `a NOT b c` means `a c -b`.
"""

from __future__ import annotations

import re

from pipelines.core.errors import QueryError

COLUMNS = ("title", "byline", "text")
MAX_QUERY_CHARS = 10_000  # a longer text is a pasted article, not a query
MAX_DEPTH = 20  # nested parentheses; FTS5's parser has a stack of 100 entries

# SQLite would end the expression at a NUL, and cannot take lone surrogates (from arguments that are not UTF-8).
# Typographic quotes come with phrases that are pasted from an article.
CLEAN = dict.fromkeys((0, *range(0xD800, 0xE000)), " ") | dict.fromkeys(map(ord, "“”„‟«»＂"), '"')

MEMBER = r'(?:"[^"]*"|[^\s"(),]+)'
TOKEN = re.compile(
    rf"""
      (?P<space>  \s+ )
    | (?P<near>   NEAR\( \s* (?P<members>{MEMBER}(?:\s+{MEMBER})*) \s* (?:,\s*(?P<gap>\d{{1,4}})\s*)? \) )
    | (?P<phrase> "(?P<inside>[^"]*)"? (?P<star>\*?) )          # an open quote runs to the end
    | (?P<open>   \( )
    | (?P<close>  \) )
    | (?P<minus>  (?<![^\s(]) -+ (?=[^\s-]) )                   # only where a term begins: covid-19 is a word
    | (?P<column> (?i:{"|".join(COLUMNS)}) : (?=[^\s)]) )
    | (?P<word>   [^\s"()]+ )
    """,
    re.VERBOSE,
)
OPERATORS = ("AND", "OR", "NOT")  # upper case only; "and" is a word


# (kind, text). Kinds: term, column, open, close, AND, OR, NOT. The text is the FTS5 of a term or the name of a column.
# It is not a dataclass, because making that class would cost every search a millisecond.
Token = tuple[str, str]


def fts5_expression(query: str) -> str:
    """Return the FTS5 MATCH expression for a query.

    Raises QueryError if there is nothing to search for: no word at all, or only words to leave out.
    """
    if len(query) > MAX_QUERY_CHARS:
        raise QueryError(_shown(query), f"{len(query):,} characters are too long", "search for a few of its words")
    found = _Parser(query).parse()
    if found is None:
        raise QueryError(
            _shown(query), "nothing to look for: it has no letter or digit",
            "give a word, a \"phrase\" or a prefix*, e.g. morgue search 'title:climate -sport'",
        )  # fmt: skip
    return found


def _tokens(query: str) -> list[Token]:
    """Return the tokens of a query, without those in which the tokenizer of the index would find no word."""
    tokens = []
    for match in TOKEN.finditer(query.translate(CLEAN)):
        kind, text = match.lastgroup or "", match.group()
        # lastgroup is the last group that matched: for `near` and `phrase` an inner one
        if match["near"] is not None:
            tokens += _near(match["members"], match["gap"])
        elif match["phrase"] is not None:
            tokens += _term(match["inside"], bool(match["star"]))
        elif kind == "word":
            tokens += [(text, "")] if text in OPERATORS else _term(text.rstrip("*"), text.endswith("*"))
        elif kind == "minus":
            tokens.append(("NOT", ""))
        elif kind == "column":
            tokens.append(("column", text[:-1].lower()))
        elif kind in ("open", "close"):
            tokens.append((kind, ""))
    return tokens


def _quoted(text: str) -> str:
    return '"' + text.replace('"', " ").strip() + '"'


def _term(text: str, prefix: bool) -> list[Token]:
    # unicode61 makes tokens of letters and digits only. A term without any would match nothing.
    return [("term", _quoted(text) + "*" * prefix)] if any(map(str.isalnum, text)) else []


def _near(members: str, gap: str | None) -> list[Token]:
    phrases = [_quoted(member) for member in re.findall(MEMBER, members) if any(map(str.isalnum, member))]
    return [("term", f"NEAR({' '.join(phrases)}, {gap or 10})")] if phrases else []


class _Parser:
    """Parse tokens by recursive descent. Each method returns FTS5, or None if nothing is left of its part."""

    def __init__(self, query: str) -> None:
        self.query, self.tokens, self.at, self.depth = query, _tokens(query), 0, 0

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def take(self, *kinds: str) -> bool:
        """Skip the next token if it is one of `kinds`, and return whether it was."""
        if self.peek() not in kinds:
            return False
        self.at += 1
        return True

    def parse(self) -> str | None:
        """Parse everything. Closing parentheses without an opening one are skipped."""
        parts = []
        while self.peek() != "end":
            parts.append(self.disjunction())
            self.take("close")
        return _joined(" AND ", parts)

    def disjunction(self) -> str | None:
        branches = [self.conjunction()]
        while self.take("OR"):
            branches.append(self.conjunction())
        return _joined(" OR ", branches)

    def conjunction(self) -> str | None:
        wanted: list[str | None] = []
        unwanted: list[str | None] = []
        while self.peek() not in ("OR", "close", "end"):
            negated = False
            while self.peek() in ("AND", "NOT"):  # also several, or dangling: "AND NOT", "NOT NOT", "AND OR"
                negated = self.peek() == "NOT" or negated
                self.at += 1
            if self.peek() not in ("OR", "close", "end"):
                (unwanted if negated else wanted).append(self.term())
        found, without = _joined(" AND ", wanted), _joined(" OR ", unwanted)
        if found is None and without is not None:
            raise QueryError(
                _shown(self.query), "says what to leave out, but not what to look for",
                "put a word beside each -word or NOT word, in the same parentheses or branch of OR",
            )  # fmt: skip
        return found if without is None else f"({found} NOT {without})"

    def term(self) -> str | None:
        columns = []
        while self.peek() == "column":  # of title:byline:x, the last column counts
            columns.append(self.tokens[self.at][1])
            self.at += 1
        found = None
        if self.take("open"):
            found = self.group()
        elif self.peek() == "term":
            found = self.tokens[self.at][1]
            self.at += 1
        if not columns or found is None:
            return found
        # FTS5 accepts a filter on a filtered group only in parentheses; then both filters apply
        return f"{columns[-1]} : " + (f"({found})" if found.startswith(COLUMNS) else found)

    def group(self) -> str | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QueryError(_shown(self.query), f"parentheses more than {MAX_DEPTH} deep", "use fewer of them")
        found = self.disjunction()
        self.take("close")
        self.depth -= 1
        return found


def _joined(operator: str, parts: list[str | None]) -> str | None:
    there = [part for part in parts if part is not None]
    return f"({operator.join(there)})" if len(there) > 1 else (there[0] if there else None)


def _shown(query: str) -> str:
    """Return a query as an error names it: short, and without control characters for the terminal."""
    short = query if len(query) <= 60 else query[:59] + "…"
    return "query " + ascii(short) if not short.isprintable() else f"query {short!r}" if short else "query"
