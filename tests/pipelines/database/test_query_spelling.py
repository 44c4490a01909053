"""Words as people type them and as papers spell them: what a query finds, with the tokenizer of the archive."""

from __future__ import annotations

import sqlite3

import pytest

from pipelines.core.errors import QueryError
from pipelines.core.languages.spaced_runs import indexed_words
from pipelines.database.query_language.conditions import QueryConditions
from pipelines.database.query_language.spelling import MAX_SPELLINGS, as_indexed, spellings
from pipelines.database.query_language.tokens import ignored_signs, lower_operators, with_stems


@pytest.fixture(scope="module")
def index():
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE f USING fts5(title, byline, text, spaced, tokenize='unicode61 remove_diacritics 2')"
    )
    yield db
    db.close()


def is_found(index: sqlite3.Connection, query: str, text: str) -> bool:
    index.execute("DELETE FROM f")
    index.execute("INSERT INTO f VALUES ('', '', ?, ?)", (text, indexed_words(None, None, text)))

    def matches(match: str) -> bool:
        return index.execute("SELECT 1 FROM f WHERE f MATCH ?", (match,)).fetchone() is not None

    return matches(QueryConditions(query, lambda names: [], is_there=matches).match)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("e-mail", "an E-Mail came"),
        ("climate-change", "of climate change."),
        ("don't", "I don’t know"),
        ("don’t", "I donʼt know"),  # U+02BC is a letter
        ("donʼt", "I don't know"),
        ("don`t", "I don´t know"),
        ("м'ята", "свіжа мʼята"),
        ("Hawaiʻi", "in Hawai'i"),
        ("C++", "the language C++"),
        ("50%", "50 % of them"),
        ("#climate", "a #Climate march"),
        ("@handle", "wrote @handle"),
        ("U.S.", "the U.S. senate"),
        ("AT&T", "shares of AT&T rose"),
        ("3.5", "3.5 million"),
        ("3,5", "3,5 Millionen"),
        ("anna.berg@paper.example", "write to anna.berg@paper.example"),
        ("see https://paper.example/a?b=c", "see https://paper.example/a?b=c"),
        ("strasse", "die Straße"),
        ("Straße", "die Strasse"),
        ("GROSSE", "große"),
        ("Łódź", "w Lodz"),
        ("lodzi", "w Łodzi"),
        ("walesa", "Lech Wałęsa"),
        ("lodz*", "Łodzianie"),
        ('"lech walesa"', "Lech Wałęsa"),
        ("NEAR(choroba walesy, 3)", "choroba Lecha Wałęsy"),
        ("coeur", "le cœur"),
        ("cœur", "le coeur"),
        ("oeuvre", "l’œuvre"),
        ('"maladie du coeur"', "la maladie du cœur"),
        ('"maladie du cœur"', "la maladie du coeur"),
        ("aero", "Ærø"),
        ("smorrebrod", "smørrebrød"),
        ("thordur", "Þórður"),
        ("þórður", "Thordur"),
        ("diyarbakir", "Diyarbakır’da"),
        ("yapildigini", "yapıldığını"),
        ("duong", "Đường"),
        ("da nang", "ở Đà Nẵng"),
        ('"da nang"', "ở Đà Nẵng"),
        ("đà nẵng", "Da Nang"),
        ("hal", "Ħal Qormi"),
        ("officiel", "oﬃciel"),
        ("grossstrasse", "Großstraße"),
        ("smørrebrød", "smorrebrod"),
        ("Diyarbakır", "DIYARBAKIR"),
        ("İstanbul", "istanbul"),
        ("istanbul", "İSTANBUL"),
        ("ﬁnance", "finance"),
        ("ＮＡＴＯ", "NATO"),
        ("ёлка", "елка"),
        ("елка", "ёлка"),
        ('"новый елка"', "новый ёлка"),  # in a phrase, one word at a time
        ("Ґете", "гете"),
        ("Ελλάδα", "ΕΛΛΑΔΑ"),
        ("ελλαδα", "Ελλάδα"),
        ("ελλ*", "Ελλάδα"),
        ("احمد", "أحمد"),
        ("إسلام", "اسلام"),
        ("الاسلام", "الإسلام"),
        ("والإسلام", "والاسلام"),
        ("مدرسه", "مدرسة"),
        ("على", "علي"),
        ("كِتاب", "كتاب"),
        ("كـتاب", "كتاب"),
        ("کتاب", "كتاب"),  # Persian kaf
        ("يكي", "یکی"),
        ("٢٠٢٤", "in 2024"),
        ("2024", "عام ٢٠٢٤"),
        ("שָׁלוֹם", "שלום"),
        ("שלום", "שָׁלוֹם"),
        ("محمد", "قال مُحَمَّدٌ"),
        ("مُحَمَّد", "محمد"),
        ("مُحَمَّد", "مُحَمَّد"),
        ("مح*", "مُحَمَّد"),
        ("يهدد", "وهو يهدّد"),
        ("ايضا", "أيضًا"),
        ("كتاب", "كـتـاب"),
        ("محمد", "ﻣﺤﻤﺪ"),
        ('"محمد علي"', "مُحَمَّد عَلي"),
        ("NEAR(محمد علي, 1)", "مُحَمَّد عَلي"),
        ("text:محمد", "مُحَمَّد"),
        ('text:"محمد علي"', "مُحَمَّد عَلي"),
        ("text:مح*", "مُحَمَّد"),
        ("text:~محمد", "مُحَمَّد"),
        ("NEAR(ёлка дом, 3)", "елка и дом"),
        ("text:strasse", "Straße"),
        ("한국*", "한국어"),
        ("习近平", "国家主席习近平同志指出"),
        ("COVID疫情", "受COVID疫情影响"),
        ("COVID疫情", "受COVID 疫情影响"),
        ("COVID", "受COVID疫情影响"),
        ("疫情cov*", "疫情COVID"),
        ("2024年", "在2024年5月"),
        ("ﾃﾚﾋﾞ", "日本テレビ放送"),
        ("テレビ", "日本ﾃﾚﾋﾞ放送"),
        ("ＡＰＥＣ会议", "APEC会议"),
        ("น้ำท่วม", "สถานการณ์น้ำท่วมในภาคเหนือ"),
        ("ព័ត៌មាន", "សេចក្តីព័ត៌មានថ្មី"),
        ('"climate change 東京で"', "climate change 東京で選挙"),
    ],
)
def test_word_as_typed_finds_how_a_text_spells_it(index, query, text):
    """Signs make phrases; other spellings of letters that the index does not fold are looked for besides."""
    assert is_found(index, query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("e-mail", "mail e"),
        ("AT&T", "T at"),
        ("pass", "pas"),
        ("мир", "мёр"),
        ("على", "الى"),
        ("climat", "climate"),
        ("カメラ", "かめら"),
        ("年5月", "5月2024年"),
        ("COVID疫情", "COVID is a 疫情"),
        ("coer", "cœur"),
        ("title:محمد", "مُحَمَّد"),
        ("title:coeur", "cœur"),
        ("قال -محمد", "قال مُحَمَّد"),
        ("le -coeur", "le cœur"),
        ('"علي محمد"', "مُحَمَّد عَلي"),
        ('"محمد علي"', "مُحَمَّد، عَلي"),
    ],
)
def test_other_word_is_not_found(index, query, text):
    """A word is spelled otherwise by rules, and never guessed."""
    assert not is_found(index, query, text)


def test_spellings_of_any_word_are_bounded():
    """So are those of a word of nothing but letters with variants, and of a text that is no word."""
    assert len(spellings("الإآأىيةهكيی")) <= MAX_SPELLINGS
    assert spellings("е" * 5_000) == ["е" * 5_000]
    assert len(spellings("lidoaethosshnff" * 2)) <= MAX_SPELLINGS
    assert spellings("Camera") == ["camera"]


def test_word_as_indexed_loses_the_accents_of_latin_letters_only():
    """The tokenizer does the same."""
    assert [as_indexed(word) for word in ("Élan", "İz", "Ёж", "Übergröße")] == ["elan", "iz", "ёж", "ubergroße"]


def test_signs_that_no_index_has_are_named():
    """Those between letters make a phrase, those at the end of a sentence mean nothing."""
    assert ignored_signs("C++ 50% #tag AT&T (it's) 'quoted' U.S. done! a-b tag:#x") == [
        ("C++", "++"), ("50%", "%"), ("#tag", "#"),
    ]  # fmt: skip


def test_operators_in_lower_case_are_named_where_they_could_be_meant():
    """Between words, and neither in a phrase nor as the value of a field."""
    assert lower_operators("flood or drought and not rain and snow") == ["or", "and", "not"]
    assert lower_operators('or flood OR "this or that" title:or Not and') == []


def test_stems_for_all_words_are_put_at_plain_words_only():
    """Phrases, prefixes, values of filters, hyphenated words and operators stay as they are."""
    query = 'flooding -sport title:dams (a* OR "b c") source:faz NEAR(x y) e-mail ~storms AND 東'
    assert with_stems(query).replace("~東", "東") == (
        '~flooding -~sport title:~dams (a* OR "b c") source:faz NEAR(x y) e-mail ~storms AND 東'
    )


@pytest.mark.parametrize("query", ["~", '~"a b"', "~(a b)", "~flood*", "~e-mail", "~en:"])
def test_stem_of_no_single_word_is_refused_or_ignored(query):
    """The error says how to write it."""
    with pytest.raises(QueryError) as refused:
        QueryConditions(query, lambda names: [])
    assert refused.value.exit_code == 2


def test_stem_finds_the_forms_that_the_archive_gives():
    """The archive is asked with the language of the word, and the column holds for its forms."""
    asked = []

    def forms(word: str, language: str | None) -> list[str]:
        asked.append((word, language))
        return ["flood", "floods"]

    match = QueryConditions("title:~en:flooding dam", lambda names: [], forms, lambda expression: False).match
    assert match == '(title : ("flooding" OR "flood" OR "floods") AND "dam")'
    assert asked == [("flooding", "en")]
