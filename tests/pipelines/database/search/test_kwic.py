"""Keywords in context: every occurrence, with the text around it, and lines that are aligned whatever the script."""

from __future__ import annotations

from contextlib import closing

import pytest

from crawler.cli.searching.kwic_lines import kwic_lines
from pipelines.core.errors import QueryError
from pipelines.core.languages.spaced_runs import indexed_words
from pipelines.core.terminal import width
from pipelines.database.connection import connect
from pipelines.database.search.hits import search
from pipelines.database.search.kwic import LINE_KEYS, lines_in_context
from pipelines.database.search.snippets import passages
from pipelines.database.search.spans import INDEXED_COLUMNS, PageIndex, places
from tests.support.worded_archive import worded

ARTICLES = [
    ("Flood warning", "The flood came at night.\n\nA second flood\tfollowed; the dam\u0301 held."),
    ("Dry summer", "No floods here, and NO FLOOD either. Élan."),
    ("東京で選挙", "東京都知事選挙が行われた。COVID疫情は東京で。"),
    ("ماء", "وصل الفيضان إلى المدينة مساء اليوم"),
    ("\x02marks\x03", "Text with \x02 and \x03 in it, and a mark e\u0301 here: stop"),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    connection = connect(worded(tmp_path_factory.mktemp("kwic") / "morgue.db", ARTICLES))
    yield connection
    connection.close()


def shown(db, query, **options):
    return [
        (line["id"], line["field"], line["keyword"])
        for line in lines_in_context(db, query, **{"limit": None, "sort": "oldest"} | options)
    ]


@pytest.mark.parametrize(
    ("query", "keywords"),
    [
        ("flood", [(1, "title", "Flood"), (1, "text", "flood"), (1, "text", "flood"), (2, "text", "FLOOD")]),
        ("text:flood -dry", [(1, "text", "flood"), (1, "text", "flood")]),
        ("flood* -warning", [(2, "text", "floods"), (2, "text", "FLOOD")]),
        ('"second flood"', [(1, "text", "second flood")]),
        ("NEAR(flood second, 1)", [(1, "text", "second"), (1, "text", "flood")]),
        ("elan OR dam", [(1, "text", "dam\u0301"), (2, "text", "Élan")]),
        ("flood (title:dry OR section:nowhere)", [(2, "title", "Dry"), (2, "text", "FLOOD")]),
        ("الفيضان", [(4, "text", "الفيضان")]),
        ("東京", [(3, "title", "東京"), (3, "text", "東京"), (3, "text", "東京")]),
        ("title:東京 flood OR 疫情は", [(3, "text", "疫情は")]),
        ("title:東京 flood OR 疫情は (summer OR 知事)", [(3, "text", "知事"), (3, "text", "疫情は")]),
        ("second OR warning section:nowhere", [(1, "text", "second")]),
        ("second OR warning -section:nowhere", [(1, "title", "warning"), (1, "text", "second")]),
        ("second OR warning -published:2024-01-01", [(1, "text", "second")]),
        (
            "(second OR summer) (published:2024-01-01 OR floods tag:one) -(dam section:nowhere)",
            [(1, "text", "second"), (2, "title", "summer"), (2, "text", "floods")],
        ),
        ("title:選挙", [(3, "title", "選挙")]),
        ("title:知事", []),
        ("text:知事 選挙", [(3, "title", "選挙"), (3, "text", "知事"), (3, "text", "選挙")]),
        ("covid疫情", [(3, "text", "COVID疫情")]),
        ("covid", [(3, "text", "COVID")]),
        ("covid東京", []),
        ("mark", [(5, "text", "mark")]),
    ],
)
def test_every_occurrence_is_a_line(db, query, keywords):
    """Words are marked as the index folds them; prefixes, phrases and NEAR mark what they found."""
    assert shown(db, query) == keywords


@pytest.mark.parametrize(
    ("query", "snippet"),
    [
        ("知事", "東京都[知事]選挙が行われた。COVID疫情は東京で。"),
        ("covid", "東京都知事選挙が行われた。[COVID]疫情は東京で。"),
        ("covid疫情 -flood", "東京都知事選挙が行われた。[COVID疫情]は東京で。"),
        ("title:選挙", "東京都知事[選挙]が行われた。COVID疫情は東京で。"),
    ],
)
def test_passage_marks_a_run_where_it_is_in_the_text(db, query, snippet):
    """The index has runs in a column of single characters, which nobody can read."""
    assert [hit["snippet"] for hit in search(db, query)] == [snippet]


def test_long_passage_is_cut_around_the_first_run():
    """An ellipsis is at both ends."""
    article = dict.fromkeys(INDEXED_COLUMNS) | {"place": 1, "text": "あ" * 90 + "東京" + "い" * 200}
    article["spaced"] = indexed_words(article["text"])
    with closing(PageIndex('spaced : "東 京"')) as index:
        (passage,) = passages(index, [article], ("[", "]")).values()
    assert passage == f"…{'あ' * 40}[東京]{'い' * 78}…"


def test_line_has_context_on_one_line_and_the_place(db):
    """White space counts as one character; the text on both sides is of the same field."""
    _, second, third, _ = lines_in_context(db, "flood", sort="oldest", width=12)
    assert set(second) == set(LINE_KEYS)
    assert (second["left"], second["keyword"], second["right"]) == ("The ", "flood", " came at nig")
    assert (third["left"], third["right"]) == ("t. A second ", " followed; t")
    assert ARTICLES[0][1][third["position"] :].startswith("flood\t")
    assert second["url"] == "https://courier.example/a/1"


def test_context_is_not_cut_between_a_letter_and_its_mark(db):
    """This holds on the left and on the right."""
    (line,) = lines_in_context(db, "here title:marks", sort="oldest", width=2, limit=1, offset=1)
    assert line["left"] == " "
    (line,) = lines_in_context(db, "mark title:marks", sort="oldest", width=2, limit=1, offset=1)
    assert line["right"] == " e\u0301"


@pytest.mark.parametrize(
    ("sort", "contexts"),
    [
        ("left", ["", "re, and NO ", ". A second ", "The "]),
        ("right", [" came at ni", " either. Él", " followed; ", " warning"]),
    ],
)
def test_lines_are_sorted_by_the_words_next_to_the_keyword(db, sort, contexts):
    """From the keyword outwards; a page of the lines is a slice of them."""
    found = list(lines_in_context(db, "flood", sort=sort, width=11, limit=None))
    assert [line[sort] for line in found] == contexts
    assert list(lines_in_context(db, "flood", sort=sort, width=11, limit=2, offset=1)) == found[1:3]


def test_limit_and_offset_count_lines_and_stop_reading(db):
    """A page of lines is a slice of all."""
    everything = list(lines_in_context(db, "flood", limit=None))
    assert [line for at in range(4) for line in lines_in_context(db, "flood", limit=1, offset=at)] == everything


@pytest.mark.parametrize(
    ("query", "options"),
    [("", {}), ("source:courier", {}), ("https://courier.example/a/1", {}), ("flood", {"sort": "up"}),
     ("flood", {"limit": -1})],
)  # fmt: skip
def test_query_without_a_keyword_is_refused(db, query, options):
    """Fields and addresses find articles, not places in them."""
    with pytest.raises(QueryError) as refused:
        list(lines_in_context(db, query, **options))
    assert refused.value.cure


def test_keywords_are_below_each_other_in_any_script(db):
    """Wide characters count two columns, marks none; text from right to left is isolated."""
    found = list(lines_in_context(db, "flood OR mark OR الفيضان", sort="oldest", limit=None))
    lines = list(kwic_lines(found, 20, None, styled=False))
    assert {width(line.partition("[")[0]) for line in lines} == {20}
    assert len({width(line.partition("  courier")[0]) for line in lines}) == 1
    assert any("[\u2068الفيضان\u2069]" in line for line in lines)


def test_lines_fit_a_narrow_terminal(db):
    """The context is cut, never the day and the number."""
    found = list(lines_in_context(db, "flood", sort="oldest", limit=None))
    assert all(width(line) <= 80 for line in kwic_lines(found, 400, 80, styled=False))


def test_places_of_marks_are_those_of_the_text_without_them():
    """Marks are as highlight() of FTS5 puts them."""
    assert list(places("a \x02b\x03 c\x02d e\x03")) == [(2, 3), (5, 8)]
