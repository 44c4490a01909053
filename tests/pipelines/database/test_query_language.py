"""Queries as people type them, against a real FTS5 table: what they find, and that FTS5 never reports an error."""

from __future__ import annotations

import random
import sqlite3

import pytest

from pipelines.core.errors import QueryError
from pipelines.core.languages.spaced_runs import indexed_words
from pipelines.database.query_language.conditions import QueryConditions
from pipelines.database.query_language.parser import MAX_DEPTH, MAX_FILTERS, left_out
from pipelines.database.query_language.tokens import MAX_QUERY_CHARS, ignored_signs, with_stems

ARTICLES = {
    1: ("Climate summit opens", "Anna Berg", "Delegates discussed climate change and the covid-19 recovery."),
    2: ("Cup final tonight", "Bert Anna", "Football and the climate of fear; sport. Change came late."),
    3: ("L'été sans pluie", "Jean d'Ormesson", "Les canicules et l’Humanité : https://example.org/a?b=c"),
    4: ("東京で選挙", None, "東京都知事選挙が行われた。投票率は上がった。"),
    5: ("हिन्दी समाचार", None, "दिल्ली में चुनाव"),
    6: ("Zweitürige Übergröße", "Ärzte ohne Grenzen", 'Die "Süddeutsche" and the near miss'),
    7: ('צה"ל תקף', None, 'נכתב ב "הארץ היום"'),
}


@pytest.fixture(scope="module")
def index():
    db = sqlite3.connect(":memory:")
    columns = "title, byline, text, spaced"
    db.execute(f"CREATE VIRTUAL TABLE f USING fts5({columns}, tokenize='unicode61 remove_diacritics 2')")
    rows = [(n, *a, indexed_words(*a)) for n, a in ARTICLES.items()]
    db.executemany(f"INSERT INTO f(rowid, {columns}) VALUES (?, ?, ?, ?, ?)", rows)
    yield db
    db.close()


def fts5_expression(query: str) -> str | None:
    """Return the FTS5 expression of a query without fields that SQL compares."""
    conditions = QueryConditions(query, lambda names: pytest.fail("no query here names a source"))
    assert conditions.where == []
    return conditions.match


def found(index: sqlite3.Connection, query: str) -> set[int]:
    return {row[0] for row in index.execute("SELECT rowid FROM f WHERE f MATCH ?", (fts5_expression(query),))}


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("climate change", {1, 2}),  # words side by side: all of them, anywhere
        ("climate AND change", {1, 2}),
        ('"climate change"', {1}),  # a phrase
        ("“climate change”", {1}),  # pasted from a word processor
        ("climate -sport", {1}),
        ("-sport climate", {1}),
        ("climate NOT sport change", {1}),  # NOT takes one term only
        ("climate AND NOT sport", {1}),
        ("climate !sport", {1}),  # as elsewhere
        ("!(sport OR football) climate", {1}),
        ("climate ! sport", {2}),  # a sign, as in French
        ("climate && sport", {2}),
        ("football || canicules", {2, 3}),
        ('+climate +"sport" +title:cup', {2}),
        ("+climate -sport", {1}),
        ("NEAR(clim* recovery, 9)", {1}),
        ('NEAR("covid-19 reco"* climate, 9)', {1}),
        ('"NEAR/3" OR "w/3" OR opens', {1}),  # in quotes: a phrase
        ("opens?", {1}),  # the end of a sentence
        ("football OR canicules", {2, 3}),
        ("football OR canicules OR 東京で選挙", {2, 3, 4}),
        ("(football OR summit) climate -delegates", {2}),
        ("climate -(sport OR football)", {1}),
        ("title:climate", {1}),
        ("TITLE:climate", {1}),
        ('byline:"anna berg"', {1}),
        ("title:(climate OR cup)", {1, 2}),
        ("-title:climate text:climate", {2}),
        ("text:recov*", {1}),
        ('"anna be"*', {1}),  # a phrase whose last word goes on
        ("covid-19", {1}),  # hyphenated: a phrase of its parts
        ("covid-1*", {1}),
        ("19-covid", set()),
        ("d'ormesson", {3}),
        ("l'humanite", {3}),  # straight for curly apostrophe, no accents
        ("https://example.org/a?b=c", {3}),
        ("ubergrosse", {6}),  # the index has ß as a letter of its own, not as a diacritic
        ("ubergröße", {6}),
        ("東京*", {4}),  # any part of a run
        ("知事", {4}),
        ("事知", set()),
        ("東京 投票", {4}),
        ("東京 -選挙", set()),
        ("選挙が行", {4}),
        ('"都知事 選挙"', set()),  # not across a space
        ("NEAR(都 選挙, 2)", {4}),
        ("NEAR(都 選挙, 1)", set()),
        ("東京 OR summit", {1, 4}),
        ("हिन्दी", {5}),  # vowel signs separate tokens, in the index as in the query
        ("and the", {1, 2, 6}),  # lower case: words
        ("near miss", {6}),
        ("NEAR(climate recovery, 9)", {1}),
        ("NEAR(climate recovery, 1)", set()),
        ("climate 🦀 !!!", {1, 2}),  # what has no letter or digit takes no part
        ("!!! OR summit", {1}),
        ("((summit))", {1}),
        ("summit - opens", {1}),  # as in headlines
        ("summit – opens -- climate", {1}),
        ("- summit", {1}),
        ("climate AND -sport", {1}),
        ('צה"ל', {7}),  # the mark of an acronym
        ("צה”ל", {7}),
        ("צה״ל", {7}),
        ('"צה"ל תקף"', {7}),
        ('title:צה"ל', {7}),
        ('ב"הארץ"', {7}),  # a phrase after a prefix
        ('ב"הארץ היום" צה"ל', {7}),
        ("summ\0 OR summit", {1}),
        ("summit \udcff", {1}),  # an argument that was not UTF-8
        ("author:berg", {1}),  # the same as byline:
        ("title:(cup OR text:canicules)", {2, 3}),  # the inner field holds
        ("10:30 OR summit", {1}),  # a time of day is no field
    ],
)
def test_search_syntax_finds_what_the_docs_say(index, query, ids):
    """Words, phrases, operators, columns and prefixes mean what docs/searching.md says."""
    assert found(index, query) == ids


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("", "nothing to look for"),
        ("  \n", "nothing to look for"),
        ("!!! ... 🦀", "nothing to look for"),
        ('""', "nothing to look for"),
        ('"', "a quotation mark is not closed"),
        ("title:!!!", "title: has no letter or digit"),
        ("title:!!! summit", "title: has no letter or digit"),
        ("climate -🦀", "what follows has no letter or digit"),
        ("climate NOT - sport", "what follows has no letter or digit"),
        ("-sport", "what to leave out"),
        ("NOT a NOT b", "what to leave out"),
        ("climate OR -sport", "what to leave out"),
        ('climate "change', "a quotation mark is not closed"),
        ("climate “change", "a quotation mark is not closed"),
        ("(climate", "this parenthesis is not closed"),
        ("climate) change", "this parenthesis was not opened"),
        ("NEAR(climate", "NEAR is not well formed"),
        ("NEAR(climate change, 99999)", "NEAR is not well formed"),
        ("title:", "title: is empty"),
        ("climate source: x", "source: is empty"),
        ("(climate tag:)", "tag: is empty"),
        ("title:OR climate", "has an operator as its value"),
        ("subject:climate", "there is no field subject:"),
        ("titel:climate", "did you mean title:?"),
        ("Lang:de", "did you mean language:?"),
        ("source:NEAR(a b)", "NEAR is not a value"),
        ("published:soon", "not a year, month, day or time"),
        ("published:last week", 'write published:"last week"'),
        ("(seen:7 days ago) flood", 'write seen:"7 days ago"'),
        ("published:soon", '"7 days ago" or "last week"'),
        ("near(rent,cap)", "NEAR has capital letters"),
        ("rent|tram", "write rent OR tram"),
        ("published:2024-13", "not a day that exists"),
        ("published:2024..2023", "ends before it begins"),
        ("published:..", "is empty"),
        ("language:Klingon", "not a language code"),
        ("language:Englsh", "did you mean english"),
        ("climate kind:news", "there is no such kind"),
        ("climate -kind:artcle", "there is no such kind"),
        ("NEAR(climate OR change, 3)", "not OR"),
        ("tag:!!!", "no letter or digit"),
        ("section:,", "is empty"),
        ("source:x OR -sport", "what to leave out"),
        ("tag:x " * (MAX_FILTERS + 1), "more than 200 fields"),
        ("(" * (MAX_DEPTH + 1) + "a", "deep"),
        ("(" * 5_000, "deep"),
        ("a " * MAX_QUERY_CHARS, "too long"),
        ("(" * 10_000_000, "too long"),
    ],
)
def test_query_that_is_not_understood_is_refused_with_a_cure(query, cause):
    """It has nothing to look for, or a mistake that could mean two things."""
    with pytest.raises(QueryError, match=cause) as refused:
        QueryConditions(query, lambda names: [1])
    assert refused.value.cure
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("climate kid:opinion", "query, character 9: there is no field kid:\n  climate kid:opinion\n          ^\n"),
        ("東京 (x", "query, character 4: this parenthesis is not closed\n  東京 (x\n       ^\n"),  # two columns each
        ("a\tb)", "query, character 4: this parenthesis was not opened\n  a b)\n     ^\n"),
        ("-sport", "query, character 1: says what to leave out, but not what to look for\n  -sport\n  ^\n"),
        ("x " * 100 + ") " + "y " * 100, "…" + "x " * 15 + ") " + "y " * 14 + "…\n" + " " * 33 + "^\n"),
    ],
)
def test_mistake_in_a_query_is_shown_at_its_place(query, shown):
    """A mark is below the character; of a long query, only what is around it is shown."""
    with pytest.raises(QueryError) as refused:
        fts5_expression(query)
    assert shown in str(refused.value)


@pytest.mark.parametrize(
    ("query", "place", "cure"),
    [
        ("flood NEAR/3 dam", 7, "write NEAR(flood dam, 3): in any order, with at most 3 other words between them"),
        ("flood near/1 dam", 7, "write NEAR(flood dam, 1): in any order, with at most 1 other word between them"),
        ('"old dam" W/3 flood*', 11, 'write NEAR("old dam" flood*, 3)'),
        ("flood ADJ5 dam", 7, "write NEAR(flood dam, 5)"),
        ("(flood OR rain) pre/5 dam", 17, "write NEAR(flood dam, 5)"),
        ("flood w/p dam", 7, "write NEAR(flood dam): in any order, with at most ten other words between them"),
        ("flood NEAR dam", 7, 'for the word itself: "NEAR", in quotes'),
        ('climate "old dam"~4', 9, "write NEAR(old dam, 4)"),
        ("fl*d", 1, "write fl*, or each word that you mean"),
        ("title:fl?od", 7, "write fl*, or each word"),
        ("section:sp*rt", 9, "write sp*, or each word"),
        ("*berg", 1, "write the beginning of the word"),
        ("flood~", 1, "write ~flood for its forms, or flood*"),
        ("climate flood~2", 9, "write ~flood for its forms, or flood*"),
        ("/flo+d/", 1, "write a prefix, flo*"),
        ("flood^2 dam", 1, "write flood, which counts more in the headline"),
        ("flood&&dam", 1, "write flood AND dam"),
        ("flood||dam", 1, "write flood OR dam"),
    ],
)
def test_syntax_of_other_search_engines_is_refused_with_ours(query, place, cure):
    """Taken as words, it would find nothing, or something else."""
    with pytest.raises(QueryError) as refused:
        fts5_expression(query)
    assert refused.value.subject == f"query, character {place}"
    assert cure in refused.value.cure


@pytest.mark.parametrize(
    "query", ["24/7", "9/11", "and/or", "N3 W3", "AT&T", "C++", "x.example/~anna", "a?b=c", "km/h"]
)
def test_words_with_signs_are_no_syntax(query):
    """They are phrases of their parts, as in newspapers."""
    assert fts5_expression(query)


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ('climate -sport NOT "cup final" -sport', ["sport", '"cup final"']),
        ("x -author:(a OR b*) -~en:flood", ["(author:a OR author:b*)", "~en:flood"]),
        ('x !section:"Home news" -kind:opin* -(a -b)', ['section:"Home news"', "kind:opin*", "(a -b)"]),
        ('x -title:選挙 -tag:"cup fin"* -NEAR(a b, 3)', ["title:選挙", 'tag:"cup fin"*', "NEAR(a b, 3)"]),
        ("x OR (y -z)", []),  # what one branch leaves out, the other finds
    ],
)
def test_parts_left_out_are_named_as_they_are_typed(query, parts):
    """For the summary of a search."""
    assert left_out(query) == parts


FRAGMENTS = [
    "NEAR/3", " w/3 ", "fl*d", "~2", "&&", " || ", " !", " +", "^2", "/a/",
    *"()\"'*:-^+{},.;/\\%_?!&|~`\0\t\n ", "- ", " -", "--", "/*", "**", '""', '"a b"', '"*', "“", "”",
    "AND", "OR", "NOT", " AND ", " OR ", " NOT ", "NEAR", "NEAR(", "NEAR(a b", ", 5)", ",99999999999)",
    "title:", "byline:", "text:(", "byline:(", "rank:", "f:", "rowid", "{title text}:", "();DROP TABLE f",
    "climate", "covid-19", "l'été", "l’Humanité", "東京", "हिन्दी", "🦀", "\U0001f469\u200d\U0001f680", "İ",
    "~", "~climate", "~en:", "~xx:climate", "~(", '~"', "-~a", "title:~", "AT&T", "C++", "donʼt", "`", "´", "ﬁ",
    "COVID疫情",     "أحمد", "كِتاب", "שָׁלוֹם", "Ελλάδα", "ёлка", "٢٠٢٤", "ＮＡＴＯ", "ｱｶﾞ", "ไทย",
    "a@b.example", "#x", "\x1b[31m", "\x02",
    "ß", "\ufeff", "\u200b", "\u0301", "\udcff", "\ue000", "https://example.org/?q=1", "1", "-5", "x*",
]  # fmt: skip


def random_query(dice: random.Random) -> str:
    if dice.random() < 0.2:
        return "".join(chr(dice.randrange(0x3000)) for _ in range(dice.randrange(12)))
    glue = dice.choice(["", " "])
    return glue.join(dice.choices(FRAGMENTS, k=dice.randrange(1, 14)))


@pytest.mark.exhaustive
def test_random_query_is_never_an_fts_error(index):
    """10,000 random strings, most of them made of pieces of FTS5's syntax: SQLite accepts every expression."""
    dice = random.Random(1704)
    understood = 0
    for _ in range(10_000):
        query = random_query(dice)
        try:
            match = QueryConditions(query, lambda names: [1]).match
        except QueryError:
            continue
        understood += 1
        QueryConditions(with_stems(query), lambda names: [1])
        ignored_signs(query)
        try:
            index.execute("SELECT count(*) FROM f WHERE f MATCH ?", (match or '"x"',)).fetchone()
        except sqlite3.Error as error:
            pytest.fail(f"{query!r} -> {match!r}: {error}")
    assert understood > 1_700


SHORT_WORDS = [chr(number) for number in range(0xAC00, 0xD7A4)]  # Hangul syllables, no two of which are the same


@pytest.mark.parametrize(
    "query",
    [
        " ".join(SHORT_WORDS[: MAX_QUERY_CHARS // 2]),
        " OR ".join(SHORT_WORDS[: MAX_QUERY_CHARS // 5]),
        "x -" + " -".join(SHORT_WORDS[: MAX_QUERY_CHARS // 3 - 1]),
        "x" * MAX_QUERY_CHARS,
        "(x OR (y " * (MAX_DEPTH // 2) + "z" + ")" * MAX_DEPTH,
        "title:(" * MAX_DEPTH + "summit" + ")" * MAX_DEPTH,
        "NEAR(" + "a " * (MAX_QUERY_CHARS // 2 - 5) + ")",
    ],
)
def test_query_of_the_greatest_length_or_depth_is_accepted(index, query):
    """FTS5 has limits of its own (a parser stack, a tree depth); ours are reached first, or never."""
    index.execute("SELECT count(*) FROM f WHERE f MATCH ?", (fts5_expression(query),)).fetchone()


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("flood " * 1000, '"flood"'),
        (" OR ".join(["flood", "dam", "flood"]), '("flood" OR "dam")'),
        ("flood -dam -dam", '("flood" NOT "dam")'),
    ],
)
def test_word_that_is_there_twice_is_looked_for_once(query, match):
    """A pasted text repeats its words, and FTS5 would read the list of each again."""
    assert QueryConditions(query, lambda names: [], is_there=lambda expression: False).match == match
