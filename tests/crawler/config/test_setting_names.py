"""Test the names of all settings, for commands that must start fast."""

from __future__ import annotations

import os

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import Settings
from crawler.config.setting_names import SETTING_NAMES, looks_right


def test_names_are_those_of_the_models():
    """A new setting is named in both places."""
    tables = {name: field.annotation.model_fields.keys() for name, field in Settings.model_fields.items()}
    assert tables == SETTING_NAMES


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", True),
        ("[crawl]\ndelay = 3\n[operator]\ncontact = 'a@b.example'\n", True),
        ("[crawl]\ndely = 3\n", False),
        ("[crwal]\ndelay = 3\n", False),
        ("crawl = 3\n", False),
        ("[crawl\n", False),
        ('[operator]  # Who runs it.\ncontact = "a@b.example"\n\n# [crawl]\n[extract]\nworkers = 2\n', True),
        ("[crawl]\ndelay = 3\ndelay = 3\n", False),
        ("[crawl]\n[operator]\n[crawl]\n", False),
        ("[crawl] delay = 3\n", False),
        ("[crawl]\ndelay = 03\n", False),
        ('[operator]\ncontact = "a" b"\n', False),
        ('[operator]\ncontact = "a\\c"\n', False),
        ("delay = 3\n[crawl]\n", False),
    ],
)
def test_unknown_name_does_not_look_right(tmp_path, text, right):
    """Then the whole check says what is wrong."""
    (tmp_path / "morgue.toml").write_text(text)
    assert looks_right(ArchiveFolder(tmp_path)) is right


@pytest.mark.parametrize(
    "put",
    [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.write_text(" " * 1_000_001)],
    ids=["named pipe", "link to a device", "large file"],
)
def test_file_that_is_no_ordinary_settings_does_not_look_right(tmp_path, put):
    """It is not waited for, nor read to its end."""
    put(tmp_path / "morgue.toml")
    assert not looks_right(ArchiveFolder(tmp_path))
