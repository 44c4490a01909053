"""Test what a plot shows, as values."""

from __future__ import annotations

from datetime import date

import pytest

from exports.plots.chart import MAX_BARS, MAX_LABEL_WIDTH, MAX_NAME_WIDTH, MAX_SERIES, ChartSource, chart_of
from pipelines.core.errors import NotFound
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.search.attention import Attention, AttentionRow

SOURCE = ChartSource("paper", "newsmorgue 1", EVERYTHING)


def attention(queries, by, rows, **values):
    """Return counted articles: `rows` are (key, matches, articles, is_partial)."""
    made = tuple(AttentionRow(*row) for row in rows)
    totals = tuple(sum(column) for column in zip(*(row.matches for row in made), strict=True))
    known = {
        "matches": totals, "articles": sum(row.articles for row in made), "undated": (0,) * max(1, len(queries)),
        "left_out": False, "more_values": 0, "first_day": "2024-01-05", "last_day": "2024-04-30", "as_of": "2024-05-01",
    }  # fmt: skip
    return Attention(queries=tuple(queries), by=tuple(by), rows=made, **known | values)


MONTHS = [
    (("2024-01",), (1, 0), 4, True),
    (("2024-02",), (0, 0), 0, False),
    (("2024-03",), (2, 0), 8, False),
    ((None,), (1, 1), 3, False),
]


def test_each_query_is_a_line_of_numbers():
    """Undated articles are in none, and the note says so; times without an article are gaps."""
    chart = chart_of(attention(["climate", "sport"], ["month"], MONTHS, undated=(3, 1)), SOURCE)
    (panel,) = chart.panels
    assert [(series.label, series.values) for series in panel.series] == [
        ("climate", (1, None, 2)),
        ("sport", (0, None, 0)),
    ]
    assert chart.periods == ("2024-01", "2024-02", "2024-03")
    assert chart.partial == (0,)
    assert chart.gaps == ((date(2024, 2, 1), date(2024, 2, 29)),)
    assert (chart.x_label, chart.y_label) == ("month of publication (UTC)", "articles by month")
    assert "Undated articles are not drawn: 3 of “climate”, 1 of “sport”." in chart.note
    assert "2024-01 is covered only in part (hollow points)." in chart.note


def test_share_is_in_percent():
    """And the axis says of what."""
    chart = chart_of(attention(["climate", "sport"], ["month"], MONTHS), SOURCE, share=True)
    assert chart.panels[0].series[0].values == (25, None, 25)
    assert chart.y_label == "share of all articles, by month (%)"


def test_without_a_query_all_articles_are_a_line():
    """Their share would be 100 % throughout, so the line has numbers."""
    rows = [(("2024",), (), 7, False)]
    chart = chart_of(attention([], ["year"], rows, matches=()), SOURCE, share=True)
    assert [(series.label, series.values) for series in chart.panels[0].series] == [("all articles", (7,))]


def test_note_names_the_source_of_the_numbers():
    """Archive, its state, filters, each query in full with its number."""
    filters = ArticleFilters(source="a,b", since="2024", seen_until="2024-05-01", language="en")
    long = "climate OR " * 30 + "x"
    chart = chart_of(attention([long, "sport"], ["month"], MONTHS), ChartSource("paper", "newsmorgue 1", filters))
    note = " ".join(chart.note)
    assert note.startswith(
        "Source: archive “paper” as of 2024-05-01: 15 articles, published from 2024-01-05 to 2024-04"
    )
    assert "Only source a, b; language en; published from 2024-01-01; first seen to 2024-05-01." in note
    assert f"“{long}” finds 4 articles (26.7 %)." in note
    assert note.endswith("Drawn by newsmorgue 1.")
    assert len(chart.panels[0].series[0].label) == MAX_LABEL_WIDTH


def test_texts_have_only_characters_that_xml_knows():
    """Controls, noncharacters, and bytes of file names that are not UTF-8, are no text."""
    source = ChartSource("pap\udce9r", "newsmorgue 1", EVERYTHING)
    rows = [(("a\ufffe\nb\x1b",), (1,), 2, False)]
    chart = chart_of(attention(["x\uffffy"], ["author"], rows), source)
    assert chart.names == ("a\ufffd b ",)
    assert chart.panels[0].series[0].label == "x\ufffdy"
    assert "archive “pap\ufffdr”" in chart.note[0]


def test_second_key_makes_a_panel_for_each_query():
    """A panel has the most frequent values; the note counts the others."""
    names = [f"s{number}" for number in range(MAX_SERIES + 2)]
    rows = [((year, name), (1, 2), 4, False) for year in ("2023", "2024") for name in names]
    chart = chart_of(attention(["climate", "sport"], ["year", "source"], rows), SOURCE)
    assert [panel.title for panel in chart.panels] == ["climate", "sport"]
    assert [series.label for series in chart.panels[1].series] == names[:MAX_SERIES]
    assert chart.panels[1].series[0].values == (2, 2)
    assert "2 more sources are not drawn." in chart.note


def test_numbers_without_time_are_bars():
    """Bars are of the most frequent values, with their names; the note explains keys that are lists."""
    rows = [((f"a{number}",), (100 - number,), 100, False) for number in range(MAX_BARS + 1)]
    chart = chart_of(attention(["climate"], ["author"], [*rows, ((None,), (0,), 1, False)]), SOURCE, share=True)
    assert chart.names[:2] == ("a0", "a1")
    assert chart.panels[0].series[0].values[:2] == (100, 99)
    assert len(chart.names) == MAX_BARS
    assert "2 more authors are not drawn." in chart.note
    assert "An article counts once for each of its authors or tags." in chart.note


def test_long_names_leave_room_for_the_bars():
    """Queries keep more of their text: the legend has the whole width."""
    chart = chart_of(attention(["x"], ["source"], [(("a" * 200,), (1,), 2, False)]), SOURCE)
    assert len(chart.names[0]) == MAX_NAME_WIDTH


@pytest.mark.parametrize(("by", "rows"), [(["month"], [((None,), (1,), 2, False)]), (["source"], [])])
def test_nothing_to_draw_is_an_error(by, rows):
    """An empty picture would say that there is nothing."""
    with pytest.raises(NotFound, match="to draw"):
        chart_of(attention(["x"], by, rows, matches=(0,)), SOURCE)
