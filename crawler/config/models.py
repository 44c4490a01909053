"""Declare the keys of `morgue.toml` and `sources/*.toml`, and load them as checked values.

Each key is declared once, with its meaning, its default and an example. `crawler.config.reference` makes the commented
morgue.toml and docs/config.md from the declarations, `crawler.config.toml_files` the messages about mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import Field, field_validator

from crawler import __version__
from crawler.config import plain_values, toml_files, value_types
from crawler.config.archive_folder import SETTINGS, ArchiveFolder, FileStamp, file_stamps
from crawler.config.capture_settings import CaptureSettings, PartSettings, RecordSettings, StorageSettings
from crawler.config.health_settings import HealthSettings, NotifySettings
from crawler.config.intervals import LISTING_INTERVALS, ListingIntervals
from crawler.config.rule_settings import SourceRule
from crawler.config.toml_table import TomlTable, key
from pipelines.core.errors import ConfigError
from pipelines.core.items import Source
from pipelines.core.source_names import must_be_meant, source_at


class OperatorSettings(TomlTable):
    """Say who runs this archive."""

    contact: value_types.Contact = key(
        "",
        "Mail address or URL where the owner of a site can reach you. It is sent in the User-Agent header.",
        "me@example.org",
    )
    name: value_types.Line = key(
        "",
        "Your name or that of your organisation. It is written into each WARC file (warcinfo record).",
        "Example Press Archive",
    )


class Politeness(TomlTable):
    """Set how requests are sent to a site. These keys of [crawl] can differ from source to source.

    The others are of the archive: the file of a source may be a stranger's, and must not say where requests go.
    """

    keys_of_archive: ClassVar[frozenset[str]] = frozenset()  # other keys of [crawl], set below

    delay: value_types.Seconds = key(1.0, "Seconds between two requests to one host, on average (see jitter).", 5.0)
    jitter: value_types.Share = key(
        0.5, "Share by which each delay varies at random: 0.5 means half to one and a half times the delay."
    )
    autothrottle: value_types.Flag = key(True, "Wait longer than delay if a host responds slowly.")
    max_delay: value_types.Seconds = key(
        60.0,
        "Longest wait between two requests to one host, in seconds, even if Crawl-delay or Retry-After is longer.",
    )
    concurrency_per_host: value_types.Count = key(1, "Maximum number of simultaneous requests to one host.", 2)
    depth: value_types.AnyCount = key(
        3, "How many links away from the front page section pages are followed. Articles are read at any depth.", 1
    )
    pages_per_host: value_types.Count = key(
        10000, "Maximum number of article pages requested from one host in one crawl.", 500
    )
    listings_per_host: value_types.Count = key(
        1000, "Maximum number of feeds, sitemaps, front and section pages read from one host in one crawl.", 100
    )
    pages_per_source: value_types.Count = key(
        20000,
        "Maximum number of article pages requested for one source in one crawl, from all its hosts together.",
        500,
    )
    listings_per_source: value_types.Count = key(
        2000,
        "Maximum number of feeds, sitemaps, front and section pages read for one source in one crawl, and of those that"
        " are newly found.",
        200,
    )
    addresses_per_listing: value_types.Count = key(
        50000, "Maximum number of new addresses taken from one feed, sitemap or page at a time.", 5000
    )
    addresses_per_source: value_types.Count = key(
        100000,
        "Maximum number of new addresses queued for one source in one crawl. Sitemaps that name more are read again"
        " by the next crawl.",
        10000,
    )
    pages_per_day: value_types.AnyCount = key(
        0, "Maximum number of article pages requested for one source in one day (UTC); 0: no limit.", 1000
    )
    bytes_per_day: value_types.AnyBytes = key(
        "0B",
        "Size of the records of one source at which it is left alone until the next day (UTC); 0B: no limit.",
        "1GB",
    )
    hours: value_types.Hours = key(
        "",
        "Hours in which a source is asked for anything, with a time zone; empty: at any time. Days may be left out.",
        "Mon-Fri 09:00-17:00 Europe/Berlin",
    )
    new_within: value_types.AnyInterval = key(
        "7d",
        "Age up to which articles are fetched that a sitemap names when it is read; older ones wait for"
        " `morgue backfill`, and at its first reading so do those without a date. What it lists since its last reading"
        " is fetched, however long ago that is.",
        "30d",
    )
    robots: value_types.Flag = key(True, "Obey robots.txt (RFC 9309). Each WARC file records whether it was obeyed.")
    verify_certificates: value_types.Flag = key(True, "Refuse to connect to a host whose TLS certificate is not valid.")
    recheck: value_types.Ages = key(
        ["1h", "3h", "6h", "12h", "1d", "2d", "4d", "7d", "14d", "30d"],
        "When an article is fetched again to find edits: times after its first visit. Of the default, each source gets"
        " only the ages that its edits earn; ages that you set are kept as they are.",
        ["6h", "1d", "30d"],
    )


class CrawlSettings(Politeness):
    """Set how requests are sent. The keys down to `recheck` can also be set in the file of a source."""

    proxy: value_types.Proxy = key(
        "", "HTTP proxy for all requests; empty: no proxy.", "http://user:secret@proxy.example.org:3128"
    )
    source_address: value_types.SourceAddress = key(
        "",
        "IP address of this machine from which requests go out; empty: the system chooses. One of each kind can be"
        " named (IPv4, IPv6); hosts are asked only over the kinds that are named. MORGUE_SOURCE_ADDRESS in the"
        " environment, which differs from worker to worker, comes first.",
        "203.0.113.7, 2001:db8::7",
    )
    concurrency: value_types.Count = key(32, "Maximum number of simultaneous requests to all hosts together.", 64)
    concurrency_per_source: value_types.Count = key(
        16, "Maximum number of simultaneous requests for one source, to all its hosts together.", 32
    )
    concurrency_per_site: value_types.Count = key(
        8,
        "Maximum number of simultaneous requests to one site, which is a registrable domain with all hosts below it:"
        " a thousand silent hosts of one site do not hold up the others.",
        16,
    )
    bytes_per_site: value_types.Bytes = key(
        "20GB",
        "Size of the records of one site (registrable domain), or of one source, at which a crawl leaves it alone.",
        "1GB",
    )
    bytes_per_crawl: value_types.Bytes = key("100GB", "Size of the records of one crawl at which it ends.", "10GB")
    bandwidth: value_types.AnyBytes = key(
        "0B", "Bytes that a crawl transfers in a second, on average, with all hosts together; 0B: no limit.", "1MB"
    )
    timeout: value_types.SomeSeconds = key(30.0, "Seconds after which a request is abandoned.", 60.0)
    max_body: value_types.Bytes = key(
        "20MB", "Maximum size of a response body. A larger one is cut off and recorded as truncated.", "50MB"
    )
    body_memory: value_types.Bytes = key(
        "96MB",
        "Memory for response bodies: those being received or decoded, and those that wait to be stored or read. While"
        " it is used up, requests wait; one body may exceed it. A site (registrable domain) gets as much as is left"
        " free: half if it is the only one.",
        "512MB",
    )
    redirects: value_types.AnyCount = key(10, "Maximum number of redirects followed from one URL.", 5)
    retries: value_types.AnyCount = key(
        2, "How often a failed request is repeated at once. After that, a later crawl tries again.", 1
    )
    url_length: value_types.Count = key(2000, "Maximum length of a URL that is followed, in characters.", 4000)
    allow_private_ips: value_types.Flag = key(
        False,
        "Also send requests to private networks and this machine. If false, no page can make us read your router.",
    )
    user_agent: value_types.AsciiLine = key(
        "",
        "User-Agent header; empty: Newsmorgue/VERSION (+contact).",
        "ExampleArchive/1.0 (+https://example.org/bot)",
    )


Politeness.keys_of_archive = frozenset(CrawlSettings.model_fields.keys() - Politeness.model_fields.keys())


class ExtractSettings(TomlTable):
    """Set how pages are read, and the limits of the worker processes that read them."""

    comments: value_types.Comments = key(
        "drop",
        "Readers' comments: drop them, or keep them in a separate field; `morgue reextract` adds those of old pages.",
        "separate",
    )
    workers: value_types.AnyCount = key(0, "Number of processes that read pages; 0: one per processor core.", 4)
    seconds: value_types.SomeSeconds = key(20.0, "Maximum time for reading one page, in seconds.", 60.0)
    cpu_seconds: value_types.SomeSeconds = key(15.0, "Maximum processor time for reading one page, in seconds.", 45.0)
    memory: value_types.Bytes = key("1GB", "Maximum memory for reading one page.", "2GB")


class Settings(TomlTable):
    """Hold all of morgue.toml."""

    operator: OperatorSettings = OperatorSettings()
    crawl: CrawlSettings = CrawlSettings()
    every: ListingIntervals = ListingIntervals()
    capture: CaptureSettings = CaptureSettings()
    record: RecordSettings = RecordSettings()
    storage: StorageSettings = StorageSettings()
    extract: ExtractSettings = ExtractSettings()
    health: HealthSettings = HealthSettings()
    notify: NotifySettings = NotifySettings()


class SourceConfig(TomlTable):
    """Settings of one newspaper."""

    name: str = Field(exclude=True)  # the name of the file without .toml
    url: value_types.WebAddress = Field(description="The paper's front page.", examples=["https://paper.example/"])
    title: value_types.Line = key("", "The paper's own name, for people.", "The Example Paper")
    language: value_types.AsciiLine = key("", "Language of most of its articles (BCP 47 tag).", "en")
    paused: value_types.Pause = key(
        False,
        "Ask the paper for nothing: true, or the day (UTC) on which it is asked again. See `morgue sources pause`.",
        "2027-01-31",
    )
    feeds: value_types.WebAddresses = key([], "RSS, Atom and JSON feeds.", ["https://paper.example/feed.xml"])
    news_sitemaps: value_types.WebAddresses = key(
        [], "News sitemaps: the articles of the last days.", ["https://paper.example/news.xml"]
    )
    sitemaps: value_types.WebAddresses = key(
        [], "Sitemaps: everything that the paper lists.", ["https://paper.example/sitemap.xml"]
    )
    sections: value_types.WebAddresses = key(
        [],
        "Section pages. If any are listed, no other section pages are followed.",
        ["https://paper.example/politics/"],
    )
    sites: value_types.Sites = key(
        [],
        "Further sites, by their domains, whose articles this paper's feeds and sitemaps may name. Entries on any other"
        ' site are left out. "any": they may name every site; for aggregators.',
        ["paper.com", "paper.co.uk"],
    )
    include: value_types.Patterns = key(
        [], "Regular expressions (RE2): a URL that contains a match for one of them is an article.", ["/story/[0-9]+"]
    )
    exclude: value_types.Patterns = key(
        [], "Regular expressions (RE2): a URL that contains a match for one of them is never followed.", ["/quiz/"]
    )
    every: ListingIntervals = Field(
        ListingIntervals(), description="As in morgue.toml; or one duration for all kinds.", examples=["30m"]
    )
    crawl: Politeness = Field(Politeness(), description="As in morgue.toml.", examples=[])
    capture: PartSettings = Field(PartSettings(), description="As in morgue.toml.", examples=[])
    rule: tuple[SourceRule, ...] = Field(
        (), description="Dated rules for reading the paper's pages: one for each design."
    )

    @field_validator("every", mode="before")
    @classmethod
    def one_for_all(cls, value: Any) -> Any:
        return dict.fromkeys(LISTING_INTERVALS, value) if isinstance(value, str | int | float) else value

    @field_validator("rule")
    @classmethod
    def one_a_day(cls, rules: tuple[SourceRule, ...]) -> tuple[SourceRule, ...]:
        """Refuse two rules that end on the same day, because one of them would never apply."""
        first: dict[str | None, int] = {}
        for number, rule in enumerate(rules, 1):
            if first.setdefault(rule.until, number) != number:
                both = f"{first[rule.until]} and {number}"
                if rule.until is None:
                    cure = "give the older one an until: the first day of the newer"
                    raise value_types.ValueMistake(f"{both} have no until, but only one can be valid today", cure)
                raise value_types.ValueMistake(f"{both} end on the same day, {rule.until}", "make one rule of them")
        return rules

    @property
    def source(self) -> Source:
        """Return the source as the item that the pipelines use."""
        rules = sorted((rule.as_rule for rule in self.rule), key=lambda rule: rule.until or "9999")
        return Source(self.name, self.url, self.title or None, self.language or None, tuple(rules))

    def every_or(self, default: ListingIntervals) -> ListingIntervals:
        """Return this source's intervals, with those of `default` where it has none."""
        return merged(default, self.every)


@dataclass(frozen=True, slots=True)
class Config:
    """Hold an archive's settings, checked."""

    folder: ArchiveFolder
    operator: OperatorSettings
    crawl: CrawlSettings
    every: ListingIntervals
    capture: CaptureSettings
    record: RecordSettings
    storage: StorageSettings
    extract: ExtractSettings
    health: HealthSettings
    notify: NotifySettings
    sources: Mapping[str, SourceConfig]  # by name, in alphabetical order
    broken: Mapping[str, ConfigError] = field(default_factory=dict)  # by name: sources whose files have mistakes
    others: toml_files.OtherShards = toml_files.NO_OTHERS  # of a shard of a fleet
    read_from: Mapping[str, FileStamp | None] | None = None  # the files as they were; None: options -s had a part in it

    @property
    def names(self) -> set[str]:
        """Return the names that have a file in sources/."""
        return {*self.sources, *self.broken, *self.others.sources}

    def file_named(self, name: str) -> str:
        """Return the name of the source that a user means by name, address or title; its file may have mistakes.

        `pipelines.core.source_names.source_meant` has the rules. Raises NotFound.
        """
        return must_be_meant(name, self.homes, titles=self.titles)

    @property
    def titles(self) -> dict[str, str]:
        """Return the papers' own names, by the name of the source."""
        return {source.name: source.title for source in self.sources.values() if source.title}

    @property
    def homes(self) -> dict[str, str]:
        """Return the front pages of the sources by name; a file with mistakes counts as named after its host."""
        homes = {name: own.url for name, own in self.sources.items()}
        return homes | {name: f"https://{name}/" for name in self.broken}

    def source_named(self, name: str) -> SourceConfig:
        """Return the source that a user means. Raises NotFound; ConfigError if its file has mistakes."""
        found = self.file_named(name)
        if found in self.broken:
            raise self.broken[found]
        return self.sources[found]

    def source_at(self, url: str) -> SourceConfig | None:
        """Return the source whose front page has this address, with or without `www.`; None if there is none."""
        name = source_at(url, {known: own.url for known, own in self.sources.items()})
        return self.sources[name] if name is not None else None

    def for_source(self, name: str) -> CrawlSettings:
        """Return the [crawl] settings of a source: its own, else the archive's. Raises KeyError."""
        return merged(self.crawl, self.sources[name].crawl)

    def capture_of(self, name: str) -> CaptureSettings:
        """Return the [capture] settings of a source: its own, else the archive's, as for a site without a file."""
        found: CaptureSettings = (
            merged(self.capture, self.sources[name].capture) if name in self.sources else self.capture
        )
        return found

    @property
    def user_agent(self) -> str:
        """Return the User-Agent header of every request."""
        if self.crawl.user_agent:
            return self.crawl.user_agent
        contact = f" (+{self.operator.contact})" if self.operator.contact else ""
        return f"Newsmorgue/{__version__}{contact}"

    @property
    def source_addresses(self) -> tuple[str, ...]:
        """Return the addresses from which requests go out; none: the system chooses. Raises ConfigError."""
        return plain_values.source_addresses(self.crawl.source_address)


def default_config(folder: ArchiveFolder) -> Config:
    """Return the settings of an archive whose files set nothing."""
    return Config(folder, **dict(Settings()), sources={})


def merged(default: Any, own: TomlTable) -> Any:
    """Return `default` with the keys that are set in `own`."""
    if not own.model_fields_set:
        return default
    return default.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def load(folder: ArchiveFolder, overrides: Sequence[str] = (), *, skip_broken: bool = False) -> Config:
    """Load the settings of the archive in `folder`, overridden by `-s key=value`.

    Raises a ConfigError that lists every mistake: file, key, what is wrong and what to write instead. With
    `skip_broken`, a source file with mistakes costs only that source, which is then in `Config.broken`.
    """
    stamps = None if overrides else file_stamps(folder)  # first: what changes while it is read has not been read
    reading = toml_files.TomlReader(folder, overrides)
    settings = reading.check(SETTINGS, reading.settings, Settings)
    sources = {
        name: reading.check(f"sources/{name}.toml", values, SourceConfig, name=name)
        for name, values in reading.sources.items()
    }
    broken = reading.take_mistakes_of_sources() if skip_broken else {}
    reading.raise_mistakes()
    valid = {name: source for name, source in sources.items() if name not in broken}
    return Config(folder, **dict(settings), sources=valid, broken=broken, others=reading.others, read_from=stamps)
