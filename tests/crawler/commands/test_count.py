"""`morgue count`, and the facets of `morgue search`, as a user runs them."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys

import pytest
from click.testing import CliRunner

import exports.extras
from crawler.cli.main import morgue
from pipelines.core.errors import ConfigError, MorgueError, NotFound, QueryError
from pipelines.core.terminal import width
from tests.support.article_archive import build
from tests.support.command import ROOT, environment
from tests.support.counted_archive import build_counted

MIN_TOTAL_WIDTH = 68  # columns of a query, its sparkline and its total


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_counted(tmp_path_factory.mktemp("count") / "archive")


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)


def run(folder, *args):
    """Return what a command prints; raise the error that ends it."""
    done = CliRunner().invoke(morgue, ["-C", str(folder), *args])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def failure(folder, *args, kind=MorgueError):
    """Return the message of the error that ends a command."""
    with pytest.raises(kind) as caught:
        run(folder, *args)
    return str(caught.value)


def test_table_has_numbers_and_shares_for_each_query(folder):
    """Each period has a line, undated articles come last, and totals follow with a sparkline."""
    lines = run(folder, "count", "climate", "title:cup", "--by", "year").splitlines()
    assert lines == [
        "year     climate   share  title:cup  share  articles",
        "2022*          0    0.0%          0   0.0%        30",
        "2023           0    0.0%          0   0.0%         1",
        "2024*          4   40.0%          1  10.0%        10",
        "undated        2  100.0%          0   0.0%         2",
        "",
        "climate    ··█  6 of 43 articles (14.0%)",
        "title:cup  ··█  1 of 43 articles (2.3%)",
        "* Only a part of this year is covered: from 2022-01-13 to 2024-03-01.",
    ]


def test_query_without_a_match_is_answered_as_by_search(folder):
    """Each of them, below the numbers; programs get the numbers alone."""
    asked = ("count", "climte", "climate", "section:nwes", "climate delegate", "--by", "year")
    lines = run(folder, *asked).splitlines()
    begin = lines.index("No match for climte.")
    assert lines[begin:] == [
        "No match for climte.",
        "  In this archive: climate (6).",
        "No match for section:nwes.",
        "  In this archive: section:News (20).",
        "No match for delegate.",
        "  In this archive: delegates (5).",
        "  Articles with each alone: climate (6).",
    ]
    lines = run(folder, "count", "climate sport -fear trade", "climate", "--since", "2023").splitlines()
    assert "No match for climate sport -fear trade without fear." in lines
    assert sum("undated" in line and "left out" in line for line in lines) == 1
    assert "No match" not in run(folder, *asked, "--format", "csv")


def test_stems_are_counted_with_their_forms(folder):
    """The query is named as it was asked."""
    exact, stemmed = (run(folder, "count", "climates", *more, "--format", "csv") for more in ((), ("--stem",)))
    assert sum(int(line.split(",")[2]) for line in exact.splitlines()[1:]) == 0
    assert sum(int(line.split(",")[2]) for line in stemmed.splitlines()[1:]) > 0
    assert ",~climates," in stemmed


def test_formats_hold_the_same_numbers(folder):
    """csv, json and jsonl: one row for each period, value and query, with the share unrounded."""
    asked = ("count", "climate", "sport", "--by", "year,source", "--format")
    rows = json.loads(run(folder, *asked, "json"))
    assert [json.loads(line) for line in run(folder, *asked, "jsonl").splitlines()] == rows
    assert len(rows) == 4 * 3 * 2
    table = list(csv.DictReader(io.StringIO(run(folder, *asked, "csv"), newline="")))
    assert [int(row["count"]) for row in table] == [row["count"] for row in rows]
    assert [row["share"] for row in table] == ["" if row["share"] is None else str(row["share"]) for row in rows]
    assert {"year": None, "source": "courier", "query": "climate", "count": 1, "articles": 1, "share": 1.0,
            "partial": False} in rows  # fmt: skip
    assert {"year": "2023", "source": "gazette", "query": "climate", "count": 0, "articles": 0, "share": None,
            "partial": False} in rows  # fmt: skip


def test_pivot_has_a_table_for_each_query(folder):
    """A cell is empty if the archive has nothing there, and 0 if nothing matches."""
    lines = run(folder, "count", "climate", "sport", "--by", "source,year").splitlines()
    assert lines[0] == "climate, by source"
    assert lines[1].split() == ["year", "courier", "gazette", "shimbun"]
    assert [line.split() for line in lines[2:6]] == [
        ["2022*", "0", "0"], ["2023", "0"], ["2024*", "2", "1", "1"], ["undated", "1", "1"]
    ]  # fmt: skip
    assert lines[7] == "sport, by source"


@pytest.mark.parametrize("columns", ["40", "60", "200"])
def test_table_fits_the_terminal(folder, monkeypatch, columns):
    """Columns that have no room follow below."""
    monkeypatch.setenv("COLUMNS", columns)
    for args in (["climate", "--by", "year,author"], ["x" * 20, "y" * 20, "--by", "month"], ["climate " * 20]):
        lines = run(folder, "count", *args).splitlines()
        assert max(map(width, lines)) <= max(int(columns), MIN_TOTAL_WIDTH), args


def test_long_query_gets_a_number(folder):
    """Its words are below, with its total."""
    query = "climate OR flood OR drought OR wildfire"
    lines = run(folder, "count", query, "sport", "--by", "year").splitlines()
    assert lines[0].split() == ["year", "query", "1", "share", "query", "2", "share", "articles"]
    assert f"  {query}" in lines


def test_undated_articles_left_out_are_counted(folder):
    """A table says it; beside other formats, standard error does."""
    said = "2 undated articles left out by --since or --until; --undated finds them."
    assert said in run(folder, "count", "climate", "--since", "2024")
    done = CliRunner().invoke(morgue, ["-C", str(folder), "count", "climate", "--since", "2024", "--format", "csv"])
    assert said in done.stderr
    assert said not in done.stdout
    assert run(folder, "count", "--undated").splitlines()[1].split() == ["undated", "2"]


def test_limit_says_what_is_not_shown(folder):
    """It keeps the most frequent values."""
    lines = run(folder, "count", "--by", "author", "--limit", "2").splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["Reporter", "Reporter"]
    assert "14 more values of author are not shown." in lines


def test_empty_archive_part_gives_no_rows(folder):
    """And exit code 0: nothing was found, and nothing went wrong."""
    assert run(folder, "count", "--language", "xx").startswith("No article.")
    assert json.loads(run(folder, "count", "--language", "xx", "--format", "json")) == []


@pytest.mark.parametrize(
    ("args", "kind", "said"),
    [
        (["climate", "a ("], QueryError, "query 2 of 2, character 3: this parenthesis is not closed\n  a (\n    ^"),
        (
            ["climate", "published:2024-02-30"],
            QueryError,
            "query 2 of 2, character 11: published: '2024-02-30': not a day",
        ),
        (["--since", "2024-13"], QueryError, "--since '2024-13': not a day that exists"),
        (["--seen-since", "soon"], QueryError, "--seen-since 'soon': not a year"),
        (["--language", ""], QueryError, "--language '': is empty"),
        (["--by", "colour"], QueryError, "count by 'colour': unknown key\n  say day, week, month"),
        (["--share"], QueryError, "--share: there is no query"),
        (["x", "--smooth", "3", "--format", "csv"], QueryError, "--smooth: has no effect on csv"),
        (["x", "--force"], QueryError, "--force: has no effect without --plot"),
        (["x", "--plot", ""], ConfigError, "--plot: names no file\n  name a file that ends in .svg"),
        (["x", "--plot", "plot.gif"], ConfigError, "plot.gif: there is no kind of plot .gif"),
        (
            ["x", "--plot", "no/such/folder/plot.svg"],
            ConfigError,
            "the folder does not exist\n  mkdir -p no/such/folder",
        ),
        (["x", "--source", "nosuch"], NotFound, "source nosuch: not in this archive"),
    ],
)
def test_bad_input_is_an_error_that_says_what_to_do(folder, args, kind, said):
    """Nothing is printed before it."""
    assert said in failure(folder, "count", *args, kind=kind)


def test_plot_without_its_extra_is_an_error_before_any_work(folder, tmp_path, monkeypatch):
    """It names what to install; neither a table nor a file is made."""

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(exports.extras, "import_module", missing)
    message = failure(folder, "count", "a (", "--plot", str(tmp_path / "plot.svg"), kind=ConfigError)
    assert message == "matplotlib: is not installed\n  pip install 'newsmorgue[plot]'"
    assert not (tmp_path / "plot.svg").exists()


def test_plot_is_written_beside_the_table(folder, tmp_path):
    """It names archive, queries and filters; a second one needs --force."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "plot.svg"
    args = ["count", "climate", "change", "--by", "month", "--share", "--language", "en", "--plot", str(path)]
    printed = run(folder, *args)
    assert "climate" in printed
    assert f"{path}: 2 lines, 25 months" in printed
    svg = path.read_text(encoding="utf-8")
    words = " ".join(re.sub("<[^>]+>", " ", svg).split())
    for part in ("archive “archive” as of 2024-03-01", "share of all articles, by month (%)", "Only language en.",
                 "“climate” finds 5 articles", "Undated articles are not drawn: ", "2 of “change”."):  # fmt: skip
        assert part in words
    assert "exists already\n  --force replaces it" in failure(folder, *args)
    run(folder, *args, "--force")
    assert path.read_text(encoding="utf-8") == svg


def test_facets_are_below_the_matches(folder):
    """They count all matches, not those shown. In JSON they are beside the matches."""
    lines = run(
        folder, "search", "climate", "--limit", "1", "--facet", "source,month", "--facet", "author"
    ).splitlines()
    at = lines.index("source")
    assert lines[at - 2].startswith("1 of 6 matches")
    assert lines[at + 1].split()[:2] == ["courier", "3"]
    assert "  (1 article without one)" in lines[lines.index("author") :]
    found = json.loads(run(folder, "search", "climate", "--limit", "1", "--facet", "month,author", "--format", "json"))
    assert len(found["hits"]) == 1
    assert found["facets"]["month"] == {
        "values": [{"value": "2024-01", "count": 1}, {"value": "2024-02", "count": 3}], "more_values": 0, "without": 2
    }  # fmt: skip
    assert "{" not in run(folder, "search", "nowhere", "--facet", "source")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--facet", "colour"], "--facet 'colour': unknown key"),
        (["--facet", "kind", "--format", "csv"], "has no place in csv"),
    ],
)
def test_facet_that_cannot_be_shown_is_an_error(folder, args, said):
    """The error says what to do instead."""
    assert said in failure(folder, "search", "climate", *args, kind=QueryError)


def test_examples_of_the_manual_print_what_the_manual_shows(tmp_path, monkeypatch):
    """docs/counting.md: each command with its output, but for the time that it took; the script runs as printed."""
    folder = build(tmp_path / "archive")
    page = (ROOT / "docs" / "counting.md").read_text(encoding="utf-8")
    shown = re.findall(r"```console\n\$ morgue ([^\n]+)\n(.*?)\n```", page, re.DOTALL)
    assert len(shown) == 5
    for arguments, expected in shown:
        printed = run(folder, *shlex.split(arguments))
        assert re.sub(r"· [0-9.]+ s\n", "· 0.00 s\n", printed).rstrip() == expected
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    script = script.replace("my-archive", str(folder))
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "2024 change 0 3 0.0 True"
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("matplotlib")
    (commands,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in re.findall(r"^morgue (.*)$", commands, re.MULTILINE):
        run(folder, *shlex.split(line))
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["attention.svg", "papers.png", "sources.html"]
