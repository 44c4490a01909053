"""Split a query into tokens, each with its place. Knows no grammar: `parser` does.

FTS5's own query language answers a stray quote or hyphen with an error. Here every word and phrase is quoted, and parts
without a letter or digit have an empty term. A quotation mark that is not closed, a NEAR or a ~ that is not well formed
and a field that does not exist are errors that show the place.
"""

from __future__ import annotations

import re
from itertools import pairwise, takewhile
from typing import NamedTuple

from pipelines.core.errors import QueryError
from pipelines.core.languages.lazy_patterns import lazy_pattern
from pipelines.database.query_language.other_syntaxes import near_instead, other_syntax, wildcard_in
from pipelines.database.query_language.phrases import has_run, near, signs_ignored, term, words_of

COLUMNS = {"title": "title", "byline": "byline", "author": "byline", "text": "text"}  # field: column of the index
FILTERS = ("source", "language", "published", "seen", "kind", "origin", "section", "tag", "access")  # compared with SQL
FIELDS = (*COLUMNS, *FILTERS)
# What other search engines call them.
FIELDS_OF_OTHERS = {
    "lang": "language", "date": "published", "day": "published", "year": "published", "site": "source",
    "domain": "source", "paper": "source", "by": "author", "headline": "title", "intitle": "title", "body": "text",
    "category": "section", "keyword": "tag", "keywords": "tag", "topic": "tag", "type": "kind",
}  # fmt: skip
PHRASE_FIELDS = ("origin", "section", "tag")  # of which SQL compares a word or phrase
SINGLE_QUOTED = lazy_pattern(r"(?<![^\s(:])['‘]([^\s'‘’]+(?:\s+[^\s'‘’]+)+)['’](?=[\s)]|$)")
MAX_QUERY_CHARS = 10_000  # a longer text is a pasted article, not a query
NEAR_WORDS = 10  # between the words of a NEAR without a number
MAX_SHOWN_CHARS = 60  # of the query in an error
OPERATORS = {"AND": "AND", "OR": "OR", "NOT": "NOT", "&&": "AND", "||": "OR"}  # upper case only; "and" is a word

# SQLite would end the expression at a NUL, and cannot take lone surrogates (from arguments that are not UTF-8).
# Typographic quotes come with phrases that are pasted from an article. Each character stays one: places must fit.
UNUSABLE = dict.fromkeys((0, *range(0xD800, 0xE000)), " ")
CLEAN = UNUSABLE | dict.fromkeys(map(ord, "“”„‟«»＂"), '"')
# In Hebrew, a quotation mark inside a word makes it an acronym. After a prefix it may also begin a phrase.
HEBREW = r"\u05d0-\u05ea"
GERSHAYIM = lazy_pattern(rf'(?<=[\u0591-\u05bd\u05bf\u05c1-\u05c7{HEBREW}])"(?=[{HEBREW}])')
AFTER_PREFIX = lazy_pattern(rf'(?<![{HEBREW}])[הוכלבמש]{{1,3}}"(?=[{HEBREW}])')

MEMBER = r'(?:"[^"]*"\*?|[^\s"(),]+)'
TOKEN = re.compile(
    rf"""
      (?P<space>  \s+ )
    | (?P<near>   NEAR\( \s* (?P<members>{MEMBER}(?:\s+{MEMBER})*) \s* (?:,\s*(?P<gap>\d{{1,4}})\s*)? \) )
    | (?P<badnear> (?i:NEAR)\( )
    | (?P<phrase> "(?P<inside>[^"]*)" (?: (?P<slop>~\d*)(?=[\s)]|$) | (?P<star>\*?) ) )
    | (?P<quote>  " )
    | (?P<open>   \( )
    | (?P<close>  \) )
    | (?P<minus>  (?<![^\s(]) [-!]+ (?=[^\s)!-]) )             # only where a term begins: covid-19 is a word
    | (?P<badminus> (?<=\)) [-!]+ (?=[^\s)!-]) )
    | (?P<plus>   (?<![^\s(]) \+ (?=[^\s+)]) )                  # "must be there", which holds for every term
    | (?P<badstem> (?<![^\s(:!+-]) ~ (?: ["(] | [a-z]{{2,3}} : (?=[\s()"]|$) ) )
    | (?P<stem>   (?<![^\s(:!+-]) ~ (?: (?P<language>[a-z]{{2,3}}) : )? (?P<stemmed>[^\s"()~][^\s"()]*) )
    | (?P<empty>  (?i:{"|".join(FIELDS)}) : (?=[\s)]|$) )
    | (?P<field>  [A-Za-z_]+ : (?=[^\s/:)]) )                   # not an address or a time of day
    | (?P<word>   [^\s"()]+ )
    """,
    re.VERBOSE,
)
NEGATION = re.compile(r'[-!]+(?=[\w("~])')
VALUE = re.compile(r"(?P<word>(?!NEAR\()[^\s\"()]+)")  # of a filter: source:courier.example:8080, tag:a:b


class QueryToken(NamedTuple):
    """Hold a token of a query."""

    kind: str  # text, value, field, open, close, AND, OR, NOT
    place: int  # where it begins, in characters
    raw: str  # what the user typed, without quotes; for a field its name
    fts: str | None = None  # FTS5 expression of a text; None if the index would find no word in it
    form: str = ""  # of a text: word, phrase, near, stem
    is_prefix: bool = False  # a word or phrase with a star at its end
    language: str | None = None  # of the word of a stem, if the user said which


def tokens_of(query: str) -> list[QueryToken]:
    """Return the tokens of a query. Raises QueryError."""
    if len(query) > MAX_QUERY_CHARS:
        cause = f"{len(query):,} characters are too long"
        raise QueryError(named_query(query), cause, "search for a few of its words")
    text, tokens, at = cleaned(query), list[QueryToken](), 0
    while at < len(text):
        match = (VALUE.match(text, at) if tokens and takes_value(tokens[-1]) else None) or TOKEN.match(text, at)
        assert match is not None, "every character begins a token"
        if (token := _token(query, match)) is not None:
            if tokens and tokens[-1].kind == "field":
                _check_negation(query, text, tokens[-1], token)
            tokens.append(token)
        at = match.end()
    _check_syntax(query, tokens)
    return tokens


def cleaned(query: str) -> str:
    """Return a query with plain quotation marks, of the same length. One inside a Hebrew acronym becomes gershayim."""
    text = query.translate(CLEAN)
    if text.isascii() or not (inner := [found.start() for found in GERSHAYIM.finditer(text)]):
        return text
    is_phrase = (text.count('"') - len(inner)) % 2 and (opening := AFTER_PREFIX.search(text))
    kept = opening.end() - 1 if is_phrase and opening else -1
    return "".join("״" if at in inner and at != kept else sign for at, sign in enumerate(text))


def _check_negation(query: str, text: str, field: QueryToken, value: QueryToken) -> None:
    """Raise QueryError for a minus or ! after the colon of a field, where it would be lost: `title:-about`."""
    if value.form != "word":
        return
    name, first, *others = field.raw, *(value.raw.split(",") if takes_value(field) else [value.raw])
    signs = NEGATION.match(text, value.place)
    if signs is not None and not others:
        typed = text[signs.end() : value.place + len(value.raw)] + "*" * value.is_prefix
        rest = typed or {"(": "(...)"}.get(text[signs.end()], '"..."')
        cure = f"write -{name}:{rest} to leave it out; for a word with the sign, put it in quotes"
    elif signs is not None or any(NEGATION.match(other.lstrip()) for other in others):
        cure = f"write {name}:{first.lstrip('-!')} for each value that you want, and -{name}:... to leave one out"
    else:
        return
    raise misplaced(query, value.place, f"a minus or ! stands before a field, not after {name}:", cure)


def _check_syntax(query: str, tokens: list[QueryToken]) -> None:
    """Raise QueryError for a word that means something in other search engines."""
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if token.form != "word":
            continue
        found = wildcard_in(token.raw)
        if found is None and not takes_value(before):
            found = other_syntax(token.raw, _written(before), _written(after))
        if found is not None:
            raise misplaced(query, token.place, *found)


def takes_value(before: QueryToken | None) -> bool:
    """Return True if the token after this one is the value of a field that is compared with SQL."""
    return before is not None and before.kind == "field" and before.raw in FILTERS


def _written(token: QueryToken | None) -> str | None:
    """Return a word or phrase as it is written in a query; None for anything else."""
    if token is None or token.form not in ("word", "phrase"):
        return None
    return (f'"{token.raw}"' if token.form == "phrase" else token.raw) + "*" * token.is_prefix


def _token(query: str, match: re.Match[str]) -> QueryToken | None:
    """Return the token of a match; None for space. Raises QueryError."""
    # lastgroup is the last group that matched: for `near` and `phrase` an inner one
    found, place, kind = match.groupdict(), match.start(), match.lastgroup or ""
    if found.get("near") is not None:
        members, gap = near_members(match.group())
        if operator := next((member for member in members if member in OPERATORS), None):
            cure = f"write NEAR(...) {operator} NEAR(...), each with its words; of the word itself, small letters"
            raise misplaced(query, place, f"NEAR takes words and phrases, not {operator}", cure)
        if negated := next(filter(NEGATION.match, members), None):
            cure = (
                f'write NEAR(...) {negated}, or NEAR(...) -NEAR(...); for a word with the sign: "{negated}", in quotes'
            )
            raise misplaced(query, place, f"NEAR takes words and phrases, not {negated}", cure)
        return QueryToken("text", place, match.group(), near(members, gap), "near")
    if found.get("phrase") is not None:
        inside, star = found["inside"], bool(found["star"])
        if found["slop"]:
            cure = near_instead(" ".join(words_of(inside)), found["slop"][1:])
            raise misplaced(query, place, f"a phrase is not followed by {found['slop']}", cure)
        return QueryToken("text", place, inside, term(inside, prefix=star), "phrase", star)
    text = match.group()
    if found.get("stem") is not None:
        return _stem(query, place, text, found["stemmed"], found["language"])
    if kind == "word":
        if text in OPERATORS:
            return QueryToken(OPERATORS[text], place, text)
        word, star = text.rstrip("*"), text.endswith("*")
        return QueryToken("text", place, word, term(word, prefix=star), "word", star)
    if kind == "field":
        return QueryToken("field", place, _field(query, place, text[:-1]))
    if kind in ("empty", "quote", "badnear", "badstem", "badminus") or (kind == "minus" and len(text) > 1):
        raise _mistake(query, place, kind, text)
    return None if kind in ("space", "plus") else QueryToken("NOT" if kind == "minus" else kind, place, text)


def near_members(text: str) -> tuple[list[str], int]:
    """Return the words and phrases of a NEAR(...), and how many words may be between them."""
    found = TOKEN.match(text)
    assert found is not None, "every character begins a token"
    return re.findall(MEMBER, found["members"]), int(found["gap"] or NEAR_WORDS)


def _stem(query: str, place: int, text: str, word: str, language: str | None) -> QueryToken:
    """Return the token of ~word. Raises QueryError unless it is one word."""
    if word.endswith("*") or len(words_of(word)) != 1 or NEGATION.match(word):
        raise _mistake(query, place, "badstem", text)
    return QueryToken("text", place, word, term(word), "stem", language=language)


def _field(query: str, place: int, name: str) -> str:
    if name.lower() not in FIELDS:
        from difflib import get_close_matches  # imported only for the error

        there = ", ".join(f"{known}:" for known in FIELDS)
        meant = FIELDS_OF_OTHERS.get(name.lower()) or next(iter(get_close_matches(name.lower(), FIELDS, n=1)), None)
        known = f"did you mean {meant}:? All fields are" if meant else "fields are"
        cure = f'{known} {there}; to search for the words, put them in quotes: "{name}:..."'
        raise misplaced(query, place, f"there is no field {name}:", cure)
    return name.lower()


def _mistake(query: str, place: int, kind: str, text: str) -> QueryError:
    if kind == "empty":
        cure = f'write {text}WORD, without a space; to search for the word itself, put it in quotes: "{text}"'
        return misplaced(query, place, f"{text} is empty", cure)
    if kind == "quote":
        cure = 'write "..." around the phrase, or leave the mark out'
        return misplaced(query, place, "a quotation mark is not closed", cure)
    if kind == "minus":
        cure = f'write one, -WORD, to leave a word out; for a word with the signs: "{text}WORD", in quotes'
        return misplaced(query, place, f"{text} is more than one sign", cure)
    if kind == "badminus":
        cure = f"write a space before it to leave out what follows, or after it: (...) {text}WORD or (...) {text} WORD"
        return misplaced(query, place, f"{text} follows a parenthesis, which could mean two things", cure)
    if kind == "badstem":
        cure = "write ~flooding, or ~en:flooding to say the language; for other endings, write a prefix: flood*"
        return misplaced(query, place, "~ is not followed by one word", cure)
    cure = "write NEAR(flood dam, 5): words or phrases, a comma, and at most so many words between them"
    cause = "NEAR is not well formed" if text == "NEAR(" else f"{text} is not understood: NEAR has capital letters"
    return misplaced(query, place, cause, cure)


def with_stems(query: str) -> str:
    """Return a query with ~ before each plain word, which then finds the other forms of it, too. Raises QueryError."""
    tokens, text = tokens_of(query), cleaned(query)
    plain = [
        token.place
        for before, token in zip([None, *tokens], tokens, strict=False)
        if token.form == "word" and not token.is_prefix and not has_run(token.raw)
        and words_of(token.raw) == [token.raw.rstrip(",.;!?")]
        and text[token.place - 1 : token.place] != '"'  # "a b"c
        and not takes_value(before)
    ]  # fmt: skip
    ends = [0, *plain, len(query)]
    return "~".join(query[start:end] for start, end in pairwise(ends))


def ignored_signs(query: str) -> list[tuple[str, str]]:
    """Return the texts of a query that have signs which no index holds (`C++`), each with these signs.

    Raises QueryError.
    """
    tokens = tokens_of(query)
    texts = {
        token.raw: signs
        for before, token in zip([None, *tokens], tokens, strict=False)
        if token.kind == "text" and token.form != "near" and (signs := signs_ignored(token.raw))
        and not takes_value(before)
    }  # fmt: skip
    return list(texts.items())


def lower_operators(query: str) -> list[str]:
    """Return those of `and`, `or` and `not` that a query has as words between others. Raises QueryError."""
    tokens = tokens_of(query)
    return list(dict.fromkeys(
        token.raw
        for before, token in pairwise(tokens[:-1])
        if token.form == "word" and token.raw.upper() in OPERATORS and token.raw.islower() and before.kind != "field"
    ))  # fmt: skip


class FieldOfOneWord(NamedTuple):
    """Hold a field whose word is followed by words that are searched everywhere, as in `author:anna berg`."""

    field: str
    typed: str  # the field and these words as they are in the query
    following: list[str]
    whole: str  # the same field for all these words: author:(anna berg)


def fields_of_one_word(query: str) -> list[FieldOfOneWord]:
    """Return the fields with words right after their own that people may have meant, too. Raises QueryError."""
    tokens, found = tokens_of(query), list[FieldOfOneWord]()
    for at, (field, first) in enumerate(pairwise(tokens)):
        if field.kind != "field" or field.raw not in (*COLUMNS, *PHRASE_FIELDS) or first.form != "word":
            continue
        following = takewhile(lambda token: token.form == "word", tokens[at + 2 :])
        words = [_written(token) or token.raw for token in following]
        if words and not any(word.upper() in OPERATORS for word in words):
            text = " ".join([_written(first) or first.raw, *words])
            whole = f'"{text}"' if field.raw in PHRASE_FIELDS else f"({text})"
            found.append(FieldOfOneWord(field.raw, f"{field.raw}:{text}", words, f"{field.raw}:{whole}"))
    return found


def single_quoted(query: str) -> list[str]:
    """Return the texts of several words in single quotes, which make no phrase."""
    return SINGLE_QUOTED.findall(query) if '"' not in cleaned(query) else []


def named_query(query: str) -> str:
    """Return a query, or the beginning of a long one, as the subject of an error."""
    more = "…" * (len(query) > MAX_SHOWN_CHARS)
    return f"query '{_shown(query[: MAX_SHOWN_CHARS - len(more)])}{more}'"


def _shown(query: str) -> str:
    """Return a query as it was typed, on one line, without what a terminal would act on."""
    from pipelines.core.terminal import plain  # only for errors

    return plain(query.translate(UNUSABLE)).replace("\n", " ")


def misplaced(query: str, place: int, cause: str, cure: str) -> QueryError:
    """Return an error that shows the query, and below it a mark at the place of the mistake."""
    from pipelines.core.terminal import width  # only for the error

    start = max(0, min(place - MAX_SHOWN_CHARS // 2, len(query) - MAX_SHOWN_CHARS))
    text = _shown(query)
    shown = text[start : start + MAX_SHOWN_CHARS]
    before, after = "…" * (start > 0), "…" * (start + MAX_SHOWN_CHARS < len(query))
    mark = " " * width(before + text[start:place]) + "^"
    return QueryError(f"query, character {place + 1}", cause, f"{before}{shown}{after}\n  {mark}\n  {cure}")
