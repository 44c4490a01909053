"""Test what the index has instead of a word that no article has, and forms of a word."""

from __future__ import annotations

from contextlib import closing

import pytest

from crawler.cli.searching.hints import no_match, notes, word_hints
from pipelines.core.errors import QueryError
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.spelling import is_within
from pipelines.database.search import counts, vocabulary
from pipelines.database.search.stems import archive_languages, same_stem
from pipelines.database.search.suggestions import reports
from pipelines.database.search.vocabulary import IndexVocabulary
from tests.support.worded_archive import worded

ARTICLES = [
    ("Floods", "The floods came. A heat wave before; the government resigned."),
    ("Floods", "More floods: it flooded the town. Łódź."),
    ("A flood", "One flood. München."),
    ("Airport", "The airport of Zurich, airports elsewhere."),
    ("Wildfire", "A wildfire near the airport."),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    connection = connect(worded(tmp_path_factory.mktemp("suggestions") / "morgue.db", ARTICLES))
    yield connection
    connection.close()


def said(db, query):
    return list(word_hints(reports(db, query)))


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("flooding", "In this archive: floods (2), flood (1), flooded (1)."),
        ("goverment", "In this archive: government (1)."),
        ("airprot", "In this archive: airport (2)."),
        ("vlood", "In this archive: flood (1)."),
        ("govrenmant", "In this archive: government (1)."),
        ("gover", "In this archive: government (1)."),
        ("heatwave", 'In this archive: "heat wave" (1).'),
        ('"wild fire"', "In this archive: wildfire (1)."),
        ('"heat wavve"', 'In this archive: "heat wave" (1).'),
        ('title:"a flod"', 'In this archive: title:"a flood" (1).'),
        ('"wave floodds"', "In this archive: floods (2)."),
        ('"heat zeppelin"', "This archive has no word like zeppelin."),
        (
            '"wave heat"',
            "The words are there, but never in this order; 1 article has them all: morgue search 'wave heat'",
        ),
        (
            'title:"flood a"',
            "The words are there, but never in this order; 1 article has them all: morgue search 'title:(flood a)'",
        ),
        ('"wildfire floods"', "Each of the words is there, but no article has them all."),
        (
            "airport/wildfire",
            "airport/wildfire was searched as a phrase. "
            "The words are there, but never in this order; 1 article has them all: morgue search 'airport wildfire'",
        ),
        ("muenchen", "In this archive: munchen (1)."),
        ("wodz", "In this archive: łodz (1)."),
        ("title:zurich", "In this archive: zurich anywhere (1)."),
        ("zeppelin", "This archive has no word like zeppelin."),
        ("x" * 5000, "This archive has no word like " + "x" * 39 + "…."),
    ],
)
def test_word_that_no_article_has_is_answered_with_those_that_are_there(db, query, line):
    """Forms first, then words split, joined or misspelled, then those that begin alike; with their numbers."""
    assert said(db, query) == [line]


@pytest.mark.parametrize(
    ("text", "query", "suggested"),
    [
        ("홍수가 났다", "홍수", "홍수가 (1)"),
        ("홍수가 났다", "홍수는", "홍수가 (1)"),
        ("東京で洪水が起きた", "大洪水が起きる", "洪水が起き (1)"),
        ("北京洪水灾害", "北京大水", "北京 (1)"),
        ("le cœur bat", "coeur", "cœur (1)"),
        ("une œuvre", "oeuvre", "œuvre (1)"),
        ("ışık", "isik", "ısık (1)"),
        ("her Ph.D. thesis", "PhD", '"ph d" (1)'),
        ("the ﬁnance act", "finance", "ﬁnance (1)"),
        ("an e-mail, the mail", "email", '"e mail" (1)'),
        ("an x-ray, a ray", "xray", '"x ray" (1)'),
        ("м'ята", "мята", '"м ята" (1)'),
        ("they don't", "dont", '"don t" (1)'),
        ("1,000 people, 000", "1000", '"1 000" (1)'),
        ("the by-laws", "by-law", '"by laws" (1)'),
        ("the flood", "fflood", "flood (1)"),
    ],
)
def test_other_way_to_write_a_word_is_suggested_first(tmp_path, text, query, suggested):
    """One letter before a hyphen counts, and a word without its first letter is another word."""
    with closing(connect(worded(tmp_path / "morgue.db", [("Title", text)]))) as db:
        found = [f"{one.word} ({one.articles})" for one in reports(db, query)[0].similar]
        assert found[:1] in ([suggested], [])  # nothing: it is found directly
        assert bool(found) is not bool(counts.count(db, query))


def test_number_and_rest_of_a_word_are_no_suggestions(tmp_path):
    """They mean something else."""
    with closing(connect(worded(tmp_path / "morgue.db", [("Title", "000 mail 1001")]))) as db:
        assert [reports(db, query)[0].similar for query in ("1000", "email")] == [[], []]


def test_words_without_a_common_article_are_counted_alone(db):
    """And the one that is missing is named."""
    assert said(db, "floods wildfire") == ["Articles with each alone: floods (2), wildfire (1)."]
    assert said(db, "floods zeppelin vlood") == [
        "This archive has no word like zeppelin.",
        "In this archive like vlood: flood (1).",
        "Articles with each alone: floods (2).",
    ]
    assert [report.text for report in reports(db, "wild fire*  -floods")] == ["wild", "fire*"]
    assert "wildfire (1)" in said(db, "wild OR fire")[0]


def test_stem_of_a_word_finds_its_forms_in_any_command(db):
    """The language is that named with the word, else that of the filters, else those of the archive."""
    assert counts.count(db, "flooding") == 0
    assert counts.count(db, "~eng:flooding") == 3
    assert counts.count(db, "~flooding") == counts.count(db, "~en:flooding") == 3
    assert counts.count(db, "~flooding -~airports") == 3
    assert counts.count(db, "~de:flooding") == 0
    assert counts.count(db, "~flooding", ArticleFilters(language=("en",))) == 3
    assert archive_languages(db) == ["en"]
    with pytest.raises(QueryError, match="no stems in this language"):
        counts.count(db, "~zh:flooding")


def test_stems_know_accents_and_articles_of_words(tmp_path):
    """The index has words without accents; an Arabic word may begin with its article."""
    texts = [("Häuser", "die Häuser, das Haus; les élections, élection"), ("x", "الكتاب كتاب")]
    db = connect(worded(tmp_path / "morgue.db", texts))
    words = IndexVocabulary(db)
    assert {one.word for one in same_stem(words, "Häusern", ["de"])} == {"haus", "hauser"}
    assert {one.word for one in same_stem(words, "ÉLECTIONS", ["fr"])} == {"election", "elections"}
    assert {one.word for one in same_stem(words, "كتاب", ["ar", "xx"])} == {"كتاب", "الكتاب"}
    db.close()


def test_words_that_begin_alike_are_read_up_to_a_bound(db, monkeypatch):
    """The vocabulary knows which beginnings it cut off."""
    words = IndexVocabulary(db)
    monkeypatch.setattr(vocabulary, "MAX_WORDS_READ", 2)
    assert [one.word for one in words.starting_with("flo")] == ["flood", "flooded"]
    assert words.cut_off == ["flo"]
    monkeypatch.setattr(vocabulary, "MAX_WORDS_READ", 2_000)
    monkeypatch.setattr(vocabulary, "MAX_MATCHES_READ", 1)
    assert [one.word for one in words.starting_with("flo")] == ["flood", "flooded"]
    assert words.cut_off == ["flo", "flo"]
    assert list(notes(db, "~flooding", ArticleFilters())) == [
        "~flooding: searched for flooding, flood, flooded.",
        "Not all words that begin with flood were compared: there are too many.",
    ]


def test_operator_in_lower_case_is_said_to_be_a_word(db):
    """`flood or airport` asks for three words."""
    expected = "Searched for the word or; the operator is OR."
    assert list(notes(db, "flood or airport", ArticleFilters())) == [expected]


def test_miss_says_if_what_is_left_out_is_why(db):
    """Not if it is a filter or a period, too."""
    assert list(no_match(db, "floods -came -more", ArticleFilters()))[1:] == [
        "  All 2 articles with floods have came or more."
    ]
    assert list(no_match(db, "floods -town published:1999", ArticleFilters()))[1:] == [
        "  Articles with each alone: floods (2)."
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("text:the airport", []),  # also in a text, so the field makes no difference
        ("text:flood airport", []),  # in no text together
        ("text:a flood", ["flood was searched everywhere; for text: of all these words, write text:(a flood)."]),
        ("text:a AND flood", []),
        (
            "'heat wave'",
            ['Single quotes make no phrase: each word was searched by itself. For the phrase, write "heat wave".'],
        ),
        ("flood | town", ["| was left out, so an article must have what is on both sides; for either, write OR."]),
    ],
)
def test_query_that_may_be_meant_otherwise_is_explained(tmp_path, query, said):
    """Words after a field's own, a phrase in single quotes, and a sign that means OR elsewhere."""
    texts = [("A flood", "A town."), ("Flood", "A flood. Heat wave."), ("Airport", "The airport.")]
    db = connect(worded(tmp_path / "morgue.db", texts))
    assert list(notes(db, query, ArticleFilters())) == said
    db.close()


def test_database_stays_read_only_after_its_words_were_asked_for(db):
    """The table of words is in the connection's own memory."""
    IndexVocabulary(db)
    assert db.execute("PRAGMA query_only").fetchone()[0] == 1


@pytest.mark.parametrize(
    ("word", "other", "is_near"),
    [("flood", "flood", True), ("flood", "folod", True), ("flood", "fl", False), ("abcd", "badc", True),
     ("climate", "climbed", False), ("climate", "climat", True), ("", "ab", True)],
)  # fmt: skip
def test_two_edits_count_swapped_letters_as_one(word, other, is_near):
    """Damerau's distance, restricted to neighbours."""
    assert is_within(2, word, other) is is_near
