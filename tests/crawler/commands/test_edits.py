"""`morgue edits` and `morgue diff`, as a user runs them."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from pathlib import Path

import pytest

from crawler.cli.diff_report import lines
from pipelines.database.edits.comparison import HEAD_KEYS, Comparison
from pipelines.database.edits.edit_list import compared, has_moved
from pipelines.warc.storage import WarcStorage
from tests.support.article_archive import build
from tests.support.command import morgue

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """Return an archive in which article 1 was edited, and article 2 has vanished."""
    folder = build(tmp_path_factory.mktemp("edits"))
    db = sqlite3.connect(folder / "morgue.db")
    with db:
        db.execute(
            """INSERT INTO page_states (url_key, url, source_id, article_id, kind, since, capture_id, last_seen,
                                        last_capture_id)
               SELECT url_key, url, source_id, id, '410', '2024-03-01T00:00:00Z', 1, '2024-03-02T00:00:00Z', 1
                 FROM articles WHERE id = 2"""
        )
        db.execute("UPDATE articles SET first_seen = '2024-02-01T00:00:00Z' WHERE id = 2")
    db.close()
    return folder


def test_table_has_number_kinds_size_and_both_headlines(archive):
    """One line an edit."""
    head, line = morgue("-C", archive, "edits").stdout.splitlines()
    assert head.split()[:4] == ["seen", "source", "article", "rev."]
    assert "title, text  +6 -15  63.6%   Climate summit opens -> Climate summit opens, then closes" in line


def test_formats_have_the_same_edit(archive):
    """JSON, JSON Lines and CSV, for programs."""
    (one,) = json.loads(morgue("-C", archive, "edits", "--format", "json").stdout)
    (line,) = morgue("-C", archive, "edits", "--format", "jsonl").stdout.splitlines()
    (row,) = csv.DictReader(io.StringIO(morgue("-C", archive, "edits", "--format", "csv").stdout))
    assert (one["article"], one["changes"], one["silent"]) == (1, ["title", "text"], None)
    assert json.loads(line) == one
    assert (row["article"], row["title"]) == ("1", one["title"])


FILTERS = {
    "a large share": (("--min-change", "0.7"), "No edit."),
    "percent": (("--min-change", "70%"), "No edit."),
    "silent": (
        ("--silent",),
        "No silent edit. Of 1 edit of the text, 1 cannot be judged: its page gives no time of change.",
    ),
    "silent elsewhere": (("--silent", "--source", "gazette"), "No silent edit."),
    "words of another article": (("cup",), "No edit."),
    "another source": (("--source", "gazette"), "No edit."),
    "before it": (("--until", "2024-02"), "No edit."),
    "vanished later": (("--gone", "--since", "2024-04"), "No article has vanished."),
}


@pytest.mark.parametrize(("options", "answer"), FILTERS.values(), ids=FILTERS)
def test_filter_that_nothing_passes_says_so(archive, options, answer):
    """The sentence is on standard output, and the exit code is 0."""
    done = morgue("-C", archive, "edits", *options)
    assert (done.returncode, done.stdout.strip()) == (0, answer)


def test_query_chooses_the_articles(archive):
    """By the same language as a search, also of those that vanished; a word that no article has is said."""
    every = morgue("-C", archive, "edits").stdout
    assert "Climate summit" in every
    assert morgue("-C", archive, "edits", "title:climate", "-sport").stdout == every
    assert morgue("-C", archive, "edits", "climate", "--min-change", "2%", "--since", "2024").stdout == every
    assert "No match for climte." in morgue("-C", archive, "edits", "climte").stdout
    assert morgue("-C", archive, "edits", "--gone", "climte").stdout.startswith("No match")
    assert morgue("-C", archive, "edits", "--min-change", "x%").returncode == 2


def test_vanished_article_is_listed_with_kind_and_times(archive):
    """And not as an edit. It was last alive before that, though it was seen later."""
    (one,) = json.loads(morgue("-C", archive, "edits", "--gone", "--format", "json").stdout)
    assert (one["article"], one["kind"], one["since"], one["back"]) == (2, "410", "2024-03-01T00:00:00Z", None)
    assert one["last_alive"] == "2024-02-01T00:00:00Z"


def test_diff_marks_words_and_names_the_records(archive):
    """Without a terminal, marks take the place of colours."""
    shown = morgue("-C", archive, "diff", "1").stdout
    assert "Climate summit [-opens-]{+opens, then closes+}" in shown
    assert "Delegates [-of ninety countries met.-]{+went home.+}" in shown
    assert "<urn:uuid:00000000-0000-4000-8000-000000000040>" in shown
    assert "\x1b" not in shown


def test_diff_takes_numbers_and_days(archive):
    """A day means the revision that was the newest then."""
    shown = morgue("-C", archive, "diff", "1", "1", "2").stdout
    assert morgue("-C", archive, "diff", "1", "2024-02-01", "2024-03-01").stdout == shown
    same = morgue("-C", archive, "diff", "1", "1", "1").stdout
    assert same.endswith("both sides are revision 1: there is nothing to compare\n")


REVISIONS = [
    {"revision": number, "seen": seen}
    for number, seen in enumerate(("2024-01-31T09:00:00Z", "2024-02-01T08:00:00Z", "2024-02-01T20:00:00Z"), 1)
]


@pytest.mark.parametrize(
    ("first", "second", "numbers"),
    [
        ("2024-02-01", None, (1, 3)),
        ("2024-02", None, (1, 3)),
        ("2024-01-31", "2", (1, 2)),
        ("2024-01-31", "1", (1, 1)),
        ("2024-02-01", "2", (3, 2)),
        ("2024-02-01T20:00Z", None, (3, 3)),
        ("3", "3", (3, 3)),
    ],
)
def test_day_as_first_side_means_its_beginning_if_both_sides_are_else_the_same(first, second, numbers):
    """Name the day of the last edits, and they are shown."""
    assert tuple(state["revision"] for state in compared(REVISIONS, 1, first, second)) == numbers


def test_diff_as_html_is_one_page_without_scripts(archive):
    """Text of the page is escaped, so that it cannot run anything."""
    shown = morgue("-C", archive, "diff", "1", "--format", "html").stdout
    assert "<del>of ninety countries met. </del><ins>went home.</ins>" in shown
    assert "&lt;urn:uuid:" in shown
    assert "<script" not in shown


def test_diff_as_json_has_segments_that_make_both_texts(archive):
    """Without what was added, it is the old text; without what was removed, the new one."""
    found = json.loads(morgue("-C", archive, "diff", "1", "--format", "json").stdout)
    for left_out, text in (("added", "Delegates of ninety countries met."), ("removed", "Delegates went home.")):
        parts = [one["text"] for one in found["paragraphs"][0] if one["kind"] != left_out]
        assert "".join(parts) == text


def test_diff_in_colours_keeps_words_apart_and_names_a_new_address():
    """It names the address also if it changed in a revision between the two."""
    blank = dict.fromkeys((*HEAD_KEYS, "imported"), "") | {"text": "Same.", "authors": [], "warc_length": 1}
    states = [
        blank | {"revision": 1, "title": "Letter to Mirror", "changes": None},
        blank | {"revision": 2, "title": "Letter to Mirror", "changes": ["address"]},
        blank | {"revision": 3, "title": "Letter to a poet", "changes": ["title"]},
    ]
    compared = Comparison(1, "", states[0], states[2], has_moved(states, states[0], states[2]))
    shown = "\n".join(lines(compared, WarcStorage(Path("warc")), 80, styled=True))
    assert "changed: title, address" in shown
    assert "Letter to Mirror a poet" in re.sub("\x1b\\[[0-9;]*m", "", shown)
    assert not has_moved(states, states[1], states[2])


ERRORS = {
    "one revision": (("diff", "2"), "has one revision"),
    "no such revision": (("diff", "1", "7"), "does not exist"),
    "before the first": (("diff", "1", "2020"), "the first was seen later"),
    "no time": (("diff", "1", "soon"), "not a year, month, day or time"),
    "no article": (("diff", "999"), "no such number"),
    "no source": (("edits", "--source", "nope"), "not in this archive"),
    "filters of edits with --gone": (("edits", "--gone", "--silent"), "--gone lists no edits"),
}


@pytest.mark.parametrize(("arguments", "cause"), ERRORS.values(), ids=ERRORS)
def test_wrong_argument_is_named_with_its_cause(archive, arguments, cause):
    """Exit code 2 or that of its kind, and no traceback."""
    done = morgue("-C", archive, *arguments)
    assert done.returncode not in (0, 1)
    assert cause in done.stderr
    assert "Traceback" not in done.stderr
