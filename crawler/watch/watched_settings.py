"""Take changed settings in between two passes. What has a mistake is refused by name, and its last good state holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from crawler.config.archive_folder import ArchiveFolder, file_stamps
from crawler.config.files_alone import config_of_files
from crawler.config.models import Config, SourceConfig, load
from pipelines.core.errors import ConfigError


class WatchedSettings:
    """Hold the settings of an archive, as good as they last were.

    `config` is what a pass uses; `config_of_files` is the same without the options -s, or None if there are none.
    """

    def __init__(
        self,
        folder: ArchiveFolder,
        overrides: Sequence[str],
        problem: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        """Load the settings, and tell `problem` of files with mistakes. Raises ConfigError for those in morgue.toml.

        Later `note` hears which sources came, went or are in order again.
        """
        self._folder, self._overrides, self._problem, self._note = folder, tuple(overrides), problem, note
        self._stamps = self._seen = file_stamps(self._folder)
        self.config: Config = load(folder, self._overrides, skip_broken=True)
        self.config_of_files = config_of_files(self.config) if self._overrides else None
        self.broken_settings: ConfigError | None = None
        self._said: dict[str, str] = {}
        self._tell_broken(self.config.broken, {})

    def have_settled(self) -> bool:
        """Return True if a file has changed since the last reading, but not since the last call: it is complete."""
        self._seen, before = file_stamps(self._folder), self._seen
        return self._seen == before != self._stamps

    def take_in(self) -> None:
        """Read the files again if one of them has changed; say what is new, what is gone, and what is refused."""
        stamps = file_stamps(self._folder)
        if stamps == self._stamps:
            return
        self._stamps, before = stamps, self.config
        try:
            read = load(self._folder, self._overrides, skip_broken=True)
            of_files = config_of_files(read) if self._overrides else None
        except ConfigError as error:
            self.broken_settings = error
            self._say_once("morgue.toml", f"refused, the settings from before hold on: {error}")
            return
        if self.broken_settings is not None:
            self.broken_settings = None
            self._said.pop("morgue.toml", None)
            self._note("morgue.toml is in order again, and taken in")
        self.config = with_last_good(read, before)
        if of_files is not None:
            self.config_of_files = with_last_good(of_files, self.config_of_files or before)
        self._tell_broken(read.broken, before.sources)
        self._tell_sources(before)

    def _tell_broken(self, broken: Mapping[str, ConfigError], good: Mapping[str, SourceConfig]) -> None:
        for name, error in broken.items():
            what = "refused, its settings from before hold on" if name in good else "not crawled"
            self._say_once(name, f"{what}: {error}")
        for name in [name for name in self._said if name not in broken and name != "morgue.toml"]:
            del self._said[name]
            if name in self.config.sources:
                self._note(f"sources/{name}.toml is in order, and taken in")

    def _tell_sources(self, before: Config) -> None:
        for name in self.config.sources.keys() - before.sources.keys() - before.broken.keys():
            self._note(f"{name}: a new source, crawled from now on")
        for name in before.sources.keys() - self.config.sources.keys():
            self._note(f"{name}: not watched any more, because sources/ no longer has a file for it")

    def _say_once(self, name: str, text: str) -> None:
        if self._said.get(name) != text:
            self._said[name] = text
            self._problem(text)


def with_last_good(read: Config, before: Config) -> Config:
    """Return the settings that were read now; for a source whose file is broken now, its settings from before.

    It stays in `broken`, so that `morgue health` names it.
    """
    kept = {name: before.sources[name] for name in read.broken if name in before.sources}
    return replace(read, sources=dict(sorted({**read.sources, **kept}.items()))) if kept else read
