"""Test the files of plots by what is in them, and that none is left half-written."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

import exports.extras
from exports.plots import drawing
from exports.plots.chart import Chart, ChartPanel, ChartSeries
from exports.plots.plot_file import check_plot, write_plot
from pipelines.core.errors import ConfigError, DiskFull

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = (3, 0, None, 12, 6)
LINES = Chart(
    title="Articles by month",
    panels=(ChartPanel("", (ChartSeries('"a & <b>" $x_1$', NUMBERS), ChartSeries("_東京 قمة", (1, 1, None, 1, 1)))),),
    unit="month",
    periods=("2024-01", "2024-02", "2024-03", "2024-04", "2024-05"),
    names=(),
    x_label="month of publication (UTC)",
    y_label="articles by month",
    is_share=False,
    partial=(0, 4),
    gaps=((date(2024, 3, 1), date(2024, 3, 31)),),
    note=("Source: archive “paper”.", "2 undated articles are not drawn."),
)
BARS = replace(
    LINES,
    panels=(ChartPanel("", (ChartSeries("climate", (4, 2)), ChartSeries("sport", (1, None)))),),
    unit="", periods=(), names=("courier", "no source"), partial=(), gaps=(),
)  # fmt: skip
DAYS = replace(
    LINES,
    panels=(ChartPanel("", (ChartSeries("x", (1,) * 7305), ChartSeries("y", (None, 2, *(None,) * 7303)))),),
    unit="day",
    periods=tuple(date.fromordinal(date(2004, 1, 1).toordinal() + day).isoformat() for day in range(7305)),
    partial=(), gaps=(),
)  # fmt: skip
ONE = replace(
    LINES, panels=(ChartPanel("", (ChartSeries("x", (0,)),)),), periods=("2024-01",), partial=(0,), gaps=()
)  # fmt: skip
PANELS = replace(LINES, panels=(*LINES.panels, ChartPanel("second", LINES.panels[0].series)))

pytest.importorskip("matplotlib")


def written(chart, path, *, force=False):
    """Write a plot and return its bytes."""
    write_plot(chart, path, force=force)
    return path.read_bytes()


def drawn(chart, tmp_path):
    """Return the SVG of a chart as a tree."""
    return ElementTree.fromstring(written(chart, tmp_path / "plot.svg"))


def texts(tree):
    """Return all texts of an SVG, parts of one line together."""
    return ["".join(node.itertext()).strip() for node in tree.iter(f"{SVG}text")]


def points(tree, name):
    """Return the points of a line by its id, in the order of time."""
    (group,) = (node for node in tree.iter(f"{SVG}g") if node.get("id") == name)
    path = group.find(f"{SVG}path")
    assert path is not None
    return [(float(x), float(y)) for x, y in re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path.get("d", ""))]


def test_svg_has_texts_as_texts(tmp_path):
    """Labels, axes, note: any script, and no character of a query is markup or mathematics."""
    shown = texts(drawn(LINES, tmp_path))
    labels = {'"a & <b>" $x_1$', "_東京 قمة", "covered only in part", "no article in the archive"}
    assert labels | {LINES.x_label, LINES.y_label, "2024-01", "2024-05"} <= {*shown}
    assert "2 undated articles are not drawn." in " ".join(shown)


def test_svg_line_has_a_point_for_each_number(tmp_path):
    """Heights are in proportion to the numbers, and there is a gap where there is none."""
    found = points(drawn(LINES, tmp_path), "line-1-1")
    zero = found[1][1]
    heights = [zero - y for _, y in found]
    assert heights == pytest.approx([value / 12 * heights[2] for value in NUMBERS if value is not None], abs=0.01)
    assert heights[2] > 100
    assert [x for x, _ in found] == sorted(x for x, _ in found)


def test_svg_of_twenty_years_by_day_has_every_day(tmp_path):
    """No point is left out to make the file smaller; years are on the axis."""
    tree = drawn(DAYS, tmp_path)
    assert len(points(tree, "line-1-1")) == 7305
    assert {"2008", "2012", "2020"} <= {*texts(tree)}


def test_svg_has_a_panel_for_each_query(tmp_path):
    """Each with its lines, below its title."""
    tree = drawn(PANELS, tmp_path)
    assert len(points(tree, "line-2-1")) == 4
    assert "second" in texts(tree)


def test_svg_bars_are_as_long_as_their_numbers(tmp_path):
    """Each bar ends with its number; without a number there is no bar."""
    tree = drawn(BARS, tmp_path)
    ids = [node.get("id") for node in tree.iter(f"{SVG}g")]
    assert {"bar-1-1", "bar-1-2", "bar-2-1", "bar-2-2"} <= {*ids}
    wide = [points(tree, f"bar-{place}") for place in ("1-1", "1-2", "2-1", "2-2")]
    widths = [max(x for x, _ in found) - min(x for x, _ in found) for found in wide]
    assert widths == pytest.approx([widths[0], widths[0] / 2, widths[0] / 4, 0], abs=0.01)
    assert {"courier", "no source", "climate", "sport", "4", "2"} <= {*texts(tree)}


def test_svg_of_zeros_has_whole_numbers_on_its_axis(tmp_path):
    """0.01 is no number of articles."""
    zeros = replace(BARS, panels=(ChartPanel("", (ChartSeries("climate", (0, 0)),)),))
    assert [text for text in texts(drawn(zeros, tmp_path)) if text[0].isdigit()] == ["0", "1", "0", "0"]


@pytest.mark.parametrize("chart", [ONE, BARS, PANELS], ids=["one point", "bars", "panels"])
def test_png_is_a_picture(tmp_path, chart):
    """It is large enough for print."""
    data = written(chart, tmp_path / "plot.png")
    assert data.startswith(b"\x89PNG")
    assert 1400 < int.from_bytes(data[16:20]) < 1700


@pytest.mark.parametrize("ending", [".svg", ".png", ".html"])
def test_same_chart_gives_the_same_bytes(tmp_path, ending):
    """A plot in a repository changes only with its numbers."""
    assert written(LINES, tmp_path / f"a{ending}") == written(LINES, tmp_path / f"b{ending}")


def test_html_has_drawing_and_numbers_and_needs_nothing_else(tmp_path):
    """It asks for no address, runs no script, and escapes the markup of queries."""
    page = written(LINES, tmp_path / "plot.html").decode()
    assert "<script" not in page
    assert re.findall(r"(?:src|href)=[\"']?(?!#)[^\"' >]+", page) == []
    assert "<?xml" not in page
    assert "<h1>Articles by month</h1>" in page
    assert "<th scope=col>&quot;a &amp; &lt;b&gt;&quot; $x_1$</th>" in page
    rows = re.findall(r"<tr><th scope=row>([^<]*)</th>(.*?)</tr>", page)
    assert [(name, re.findall("<td>(.*?)</td>", cells)) for name, cells in rows] == [
        ("2024-01 (in part)", ["3", "1"]), ("2024-02", ["0", "1"]), ("2024-03", ["", ""]), ("2024-04", ["12", "1"]),
        ("2024-05 (in part)", ["6", "1"]),
    ]  # fmt: skip
    assert len(points(ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6]), "line-1-1")) == 4


def test_settings_of_the_user_change_nothing(tmp_path, monkeypatch):
    """The colours and fonts of a matplotlibrc are not used, and are in force again afterwards."""
    import matplotlib

    before = written(LINES, tmp_path / "a.svg")
    with matplotlib.rc_context({"lines.linewidth": 9, "svg.fonttype": "path", "font.size": 30}):
        assert written(LINES, tmp_path / "b.svg") == before
        assert matplotlib.rcParams["lines.linewidth"] == 9


def test_characters_without_a_font_are_named(tmp_path, monkeypatch):
    """An SVG leaves fonts to its viewer."""
    monkeypatch.setattr(drawing, "characters_of", lambda manager, path: {*map(chr, range(32, 1700)), *"“”"})
    warning = write_plot(LINES, tmp_path / "plot.png", force=False)
    assert "no font on this machine has the characters 京東, which are drawn as boxes" in warning
    assert write_plot(LINES, tmp_path / "plot.svg", force=False) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [("plot.gif", "there is no kind of plot .gif"), ("plot", "its ending says no kind of plot"),
     ("nowhere/plot.svg", "the folder does not exist"), ("folder.svg", "exists and is not an ordinary file"),
     ("link.svg", "exists and is not an ordinary file"), ("old.svg", "exists already"),
     ("archive/warc/plot.svg", "is among the files of the archive")],
)  # fmt: skip
def test_place_that_is_no_place_for_a_plot_is_an_error(tmp_path, name, said):
    """The error comes before any work is done."""
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "old.svg").write_text("mine")
    (tmp_path / "link.svg").symlink_to(tmp_path / "old.svg")
    (tmp_path / "archive" / "warc").mkdir(parents=True)
    (tmp_path / "archive" / "morgue.toml").touch()
    with pytest.raises(ConfigError, match=said):
        check_plot(tmp_path / name, 1, force=False)


def test_existing_file_is_replaced_only_by_force(tmp_path):
    """This holds also for one that appeared while the plot was drawn."""
    path = tmp_path / "plot.SVG"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        write_plot(LINES, path, force=False)
    assert path.read_text() == "mine"
    check_plot(path, 1, force=True)
    assert written(LINES, path, force=True).startswith(b"<?xml")


def test_more_queries_than_colours_are_an_error(tmp_path):
    """Two lines of one colour could not be distinguished."""
    with pytest.raises(ConfigError, match="8 queries are too many"):
        check_plot(tmp_path / "plot.svg", 8, force=False)


def test_missing_extra_is_named(tmp_path, monkeypatch):
    """The error has the command that installs it."""

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(exports.extras, "import_module", missing)
    with pytest.raises(ConfigError, match=r"matplotlib: is not installed\n.*pip install 'newsmorgue\[plot\]'"):
        check_plot(tmp_path / "plot.svg", 1, force=False)


def test_full_disk_leaves_no_file(tmp_path, monkeypatch):
    """Neither a part of the plot nor the temporary file is left."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskFull):
        write_plot(LINES, tmp_path / "plot.svg", force=False)
    assert [*tmp_path.iterdir()] == []


def panel(*series):
    """Return a panel with a line of these numbers for each argument."""
    return ChartPanel("panel", tuple(ChartSeries(f"line {at}", values) for at, values in enumerate(series)))


SMALL, LARGE, NONE = (1, 0, None, 2, 1), (40, 7, None, 900, 3), (None,) * 5
GROUPS = {
    "the second is larger": (panel(SMALL), panel(LARGE)),
    "the first is larger": (panel(LARGE), panel(SMALL)),
    "the last of three is larger": (panel(SMALL), panel(SMALL, SMALL), panel(SMALL, LARGE)),
    "the second of three is larger": (panel(SMALL), panel(LARGE), panel(SMALL)),
    "the first has no article": (panel(NONE), panel(LARGE)),
    "the first is all zeros": (panel((0, 0, 0, 0, 0)), panel(LARGE)),
    "all are zeros": (panel((0, 0, 0, 0, 0)), panel((0, 0, None, 0, 0))),
    "nothing has a number": (panel(NONE), panel(NONE)),
    "shares, smooth": (panel((0.01, 0.02, 0.02, 0.01, 0.0)), panel((12.5, 33.3, 99.9, 100.0, 4.2))),
    "seven panels": tuple(panel((place, 10**place, None, 0, 1)) for place in range(7)),
}


@pytest.mark.parametrize("panels", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("periods", [5, 1], ids=["five months", "one month"])
def test_every_line_stays_in_its_panel(panels, periods, tmp_path):
    """All panels have the same axis, which reaches from 0 to the largest number of any of them."""
    panels = tuple(
        ChartPanel(p.title, tuple(ChartSeries(s.label, s.values[:periods]) for s in p.series)) for p in panels
    )
    chart = replace(LINES, panels=panels, periods=LINES.periods[:periods], partial=(0,), gaps=())
    tree = drawn(chart, tmp_path)
    largest = max((value or 0 for panel in panels for series in panel.series for value in series.values), default=0)
    for number, shown in enumerate(panels, 1):
        (axes,) = (node for node in tree.iter(f"{SVG}g") if node.get("id") == f"axes_{number}")
        frame = [float(y) for y in re.findall(r"[ML] [-\d.]+ ([-\d.]+)", axes.find(f".//{SVG}path").get("d", ""))]
        top, bottom = min(frame), max(frame)
        for at, series in enumerate(shown.series, 1):
            found = [y for _, y in points(tree, f"line-{number}-{at}")]
            known = [value for value in series.values if value is not None]
            wanted = [bottom - value / (largest or 1) * (bottom - top) for value in known]
            assert all(top <= y <= bottom + 0.01 for y in found)
            is_whole = periods > 1 and largest and len(found) == len(known)
            # The axis ends a little above the largest number.
            assert not is_whole or found == pytest.approx(wanted, abs=0.06 * (bottom - top))
