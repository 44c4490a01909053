"""Test the settings [capture]."""

from __future__ import annotations

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from pipelines.core.errors import ConfigError


@pytest.fixture
def archive(tmp_path):
    folder = ArchiveFolder(tmp_path)
    folder.sources.mkdir()
    return folder


def write(folder, settings: str, source: str = "") -> None:
    folder.settings.write_text(settings)
    (folder.sources / "paper.toml").write_text(f'url = "https://paper.example/"\n{source}')


def test_no_part_is_fetched_unless_the_user_says_so(archive):
    """An upgrade changes nothing."""
    write(archive, "")
    assert load(archive).capture_of("paper").parts == "none"


def test_source_has_its_own_settings_else_those_of_the_archive(archive):
    """Each key by itself."""
    write(
        archive, '[capture]\nparts = "images"\npart_bytes = "1MB"\n', '[capture]\nparts = "all"\npart_hosts = ["*"]\n'
    )
    found = load(archive).capture_of("paper")
    assert (found.parts, found.part_bytes, found.part_hosts) == ("all", 1_000_000, ("*",))


def test_option_outranks_the_file_of_a_source(archive):
    """As all options -s do."""
    write(archive, "", '[capture]\nparts = "all"\n')
    assert load(archive, ["capture.parts=images"]).capture_of("paper").parts == "images"


MISTAKES = {
    'parts = "some"': '"some" is not one of none, images, all',
    'part_hosts = "cdn.example"': '"cdn.example" is not a list of hosts',
    'part_hosts = ["https://cdn.example/"]': '"https://cdn.example/" is neither a host nor "*"',
    'part_hosts = ["*.cdn.example"]': '"*.cdn.example" is neither a host nor "*"',
    "parts_per_page = 0": "0 is not a whole number of at least 1",
    "parts_per_crawl = 5": "holds for the whole archive, and the file of a source cannot set it",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_mistake_is_named(archive, line):
    """With what is wrong with it."""
    write(archive, "", f"[capture]\n{line}\n")
    with pytest.raises(ConfigError) as raised:
        load(archive)
    assert MISTAKES[line] in str(raised.value)
