"""`morgue clusters`, and what `search --unique`, `show`, `export --dedupe` and `export --split` do with copies."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crawler.cli.copies import report
from crawler.cli.main import exit_code_of
from pipelines.core.archive_layout import LOCK_NAME
from pipelines.core.lock import ArchiveLock
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from pipelines.database.search import counts
from pipelines.database.search.hits import search
from tests.support.copies import CopyArchive, story
from tests.support.exporting import export

A, B, C = story("a"), story("b"), story("c")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of four copies of one text, two of another, and one single article; nothing is compared yet."""
    folder = tmp_path_factory.mktemp("copies") / "archive"
    archive = CopyArchive(folder)
    with closing(archive.db):
        archive.add(A, 1, "2026-01-02", title="Flood \x1b[31min town", origin="dpa", language="de")
        archive.add(A[:6], 2, "2026-01-03", title="Town under water")
        archive.add([*B[:4], *A], 3, "2026-01-05", title="A flood")
        archive.add(A, 3, "2026-02-02", published=None, published_day=None, title="Undated", origin="dpa")
        archive.add(B, 2, "2026-03-02", canonical_url="https://paper-4.example/6", title="Bridge")
        archive.add(B, 4, "2026-03-03", title="The bridge")
        archive.add(C, 1, "2026-01-01", title="Alone")
    (folder / "warc").mkdir()
    (folder / "morgue.toml").touch()
    return folder


@pytest.fixture
def morgue(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs `morgue` in this process; it returns exit code, output and errors."""

    def run(*args: str, archive: Path = folder) -> tuple[int, str, str]:
        code = exit_code_of(["-C", str(archive), *args])
        out, errors = capsysbinary.readouterr()
        return code, out.decode(), errors.decode()

    return run


def test_table_names_size_days_origin_and_what_each_copy_keeps(morgue, monkeypatch):
    """The largest cluster comes first, after articles that wait are compared."""
    monkeypatch.setenv("COLUMNS", "100")
    code, out, errors = morgue("clusters")
    assert (code, errors) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "Flood [31min town"
    assert " ".join(lines[1:3]) == (
        "4 copies in 3 papers, 2026-01-02 to 2026-01-05; probably from dpa: 2 copies credit it; it is not in this "
        "archive, so shares are of the earliest copy"
    )
    assert lines[3:7] == [
        "1 2026-01-02 paper-1", "2 2026-01-03 paper-2 keeps 50%",
        "3 2026-01-05 paper-3 keeps 100%, which is 75% of its text", "4 undated paper-3 keeps 100%",
    ]  # fmt: skip
    assert lines[8:10] == [
        "The bridge", "2 copies in 2 papers, 2026-03-02 to 2026-03-03; probably from paper-4: 1 copy links to it",
    ]  # fmt: skip
    assert lines[-1] == "2 of 2 clusters"


@pytest.mark.parametrize(
    ("args", "articles"),
    [
        ([], [1, 6]), (["bridge"], [6]), (["bridges"], []), (["--stem", "bridges"], [6]),
        (["--source", "paper-4"], [6]), (["--since", "2026-01-04"], [1, 6]),
        (["--until", "2026-01-02"], [1]), (["--language", "de"], [1]), (["--undated"], [1]), (["--limit", "1"], [1]),
        (["--offset", "1"], [6]), (["--sort", "newest"], [6, 1]), (["nothing"], []), (["4"], [1]), (["7"], []),
        (["paper-2.example/2?utm_source=x"], [1]), (['"2026"'], []),
    ],
)  # fmt: skip
def test_query_and_filters_choose_whole_clusters(morgue, args, articles):
    """They choose as in `morgue search`; a number or an address names one article."""
    code, out, _ = morgue("clusters", "--format", "jsonl", *args)
    assert code == 0
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["article"] for one in found] == articles
    assert {one["article"]: one["copies"] for one in found}.items() <= {1: 4, 6: 2}.items()


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (["brigde"], "No match for brigde.\n  In this archive: bridge (2).\n"),
        (["origin:dap"], "No match for origin:dap.\n  The most frequent in this archive: origin:dpa (2).\n"),
        (["alone", "-flood"], "1 article matches without flood; none has a copy.\n"),
        (["--until", "2026-01-01"], "1 article matches; none has a copy.\n"),
    ],
)
def test_answer_without_a_cluster_says_why(morgue, args, out):
    """No article matches, and then what is like the words; or those that match are single."""
    assert morgue("clusters", *args) == (0, out, "")


def test_summary_of_clusters_says_what_was_left_out(morgue):
    """As that of a search does."""
    assert morgue("clusters", "flood", "-bridge")[1].endswith("\n1 of 1 cluster without bridge\n")


def test_csv_has_a_row_for_each_copy(morgue):
    """Each row begins with the values of its cluster."""
    _, out, _ = morgue("clusters", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "6", "5"]
    assert [(row["copies"], row["evidence"], row["said_by"]) for row in rows[3:5]] == [
        ("4", "credit", "2"), ("2", "link", "1")
    ]  # fmt: skip
    assert (rows[1]["kept"], rows[1]["origin_kept"], rows[3]["published_day"]) == ("1.0", "0.5", "")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["((", "x"], 2, "is not closed"), (["4", "--source", "paper-1"], 2, "leave out one"), (["99"], 8, "99"),
        (["--sort", "alphabet"], 2, "alphabet"), (["--source", "nobody"], 8, "nobody"), (["--limit", "-1"], 2, "-1"),
        (["subject:x"], 2, "there is no field"), (["--since", "never"], 2, "never"), (["--format", "xml"], 2, "xml"),
        (["https://paper-1.example/none"], 8, "not in this archive"),
    ],
)  # fmt: skip
def test_bad_input_is_an_error_that_names_it(morgue, args, code, words):
    """The exit code is that of `morgue search`."""
    found, out, errors = morgue("clusters", *args)
    assert (found, out) == (code, "")
    assert words in errors
    assert "Traceback" not in errors


def test_article_without_copy_is_told_so(morgue):
    """And that is no failure."""
    code, out, _ = morgue("clusters", "7")
    assert (code, out) == (0, "Article 7 is in no cluster: no copy of it is known.\n  Alone\n")


def test_unique_search_shows_one_of_each_text(morgue):
    """It shows the origin, or the earliest of those that match, and how many other copies there are."""
    code, out, _ = morgue("search", "--unique", "--sort", "oldest", "--format", "json")
    assert code == 0
    assert [(hit["id"], hit["copies"]) for hit in json.loads(out)] == [(7, 0), (1, 3), (6, 1)]
    _, out, _ = morgue("search", "--unique", "--source", "paper-3,paper-2", "--format", "jsonl")
    assert sorted(json.loads(line)["id"] for line in out.splitlines()) == [2, 5]
    _, out, _ = morgue("search", "--unique", "flood", "--limit", "1")
    assert "+3 copies: morgue clusters 1" in out
    assert "1 of 1 match" in out


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
def test_unique_pages_do_not_overlap(morgue, folder, sort):
    """The count and the pages are of the same articles."""
    morgue("clusters")
    filters = ArticleFilters(unique=True)
    with closing(connect(folder / "morgue.db")) as db:
        pages = [hit["id"] for at in range(3) for hit in search(db, None, filters, sort, limit=1, offset=at)]
        assert sorted(pages) == [1, 6, 7]
        assert counts.count(db, None, filters) == 3
        assert [hit["id"] for hit in search(db, "bridge", filters, sort)] == [6]


def test_show_names_the_cluster(morgue):
    """Text and JSON both have it."""
    morgue("clusters")
    _, out, _ = morgue("show", "2", "--format", "json")
    cluster = json.loads(out)["cluster"]
    assert (cluster["copies"], cluster["article"], cluster["origin"], cluster["evidence"]) == (4, 1, "dpa", "credit")
    _, out, _ = morgue("show", "7", "--format", "json")
    assert json.loads(out)["cluster"] is None


def test_lock_of_another_process_leaves_articles_waiting(tmp_path, morgue):
    """The command says how many wait, and shows what is known."""
    archive = CopyArchive(tmp_path)
    (tmp_path / "morgue.toml").touch()
    with closing(archive.db):
        archive.add(A, 1)
        archive.add(A, 2)
        archive.work_off()
        archive.add(A, 3)
    lock = ArchiveLock(tmp_path / LOCK_NAME)
    try:
        code, out, errors = morgue("clusters", archive=tmp_path)
    finally:
        lock.release()
    assert code == 0
    assert "2 copies in 2 papers" in out
    assert "1 article is not compared with others yet, and counts as unlike: the archive is being written" in errors
    code, out, errors = morgue("clusters", archive=tmp_path)
    assert "3 copies in 3 papers" in out
    assert errors == ""


def test_deduped_export_has_one_of_each_text(morgue, folder, tmp_path):
    """And its manifest says how many were left out."""
    out = tmp_path / "a.jsonl"
    code, _, errors = morgue("export", "jsonl", str(out), "--dedupe", "cluster")
    assert code == 0
    assert "4 articles left out: 4 as a copy of another article" in errors
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == [1, 6, 7]
    manifest = json.loads((tmp_path / "a.jsonl.manifest.json").read_text())
    assert (manifest["dedupe"], manifest["left_out"]) == ("cluster", {"as a copy of another article": 4})
    assert "unique" not in manifest["filters"]
    assert morgue("export", "warc", str(tmp_path / "a.warc.gz"), "--dedupe", "cluster")[0] == 2


def test_dedupe_chooses_among_what_is_exported(morgue, folder, tmp_path):
    """An origin that the filters leave out does not take its copies with it."""
    morgue("clusters")
    filters = ArticleFilters(source=["paper-2", "paper-3"])
    export(folder, "jsonl", tmp_path / "a.jsonl", filters=filters, dedupe=True)
    rows = [json.loads(line)["id"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert rows == [2, 5]


def test_copies_never_straddle_splits(morgue, tmp_path):
    """Whatever the seed."""
    for seed in range(4):
        where = {}
        out = tmp_path / f"{seed}.csv"
        shares = ("--split", "train=.5,test=.5", "--seed", str(seed), "--fields", "id")
        assert morgue("export", "csv", str(out), *shares)[0] == 0
        for part in ("train", "test"):
            lines = (tmp_path / f"{seed}-{part}.csv").read_text().split()[1:]
            where |= dict.fromkeys(map(int, lines), part)
        assert len({where[number] for number in (1, 2, 3, 4)}) == len({where[5], where[6]}) == 1
        assert len(where) == 7


def test_long_list_of_copies_is_cut_in_a_list_only():
    """Ten, and how many more."""
    copy = {"id": 1, "source": "p", "published_day": None, "kept": 1.0, "origin_kept": 1.0}
    cluster = {
        "title": None, "copies": 12, "papers": 1, "first_day": None, "last_day": None, "origin": None,
        "origin_in_archive": True, "evidence": "earliest", "said_by": 0, "article": 1,
        "members": [copy | {"id": number} for number in range(1, 13)],
    }  # fmt: skip
    lines = list(report.lines([cluster], 100, styled=False))
    assert lines[1] == "  12 copies in 1 paper, undated; probably from a page of no source, which is the earliest"
    assert lines[-2] == "  and 2 more: morgue clusters 1"
    assert len(list(report.lines([cluster], 100, styled=False, every=True))) == 12 + 3
