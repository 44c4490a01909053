"""Test what an archive guarantees across commands: rebuilds after crashes, takedowns, no damage that is
reported as whole."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from io import BytesIO
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipelines.warc import manifest
from tests.support.command import crawl, make_archive, morgue, rows, start
from tests.support.newspaper import serve
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

PAGE = """<html lang="en"><head><title>The pier burned</title><link rel="canonical" href="http://paper.example/2026/11/01/the-pier-burned">
<meta property="og:type" content="article"></head><body><article><h1>The pier burned</h1>{}</article></body></html>"""
PARAGRAPHS = "".join(
    f"<p>Paragraph {n} of a long story about a pier, a fire and Mr Quarkington, who saw it.</p>" for n in range(20)
)


def write_warc(path: Path, *urls: str) -> Path:
    """Write one page under several addresses, as another tool does."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for url in urls:
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            body = PAGE.format(PARAGRAPHS).encode() + f"<!-- {url} -->".encode()
            writer.write_record(writer.create_warc_record(url, "response", payload=BytesIO(body), http_headers=head))
    return path


def holds(archive: Path, word: bytes) -> bool:
    """Return True if a word is in a WARC file of an archive, inflated."""
    from tests.support.warc_files import walk

    return any(word in member.block for path in (archive / "warc").glob("*.gz") for member in walk(path))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory) -> Path:
    archive = make_archive(tmp_path_factory.mktemp("audit") / "archive")
    with serve() as paper:
        (archive / "sources" / "gazette.toml").write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
        crawl(archive, "gazette", "--limit", "10")
    return archive


@pytest.fixture
def archive(crawled, tmp_path) -> Path:
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


def articles(archive: Path) -> int:
    return rows(archive, "SELECT count(*) FROM articles")[0][0]


def test_rebuild_after_a_kill_keeps_committed_articles(tmp_path):
    """kill -9 in the middle of a crawl."""
    archive = make_archive(tmp_path / "archive")
    with serve() as paper:
        (archive / "sources" / "gazette.toml").write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
        paper.delay = 0.05
        from tests.support.command import LOOPBACK

        running = start("-C", archive, "crawl", *LOOPBACK, "gazette")

        def some() -> bool:
            try:
                return articles(archive) > 5
            except sqlite3.Error:
                return False

        wait_until(some)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
    before = articles(archive)
    morgue("-C", archive, "rebuild")
    assert articles(archive) >= before


def test_crawl_after_a_lost_database_does_not_void_the_journal(archive):
    """A rebuild gives the articles that were there before."""
    before = articles(archive)
    for path in archive.glob("morgue.db*"):
        path.unlink()
    with serve() as paper:
        (archive / "sources" / "gazette.toml").write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
        crawl(archive, "gazette", "--limit", "1")
    morgue("-C", archive, "rebuild")
    assert articles(archive) >= before


def test_rebuild_restores_a_lost_manifest(archive):
    """Afterwards verify has no finding."""
    (archive / manifest.NAME).unlink()
    morgue("-C", archive, "rebuild")
    assert morgue("-C", archive, "verify").returncode == 0


def test_removed_host_is_gone_on_every_port(archive):
    """A host is named without its port."""
    morgue("-C", archive, "remove", "127.0.0.1", "--reason", "x", "--yes")
    assert articles(archive) == 0


def test_page_is_removed_in_every_spelling_of_its_url(tmp_path):
    """Other tools record addresses as they found them."""
    archive = make_archive(tmp_path / "archive")
    path = "/2026/11/01/the-pier-burned"
    file = write_warc(
        tmp_path / "a.warc.gz",
        f"http://Paper.Example{path}",
        f"http://paper.example:80{path}",
        f"http://paper.example{path}",
    )
    morgue("-C", archive, "import", file)
    morgue("-C", archive, "remove", f"http://paper.example{path}", "--reason", "x", "--yes")
    assert not holds(archive, b"Quarkington")


def test_import_does_not_bring_a_removed_page_back(tmp_path):
    """Not under its other address either."""
    archive = make_archive(tmp_path / "archive")
    path = "/2026/11/01/the-pier-burned"
    file = write_warc(tmp_path / "a.warc.gz", f"http://paper.example{path}", f"http://paper.example{path}-print")
    morgue("-C", archive, "import", file)
    morgue("-C", archive, "remove", f"http://paper.example{path}", "--reason", "x", "--yes")
    assert articles(archive) == 0
    morgue("-C", archive, "import", file)
    assert articles(archive) == 0
    assert not holds(archive, b"Quarkington")


def test_damaged_record_is_not_skipped_by_remove(tmp_path):
    """The removal is refused, or verify has no finding afterwards."""
    archive = make_archive(tmp_path / "archive")
    path = "/2026/11/01/the-pier-burned"
    morgue(
        "-C",
        archive,
        "import",
        write_warc(tmp_path / "a.warc.gz", f"http://paper.example{path}", f"http://paper.example{path}?b=1"),
    )
    ((name, offset, length),) = rows(
        archive, "SELECT file, offset, length FROM captures WHERE kind != 'import' ORDER BY id LIMIT 1"
    )
    warc = archive / "warc" / name
    data = bytearray(warc.read_bytes())
    data[offset + length - 6] ^= 1  # its CRC-32
    warc.write_bytes(data)
    done = morgue("-C", archive, "remove", "paper.example", "--reason", "x", "--yes")
    assert done.returncode != 0 or morgue("-C", archive, "verify").returncode == 0


def test_remove_does_not_hide_a_cut_file(archive):
    """verify finds the cut before and after the removal."""
    (warc,) = (archive / "warc").glob("*.gz")
    from tests.support.warc_files import walk

    last = list(walk(warc))[-1]  # the journal
    warc.write_bytes(warc.read_bytes()[: last.offset])
    assert morgue("-C", archive, "verify").returncode == 7
    ((url,),) = rows(archive, "SELECT url FROM articles LIMIT 1")
    morgue("-C", archive, "remove", url, "--reason", "x", "--yes")
    assert morgue("-C", archive, "verify").returncode == 7
