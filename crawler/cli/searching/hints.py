"""Say what to try if a search finds nothing, and what it searched for where that is not what was typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from crawler.cli.archive_options import undated_sentence
from crawler.cli.searching.address_hints import address_hints, address_notes
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import cut, plain
from pipelines.database import queries
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.addresses import is_address
from pipelines.database.query_language.parser import left_out
from pipelines.database.query_language.tokens import fields_of_one_word, ignored_signs, lower_operators, single_quoted
from pipelines.database.search import counts
from pipelines.database.search.stems import ArchiveWordForms
from pipelines.database.selection import query_conditions
from pipelines.database.shards.databases import Database

if TYPE_CHECKING:
    from pipelines.database.search.suggestions import TextReport, WordsApart

MAX_FORMS_SHOWN = 12
MAX_SHOWN_COLUMNS = 40  # of a word or phrase


def no_match(db: Database, query: str, filters: ArticleFilters, *, named: bool = False) -> Iterator[str]:
    """Yield the lines that say that nothing was found, why, and what to try. `named`: the query is one of several."""
    if not is_address(query) and not counts.count(db):
        yield "This archive has no article yet. `morgue crawl` and `morgue import` bring them in."
        return
    from pipelines.database.search.suggestions import reports  # only a search that finds nothing needs it

    words = reports(db, query) if query.strip() and not is_address(query) else []
    missing = [report.text for report in words if not report.articles] or [query] * named
    yield f"No match{f' for {_listed(_shown(missing))}' if missing else ''}{without(query)}."
    yield from (f"  {hint}" for hint in _hints(db, query, filters, words))


def _hints(db: Database, query: str, filters: ArticleFilters, words: list[TextReport]) -> Iterator[str]:
    names = [field.name for field in fields(filters) if getattr(filters, field.name) and field.name != "unique"]
    used = [f"--{name.replace('_', '-')}" for name in names]
    unfiltered = counts.count(db, query) if used else 0
    if unfiltered:
        yield f"Without {_listed(used)} there would be {counted(unfiltered, 'match')}."
    if undated := counts.count_undated(db, query, filters):
        yield undated_sentence(undated)
    if is_address(query):
        yield from address_hints(db, query)
    elif not unfiltered:
        yield from word_hints(words, _excluding_all(db, query, words))
    yield from notes(db, query, filters)
    if filters.language:
        yield f"This archive has articles in: {', '.join(queries.languages(db)) or 'no known language'}."


def _excluding_all(db: Database, query: str, words: list[TextReport]) -> list[str]:
    """Return what a query leaves out, if each article with its only other word or phrase has some of that."""
    parts = left_out(query) if query.strip() else []
    if not parts or len(words) != 1:
        return []
    return parts if counts.count(db, f"{words[0].text} ({' OR '.join(parts)})") == words[0].articles > 0 else []


def without(query: str) -> str:
    """Return what the summary says of the words and fields that a query leaves out: ` without sport`, or nothing."""
    parts = left_out(query) if query.strip() and not is_address(query) else []
    return f" without {_listed(_shown(parts))}" if parts else ""


def word_hints(words: list[TextReport], excluded: Sequence[str] = ()) -> Iterator[str]:
    """Yield what the archive has of each word of a query, and what it has instead of those that it does not have.

    `excluded`: what the query leaves out, if that is why there is no match.
    """
    missing = [report for report in words if not report.articles]
    for report in missing:
        text = _shown([report.text])[0]
        similar = ", ".join(f"{plain(one.word)} ({one.articles:,})" for one in report.similar)
        archive = "this archive" + (f" since {since}" if report.among and (since := report.among.since) else "")
        if report.apart:
            yield _apart(report.text, report.apart)
        if not similar and not report.apart:
            what = (
                f"article with any {report.among.field}"
                if report.among
                else f"word like {' or '.join(map(plain, report.misspelled)) or text}"
            )
            yield f"{archive[0].upper()}{archive[1:]} has no {what}."
        elif report.among and not report.among.are_near:
            yield f"The most frequent in {archive}: {similar}."
        elif similar:
            of = f" like {text}" if len(missing) > 1 else ""
            yield f"In {archive}{of}: {similar}."
    there = [report for report in words if report.articles]
    if there and excluded:
        shown = _shown([there[0].text])[0]
        every = f"All {counted(there[0].articles, 'article')}" if there[0].articles > 1 else "The only article"
        yield f"{every} with {shown} {verb(there[0].articles, 'has', 'have')} {' or '.join(_shown([*excluded]))}."
    elif there:
        alone = ", ".join(f"{_shown([report.text])[0]} ({report.articles:,})" for report in there)
        yield f"Articles with each alone: {alone}."


def _apart(text: str, apart: WordsApart) -> str:
    """Return what is known of the words of a phrase or NEAR that no article has as it was asked."""
    searched = f"{_shown([text])[0]} was searched as a phrase. " if apart.is_joined else ""
    if not apart.articles:
        return f"{searched}Each of the words is there, but no article has them all."
    order = "so near to each other" if apart.is_near else "in this order"
    have = verb(apart.articles, "has", "have")
    all_have = f"{counted(apart.articles, 'article')} {have} them all"
    return (
        f"{searched}The words are there, but never {order}; {all_have}: morgue search {shlex.quote(plain(apart.query))}"
    )


def notes(db: Database, query: str, filters: ArticleFilters) -> Iterator[str]:
    """Yield what was searched for where it is not what the user typed: forms of ~word, signs that no index has.

    Of an address, what else it leads to.
    """
    if not query.strip():
        return
    yield from address_notes(db, query)
    if is_address(query):
        return
    in_quotes = single_quoted(query)
    for text in in_quotes:
        yield f'Single quotes make no phrase: each word was searched by itself. For the phrase, write "{plain(text)}".'
    for one in fields_of_one_word(query):
        if counts.count(db, one.typed, filters) > counts.count(db, one.whole, filters) > 0:
            was = verb(len(one.following), "was", "were")
            words = _listed([plain(word) for word in one.following])
            yield f"{words} {was} searched everywhere; for {one.field}: of all these words, write {plain(one.whole)}."
    for text, signs in ignored_signs(query):
        if text == "|":
            yield "| was left out, so an article must have what is on both sides; for either, write OR."
            continue
        if in_quotes and not set(signs) - set("'‘’"):
            continue
        rest = text.strip(signs)
        searched = f"Searched for {plain(rest)}, without" if any(map(str.isalnum, rest)) else "Searched without"
        yield f"{searched} {plain(signs)}: the index has only letters and digits."
    for word in lower_operators(query):
        yield f"Searched for the word {word}; the operator is {word.upper()}."
    found = ArchiveWordForms(db, filters.language)
    asked = query_conditions(db, query, filters, found)
    for (word, _), forms in asked.forms.items():
        others = [form for form in forms if form != word.lower()]
        shown = ", ".join(map(plain, others[:MAX_FORMS_SHOWN])) + (", ..." if len(others) > MAX_FORMS_SHOWN else "")
        yield f"~{plain(word)}: searched for {plain(word)}{', ' + shown if shown else ' alone'}."
    for beginning in dict.fromkeys(found.cut_off):
        yield f"Not all words that begin with {plain(beginning)} were compared: there are too many."


def _shown(texts: list[str]) -> list[str]:
    return [cut(plain(text), MAX_SHOWN_COLUMNS) for text in texts]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
