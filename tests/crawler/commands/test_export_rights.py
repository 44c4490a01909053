"""`morgue export --without-reserved --without-signal`: what a source reserves is left out, counted, and explained."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipelines.core.plural import counted
from pipelines.database.connection import connect
from pipelines.database.queries import articles
from pipelines.selection.exclusions import ExclusionFilter, Exclusions
from pipelines.warc.storage import WarcStorage
from tests.support.bucket_archive import lose_bucket
from tests.support.command import command_line, crawl, environment, make_archive, morgue, rows
from tests.support.http_server import answering

pytestmark = pytest.mark.slow

TEXT = "".join(
    f"<p>The harbour board met on day {n} of the month and spoke for an hour about the crane that had been "
    "standing at the quay since the spring, and about who was to pay for the paint it needs.</p>"
    for n in range(1, 7)
)
# path -> metas in the page, headers of the answer
STORIES = {
    "/2026/11/free-of-all.html": ("", {}),
    "/2026/11/meta-reserves.html": ('<meta name="tdm-reservation" content="1">', {}),
    "/2026/11/header-reserves.html": ("", {"TDM-Reservation": "1"}),
    "/2026/11/meta-over-header.html": ('<meta name="tdm-reservation" content="0">', {"TDM-Reservation": "1"}),
    "/2026/11/noai-meta.html": ('<meta name="robots" content="noai, noimageai">', {}),
    "/2026/11/noai-other-robot.html": ("", {"X-Robots-Tag": "otherbot: noai, noarchive"}),
    "/2026/11/usage-no-training.html": ("", {"Content-Usage": "search=y, train-ai=n"}),
    "/2026/11/noarchive-header.html": ("", {"X-Robots-Tag": "noarchive"}),
    "/2026/11/noarchive-meta.html": ('<meta name="robots" content="noarchive">', {}),
    "/locked/2026/11/by-the-file.html": ("", {}),
    "/locked/2026/11/header-over-file.html": ("", {"TDM-Reservation": "0"}),
}
RESERVED = {
    "meta-reserves": "tdm-reservation in the page", "header-reserves": "tdm-reservation in the header",
    "noai-meta": "noai", "usage-no-training": "content-usage train-ai=n", "by-the-file": "tdmrep.json",
}  # fmt: skip
TDMREP = [{"location": "/locked/", "tdm-reservation": 1}]


def name_of(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(".html")


NAMES = {name_of(path) for path in STORIES}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Crawl a site on which each story says something else about its use."""
    links = "".join(f'<p><a href="{path}">The story of {name_of(path)}</a></p>' for path in STORIES)
    answers = {
        "/": (200, f"<html><h1>The Paper</h1>{links}</html>".encode(), {}),
        "/.well-known/tdmrep.json": (200, json.dumps(TDMREP).encode(), {"Content-Type": "application/json"}),
    }
    for path, (metas, headers) in STORIES.items():
        title = name_of(path).replace("-", " ").capitalize()
        page = f'<html lang="en"><head><title>{title}</title>{metas}</head><body><article><h1>{title}</h1>{TEXT}' \
               f"<p>This was story {path}.</p></article></body></html>"  # fmt: skip
        answers[path] = (200, page.encode(), headers)
    folder = make_archive(tmp_path_factory.mktemp("rights") / "archive")
    with answering(answers) as (url, _asked):
        done = crawl(folder, f"{url}/")
    assert {name_of(url) for (url,) in rows(folder, "SELECT url FROM articles")} == NAMES, done.stdout + done.stderr
    return folder


def stories(path) -> set[str]:
    return {name_of(json.loads(line)["url"]) for line in path.read_text().splitlines()}


def test_reserved_pages_are_left_out(archive, tmp_path):
    """Meta, header, tdmrep.json, noai and Content-Usage reserve. Meta comes before header, header before the file."""
    done = morgue("-C", archive, "export", "jsonl", tmp_path / "a.jsonl", "--without-reserved")
    assert stories(tmp_path / "a.jsonl") == NAMES - RESERVED.keys()
    manifest = json.loads((tmp_path / "a.jsonl.manifest.json").read_text())
    assert manifest["left_out"] == dict.fromkeys(RESERVED.values(), 1)
    assert manifest["rows"] == len(NAMES) - len(RESERVED)
    assert manifest["filters"]["without_reserved"] is True
    assert done.stderr.startswith("5 articles left out: 1 ")
    assert "1 tdmrep.json" in done.stderr


@pytest.mark.parametrize(
    ("signals", "gone"),
    [
        (["noarchive"], {"noarchive-header", "noarchive-meta"}),
        (["otherbot:noarchive"], {"noai-other-robot"}),
        (["noarchive", "tdm-reservation:1"],
         {"noarchive-header", "noarchive-meta", "meta-reserves", "header-reserves", "meta-over-header"}),
        (["train-ai=n"], {"usage-no-training"}),
        (["nosnippet"], set()),
    ],
    ids=lambda value: "" if isinstance(value, set) else " ".join(value),
)  # fmt: skip
def test_pages_with_a_named_signal_are_left_out(archive, tmp_path, signals, gone):
    """Rules addressed to another robot count only where that robot is named."""
    options = [word for signal in signals for word in ("--without-signal", signal)]
    done = morgue("-C", archive, "export", "jsonl", tmp_path / "a.jsonl", *options)
    assert stories(tmp_path / "a.jsonl") == NAMES - gone
    assert (f"{counted(len(gone), 'article')} left out" in done.stderr) is bool(gone)


def test_count_goes_to_stderr_when_rows_go_to_a_pipe(archive):
    """Rows on the standard output, the count on the other."""
    command = command_line("-C", archive, "export", "csv", "-", "--without-reserved")
    piped = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert "by-the-file" not in piped.stdout
    assert "free-of-all" in piped.stdout
    assert piped.stderr.startswith("5 articles left out: ")


def test_page_without_an_article_is_judged_too(tmp_path):
    """The front page says noai; so did a story that says it no longer: its first capture and its first state are left
    out."""
    noai = '<meta name="robots" content="noai">'
    path = "/2026/11/the-harbour-crane.html"

    def story(metas, title):
        page = f"<html lang=en><head><title>{title}</title>{metas}</head><body><article><h1>{title}</h1>{TEXT}"
        return 200, page.encode(), {}

    front = f'<html><head>{noai}</head><body><a href="{path}">The story of the harbour crane</a></body></html>'
    folder = make_archive(tmp_path / "archive")
    answers = {"/": (200, front.encode(), {}), path: story(noai, "The crane stands")}
    with answering(answers) as (url, _asked):
        crawl(folder, f"{url}/")
        answers[path] = story("", "The crane has fallen")
        with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
            db.execute("UPDATE frontier SET state = 'waiting', next_visit = '2000-01-01T00:00:00Z' WHERE url LIKE ?",
                       (f"%{path}",))  # fmt: skip
        done = crawl(folder, f"{url}/")
    assert rows(folder, "SELECT number FROM revisions") == [(1,), (2,)], done.stderr
    done = morgue("-C", folder, "export", "wacz", tmp_path / "a.wacz", "--without-reserved")
    assert done.returncode == 0, done.stderr
    assert "3 captures left out: 3 noai" in done.stderr  # the front page was visited twice
    with zipfile.ZipFile(tmp_path / "a.wacz") as wacz, wacz.open("archive/a.warc.gz") as file:
        kept = {record.rec_headers.get_header("WARC-Record-ID") for record in ArchiveIterator(file)}
        _head, *pages = map(json.loads, wacz.read("pages/pages.jsonl").splitlines())
    ids = rows(folder, "SELECT record_id, url FROM captures WHERE status = 200 AND kind != 'robots' ORDER BY id")
    assert [name_of(url) for record, url in ids if record in kept] == ["the-harbour-crane"]
    assert [page["id"] for page in pages] == ["article-1-revision-2"]


def test_reserved_captures_are_left_out_of_every_format(archive, tmp_path):
    """The WARC file has no record of a reserved page, the index no line, and the WACZ no page."""
    done = morgue("-C", archive, "export", "warc", tmp_path / "a.warc.gz", "--without-reserved")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "a.warc.gz").open("rb") as file:
        kept = {name_of(record.rec_headers.get_header("WARC-Target-URI") or "") for record in ArchiveIterator(file)}
    assert kept & NAMES == NAMES - RESERVED.keys()
    assert "5 captures left out" in done.stderr
    manifest = json.loads((tmp_path / "a.warc.gz.manifest.json").read_text())
    assert manifest["left_out"] == dict.fromkeys(RESERVED.values(), 1)
    morgue("-C", archive, "export", "cdxj", tmp_path / "a.cdxj", "--without-signal", "noarchive")
    lines = (tmp_path / "a.cdxj").read_text()
    assert "noarchive-header" not in lines
    assert "noarchive-meta" not in lines
    assert "by-the-file" in lines


@pytest.mark.parametrize(
    ("signal", "hint"),
    [
        ("no-archive", " (did you mean noarchive?)"),
        ("noarchiv", " (did you mean noarchive?)"),
        ("otherbot:no-archive", " (did you mean otherbot:noarchive?)"),
        ("tdm-reservatoin:1", " (did you mean tdm-reservation:1?)"),
        ("nosnippet", ""),
        ("weather", ""),
    ],
)
def test_signal_that_no_page_has_is_reported(archive, signal, hint):
    """It may be misspelt; where it is close to one that is known, that one is named."""
    with closing(connect(archive / "morgue.db")) as db:
        sieve = ExclusionFilter(Exclusions(signals=(signal, "noarchive")), db, WarcStorage(archive / "warc"))
        assert len(list(sieve.articles(articles(db)))) == len(NAMES) - 2
        (said,) = sieve.hints()
    assert said == f"0 left out: nothing has the signal {signal}{hint}"


def test_signal_of_a_reserved_page_counts_as_met(archive):
    """The page is left out because it is reserved, but its other signals were met."""
    with closing(connect(archive / "morgue.db")) as db:
        exclusion_filter = ExclusionFilter(
            Exclusions(reserved=True, signals=("noimageai",)), db, WarcStorage(archive / "warc")
        )
        assert len(list(exclusion_filter.articles(articles(db)))) == len(NAMES) - len(RESERVED)
        assert list(exclusion_filter.hints()) == []


@pytest.mark.parametrize(("form", "noun"), [("jsonl", "article"), ("cdxj", "capture")])
def test_misspelt_signal_is_reported_on_stderr(archive, form, noun):
    """It is reported for rows and captures. A signal that was met is counted, in the singular if it is one."""
    options = ["--without-signal", "no-archive", "--without-signal", "train-ai=n"]
    done = morgue("-C", archive, "export", form, "-", *options)
    assert done.returncode == 0
    assert done.stderr.splitlines()[:2] == [
        f"1 {noun} left out: 1 train-ai=n",
        "0 left out: nothing has the signal no-archive (did you mean noarchive?)",
    ]


def test_unreadable_page_gives_an_index_exit_code_1(archive, tmp_path):
    """It is left out and named, as in warc and wacz."""
    copied = shutil.copytree(archive, tmp_path / "archive")
    sql = "SELECT file, offset, length FROM captures WHERE url LIKE '%free-of-all.html'"
    ((file, offset, length),) = rows(copied, sql)
    data = bytearray((copied / "warc" / file).read_bytes())
    data[offset + length // 2] ^= 0x10
    (copied / "warc" / file).write_bytes(data)
    done = morgue("-C", copied, "export", "cdxj", tmp_path / "a.cdxj", "--without-signal", "noarchive")
    assert done.returncode == 1
    assert f"damaged: {file} at byte {offset}" in done.stderr
    assert "1 page that cannot be read" in done.stderr
    assert "free-of-all" not in (tmp_path / "a.cdxj").read_text()


@pytest.mark.parametrize("choice", [("jsonl", "--without-reserved"), ("cdxj", "--without-signal", "noai")])
def test_bucket_that_does_not_answer_ends_the_export(archive, tmp_path, monkeypatch, choice):
    """No page is left out because its bucket is out of reach for a while."""
    copy = shutil.copytree(archive, tmp_path / "copy")
    lose_bucket(copy, monkeypatch)
    (tmp_path / "out").mkdir()
    done = morgue("-C", copy, "export", choice[0], tmp_path / "out" / f"off.{choice[0]}", *choice[1:])
    assert (done.returncode, list((tmp_path / "out").iterdir())) == (11, []), done.stderr


def test_signal_without_a_name_is_refused(archive, tmp_path):
    """The error comes before anything is written."""
    done = morgue("-C", archive, "export", "jsonl", tmp_path / "a.jsonl", "--without-signal", ":1")
    assert done.returncode == 2
    assert "--without-signal" in done.stderr
    assert list(tmp_path.iterdir()) == []
