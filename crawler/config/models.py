"""`morgue.toml` and `sources/*.toml` as checked values.

Each key is declared once, with what it means, its default and an example. The commented morgue.toml and docs/config.md
(`crawler.config.reference`) and the messages about mistakes (`crawler.config.toml_files`) are made from that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crawler import __version__
from crawler.config import toml_files, value_types
from crawler.config.archive_folder import SETTINGS, ArchiveFolder
from pipelines.core.items import Rule, Source


class TomlTable(BaseModel):
    """One [table] of a file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def key(default: Any, description: str, example: Any = None) -> Any:
    """One key: its default and example as TOML values, and a sentence for people."""
    return Field(default, description=description, examples=[default if example is None else example])


class OperatorSettings(TomlTable):
    """Who runs this archive."""

    contact: value_types.Contact = key(
        "",
        "Mail address or URL at which a site's owner can reach you, for the User-Agent header.",
        "me@example.org",
    )
    name: value_types.Line = key(
        "",
        "Your name or your organisation's, for the warcinfo record of each WARC file.",
        "Example Press Archive",
    )


class Politeness(TomlTable):
    """How a site is asked: the part of [crawl] in which one paper can differ from the others."""

    delay: value_types.Seconds = key(1.0, "Seconds between two requests to one host, on average (see jitter).", 5.0)
    jitter: value_types.Share = key(0.5, "Share by which each delay varies at random, up and down.")
    autothrottle: value_types.Flag = key(True, "Wait longer than delay where a host answers slowly.")
    max_delay: value_types.Seconds = key(
        60.0,
        "Most seconds that we wait between two requests, whatever a host's latency, Crawl-delay or Retry-After.",
    )
    concurrency_per_host: value_types.Count = key(1, "Requests to one host at a time.", 2)
    depth: value_types.AnyCount = key(
        3, "Links followed from the front page to a section page. Articles are read at any depth.", 1
    )
    pages_per_host: value_types.Count = key(10000, "Most article pages fetched from one host in one crawl.", 500)
    listings_per_host: value_types.Count = key(
        1000, "Most feeds, sitemaps, front and section pages read from one host in one crawl.", 100
    )
    robots: value_types.Flag = key(True, "Obey robots.txt (RFC 9309). Each WARC file says whether it was obeyed.")
    verify_certificates: value_types.Flag = key(True, "Refuse a host whose TLS certificate is not valid.")
    proxy: value_types.Proxy = key(
        "",
        "HTTP proxy that all requests go through; empty: none.",
        "http://user:secret@proxy.example.org:3128",
    )
    recheck: value_types.Ages = key(
        ["1d", "7d"],
        "Ages at which an article is looked at again for edits, counted from the first visit.",
        ["6h", "1d", "30d"],
    )


class CrawlSettings(Politeness):
    """How sites are asked. The keys down to `recheck` may also stand in a source's file."""

    concurrency: value_types.Count = key(32, "Requests at a time, all hosts together.", 64)
    timeout: value_types.SomeSeconds = key(30.0, "Seconds after which a request is given up.", 60.0)
    max_body: value_types.Bytes = key("20MB", "Size at which an answer is cut off (and recorded as cut off).", "50MB")
    redirects: value_types.AnyCount = key(10, "Redirects followed from one URL.", 5)
    retries: value_types.AnyCount = key(
        2, "Times a failed request is repeated at once; after that a later crawl tries again.", 1
    )
    url_length: value_types.Count = key(2000, "Longest URL that is followed, in characters.", 4000)
    allow_private_ips: value_types.Flag = key(
        False,
        "Ask hosts in private networks and on this machine too. Off, no page can make us read the router.",
    )
    user_agent: value_types.AsciiLine = key(
        "",
        "User-Agent header; empty: Newsmorgue/VERSION (+contact).",
        "ExampleArchive/1.0 (+https://example.org/bot)",
    )


class ListingIntervals(TomlTable):
    """How often the places that name articles are read again."""

    feed: value_types.Interval = key("1h", "Time between two readings of an RSS or Atom feed.", "15m")
    news_sitemap: value_types.Interval = key("1h", "Time between two readings of a news sitemap.", "30m")
    sitemap: value_types.Interval = key("1d", "Time between two readings of a sitemap.", "12h")
    section: value_types.Interval = key("1d", "Time between two readings of a section page or the front page.", "6h")


class RecordSettings(TomlTable):
    """How the WARC files are written."""

    rotate: value_types.Bytes = key("1GB", "Size at which a WARC file is closed and the next one begun.", "500MB")
    compression: value_types.Level = key(6, "Gzip level: 1 is fast, 9 is small.", 9)
    chunked_payload_digest: value_types.Digest = key(
        "omit",
        "WARC-Payload-Digest of answers with chunk framing: omit it, that of the entity (WARC 1.1, 5.9), or"
        ' that of the bytes as stored. Tools disagree on it; none of them rejects "omit":'
        " docs/decisions/0004-payload-digest.md.",
        "entity",
    )


class ExtractSettings(TomlTable):
    """How pages are read, and the limits of the worker processes that do it."""

    comments: value_types.Comments = key(
        "drop",
        "Readers' comments on a page: drop them, or keep them separate from the text, in a field of their own.",
        "separate",
    )
    workers: value_types.AnyCount = key(0, "Processes that read pages; 0: one for each processor core.", 4)
    seconds: value_types.SomeSeconds = key(20.0, "Seconds that reading one page may take.", 60.0)
    cpu_seconds: value_types.SomeSeconds = key(15.0, "Processor seconds that reading one page may take.", 45.0)
    memory: value_types.Bytes = key("1GB", "Memory that reading one page may take.", "2GB")


class Settings(TomlTable):
    """All of morgue.toml."""

    operator: OperatorSettings = OperatorSettings()
    crawl: CrawlSettings = CrawlSettings()
    every: ListingIntervals = ListingIntervals()
    record: RecordSettings = RecordSettings()
    extract: ExtractSettings = ExtractSettings()


class RuleFields(TomlTable):
    """Where this paper's pages say it: a selector, or a list of which the first that finds something wins."""

    title: value_types.Values = key([], "The headline.", "h1.headline")
    description: value_types.Values = key([], "Standfirst or summary.", "p.standfirst")
    authors: value_types.Values = key([], "The byline; the persons in it are found as on any page.", ".byline a")
    published: value_types.Values = key([], "The day or time of publication.", "time.published::attr(datetime)")
    modified: value_types.Values = key([], "The day or time of the last change.", "//time[@class='updated']/@datetime")
    language: value_types.Values = key([], "The language of the text (BCP 47 tag).", "article::attr(lang)")
    section: value_types.Values = key([], "The paper's own section.", "nav.breadcrumb li:last-child")
    tags: value_types.Values = key([], "Keywords: one an element, or several between commas.", "ul.tags a")
    image: value_types.Values = key([], "The lead image: an element, or its address.", "figure.lead img")


class SourceRule(TomlTable):
    """How this paper's pages are read. Selectors are XPath (beginning with / or ./ or a bracket) or CSS."""

    until: value_types.Day | None = Field(
        None,
        description="First day on which it no longer holds, by the day of capture; left out: it still does.",
        examples=["2026-03-01"],
    )
    prune: value_types.Blocks = key(
        [], "Selectors of blocks that are not article text.", ["div.newsletter", "//aside[@data-kind='promo']"]
    )
    body: value_types.Blocks = key(
        [], "Selectors of the blocks that are; where none finds anything, a page is read as any.", ["div.story-body"]
    )
    fields: RuleFields = Field(RuleFields(), description="Selectors of single fields: a table of its own.", examples=[])

    @property
    def noun(self) -> Rule:
        """The noun that the pipelines know."""
        named = tuple((name, one) for name in RuleFields.model_fields for one in getattr(self.fields, name))
        return Rule(self.until, self.prune, self.body, named)


class SourceConfig(TomlTable):
    """One sources/<name>.toml."""

    name: str = Field(exclude=True)  # the file's, without .toml
    url: value_types.WebAddress = Field(description="The paper's front page.", examples=["https://paper.example/"])
    title: value_types.Line = key("", "The paper's own name, for people.", "The Example Paper")
    language: value_types.AsciiLine = key("", "Language of most of its articles (BCP 47 tag).", "en")
    feeds: value_types.WebAddresses = key([], "RSS and Atom feeds.", ["https://paper.example/feed.xml"])
    news_sitemaps: value_types.WebAddresses = key(
        [], "News sitemaps: articles of the last days.", ["https://paper.example/news.xml"]
    )
    sitemaps: value_types.WebAddresses = key(
        [], "Sitemaps: everything the paper cares to list.", ["https://paper.example/sitemap.xml"]
    )
    sections: value_types.WebAddresses = key(
        [], "Section pages. If any are listed, no others are followed.", ["https://paper.example/politics/"]
    )
    include: value_types.Patterns = key(
        [], "Regular expressions: a URL with a match for one is an article.", ["/story/[0-9]+"]
    )
    exclude: value_types.Patterns = key(
        [], "Regular expressions: a URL with a match for one is left alone.", ["/quiz/"]
    )
    every: ListingIntervals = Field(
        ListingIntervals(), description="As in morgue.toml; or one duration for all.", examples=["30m"]
    )
    crawl: Politeness = Field(Politeness(), description="As in morgue.toml.", examples=[])
    rule: tuple[SourceRule, ...] = Field((), description="Dated rules for reading its pages. A redesign is the next.")

    @field_validator("every", mode="before")
    @classmethod
    def one_for_all(cls, value: Any) -> Any:
        return dict.fromkeys(ListingIntervals.model_fields, value) if isinstance(value, str | int | float) else value

    @field_validator("rule")
    @classmethod
    def one_a_day(cls, rules: tuple[SourceRule, ...]) -> tuple[SourceRule, ...]:
        """Of two rules that end on one day, one would never be asked."""
        first: dict[str | None, int] = {}
        for number, rule in enumerate(rules, 1):
            if first.setdefault(rule.until, number) != number:
                both = f"{first[rule.until]} and {number}"
                if rule.until is None:
                    cure = "say in the older one until = the first day of the newer"
                    raise value_types.ValueMistake(f"{both} have no until, and only one can hold today", cure)
                raise value_types.ValueMistake(f"{both} end on the same day, {rule.until}", "make one rule of them")
        return rules

    @property
    def source(self) -> Source:
        """The noun that the pipelines know."""
        rules = sorted((rule.noun for rule in self.rule), key=lambda rule: rule.until or "9999")
        return Source(
            self.name,
            self.url,
            self.title or None,
            self.language or None,
            tuple(rules),
        )

    def every_or(self, default: ListingIntervals) -> ListingIntervals:
        """This source's intervals, `default`'s where it names none."""
        return merged(default, self.every)


@dataclass(frozen=True, slots=True)
class Config:
    """An archive's settings, checked."""

    folder: ArchiveFolder
    operator: OperatorSettings
    crawl: CrawlSettings
    every: ListingIntervals
    record: RecordSettings
    extract: ExtractSettings
    sources: Mapping[str, SourceConfig]  # by name, in the alphabet's order

    def for_source(self, name: str) -> CrawlSettings:
        """How that source is asked: its own settings over the archive's. Raises KeyError."""
        return merged(self.crawl, self.sources[name].crawl)

    @property
    def user_agent(self) -> str:
        """The User-Agent header of every request."""
        if self.crawl.user_agent:
            return self.crawl.user_agent
        contact = f" (+{self.operator.contact})" if self.operator.contact else ""
        return f"Newsmorgue/{__version__}{contact}"


def merged(default: Any, own: TomlTable) -> Any:
    """`default` with the keys that were written in `own`."""
    return default.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def load(folder: ArchiveFolder, overrides: Sequence[str] = ()) -> Config:
    """The settings of the archive in `folder`, with `-s key=value` on top.

    Raises ConfigError that lists every mistake: file, key, what is wrong and what to write instead.
    """
    reading = toml_files.TomlReader(folder, overrides)
    settings = reading.check(SETTINGS, reading.settings, Settings)
    sources = {
        name: reading.check(f"sources/{name}.toml", values, SourceConfig, name=name)
        for name, values in reading.sources.items()
    }
    reading.raise_mistakes()
    return Config(folder, **dict(settings), sources=sources)
