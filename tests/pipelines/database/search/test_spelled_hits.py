"""Words of an archive that are spelled with letters and marks which people do not type: found, marked, and shown."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipelines.database.connection import connect
from pipelines.database.search import counts, hits
from pipelines.database.search.kwic import lines_in_context
from pipelines.database.search.stems import same_stem
from pipelines.database.search.vocabulary import IndexVocabulary
from tests.support.worded_archive import worded

ARTICLES = [
    ("Le cœur", "Une maladie du cœur, et un autre coeur."),
    ("W Łodzi", "Lech Wałęsa przyjechał do Łodzi. From Lodz."),
    ("Lodz", "A foreign article about Lodz and Lodzi."),
    ("قال مُحَمَّد", "قال مُحَمَّد إن الفيضانات وصلت إلى المدرسة، وقال محمد."),
    ("خبر", "قال مُحَمَّد للمدرسة وهو يهدّد"),
    ("שלום", "דָּוִד אמר שָׁלוֹם"),
    ("Đà Nẵng", "Đường phố ở Đà Nẵng"),
    ("Diyarbakır", "Diyarbakır’da açıklandı"),
    ("København", "I København på Ærø"),
    ("Straße", "Die große Straße"),
    ("Þórður", "Þórður sagði"),
    ("Ёлка", "Зелёная ёлка"),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    with closing(connect(worded(tmp_path_factory.mktemp("spelled") / "morgue.db", ARTICLES))) as db:
        yield db


@pytest.mark.parametrize(
    ("query", "ids", "keywords"),
    [
        ("coeur", {1}, ["cœur", "cœur", "coeur"]),
        ("cœur", {1}, ["cœur", "cœur", "coeur"]),
        ('"maladie du coeur"', {1}, ["maladie du cœur"]),
        ("lodzi", {2, 3}, ["Łodzi", "Łodzi", "Lodzi"]),
        ("title:lodzi", {2}, ["Łodzi"]),
        ("lodz*", {2, 3}, ["Łodzi", "Łodzi", "Lodz", "Lodz", "Lodz", "Lodzi"]),
        ("łódź", {2, 3}, ["Lodz", "Lodz", "Lodz"]),
        ("lodz -walesa", {3}, ["Lodz", "Lodz"]),
        ("NEAR(walesa do, 1)", {2}, ["Wałęsa", "do"]),
        ("محمد", {4, 5}, ["مُحَمَّد", "مُحَمَّد", "محمد", "مُحَمَّد"]),
        ("مُحَمَّد", {4, 5}, ["مُحَمَّد", "مُحَمَّد", "محمد", "مُحَمَّد"]),
        ("title:محمد", {4}, ["مُحَمَّد"]),
        ("text:محمد -title:محمد", {5}, ["مُحَمَّد"]),
        ("قال -محمد", set(), []),
        ("مح*", {4, 5}, ["مُحَمَّد", "مُحَمَّد", "محمد", "مُحَمَّد"]),
        ("يهدد", {5}, ["يهدّد"]),
        ("~ar:مدرسة", {4, 5}, ["المدرسة", "للمدرسة"]),
        ("~ar:فيضانات", {4}, ["الفيضانات"]),
        ("دود OR שלום", {6}, ["שלום", "שָׁלוֹם"]),
        ("דוד", {6}, ["דָּוִד"]),
        ("da nang", {7}, ["Đà", "Nẵng", "Đà", "Nẵng"]),
        ("duong", {7}, ["Đường"]),
        ("diyarbakir aciklandi", {8}, ["Diyarbakır", "Diyarbakır", "açıklandı"]),
        ("kobenhavn aero", {9}, ["København", "København", "Ærø"]),
        ('"grosse strasse"', set(), []),  # in a phrase, one word at a time
        ("grosse strasse", {10}, ["Straße", "große", "Straße"]),
        ("thordur", {11}, ["Þórður", "Þórður"]),
        ("елка", {12}, ["Ёлка", "ёлка"]),
    ],
)
def test_word_as_typed_is_found_counted_and_marked_as_it_is_spelled(db, query, ids, keywords):
    """The numbers agree, the snippet marks one, and keywords in context are all of them."""
    found = list(hits.search(db, query, limit=None))
    assert {hit["id"] for hit in found} == ids
    assert counts.count(db, query) == len(ids)
    lines = sorted(lines_in_context(db, query, limit=None), key=lambda line: line["id"])
    assert [line["keyword"] for line in lines] == keywords


@pytest.mark.parametrize(("query", "marked"), [("يهدد", "[يهدّد]"), ("walesa", "[Wałęsa]"), ("duong", "[Đường]")])
def test_snippet_marks_the_word_as_it_is_spelled(db, query, marked):
    """Also one that only the index without marks has."""
    assert marked in next(iter(hits.search(db, query, markers=("[", "]"))))["snippet"]


def test_headline_with_a_marked_word_comes_first(db):
    """The word is in the title of one and in the text of both."""
    assert [hit["id"] for hit in hits.search(db, "محمد")] == [4, 5]


@pytest.mark.parametrize(
    ("word", "forms"),
    [("فيضانات", ["الفيضانات"]), ("الفيضانات", ["الفيضانات"]), ("مدرسة", ["المدرسة", "للمدرسة"])],
)
def test_stem_of_an_arabic_word_has_those_with_its_article(db, word, forms):
    """Some stems of a word without an article lack its first letter, which is also a preposition."""
    assert [form.word for form in same_stem(IndexVocabulary(db), word, ["ar"])] == forms
