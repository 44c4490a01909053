"""Test what a watch does with settings that change while it runs."""

from __future__ import annotations

import os

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.watch.watched_settings import WatchedSettings
from pipelines.core.errors import ConfigError
from tests.support.command import make_archive

GOOD = 'url = "https://{name}.example/"\nevery = "1h"\n'


@pytest.fixture
def folder(tmp_path):
    archive = ArchiveFolder(make_archive(tmp_path / "archive"))
    (archive.sources / "paper.toml").write_text(GOOD.format(name="paper"))
    return archive


@pytest.fixture
def said():
    return []


@pytest.fixture
def settings(folder, said):
    return WatchedSettings(folder, ["crawl.delay=2"], said.append, said.append)


def test_unchanged_settings_are_not_read_again(settings, said):
    """The object stays the same, and nothing is said."""
    before = settings.config
    settings.take_in()
    assert settings.config is before
    assert said == []


def test_mistake_in_morgue_toml_that_an_option_mends_stops_no_watch(folder, said):
    """As for `morgue crawl`; the plans of visits are then made by the option."""
    (folder.path / "morgue.toml").write_text('[crawl]\ndelay = "fast"\n')
    settings = WatchedSettings(folder, ["crawl.delay=2"], said.append, said.append)
    assert settings.config.crawl.delay == 2
    assert settings.config_of_files.sources == {}
    assert said == []


def test_new_source_file_is_taken_in_and_a_removed_one_is_let_go(settings, folder, said):
    """Each is said once; the options -s go on."""
    (folder.sources / "other.toml").write_text(GOOD.format(name="other"))
    settings.take_in()
    assert list(settings.config.sources) == ["other", "paper"]
    (folder.sources / "paper.toml").unlink()
    settings.take_in()
    assert list(settings.config.sources) == ["other"]
    assert [text.split(",")[0] for text in said] == ["other: a new source", "paper: not watched any more"]
    assert settings.config.crawl.delay == 2
    assert settings.config_of_files.crawl.delay == 1


def test_broken_source_file_is_refused_once_and_the_old_settings_hold(settings, folder, said):
    """Also while other files change, and until it is mended."""
    file = folder.sources / "paper.toml"
    file.write_text('url = "nonsense"\n')
    settings.take_in()
    (folder.sources / "other.toml").write_text(GOOD.format(name="other"))
    settings.take_in()
    assert settings.config.sources["paper"].url == "https://paper.example/"
    assert settings.config_of_files.sources["paper"].url == "https://paper.example/"
    assert list(settings.config.broken) == ["paper"]
    assert sum("refused" in text for text in said) == 1
    assert "sources/paper.toml" in said[0]
    file.write_text(GOOD.format(name="new"))
    settings.take_in()
    assert settings.config.sources["paper"].url == "https://new.example/"
    assert said[-1] == "sources/paper.toml is in order, and taken in"


def test_broken_file_of_a_source_that_was_never_good_is_not_crawled(settings, folder, said):
    """There are no settings from before."""
    (folder.sources / "other.toml").write_text("url = 3\n")
    settings.take_in()
    assert list(settings.config.sources) == ["paper"]
    assert said[0].startswith("not crawled: sources/other.toml")


def test_broken_settings_of_the_archive_are_refused_once(settings, folder, said):
    """Until they are mended, the settings from before hold on, with all sources."""
    text = folder.settings.read_text()
    folder.settings.write_text(text + "\n[crawl\n")
    settings.take_in()
    settings.take_in()
    assert settings.config.crawl.delay == 2
    assert isinstance(settings.broken_settings, ConfigError)
    assert ["refused" in line for line in said] == [True]
    folder.settings.write_text(text)
    settings.take_in()
    assert settings.broken_settings is None
    assert said[-1] == "morgue.toml is in order again, and taken in"


def test_file_that_is_being_written_is_not_read_yet(settings, folder):
    """It has settled when two looks in a row see the same."""
    file = folder.sources / "paper.toml"
    assert not settings.have_settled()
    file.write_text('url = "https://half')
    assert not settings.have_settled()
    file.write_text(GOOD.format(name="whole"))
    assert not settings.have_settled()
    assert settings.have_settled()
    os.unlink(file)
    assert not settings.have_settled()


def test_file_whose_permissions_were_corrected_is_taken_in(settings, folder):
    """Its text is that of before, and could not be read."""
    (folder.sources / "paper.toml").chmod(0o640)
    assert not settings.have_settled()
    assert settings.have_settled()
