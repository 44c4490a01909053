"""Test that what is fetched stays fetched, and the rest is fetched next time: lists, limits, edits, signals and kill
-9."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.support.command import LOOPBACK, ROOT, crawl, morgue, rows, start, tables
from tests.support.newspaper import serve
from tests.support.waiting import let_a_day_pass, wait_until

pytestmark = pytest.mark.slow

DYING = (str(ROOT / "tests" / "support" / "self_killing_morgue.py"), "3")  # a `morgue` that ends itself while it writes


def stored(archive: Path) -> Counter[str]:
    """Return the paths of the articles in the archive, and how often each is there."""
    return Counter(urlsplit(url).path for (url,) in rows(archive, "SELECT coalesce(canonical_url, url) FROM articles"))


def assert_whole(archive: Path, paper) -> None:
    """Check that every article is there once, every WARC file closed, whole and readable, and that every row points at
    the record of its URL."""
    paths = {truth.path for truth in paper.truth.values()}
    there = stored(archive)
    assert paths - set(there) == set()
    assert {path: number for path, number in there.items() if number > 1} == {}
    files = sorted((archive / "warc").iterdir())
    assert [file.name for file in files if not file.name.endswith(".warc.gz")] == []
    subprocess.run(["gzip", "-t", *files], check=True)
    places = {}
    for file in files:
        with open(file, "rb") as stream:
            records = ArchiveIterator(stream, no_record_parse=True)
            for record in records:
                uri, key = (
                    record.rec_headers.get_header("WARC-Target-URI"),
                    record.rec_headers.get_header("WARC-Record-ID"),
                )
                record.raw_stream.read()
                places[key] = (file.name, records.get_record_offset(), uri)
    for url, file, offset, record_id in rows(archive, "SELECT url, file, offset, record_id FROM captures"):
        assert places[record_id] == (file, offset, url)
    assert rows(archive, "SELECT count(*) FROM frontier WHERE state = 'claimed'") == [(0,)]


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.exhaustive)])
def test_signal_stops_the_crawl_and_the_next_one_goes_on(archive, number):
    """Exit code 130, exchanges in flight are filed, nothing fetched is fetched again. The signal goes to the whole
    group, as Ctrl-C in a terminal and `timeout` do."""
    with serve(delay=0.05) as paper:
        running = start("-C", archive, "crawl", *LOOPBACK, paper.url + "/")
        paths = {truth.path for truth in paper.truth.values()}
        wait_until(lambda: len(paths & set(paper.journal.targets())) > 10)
        os.killpg(running.pid, number)
        _out, err = running.communicate(timeout=60)
        assert running.returncode == 130, err
        assert "Traceback" not in err
        before = paths & set(paper.journal.targets())
        assert len(before) < len(paths)
        assert before <= set(stored(archive))
        paper.journal.clear()
        done = crawl(archive, paper.url + "/")
        assert done.returncode in (0, 1), done.stderr
        assert before & set(paper.journal.targets()) == set()
        assert_whole(archive, paper)


def test_archive_of_killed_crawls_is_whole(archive):
    """kill -9 of the whole group, of the main process alone, of a process that reads pages, and by itself inside a
    commit: what was committed is still there after the next start, `morgue verify` finds nothing, and a rebuilt
    database has the same rows."""
    rng = random.Random(20261123)
    known: set[tuple] = set()
    committed = "SELECT id, record_id, file, offset, length FROM captures"
    with serve(delay=0.02) as paper:
        command = ("-C", archive, "crawl", *LOOPBACK, paper.url + "/")
        for who in ("group", "main", "reader", "commit"):
            before = len(paper.journal)
            running = start(*command, program=DYING if who == "commit" else None)
            if who != "commit":
                wait_until(lambda before=before: len(paper.journal) > before + 4)
                time.sleep(rng.uniform(0.1, 1.5))
            if who == "reader":
                for reader in children(running.pid):
                    os.kill(reader, signal.SIGKILL)
                time.sleep(0.2)
            if who == "main":
                running.kill()
            elif who != "commit":
                os.killpg(running.pid, signal.SIGKILL)
            running.communicate(timeout=60)
            assert who != "commit" or running.returncode == -signal.SIGKILL
            now = set(rows(archive, committed))
            assert known <= now
            known = now
        done = crawl(archive, paper.url + "/")
        assert done.returncode in (0, 1), done.stderr
        assert_whole(archive, paper)
    assert known <= set(rows(archive, committed))
    well = morgue("-C", archive, "verify")
    assert well.returncode == 0, well.stdout
    (archive / "morgue.db").rename(archive / "as-crawled.db")
    rebuilt = morgue("-C", archive, "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stdout
    assert tables(archive / "morgue.db") == tables(archive / "as-crawled.db")


def children(pid: int) -> list[int]:
    """Return the ids of the living processes that a process has started."""
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]  # fmt: skip


def test_interrupted_run_that_is_killed_while_it_stops_counts_as_interrupted(archive):
    """The user asked for it: it is no run that never ended."""
    with serve(delay=0.3) as paper:
        running = start("-C", archive, "crawl", *LOOPBACK, paper.url + "/")
        wait_until(lambda: len(paper.journal) > 4)
        paper.delay = 30.0
        time.sleep(0.7)  # by then, what is under way takes as long
        os.killpg(running.pid, signal.SIGINT)
        wait_until(lambda: rows(archive, "SELECT outcome FROM crawls") == [("interrupted",)])
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=10)
    assert "never ended" not in morgue("-C", archive, "log").stdout


def test_second_signal_stops_at_once_and_loses_nothing_filed(archive):
    """Exit code 130 within a moment, no traceback, WARC files closed, the next crawl completes the archive."""
    with serve(delay=0.3) as paper:
        running = start("-C", archive, "crawl", *LOOPBACK, "-s", "crawl.concurrency_per_host=4", paper.url + "/")
        wait_until(lambda: len(paper.journal) > 12)
        paper.delay = 3.0
        time.sleep(0.7)  # by then, what is under way takes as long
        os.killpg(running.pid, signal.SIGINT)
        time.sleep(1.1)  # an echo of the first signal comes sooner
        os.killpg(running.pid, signal.SIGINT)
        _out, err = running.communicate(timeout=10)
        assert running.returncode == 130
        assert rows(archive, "SELECT outcome FROM crawls") == [("interrupted",)]
        assert "Traceback" not in err
        assert "never retrieved" not in err
        paper.delay = 0.0
        done = crawl(archive, paper.url + "/")
        assert done.returncode in (0, 1), done.stderr
        assert_whole(archive, paper)


def test_echo_of_a_signal_is_no_second_signal(archive):
    """Two signals within a fraction of a second are one wish: what is under way is filed, and the run has its end."""
    with serve(delay=0.3) as paper:
        running = start("-C", archive, "crawl", *LOOPBACK, paper.url + "/")
        wait_until(lambda: len(paper.journal) > 5)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            os.killpg(running.pid, number)
            time.sleep(0.05)
        _out, err = running.communicate(timeout=30)
        assert running.returncode == 130
        assert "stopped at once" not in err
        assert rows(archive, "SELECT outcome FROM crawls") == [("interrupted",)]
        assert rows(archive, "SELECT count(*) FROM frontier WHERE state = 'claimed'") == [(0,)]


def test_page_that_could_not_be_read_is_fetched_whole_again(archive):
    """Its validators are not kept, or every later answer would be 304. This is so for the front page, and for an
    article with ETag."""
    with serve() as paper:
        broken = crawl(archive, "-s", "extract.seconds=0.001", paper.url + "/")
        assert broken.returncode == 1, broken.stdout
        assert "reading it timed out" in broken.stdout
        crawl(archive, "--limit", "1", paper.url + "/")
        assert rows(archive, "SELECT count(*) FROM articles") == [(1,)]
        db = sqlite3.connect(archive / "morgue.db")
        with db:  # a listing is read again before articles are claimed: only these are to break
            db.execute("UPDATE frontier SET next_visit = '9999' WHERE kind NOT IN ('article', 'page')")
        db.close()
        crawl(archive, "--limit", "5", "-s", "extract.seconds=0.001")
        ((unread,),) = rows(archive, "SELECT count(*) FROM frontier WHERE last_error = 'extractor timed out'")
        assert unread > 0
        done = crawl(archive, paper.url + "/")
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert_whole(archive, paper)


def test_outage_costs_one_url_a_crawl_and_no_article(archive):
    """It says nothing about pages: none is given up, and the others are not even requested. The archive is whole when
    the paper is back."""
    with serve() as paper:
        port = paper.port
        crawl(archive, paper.url + "/", "--limit", "3")
    for _ in range(6):
        let_a_day_pass(archive)
        down = crawl(archive, "-s", "crawl.retries=0")
        assert down.returncode == 3
        assert "1 failed: connection failed" in down.stdout
    assert rows(archive, "SELECT count(*) FROM frontier WHERE state = 'failed' AND kind = 'article'") == [(0,)]
    with serve(port=port) as paper:
        done = crawl(archive, paper.url + "/")
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert_whole(archive, paper)


def test_naming_a_source_retries_its_failed_urls(archive):
    """A page that answered 500 waits an hour; a user who names the source gets it now."""
    with serve() as paper:
        story = next(iter(paper.truth.values()))
        (archive / "sources" / "gazette.toml").write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
        crawl(archive)
        db = sqlite3.connect(archive / "morgue.db")
        with db:
            db.execute(
                """UPDATE frontier SET state = 'failed', failures = 5, last_status = 500, next_visit = NULL
                    WHERE url = ?""",
                (story.url,),
            )
        db.close()
        paper.journal.clear()
        crawl(archive)
        assert story.path not in paper.journal.targets()
        crawl(archive, "gazette")
        assert story.path in paper.journal.targets()


def test_source_without_its_file_is_not_crawled(archive):
    """Its articles stay; the crawl says why it is left out."""
    with serve() as paper:
        file = archive / "sources" / "gazette.toml"
        file.write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
        crawl(archive, "--limit", "2")
        file.unlink()
        paper.journal.clear()
        done = crawl(archive)
        assert "not crawled, because sources/ no longer has a file for: gazette" in done.stdout
        assert len(paper.journal) == 0
        assert rows(archive, "SELECT count(*) FROM articles") == [(2,)]


def test_mistyped_ad_hoc_site_is_tried_once(archive):
    """It was never added."""
    crawl(archive, "http://no-such-paper.invalid/", "-s", "crawl.retries=0")
    assert "no sources yet" in crawl(archive).stdout


def test_torn_file_is_mended_and_named(archive):
    """A member cut off by a crash is cut away at the next start, and the crawl says so."""
    with serve() as paper:
        crawl(archive, paper.url + "/", "--limit", "3")
        (file,) = (archive / "warc").iterdir()
        torn = file.with_name(file.name + ".open")
        file.rename(torn)
        with open(torn, "ab") as stream:
            stream.write(b"\x1f\x8b\x08\x00half a member")
        done = crawl(archive, paper.url + "/")
        assert file.name in done.stdout
        assert_whole(archive, paper)


def test_limit_bounds_the_articles_of_a_run(archive):
    """--limit 5 fetches five, the youngest first; the rest waits."""
    with serve() as paper:
        done = crawl(archive, paper.url + "/", "--limit", "5")
        assert done.returncode in (0, 1), done.stderr
        asked = set(paper.journal.targets()) & {truth.path for truth in paper.truth.values()}
        assert len(asked) <= 5
        assert 3 <= sum(stored(archive).values()) <= 5
        days = sorted((truth.published[:10] for truth in paper.truth.values()), reverse=True)
        oldest = min(day for (day,) in rows(archive, "SELECT published_day FROM articles"))
        assert oldest >= days[20]


def test_since_leaves_articles_known_to_be_older(archive):
    """Articles that feed, sitemap or URL date before the day are not fetched."""
    with serve() as paper:
        crawl(archive, paper.url + "/", "--since", "2024")
        asked = set(paper.journal.targets())
        young = {truth.path for truth in paper.truth.values() if truth.published[:4] >= "2024"}
        old = {truth.path for truth in paper.truth.values() if truth.published[:4] < "2024"}
        assert young - asked == set()
        assert len(old & asked) <= len(old) // 10


def test_url_list_is_fetched_exactly_and_can_be_resumed(archive, tmp_path):
    """--urls: these pages and robots.txt, nothing else; a page that is there already is not fetched again."""
    with serve() as paper:
        urls = list(paper.truth)[:6]
        (tmp_path / "list.txt").write_text("# rehydrate\n" + "\n".join(urls[:3]) + "\n")
        crawl(archive, "--urls", tmp_path / "list.txt")
        assert set(paper.journal.targets()) == {"/robots.txt", *(urlsplit(url).path for url in urls[:3])}
        (tmp_path / "list.csv").write_text("name,link\n" + "\n".join(f'"x, y",{url}?utm_source=list' for url in urls))
        paper.journal.clear()
        done = crawl(archive, "--urls", tmp_path / "list.csv", "--column", "link")
        assert "3 pages of the list are in the archive already" in done.stdout
        assert len([target for target in paper.journal.targets() if target != "/robots.txt"]) == 3
        assert set(stored(archive)) == {urlsplit(url).path for url in urls}
        assert rows(archive, "SELECT DISTINCT source_id FROM articles") == [(None,)]


def test_edit_becomes_a_revision(archive):
    """A corrected article has two revisions, each leading to its own record; the search finds the new text."""
    with serve() as paper:
        (archive / "sources" / "gazette.toml").write_text(
            f'url = "{paper.url}/"\nsitemaps = ["{paper.url}/sitemap_index.xml"]\n'
        )
        crawl(archive, "gazette")
        truth = paper.correct()
        let_a_day_pass(archive)
        done = crawl(archive)
        assert done.returncode in (0, 1), done.stderr
        (row,) = rows(archive, "SELECT id, revision, text FROM articles WHERE url = ?", truth.url)
        assert row[1] == 2
        assert truth.paragraphs[0] in row[2].split("\n")
        texts = rows(
            archive,
            """SELECT r.number, r.text, c.url FROM revisions r JOIN captures c ON c.id = r.capture_id
                WHERE r.article_id = ? ORDER BY r.number""",
            row[0],
        )
        assert [(number, url) for number, _text, url in texts] == [(1, truth.url), (2, truth.url)]
        assert texts[0][1] != texts[1][1] == row[2]
        assert rows(archive, "SELECT max(revision) FROM articles WHERE id != ?", row[0]) == [(1,)]


def test_crawl_with_nothing_due_returns_at_once(archive):
    """A timer may call as often as it likes: no byte is sent before something is due, and the command says when that
    is."""
    with serve() as paper:
        (archive / "sources" / "gazette.toml").write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
        first = crawl(archive)
        assert first.returncode == 0, first.stdout + first.stderr
        paper.journal.clear()
        second = crawl(archive)
        assert second.returncode == 0
        assert "nothing is due; next at 20" in second.stdout
        assert len(paper.journal) == 0
        assert crawl(archive, "--quiet").stdout == ""
