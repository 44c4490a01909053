"""Test the key `paused` of a source file: until when it counts, and how one line of the file is changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.config.pauses import pause_lasts, paused_sources, with_pause

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "lasts"),
    [(True, True), (False, False), ("2026-03-12", True), ("2026-03-11", False), ("2026-03-10", False)],
)
def test_pause_lasts_until_its_day_begins(value, lasts):
    """On the day that the user named, the source is asked again."""
    assert pause_lasts(value, NOW) == lasts


@pytest.mark.parametrize(
    ("text", "value", "changed"),
    [
        ("url = 'x'\n", "true", "paused = true\nurl = 'x'\n"),
        ("# a\r\nurl = 'x'\r\n", "true", "paused = true\r\n# a\r\nurl = 'x'\r\n"),
        ("\ufeffurl = 'x'", "true", "\ufeffpaused = true\nurl = 'x'"),
        ("url = 'x'\npaused = false # off\n[every]\n", "true", "paused = true\nurl = 'x'\n[every]\n"),
        ("url = 'x'\n'paused'=true\n", None, "url = 'x'\n"),
        ("title = '''\npaused = 1\n'''\npaused = true\n", None, "title = '''\npaused = 1\n'''\n"),
        ("url = 'x'\n", None, "url = 'x'\n"),
        ("", "2027-01-31", "paused = 2027-01-31\n"),
    ],
)
def test_one_line_of_the_file_changes(text, value, changed):
    """Whatever else the file holds: line ends, a byte order mark, text that looks like the key."""
    assert with_pause(text, value) == changed


def test_key_that_is_spread_over_lines_is_not_touched():
    """The user is told to change it by hand."""
    with pytest.raises(ValueError, match="cannot be found"):
        with_pause("paused = '''\n2027-01-31'''\n", None)


def test_files_that_cannot_be_read_pause_nothing(tmp_path):
    """Other commands name them; a folder that is not there has no files."""
    for name, text in (("a", "paused = true\n"), ("b", "paused = tru\n"), ("c", "# paused = true\n"), ("d", "\xff")):
        (tmp_path / f"{name}.toml").write_bytes(text.encode("latin-1"))
    (tmp_path / "f.toml").write_text('paused = "for now"\n')
    (tmp_path / "e.toml").symlink_to(tmp_path / "a.toml")
    assert paused_sources(tmp_path, NOW).keys() == {"a"}
    assert paused_sources(tmp_path / "none", NOW) == {}
