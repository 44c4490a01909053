"""Turn a word or phrase that a user typed into an FTS5 expression. Pure; knows no database.

Its words are looked for side by side, whatever was between them: `e-mail`, `AT&T`, `3.5` and `l'été` are phrases.
Each word is looked for in all its spellings. A run of a script without spaces is a phrase of its characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice, zip_longest

from pipelines.core.languages.lazy_patterns import lazy_pattern
from pipelines.core.languages.spaced_runs import FIELD_LETTERS, UNSPACED, VOWEL_MARKS, runs_of, spaced_runs
from pipelines.database.query_language.spelling import spellings

MAX_ALTERNATIVES = 64  # spellings of one phrase
PHRASE = re.compile(r'"([^"]*)"(\*?)')
ONE = r'"[^"]*"\*?|NEAR\((?:"[^"]*"\*? ?)+, \d+\)'
ALTERNATIVE = lazy_pattern(ONE)
ALTERNATIVES = lazy_pattern(rf"\((?:{ONE})(?: OR (?:{ONE}))+\)")
APOSTROPHES = "'’‘ʼʻ′`´＇ʹˈ"
LETTER_APOSTROPHES = "ʼʻ"  # letters for the index: they stay inside its words
# The index makes words of letters and digits; marks that it folds, or that a spelling leaves out, do not end one.
PART = rf"(?:[^\W_{APOSTROPHES}][\u0300-\u036f{VOWEL_MARKS}]*)+"
SEMITIC = re.compile("[\u05d0-\u05ea\u0620-\u06ff]")  # letters of Hebrew and Arabic
WORD = re.compile(rf"{PART}(?:[{APOSTROPHES}]{PART})*")
# A sign between two letters or digits joins them to a phrase. One at an end is no part of what can be searched for.
END_OF_SENTENCE = ".,;:!?…-–—/" + APOSTROPHES + '"“”„‟«»()[]{}*&_~·、。，；：！？「」『』《》'


def words_of(text: str) -> list[str]:
    """Return the words of a text; one with apostrophes between its letters is one word."""
    return WORD.findall(text)


def phrases_of(text: str) -> list[str]:
    """Return the phrases of which a text must have one: its words as they are, then with one of them spelled anew."""
    words = [_forms(word) for word in words_of(text)]
    found = [" ".join(forms[0] for forms in words)]
    ranks = zip_longest(*(forms[1:] for forms in words))  # of each word the likeliest first
    others = ((at, form) for rank in ranks for at, form in enumerate(rank) if form is not None)
    for at, form in islice(others, MAX_ALTERNATIVES - 1):
        found.append(" ".join(form if place == at else forms[0] for place, forms in enumerate(words)))
    return list(dict.fromkeys(found))


def _forms(word: str) -> list[str]:
    parts = re.split(f"[{APOSTROPHES}]", word)
    if len(parts) == 1:
        return spellings(word)
    return [" ".join(parts).lower(), *(sign.join(parts).lower() for sign in LETTER_APOSTROPHES)]


def term(text: str, *, prefix: bool = False) -> str | None:
    """Return the expression for a word or phrase; None if the index would find no word in it."""
    if not any(map(str.isalnum, text)):
        return None
    if has_run(text):
        return _runs_and_rest(text, prefix=prefix)
    return any_of([quoted(phrase) + "*" * prefix for phrase in phrases_of(text) or [text]])


def has_run(text: str) -> bool:
    """Return True if a text has characters of a script without spaces."""
    return not text.isascii() and UNSPACED.search(text) is not None


def run_phrase(text: str) -> str:
    """Return the runs of a text as a phrase, as the column `spaced` has them."""
    return quoted(spaced_runs(text) or "")


def _runs_and_rest(text: str, *, prefix: bool) -> str:
    """Return the expression for a text with runs: they are a phrase, and what is not next to one is another."""
    places = [(run[0].start, run[-1].end) for run in runs_of(text)]
    ends = [0, *(end for _, end in places)]
    rests = [text[end:start] for end, start in zip(ends, [*(start for start, _ in places), len(text)], strict=True)]
    # A star after a character of a run adds nothing: any part of a run is found.
    star = "*" * (prefix and places[-1][1] == len(text) and not UNSPACED.match(text[-1]))
    others = [part for rest in rests if (part := term(rest)) is not None]
    runs = f"spaced : {run_phrase(text)}{star}"
    return f"({' AND '.join([runs, *others])})" if others else runs


def near(members: Sequence[str], gap: int) -> str | None:
    """Return the expression for words and phrases near each other; None if none has a word.

    Of words of scripts with and without spaces it is one for all of them, however far from each other: see `near_runs`.
    """
    members = [member for member in members if any(map(str.isalnum, member))]
    if members and all(map(has_run, members)):
        return f"spaced : NEAR({' '.join(map(run_phrase, members))}, {gap})"
    if any(map(has_run, members)):
        terms = (term(member.rstrip("*"), prefix=member.endswith("*")) for member in members)
        return f"({' AND '.join(filter(None, terms))})"
    words = [[quoted(phrase) + "*" * member.endswith("*") for phrase in phrases_of(member)] for member in members]
    first = [forms[0] for forms in words]
    ways = [first] + [[*first[:at], form, *first[at + 1 :]] for at, forms in enumerate(words) for form in forms[1:]]
    return any_of([f"NEAR({' '.join(way)}, {gap})" for way in ways[:MAX_ALTERNATIVES]]) if words else None


def in_column(column: str, expression: str) -> str:
    """Return an expression for one column. `spaced` has its words without vowel marks, after a letter of the column."""
    found = f"{column} : {expression}"
    if not SEMITIC.search(expression):
        return found
    letter = FIELD_LETTERS[("title", "byline", "text").index(column)]
    words = re.sub(
        '"([^"]*)"', lambda phrase: quoted(" ".join(letter + word for word in phrase[1].split())), expression
    )
    return f"({found} OR spaced : {words})"


def spelled_as(expression: str, is_there: Callable[[str], bool]) -> str:
    """Return the expression of a text without the spellings that no article has; the first one, as typed, stays."""

    def known(alternatives: re.Match[str]) -> str:
        first, *others = ALTERNATIVE.findall(alternatives[0])
        return any_of([first, *(one for one in others if all(map(is_there, _terms(one) - _terms(first))))])

    return ALTERNATIVES.sub(known, expression)


def _terms(expression: str) -> set[str]:
    """Return the words and prefixes of an expression, each as a phrase."""
    found = set[str]()
    for phrase, star in PHRASE.findall(expression):
        *words, last = phrase.split()
        found |= {*map(quoted, words), quoted(last) + star}
    return found


def any_of(expressions: Sequence[str]) -> str:
    """Return expressions joined by OR."""
    return f"({' OR '.join(expressions)})" if len(expressions) > 1 else expressions[0]


def quoted(text: str) -> str:
    """Return text as a phrase of FTS5."""
    return '"' + text.replace('"', " ").strip() + '"'


def signs_ignored(text: str) -> str:
    """Return the signs at the ends of a text, or of a text without any word, that no index has: the ++ of C++."""
    if text in ("!", "-"):  # operators with a word after them; alone, ! ends a sentence in French, - is a dash
        return text
    alone = not any(map(str.isalnum, text))
    ends = text if alone else re.sub(r"(?s)^(\W*).*?(\W*)$", r"\1\2", text)
    return "".join(sign for sign in ends if sign.isprintable() and not sign.isspace() and sign not in END_OF_SENTENCE)
