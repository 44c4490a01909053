"""Test that [health] is read alone as it is read with all settings."""

from __future__ import annotations

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.setting_names import COVERAGE_DROP, coverage_drop


@pytest.mark.parametrize(("text", "overrides", "drop"), [
    ("", (), COVERAGE_DROP),
    ("[health]\ncoverage_drop = 0.4\n", (), 0.4),
    ("[health]\ncoverage_drop = 0.4\n", ("crawl.delay=3", "health.coverage_drop = 1"), 1),
    ("[health]\ncoverage_drop = 2\n", (), COVERAGE_DROP),
    ("health = 3\n", (), COVERAGE_DROP),
    ("[health\n", (), COVERAGE_DROP),
])  # fmt: skip
def test_settings_of_health_are_read_alone(tmp_path, text, overrides, drop):
    """A mistake leaves the default: the check of all settings names it."""
    (tmp_path / "morgue.toml").write_text(text)
    assert coverage_drop(ArchiveFolder(tmp_path), overrides) == drop
