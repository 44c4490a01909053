"""Queries that mean nothing, or two things: each is refused, with its place and with what to write instead."""

from __future__ import annotations

import pytest

from pipelines.core.errors import NotFound, QueryError
from pipelines.database.query_language.conditions import QueryConditions
from pipelines.database.query_language.parser import parse_query
from pipelines.database.query_language.tokens import MAX_QUERY_CHARS


@pytest.mark.parametrize(
    ("query", "place", "cure"),
    [
        ("kind:-article", 6, "write -kind:article to leave it out"),
        ("climate title:-about", 15, "write -title:about to"),
        ("text:-flood the", 6, "write -text:flood to"),
        ("title:!flo*", 7, "write -title:flo* to"),
        ('title:-"a b"', 7, 'write -title:"..." to'),
        ("title:-(a b)", 7, "write -title:(...) to"),
        ("-title:-~x", 8, "write -title:~x to"),
        ("kind:article,-opinion", 6, "write kind:article for each value that you want, and -kind:... to"),
        ("NEAR(flood -dam, 3)", 1, "write NEAR(...) -dam"),
        ("~-flood", 1, "write ~flooding"),
    ],
)
def test_minus_after_a_field_is_refused_at_its_place(query, place, cure):
    """It was lost, so that the query found what the user wanted out."""
    with pytest.raises(QueryError) as refused:
        parse_query(query)
    assert refused.value.subject == f"query, character {place}"
    assert cure in refused.value.cure


@pytest.mark.parametrize(
    ("query", "place", "cure"),
    [
        (
            "flood AND",
            7,
            "write words or parentheses beside it: flood AND dam; to search for the word",
        ),
        ("flood NOT", 7, 'flood NOT dam; to search for the word itself, put it in quotes: "NOT"'),
        ("AND flood", 1, 'put it in quotes: "AND"'),
        ("OR flood", 1, 'put it in quotes: "OR"'),
        ("flood OR", 7, 'put it in quotes: "OR"'),
        ("flood OR OR port", 7, "flood OR dam"),
        ("flood AND OR port", 7, "flood AND dam"),
        ("flood AND AND port", 7, "flood AND dam"),
        ("AND OR NOT", 1, "flood AND dam"),
        ("the (flood ||) port", 12, "flood OR dam"),
        ("the NOT NOT port", 5, "flood NOT dam"),
        ("the --port", 5, 'write one, -WORD, to leave a word out; for a word with the signs: "--WORD"'),
        ("the -!port", 5, "write one, -WORD"),
        ("flood -", 7, "write a word right after it to leave that out: -WORD"),
        ("(flood -) port", 8, "write a word right after it"),
        ("(flood OR port)-dam", 16, "write a space before it"),
        ("flood ()", 7, "write words between them, or leave them out"),
        ("title:source:d1.example", 1, "write title:WORD source:d1.example; for the words, put them in quotes"),
        ("title:author:flood", 1, "write title:WORD author:flood"),
        ("title:NOT flood", 1, 'write NOT title:WORD; to search for the word itself, put it in quotes: title:"NOT"'),
    ],
)
def test_operator_without_a_term_is_refused_at_its_place(query, place, cure):
    """Left out without a word, it found something else than the user asked for."""
    with pytest.raises(QueryError) as refused:
        parse_query(query)
    assert refused.value.subject == f"query, character {place}"
    assert cure in refused.value.cure


def named_sources(names):
    """Return a number for each of the sources a and b."""
    numbers = {"a": 1, "b": 2}
    if unknown := [name for name in names if name not in numbers]:
        raise NotFound(f"source {unknown[0]}", "not in this archive", "there are a and b")
    return [numbers[name] for name in names]


@pytest.mark.parametrize(
    ("query", "place", "cure"),
    [
        ("source:a source:b", 17, "to find articles of either, write (source:a OR source:b)"),
        ("x (source:a language:de) -(source:b y language:de language:en)", 60, "(language:de OR language:en)"),
        ("x OR (kind:opinion kind:video)", 25, "(kind:opinion OR kind:video)"),
        ('published:2012 published:"March 2014"', 26, '(published:2012 OR published:"March 2014")'),
        ("flood seen:2012.. x seen:..2011", 26, "(seen:2012.. OR seen:..2011)"),
    ],
)
def test_fields_that_never_fit_together_are_refused(query, place, cure):
    """An article has one source, so that two of them always find nothing."""
    with pytest.raises(QueryError, match="no article fits both") as refused:
        QueryConditions(query, named_sources)
    assert refused.value.subject == f"query, character {place}"
    assert cure in refused.value.cure


@pytest.mark.parametrize(
    "query",
    [
        "source:a,b source:b",
        "source:a OR source:b",
        "x source:a -source:b",
        "kind:live kind:blog",
        "published:2012.. published:..2012",
        "tag:a tag:b section:a section:b",
    ],
)
def test_fields_that_may_fit_together_are_accepted(query):
    """They have a value in common, or an article may have several."""
    assert QueryConditions(query, named_sources)


def test_unknown_source_is_shown_at_its_place():
    """As the values of all other fields are; it stays an error of what is not there."""
    with pytest.raises(NotFound) as refused:
        QueryConditions("flood source:nowhere", named_sources)
    said = "query, character 14: source nowhere: not in this archive\n  flood source:nowhere\n               ^\n"
    assert said in str(refused.value)
    assert refused.value.exit_code == 8


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("。", "query '。': nothing to look for"),
        ("🌊 …", "query '🌊 …': nothing to look for"),
        ("\x1b[\n\u202e\udcff", "query ' [   ': nothing to look for"),
        ("é" * (MAX_QUERY_CHARS + 1), f"query '{'é' * 59}…': 10,001 characters are too long"),
        ("می\u200cخواهم (", "  می\u200cخواهم (\n"),
    ],
)
def test_query_is_shown_as_typed_and_safe_for_a_terminal(query, said):
    """Letters of any script stay; controls and marks that reorder text do not."""
    with pytest.raises(QueryError) as refused:
        parse_query(query)
    assert said in str(refused.value)
