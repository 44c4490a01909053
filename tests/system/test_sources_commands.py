"""Test the commands of `morgue sources` as a user runs them: each is a process, with a paper to crawl."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing

import pytest

from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow


@pytest.fixture
def paper(archive):
    """Serve a paper of three stories, and watch it."""
    with serving() as paper:
        paper.watch(archive, more="# my notes, with ümlauts\n")
        yield paper


def asked(paper):
    """Return what was requested since the last look."""
    found = list(paper.asked)
    paper.asked.clear()
    return found


def sources(archive, *args, **options):
    return morgue("-C", archive, "sources", *args, **options)


def health(archive):
    return {
        one["name"]: one["status"] for one in json.loads(morgue("-C", archive, "health", "--format", "json").stdout)
    }


def make_all_due(archive):
    """Let every planned visit be due."""
    with closing(sqlite3.connect(archive / "morgue.db")) as db:
        db.execute("UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z' WHERE state = 'waiting'")
        db.commit()


def test_paused_source_is_asked_for_nothing_and_another_source_of_its_host_goes_on(archive, paper):
    """Also not for robots.txt; after the pause each due address is visited once, and missed visits are not made up."""
    paper.answers["/other/"] = paper.answers["/"]
    paper.answers["/other/feed"] = paper.answers["/feed"]
    crawl(archive)
    assert sources(archive, "pause", "paper").stdout == "paper is paused, until `morgue sources resume paper`\n"
    make_all_due(archive)
    asked(paper)
    done = crawl(archive)
    assert (done.returncode, asked(paper)) == (0, [])
    assert "paused, and not crawled: paper" in done.stdout
    assert health(archive)["paper"] == "paused"
    (archive / "sources" / "other.toml").write_text(f'url = "{paper.url}/other/"\nfeeds = ["{paper.url}/other/feed"]\n')
    crawl(archive)
    assert {"/other/", "/other/feed"} <= set(requested := asked(paper))
    assert not {"/", "/feed"} & set(requested)
    (archive / "sources" / "other.toml").unlink()
    assert sources(archive, "resume", "paper").stdout == "paper is asked again by the next crawl\n"
    crawl(archive)
    requested = asked(paper)
    assert len(requested) == len(set(requested))
    assert {"/", "/feed"} <= set(requested)
    crawl(archive)
    assert asked(paper) == []
    assert health(archive)["paper"] != "paused"


def test_paused_source_that_is_named_says_so_and_what_to_type(archive, paper):
    """By its name, by an article of it, and in a list; the timer of the source alone is told nothing."""
    crawl(archive)
    sources(archive, "pause", "paper")
    asked(paper)
    (archive / "list.txt").write_text(f"{paper.stories[0]}\n")
    for args in (["paper"], [paper.url], ["paper", "--again"], [paper.stories[0]], ["--again", "--urls", "list.txt"]):
        done = crawl(archive, *args, cwd=archive)
        assert (done.returncode, done.stderr) == (2, "morgue: paper: is paused\n  morgue sources resume paper\n")
    quiet = crawl(archive, "--due", "--quiet", "paper")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert asked(paper) == []


def test_pause_changes_one_line_of_the_file_and_resume_takes_it_back(archive, paper):
    """Every other byte stays, also of a file with comments, a byte order mark and the line ends of Windows."""
    file = archive / "sources" / "paper.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    before = file.read_bytes()
    sources(archive, "pause", "paper")
    paused = file.read_bytes()
    assert paused == b"\xef\xbb\xbfpaused = true\r\n" + before[3:]
    assert sources(archive, "pause", "paper").stdout.startswith("paper is paused already")
    assert (
        sources(archive, "pause", "paper", "--until", "9999-01-01").stdout
        == "paper is paused, until 9999-01-01 (UTC)\n"
    )
    assert file.read_bytes() == paused.replace(b"true", b"9999-01-01")
    sources(archive, "resume", "paper")
    assert file.read_bytes() == before
    assert sources(archive, "resume", "paper").stdout == "paper is not paused\n"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["pause", "papr"], 8, "morgue: papr: is not a source of this archive\n  did you mean paper?\n"),
        (["pause", "paper", "--until", "soon"], 2, "--until soon: is not a day"),
        (["pause", "paper", "--until", "2020-01-01"], 2, "is not after today"),
        (["pauze", "paper"], 2, "Did you mean 'pause'?"),
        (["pause"], 2, "Missing argument 'NAME...'"),
    ],
)
def test_pause_with_a_mistake_says_what_is_wrong_and_changes_nothing(archive, paper, args, code, said):
    """Each with its exit code."""
    before = (archive / "sources" / "paper.toml").read_bytes()
    done = sources(archive, *args)
    assert done.returncode == code
    assert said in done.stderr
    assert (archive / "sources" / "paper.toml").read_bytes() == before


def test_pause_whose_day_has_come_is_over(archive, paper):
    """Without a command."""
    file = archive / "sources" / "paper.toml"
    file.write_text("paused = 2020-01-01\n" + file.read_text())
    crawl(archive)
    assert "/feed" in asked(paper)


def test_pause_is_in_the_database_that_a_rebuild_makes(archive, paper):
    """Since when a source was paused, and until when, is kept: its silence then is no sickness later."""
    crawl(archive)
    sources(archive, "pause", "paper")
    crawl(archive)
    sources(archive, "resume", "paper")
    crawl(archive)
    sources(archive, "pause", "paper")
    crawl(archive)
    before = rows(archive, "SELECT * FROM pauses")
    assert [ended is None for *_, ended in before] == [False, True]
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert rows(archive, "SELECT * FROM pauses") == before
    assert health(archive)["paper"] == "paused"


def test_sources_without_a_command_lists_them(archive, paper):
    """With the options of `sources list`, before or after -C."""
    crawl(archive)
    listed = sources(archive, "list", "--format", "json").stdout
    assert json.loads(listed)[0]["name"] == "paper"
    assert morgue("sources", "--format", "json", "-C", archive).stdout == listed
    assert morgue("sources", "-C", archive, "--format", "json").stdout == listed


def test_renamed_source_keeps_all_that_is_known_of_it(archive, paper):
    """Its file, its articles and its planned visits; also after a rebuild."""
    crawl(archive)
    known = "SELECT s.id, s.name, count(*) FROM sources s JOIN {} t ON t.source_id = s.id GROUP BY s.id"
    tables = ("articles", "captures", "frontier", "listings")
    before = {table: rows(archive, known.format(table)) for table in tables}
    text = (archive / "sources" / "paper.toml").read_bytes()
    done = sources(archive, "rename", "paper", "The.Courier-2")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "paper is now The.Courier-2")
    assert sorted(path.name for path in (archive / "sources").iterdir()) == ["The.Courier-2.toml", "_template.toml"]
    assert (archive / "sources" / "The.Courier-2.toml").read_bytes() == text
    after = {table: [(number, "The.Courier-2", count)] for table, [(number, _, count)] in before.items()}
    assert {table: rows(archive, known.format(table)) for table in tables} == after
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert rows(archive, known.format("articles")) == after["articles"]
    asked(paper)
    crawl(archive)
    assert asked(paper) == []
    assert rows(archive, "SELECT name FROM sources") == [("The.Courier-2",)]


def test_rename_that_was_killed_after_the_file_is_finished_by_the_next_crawl(archive, paper):
    """The file comes first, and a crawl knows the source again by its front page."""
    crawl(archive)
    (archive / "sources" / "paper.toml").rename(archive / "sources" / "courier.toml")
    crawl(archive)
    assert rows(archive, "SELECT name FROM sources") == [("courier",)]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["papr", "courier"], 8, "papr: is not a source of this archive"),
        (["paper", "../courier"], 2, "../courier: is not a valid name for a source"),
        (["paper", "paper"], 2, "paper: is its name already"),
        (["paper", "gazette"], 2, "gazette: is a source already: sources/gazette.toml"),
        (["paper", "former"], 2, "former: is the name of a source that has no file any more"),
    ],
)
def test_rename_to_a_bad_or_taken_name_changes_nothing(archive, paper, args, code, said):
    """A name of a former source is taken, too: its articles are another's."""
    for name in ("gazette", "former"):
        (archive / "sources" / f"{name}.toml").write_text(f'url = "{paper.url}/{name}/"\n')
    crawl(archive)
    (archive / "sources" / "former.toml").unlink()
    before = rows(archive, "SELECT id, name FROM sources")
    done = sources(archive, "rename", *args)
    assert done.returncode == code
    assert said in done.stderr
    assert (archive / "sources" / "paper.toml").is_file()
    assert rows(archive, "SELECT id, name FROM sources") == before


def test_removed_source_is_asked_for_nothing_and_its_articles_stay(archive, paper):
    """The file goes only if the user says so."""
    crawl(archive)
    refused = sources(archive, "remove", "paper", stdin="")
    assert refused.returncode == 2
    assert "say --yes" in refused.stderr
    assert (archive / "sources" / "paper.toml").is_file()
    done = sources(archive, "remove", "paper", "--yes")
    assert done.stdout == "paper is watched no longer; its 3 articles stay in the archive\n"
    assert not (archive / "sources" / "paper.toml").exists()
    make_all_due(archive)
    asked(paper)
    assert crawl(archive).returncode == 0
    assert asked(paper) == []
    assert rows(archive, "SELECT s.name, count(*) FROM articles a JOIN sources s ON s.id = a.source_id") == [
        ("paper", 3)
    ]
    assert "paper" not in health(archive)
    again = sources(archive, "remove", "paper", "--yes")
    assert again.returncode == 8


@pytest.mark.parametrize("form", ["opml", "csv"])
def test_exported_list_makes_the_same_sources_in_another_archive(archive, paper, tmp_path, form):
    """By `morgue add`: names, front pages and feeds."""
    with serving() as other:
        paper.watch(archive, name="The.Courier-2")
        (archive / "sources" / "paper.toml").unlink()
        other.watch(archive, name="gazette", more='title = "Tom & \\"Jerry\\" <of> ü"\n')
        listed = tmp_path / f"list.{form}"
        listed.write_text(sources(archive, "export", "--format", form).stdout)
        second = make_archive(tmp_path / "second")
        added = morgue("-C", second, "add", *LOOPBACK, "--urls", listed)
        assert "2 added" in added.stdout
        expected = {"The.Courier-2": paper.url, "gazette": other.url}
    for name, url in expected.items():
        made = tomllib.loads((second / "sources" / f"{name}.toml").read_text())
        assert (made["url"], made["feeds"]) == (f"{url}/", [f"{url}/feed"])


def test_export_leaves_a_broken_file_out_and_says_so(archive, paper):
    """With exit code 1, because the list is not whole."""
    (archive / "sources" / "broken.toml").write_text("url = ")
    done = sources(archive, "export", "--format", "csv")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 2)
    assert "sources/broken.toml" in done.stderr


def test_show_has_state_listings_gaps_and_settings_with_their_origin(archive, paper):
    """Also the feed that was found in place of a dead one, and why."""
    settings = (archive / "morgue.toml").read_text()
    (archive / "morgue.toml").write_text(settings.replace("[every]", "[every]\nsection = '6h'", 1))
    file = archive / "sources" / "paper.toml"
    file.write_text(f"{file.read_text()}[crawl]\npages_per_day = 7\n")
    crawl(archive)
    paper.answers["/other.rss"] = paper.answers.pop("/feed")
    link = f'<link rel="alternate" type="application/rss+xml" href="{paper.url}/other.rss">'
    paper.answers["/"] = (200, f"<html><head>{link}</head><body><h1>Small</h1></body></html>".encode(), {})
    crawl(archive, "paper")
    with closing(sqlite3.connect(archive / "morgue.db")) as db:
        db.execute(
            "INSERT INTO gaps (source_id, url_key, url, began, ended) VALUES (1, '', 'http://gap.example/', ?, ?)",
            ("2026-01-01T00:00:00Z", "9999-01-01T00:00:00Z"),
        )
        db.commit()
    shown = json.loads(sources(archive, "show", "paper", "--format", "json", "-s", "crawl.delay=3").stdout)
    assert (shown["articles"], shown["health"], shown["paused"]) == (3, "warn", False)
    assert "outrun" in [reason["kind"] for reason in shown["reasons"]]
    read = {row["url"].removeprefix(paper.url): row for row in shown["listings"]}
    assert {"/", "/feed", "/other.rss"} <= read.keys()
    assert read["/feed"]["trouble"].startswith("HTTP 404")
    assert read["/other.rss"]["trouble"] == f"in place of {paper.url}/feed"
    assert read["/"]["next"] > read["/"]["last_read"]
    assert [gap["url"] for gap in shown["gaps"]] == ["http://gap.example/"]
    origins = {row["setting"]: (row["value"], row["origin"]) for row in shown["settings"]}
    assert origins["crawl.pages_per_day"] == ("7", "sources/paper.toml")
    assert origins["every.section"] == ('"6h"', "morgue.toml")
    assert origins["crawl.delay"] == ('"3s"', "-s")
    assert origins["crawl.depth"] == ("3", "default")
    table = sources(archive, "show", "paper").stdout
    assert f"in place of {paper.url}/feed" in table
    assert "gap of http://gap.example/: 2026-01-01 00:00 to 9999-01-01 00:00" in table


def test_show_of_a_source_that_was_never_crawled_says_so(archive, paper):
    """It has settings already."""
    done = sources(archive, "show", "paper")
    assert done.returncode == 0
    assert "it has not answered yet" in done.stdout


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ("", 0, "2 of 2 files without a mistake"),
        ("delay = 3\n", 2, "sources/paper.toml: delay: unknown key"),
        ("exclude = ['.*']\n", 1, "paper: exclude matches {url}/, which the file itself names"),
        (
            "sitemaps = ['https://gazette.example/']\n",
            1,
            "paper: https://gazette.example/ is also a listing of gazette",
        ),
    ],
)
def test_check_names_what_is_wrong_with_the_files(archive, paper, more, code, said):
    """And asks nothing of the network."""
    (archive / "sources" / "gazette.toml").write_text("url = 'https://gazette.example/'\n")
    paper.watch(archive, more=more)
    done = sources(archive, "check")
    assert done.returncode == code
    assert said.format(url=paper.url) in done.stdout
    assert asked(paper) == []
