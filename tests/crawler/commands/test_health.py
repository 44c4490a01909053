"""`morgue health`, as a user runs it, and `morgue crawl --quiet`, as a timer does."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import click
import pytest

from crawler.cli.main import morgue as morgue_command
from crawler.config.archive_folder import find
from crawler.health.check import look, tell_changes
from crawler.health.kinds import NEXT_STEPS, OF_ARCHIVE
from crawler.health.last_pass import RESTART, START_AGAIN, UNBLOCK
from crawler.health.settings_files import read_files
from pipelines.core.errors import NotWritable, write_error
from pipelines.database.connection import connect
from pipelines.database.health import told
from tests.support.article_archive import build
from tests.support.command import ROOT, crawl, make_archive, morgue, rows
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow

COMMAND = r"\bmorgue ([a-z]+(?: (?:check|remove|-{1,2}\w+|5m|URL|TARGET|\{name\}))*)"  # in the text of a next step
# A failure counts if the pause after the last one is over.
DUE_NOW = """UPDATE frontier SET next_visit = '2026-01-01T00:00:00Z', last_visit = iif(failures > 0,
                 strftime('%Y-%m-%dT%H:%M:%SZ', last_visit, '-1 day'), last_visit) WHERE state = 'waiting'"""
KEEP = f"""{sys.executable} -c "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))" """


@pytest.fixture
def silent(tmp_path):
    """Return an archive whose only watched paper fell silent years ago."""
    archive = build(tmp_path / "archive")
    (archive / "sources").mkdir(exist_ok=True)
    (archive / "sources" / "courier.toml").write_text('url = "https://courier.example/"\n')
    return archive


def test_every_reason_has_a_section_and_a_next_step():
    """The page that one reads at night has all of them, in two lists, and no other."""
    text = (ROOT / "docs" / "health.md").read_text(encoding="utf-8")
    of_sources, of_archive = text.split("## The reasons of the archive")
    kinds = [kind for kind in NEXT_STEPS if kind not in OF_ARCHIVE]
    assert re.findall("^### (.+)$", of_sources, re.MULTILINE) == kinds
    assert re.findall("^### (.+)$", of_archive, re.MULTILINE) == [*OF_ARCHIVE]


def test_commands_of_next_steps_exist_with_their_options():
    """The user types them as they are."""
    texts = [*NEXT_STEPS.values(), START_AGAIN, RESTART, UNBLOCK]
    found = [words.split() for text in texts for words in re.findall(COMMAND, text)]
    assert len(found) > 15
    for words in found:
        command, context = morgue_command, None
        while isinstance(command, click.Group) and words:
            name, *words = words
            context = click.Context(command, info_name=name, parent=context)
            command = command.get_command(context, name)
            assert command is not None, name
        command.make_context(command.name, [word.replace("{name}", "paper") for word in words], parent=context)


def test_silent_source_is_bad_with_evidence_and_next_step(silent):
    """As JSON, as a table, as Prometheus text, and in `morgue sources`; sources without a file are not judged."""
    found = json.loads(morgue("-C", silent, "health", "--format", "json").stdout)
    assert [(one["name"], one["status"]) for one in found] == [("(archive)", "ok"), ("courier", "bad")]
    (reason,) = found[1]["reasons"]
    assert (reason["kind"], reason["since"]) == ("silent", "2024-02-29T10:00:00Z")
    assert reason["evidence"].startswith("no new article for")
    assert "morgue crawl courier" in reason["next_step"]
    table = morgue("-C", silent, "health", "courier").stdout
    assert table.splitlines()[-1] == "0 of 1 source well"
    assert 'morgue_source_health{source="courier"} 2' in morgue("-C", silent, "health", "--format", "prometheus").stdout
    listed = json.loads(morgue("-C", silent, "sources", "--format", "json").stdout)
    assert {row["name"]: row["health"] for row in listed}["courier"] == "bad"


@pytest.mark.parametrize("text", ['[crawl]\ndelay = "fast"\n', "[crawl\n", "\udcff"], ids=["value", "syntax", "bytes"])
def test_settings_with_which_no_crawl_starts_are_a_reason_of_the_archive(silent, tmp_path, text):
    """It comes first, counts for --fail-on, and is told by message; what is known of sources stays."""
    (silent / "morgue.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    kept = tmp_path / "kept"
    done = morgue("-C", silent, "health", "--fail-on", "bad", "--format", "json", "--notify", KEEP + str(kept))
    archive, courier = json.loads(done.stdout)
    assert (done.returncode, courier["status"]) == (1, "bad")
    (reason,) = archive["reasons"]
    assert (reason["kind"], reason["status"]) == ("settings", "bad")
    assert reason["evidence"].startswith("no crawl can start: morgue.toml: ")
    message = json.loads(kept.read_text())
    assert (message["path"], message["changes"][0]["kind"]) == (str(silent), "settings")


def test_broken_file_is_said_at_once_also_of_a_paused_source_and_is_over_at_once(silent):
    """Wait for the file of a source also when it is resumed."""
    file = silent / "sources" / "courier.toml"
    well = file.read_text()
    file.write_text(well + "colour = 3\npaused = 2999-01-31\n")
    (verdict,) = json.loads(morgue("-C", silent, "health", "courier", "--format", "json").stdout)
    assert [reason["kind"] for reason in verdict["reasons"]] == ["broken file"]
    assert morgue("-C", silent, "health", "--fail-on", "bad").returncode == 1
    done = morgue("-C", silent, "sources", "resume", "courier")
    assert (done.returncode, done.stdout) == (2, "")
    assert "not crawled until its file is right" in done.stderr
    file.write_text(well + "paused = 2999-01-31\n")
    paused = morgue("-C", silent, "health", "courier", "--fail-on", "warn")
    assert (paused.returncode, "until 2999-01-31" in paused.stdout) == (0, True)


def test_health_that_cannot_note_what_it_tells_sends_nothing(silent, tmp_path, monkeypatch):
    """Each call would send it again. The error names the file and what to look at."""
    kept = tmp_path / "kept"
    files = read_files(find(str(silent)))
    with closing(connect(files.folder.database)) as db:
        found = look(db, files)
    refuse = sqlite3.OperationalError("attempt to write a readonly database")
    monkeypatch.setattr(told, "open_for_maintenance", Mock(side_effect=write_error(refuse, files.folder.database)))
    with pytest.raises(NotWritable, match=r"cannot be written\n.*owner and permissions"):
        tell_changes(files, found, KEEP + str(kept))
    assert not kept.exists()


def test_fail_on_makes_the_exit_code(silent):
    """1 if it is that ill; a name that is not watched is not found."""
    assert morgue("-C", silent, "health").returncode == 0
    assert morgue("-C", silent, "health", "--fail-on", "bad").returncode == 1
    assert morgue("-C", silent, "health", "(archive)", "--fail-on", "warn").returncode == 0
    assert morgue("-C", silent, "health", "curier").returncode == 8


def test_notify_tells_a_command_once_and_again_if_it_failed(silent, tmp_path):
    """The failure is said, with exit code 1; what was told is not told again."""
    kept = tmp_path / "kept"
    failed = morgue("-C", silent, "health", "--notify", "false")
    assert (failed.returncode, "false: exit code 1" in failed.stderr) == (1, True)
    for _ in range(3):
        assert morgue("-C", silent, "health", "--notify", KEEP + str(kept)).returncode == 0
    (message,) = kept.read_text().splitlines()
    (change,) = json.loads(message)["changes"]
    assert (change["name"], change["change"], change["kind"]) == ("courier", "began", "silent")


def test_notify_is_tried_with_a_test_message(silent, tmp_path):
    """It is said what came of it. A failure is a reason of the archive until a message arrives."""
    kept = tmp_path / "kept"
    failed = morgue("-C", silent, "health", "--notify", "false", "--test")
    assert (failed.returncode, "false: exit code 1" in failed.stderr) == (1, True)
    assert "messages fail" in morgue("-C", silent, "health").stdout
    done = morgue("-C", silent, "health", "--notify", KEEP + str(kept), "--test")
    assert (done.returncode, done.stdout.endswith(" took the test message\n")) == (0, True)
    assert json.loads(kept.read_text())["changes"] == []
    assert "messages fail" not in morgue("-C", silent, "health").stdout


def passes(archive: Path, number: int) -> list[tuple[int, str]]:
    """Run passes as a timer does, in each of which everything is due; return exit codes and what was said."""
    said = []
    for _ in range(number):
        with sqlite3.connect(archive / "morgue.db") as db:
            db.execute(DUE_NOW)
        db.close()
        done = crawl(archive, "--quiet", "-s", "crawl.retries=0")
        said.append((done.returncode, done.stderr))
    return said


def test_quiet_passes_tell_a_dead_feed_once_and_its_end(tmp_path):
    """At the third failure; then not a word until it is over. Another source's trouble is told too."""
    archive = make_archive(tmp_path / "archive")
    with serving() as paper, serving() as other:
        paper.watch(archive)
        other.watch(archive, "other")
        assert passes(archive, 1) == [(0, "")]
        feed = paper.answers["/feed"]
        paper.answers["/feed"] = (404, b"", {})
        assert passes(archive, 1) == [(0, "")]
        other.answers["/feed"] = (404, b"", {})
        second, third, fourth, fifth = passes(archive, 4)
        assert [second, fifth] == [(0, "")] * 2
        assert (third[0], fourth[0]) == (1, 1)
        assert "needs attention: paper: dead listing (" in third[1]
        assert "needs attention: other: dead listing (" in fourth[1]
        assert "paper" not in fourth[1]
        paper.answers["/feed"] = feed
        (well,) = passes(archive, 1)
        assert well[0] == 0
        assert well[1].startswith("paper: well again: dead listing")
    assert rows(archive, "SELECT count(*) FROM source_health WHERE ended IS NULL") == [(1,)]
