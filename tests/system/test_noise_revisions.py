"""Test that `reextract` takes out revisions that an older version filed for a view counter."""

from __future__ import annotations

import pytest

from tests.support.command import LOOPBACK, ROOT, TABLES, morgue, rows, start, tables
from tests.support.small_paper import TEXT, serving

pytestmark = pytest.mark.slow

PROGRAM = (str(ROOT / "tests" / "support" / "morgue_without_noise_rules.py"),)


def crawl_as_before(archive, *args):
    """Crawl with a version that has no rules of noise."""
    process = start("-C", archive, "crawl", *LOOPBACK, *args, program=PROGRAM)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return out + err


@pytest.mark.exhaustive
def test_revisions_of_a_view_counter_become_sightings_and_come_back_so_in_a_rebuild(archive):
    """Counter, edit, counter: two revisions are left, with all four captures; `verify` and `rebuild` agree."""
    edited = TEXT.replace("Tuesday", "Wednesday")
    with serving(1) as paper:
        paper.watch(archive)
        for number, (text, views) in enumerate([(TEXT, 120), (TEXT, 340), (edited, 560), (edited, 780)]):
            paper.write_story(0, f"{text}</p><p>{views} views today</p><p>{text}")
            crawl_as_before(archive, "paper", *(("--again",) if number else ()))
    captures = rows(archive, "SELECT id, capture_id FROM revisions ORDER BY number")
    assert len(captures) == 4
    assert morgue("-C", archive, "reextract", "--diff").stdout.count("no edit: only counters") == 2
    done = morgue("-C", archive, "reextract")
    assert "2 revisions were taken out" in done.stdout, done.stdout + done.stderr
    assert rows(archive, "SELECT id, number, changes FROM revisions ORDER BY number") == [
        (captures[0][0], 1, None),
        (captures[2][0], 2, '["text"]'),
    ]
    assert rows(archive, "SELECT revision, text LIKE '%Wednesday%560 views today%' FROM articles") == [(2, 1)]
    sightings = rows(archive, "SELECT revision_id, capture_id FROM sightings ORDER BY capture_id")
    assert set(sightings) >= {(captures[0][0], captures[1][1]), (captures[2][0], captures[3][1])}
    assert rows(archive, "SELECT count(*) FROM readings") == [(2,)]
    assert morgue("-C", archive, "verify").returncode == 0
    assert "taken out" not in morgue("-C", archive, "reextract").stdout
    kept, query = tables(archive / "morgue.db"), "SELECT revision_id, capture_id FROM sightings ORDER BY 2"
    for path in archive.glob("morgue.db*"):
        path.unlink()
    assert morgue("-C", archive, "rebuild").returncode == 0
    again = tables(archive / "morgue.db")
    for name in TABLES:
        assert again[name] == kept[name], name
    assert rows(archive, query) == sightings
    assert morgue("-C", archive, "verify").returncode == 0
