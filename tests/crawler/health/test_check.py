"""Test that what changed is printed and sent, and that a target that fails is said once a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.health.check import tell_changes
from crawler.health.kinds import ARCHIVE_ID, BAD, HealthReason, SourceVerdict
from crawler.health.settings_files import SettingsFiles
from pipelines.core import timestamps
from pipelines.database.connection import open_database
from tests.support.health_cases import NOW

ILL = (HealthReason("refused", BAD, NOW, "HTTP 403"),)


@pytest.fixture
def passes(tmp_path, monkeypatch):
    """Return a function that lets a pass see a source, and returns what it prints."""
    (tmp_path / "morgue.toml").write_text("")
    config = load(ArchiveFolder(tmp_path), ())
    open_database(config.folder.database).close()

    def pass_at(hours, reasons, target):
        monkeypatch.setattr(timestamps, "clock", lambda: NOW + timedelta(hours=hours))
        verdicts = [SourceVerdict(ARCHIVE_ID, "(archive)"), SourceVerdict(1, "paper", reasons)]
        report = tell_changes(SettingsFiles(config), verdicts, target, of_pass=True, prints=True)
        return [f"{one.change} {one.reason.kind}" for one in report.changes]

    return pass_at


def test_target_that_fails_for_days_is_said_once_a_day(passes):
    """What was printed is not printed again; once the target works, that is said."""
    assert passes(0, ILL, "false") == ["began refused", "began messages fail"]
    said = [passes(hour, ILL, "false") for hour in range(6, 48, 6)]
    assert [number for number, one in enumerate(said) if one] == [3]
    assert said[3] == ["reminder messages fail"]
    assert passes(48, ILL, "true") == ["ended messages fail"]
    assert passes(49, (), "true") == ["ended refused"]


def test_end_is_printed_though_the_message_of_the_beginning_failed(passes, tmp_path):
    """The receiver of messages heard of no beginning, and hears of no end."""
    kept = tmp_path / "kept"
    assert passes(0, ILL, "false") == ["began refused", "began messages fail"]
    assert passes(1, (), f"tee -a {kept}") == ["ended refused"]
    assert not kept.exists()
