"""Test that sources are shown, checked, paused, renamed, removed and exported by commands, as a user types them."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from tests.support.command import LOOPBACK, ROOT, crawl, environment, morgue, rows
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow

TURNED_CLOCK = ROOT / "tests" / "support" / "turned_clock.py"
DAY_SECONDS = 86_400
ALL_DUE = "UPDATE frontier SET next_visit = '2026-01-01T00:00:00Z' WHERE next_visit IS NOT NULL"
FILE = '# My notes.\r\nurl = "{url}/"  # the front page\r\nfeeds = ["{url}/feed"]\r\n\r\n[every]\r\nfeed = "1h"\r\n'


@pytest.fixture
def paper(archive):
    """Serve a paper of three stories that the archive watches; its file has comments and Windows line ends."""
    with serving() as paper:
        (archive / "sources" / "paper.toml").write_bytes(FILE.format(url=paper.url).encode())
        yield paper


def sources(archive, *args, **options):
    return morgue("-C", archive, "sources", *args, **options)


def later(archive, days, *args):
    """Run `morgue` with a clock that is so many days ahead; return a CompletedProcess."""
    script = [sys.executable, str(TURNED_CLOCK), str(days * DAY_SECONDS), "-C", str(archive)]
    done = subprocess.run([*script, *args], env=environment(), capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def make_all_due(archive):
    with sqlite3.connect(archive / "morgue.db") as db:
        db.execute(ALL_DUE)


def source_file(archive, name="paper"):
    return (archive / "sources" / f"{name}.toml").read_bytes()


# List


def test_sources_without_a_subcommand_lists_as_before(archive, paper):
    """With its options, too; `list` gives the same."""
    crawl(archive)
    plain = sources(archive)
    assert plain.returncode == 0
    assert "paper" in plain.stdout
    assert sources(archive, "list").stdout == plain.stdout
    assert json.loads(sources(archive, "--format", "json").stdout)[0]["name"] == "paper"
    assert sources(archive, "list", "--all", "--format", "jsonl").stdout.count("\n") == 1


def test_option_of_the_list_before_a_subcommand_is_refused(archive):
    """It would be ignored silently."""
    done = sources(archive, "--format", "json", "list")
    assert done.returncode == 2
    assert "come after the subcommand" in done.stderr


# Pause


def test_paused_source_gets_no_request_at_all(archive, paper):
    """No listing, no article, no robots.txt, no backfill; the pass says why, and is no failure."""
    crawl(archive)
    paper.asked.clear()
    assert sources(archive, "pause", "paper").returncode == 0
    make_all_due(archive)
    done = crawl(archive)
    assert paper.asked == []
    assert done.returncode == 0
    assert "paused, and not crawled: paper (`morgue sources resume NAME`)" in done.stdout
    assert crawl(archive, "--quiet").stdout == ""


def test_pause_and_resume_leave_every_other_byte_of_the_file(archive, paper):
    """Comments, line ends and order are the user's."""
    before = source_file(archive)
    sources(archive, "pause", "paper")
    assert source_file(archive) == b"paused = true\r\n" + before
    sources(archive, "pause", "paper", "--until", "2099-01-31")
    assert source_file(archive) == b"paused = 2099-01-31\r\n" + before
    sources(archive, "resume", "paper")
    assert source_file(archive) == before


def test_crawl_of_a_paused_source_by_hand_says_what_to_type(archive, paper):
    """By name and by address."""
    sources(archive, "pause", "paper")
    for target in ("paper", paper.url):
        done = crawl(archive, target)
        assert done.returncode == 2
        assert "paper: is paused\n  morgue sources resume paper" in done.stderr
    assert paper.asked == []


def test_article_of_a_paused_source_says_what_to_type_and_its_timer_is_told_nothing(archive, paper):
    """An article or a list that is asked for by hand; `crawl --due NAME` is what a timer runs, and must not fail."""
    crawl(archive)
    sources(archive, "pause", "paper")
    paper.asked.clear()
    (archive / "list.txt").write_text(f"{paper.stories[0]}\n")
    for args in ([paper.stories[0]], ["--again", "--urls", "list.txt"]):
        done = crawl(archive, *args, cwd=archive)
        assert (done.returncode, done.stderr) == (2, "morgue: paper: is paused\n  morgue sources resume paper\n")
    timer = crawl(archive, "--due", "--quiet", "paper")
    assert (timer.returncode, timer.stdout, timer.stderr) == (0, "", "")
    assert paper.asked == []


def test_paused_source_is_no_sickness(archive, paper):
    """Health, the list and the timetable say that it is paused, and nothing is told of its silence."""
    crawl(archive)
    sources(archive, "pause", "paper")
    assert json.loads(sources(archive, "--format", "json").stdout)[0]["health"] == "paused"
    health = later(archive, 60, "health", "paper", "--format", "json", "--fail-on", "warn")
    verdict = {"name": "paper", "status": "paused", "paused_since": None, "paused_until": None, "reasons": []}
    assert (health.returncode, json.loads(health.stdout)) == (0, [verdict])
    assert "1 paused" in morgue("-C", archive, "health", "paper").stdout
    due = morgue("-C", archive, "due").stdout
    assert "morgue sources resume paper" in due
    assert "/feed" not in due


def test_resumed_source_is_asked_once_for_what_is_due(archive, paper):
    """A pause of a year is not made up for; then its silence in the pause is no alarm."""
    crawl(archive)
    sources(archive, "pause", "paper")
    later(archive, 1, "crawl", *LOOPBACK)
    assert rows(archive, "SELECT ended IS NULL FROM pauses") == [(1,)]
    sources(archive, "resume", "paper")
    paper.asked.clear()
    done = later(archive, 400, "crawl", *LOOPBACK)
    assert done.returncode == 0, done.stderr
    wanted = {"/feed", "/", *(url.removeprefix(paper.url) for url in paper.stories)}
    listed = [path for path in paper.asked if path in wanted]
    assert sorted(listed) == sorted(set(listed))
    assert len(listed) == 5
    assert rows(archive, "SELECT ended IS NULL FROM pauses") == [(0,)]
    assert later(archive, 400, "health", "paper", "--fail-on", "warn").returncode == 0


def test_pause_with_a_day_ends_by_itself(archive, paper):
    """On that day the source is asked again."""
    crawl(archive)
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    assert f"paper is paused until {until}" in sources(archive, "pause", "paper", "--until", until).stdout
    paper.asked.clear()
    later(archive, 2, "crawl", *LOOPBACK)
    assert paper.asked == []
    later(archive, 4, "crawl", *LOOPBACK)
    assert "/feed" in paper.asked


@pytest.mark.parametrize(("until", "cause"), [("2020-01-01", "is not in the future"), ("soon", "is not a day")])
def test_pause_until_a_day_that_cannot_be_meant_is_refused(archive, paper, until, cause):
    """And the file stays as it is."""
    done = sources(archive, "pause", "paper", "--until", until)
    assert done.returncode == 2
    assert cause in done.stderr
    assert b"paused" not in source_file(archive)


def test_pause_goes_on_for_the_other_source_of_a_host(archive, paper):
    """Also for a feed that both files name, and that the paused one had until then."""
    paper.watch(archive, "other")
    crawl(archive)
    sources(archive, "pause", "paper")
    make_all_due(archive)
    paper.asked.clear()
    crawl(archive)
    sql = """SELECT DISTINCT s.name FROM captures c JOIN sources s ON s.id = c.source_id
              WHERE c.crawl_id = (SELECT max(id) FROM crawls) AND c.kind NOT IN ('robots', 'tdmrep')"""
    asked = rows(archive, sql)
    assert asked == [("other",)]


def test_pause_survives_upgrade_and_rebuild(archive, paper):
    """Its times are in the journal, and the pause itself is in the user's file."""
    crawl(archive)
    sources(archive, "pause", "paper")
    crawl(archive)
    before = rows(archive, "SELECT * FROM pauses")
    assert len(before) == 1
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert rows(archive, "SELECT * FROM pauses") == before
    assert morgue("-C", archive, "upgrade").returncode == 0
    paper.asked.clear()
    make_all_due(archive)
    crawl(archive)
    assert paper.asked == []


def test_pause_works_on_a_file_with_a_wrong_key_and_keeps_its_permissions(archive, paper):
    """What is no TOML is refused with its line."""
    file = archive / "sources" / "paper.toml"
    file.write_bytes(source_file(archive).replace(b"[every]", b"colour = 3\r\n[every]"))
    file.chmod(0o640)
    before = source_file(archive)
    assert sources(archive, "pause", "paper").returncode == 0
    assert source_file(archive) == b"paused = true\r\n" + before
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    file.write_bytes(b"url = ")
    done = sources(archive, "pause", "paper")
    assert (done.returncode, source_file(archive)) == (2, b"url = ")
    assert "morgue: sources/paper.toml: is not TOML" in done.stderr


# Rename and remove


def test_renamed_source_keeps_articles_and_plan(archive, paper):
    """Nothing is fetched again, and a rebuild knows the new name."""
    crawl(archive)
    before = rows(archive, "SELECT id, source_id FROM articles ORDER BY id")
    done = sources(archive, "rename", "paper", "gazette")
    assert (done.returncode, done.stdout) == (0, "paper is gazette now\n")
    assert [path.name for path in (archive / "sources").glob("[a-z]*.toml")] == ["gazette.toml"]
    paper.asked.clear()
    crawl(archive)
    assert paper.asked == []
    assert rows(archive, "SELECT name FROM sources") == [("gazette",)]
    assert rows(archive, "SELECT id, source_id FROM articles ORDER BY id") == before
    assert "gazette" in rows(archive, "SELECT counts FROM crawls ORDER BY id")[0][0]
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert rows(archive, "SELECT name, former_names FROM sources") == [("gazette", "paper")]
    for command in (["sources", "show", "paper"], ["edits", "--source", "paper"]):
        old = morgue("-C", archive, *command)
        assert (old.returncode, "paper: was renamed to gazette\n" in old.stderr) == (8, True)
    assert morgue("-C", archive, "verify").returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "code", "cause"),
    [
        ("paper", "other", 2, "is the name of another source"),
        ("paper", "a/b", 2, "is not a valid name"),
        ("paper", ".hidden", 2, "is not a valid name"),
        ("paper", "paper", 2, "is its name already"),
        ("pamper", "gazette", 8, "did you mean paper?"),
    ],
)
def test_rename_to_what_cannot_be_is_refused(archive, paper, old, new, code, cause):
    """In one error, without a word of a failure to write; and both files stay."""
    paper.watch(archive, "other")
    done = sources(archive, "rename", old, new)
    assert done.returncode == code
    assert cause in done.stderr
    assert "write failed" not in done.stderr
    assert sorted(path.name for path in (archive / "sources").glob("[a-z]*.toml")) == ["other.toml", "paper.toml"]


def test_rename_tells_the_archive_of_a_file_that_was_renamed_by_hand(archive, paper):
    """The same finishes a rename that was killed between its two steps."""
    crawl(archive)
    os.rename(archive / "sources" / "paper.toml", archive / "sources" / "gazette.toml")
    assert sources(archive, "rename", "paper", "gazette").returncode == 0
    assert rows(archive, "SELECT name FROM sources") == [("gazette",)]


def test_removed_source_is_not_watched_and_keeps_its_articles(archive, paper):
    """Without --yes, and without a terminal to ask on, nothing happens."""
    crawl(archive)
    refused = sources(archive, "remove", "paper", stdin="")
    assert refused.returncode == 2
    assert "say --yes" in refused.stderr
    done = sources(archive, "remove", "paper", "--yes")
    assert done.stdout == "paper is not watched any more; its 3 articles stay in the archive\n"
    assert "is not watched any more: it has no file" in sources(archive, "show", "paper").stderr
    paper.asked.clear()
    make_all_due(archive)
    crawl(archive)
    assert paper.asked == []
    assert rows(archive, "SELECT count(*) FROM articles WHERE source_id IS NOT NULL") == [(3,)]


# Show and check


def test_show_names_settings_with_their_origin_and_listings(archive, paper):
    """As text and as JSON; before the first crawl, too."""
    assert "not crawled yet" in sources(archive, "show", "paper").stdout
    crawl(archive)
    found = json.loads(sources(archive, "show", paper.url, "--format", "json", "-s", "crawl.delay=3").stdout)
    origins = {row["key"]: (row["value"], row["origin"]) for row in found["settings"]}
    assert origins["every.feed"] == ('"1h"', "sources/paper.toml")
    assert origins["crawl.delay"][1] == "-s"
    assert origins["crawl.jitter"][1] == "default"
    assert found["articles"] == 3
    feed = next(one for one in found["listings"] if one["kind"] == "feed")
    assert feed["url"] == f"{paper.url}/feed"
    assert feed["last_read"]
    assert feed["entries"] == 3
    text = sources(archive, "show", "paper").stdout
    assert 'every.feed = "1h"  (sources/paper.toml)' in text
    assert "3 articles" in text
    assert "health: ok" in text


def test_show_names_the_listing_that_took_the_place_of_a_dead_one(archive, paper):
    """With its own address."""
    crawl(archive)
    paper.answers["/rss"] = paper.answers.pop("/feed")
    paper.answers["/feed"] = (404, b"gone", {})
    paper.answers["/"] = (
        200, b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>', {}
    )  # fmt: skip
    crawl(archive, "paper")
    assert f"{paper.url}/rss: found in place of" in sources(archive, "show", "paper").stdout


def test_check_names_the_mistakes_in_a_file(archive, paper):
    """Without a request; the exit code is that of a bad file."""
    assert sources(archive, "check").stdout == "paper: no mistakes\n"
    (archive / "sources" / "bad.toml").write_text('url = "https://bad.example/"\nfeed = ["x"]\n')
    done = sources(archive, "check")
    assert done.returncode == 2
    assert "bad: sources/bad.toml: feed: unknown key\n  did you mean feeds?" in done.stdout
    assert paper.asked == []


def test_check_with_ask_says_what_each_listing_is(archive, paper):
    """It files no article, plans no visit, and asks for nothing twice."""
    text = source_file(archive).decode().replace('/feed"]', '/feed", "' + paper.url + '/nothing"]')
    (archive / "sources" / "paper.toml").write_bytes(text.encode())
    done = sources(archive, "check", "--ask", *LOOPBACK)
    assert done.returncode == 1
    assert f"ok  feed {paper.url}/feed: 3 articles" in done.stdout
    assert f"NOT feed {paper.url}/nothing: HTTP 404" in done.stdout
    assert sorted(paper.asked) == ["/", "/feed", "/nothing", "/robots.txt"]
    assert rows(archive, "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM frontier)") == [(0, 0)]


# Export


def test_exported_opml_gives_the_same_sources_to_another_archive(archive, paper, tmp_path):
    """Strict XML; what is special in XML is escaped; a site without a feed is in it."""
    text = f'title = "Salt & <Pepper> \\"daily\\""\n{source_file(archive).decode()}'
    (archive / "sources" / "paper.toml").write_bytes(text.encode())
    with serving() as second:
        (archive / "sources" / "plain.toml").write_text(f'url = "{second.url}/"\n')
        done = sources(archive, "export", "--format", "opml")
        root = ElementTree.fromstring(done.stdout)
        assert (root.tag, root.get("version")) == ("opml", "2.0")
        outlines = [outline.attrib for outline in root.iter("outline")]
        assert outlines[0]["xmlUrl"] == f"{paper.url}/feed"
        assert outlines[0]["htmlUrl"] == f"{paper.url}/"
        assert outlines[0]["text"] == 'Salt & <Pepper> "daily"'
        assert outlines[1]["htmlUrl"] == f"{second.url}/"
        (tmp_path / "list.opml").write_text(done.stdout)
        assert morgue("init", tmp_path / "copy").returncode == 0
        added = morgue("-C", tmp_path / "copy", "add", *LOOPBACK, "--urls", tmp_path / "list.opml")
        assert added.returncode == 0, added.stderr
    again = morgue("-C", tmp_path / "copy", "sources", "export").stdout
    feeds = {outline.get("xmlUrl") for outline in ElementTree.fromstring(again).iter("outline")}
    assert f"{paper.url}/feed" in feeds
    assert {path.stem for path in (tmp_path / "copy" / "sources").glob("[!_]*.toml")} == {"paper", "plain"}


def test_exported_csv_has_a_row_for_each_source(archive, paper, tmp_path):
    """`morgue add` takes it; one whose file has mistakes is named, with exit code 1."""
    (archive / "sources" / "broken.toml").write_text("url = 3\n")
    done = sources(archive, "export", "--format", "csv")
    assert (done.returncode, "warning: sources/broken.toml: url" in done.stderr) == (1, True)
    header, row = done.stdout.splitlines()
    assert header.startswith("name,url,title,language,paused,feeds")
    assert row.startswith(f"paper,{paper.url}/,,,False,{paper.url}/feed")
    (tmp_path / "list.csv").write_text(done.stdout)
    added = morgue("-C", archive, "add", *LOOPBACK, "--urls", tmp_path / "list.csv")
    assert "1 is a source already" in added.stdout
