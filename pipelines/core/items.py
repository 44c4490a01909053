"""Define the nouns of the archive as frozen dataclasses with a sentence for each field: values, without actions.

Times are `datetime` in UTC unless a field says otherwise; None means unknown, an empty string or tuple means
known to be empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from pipelines.core import ARTICLE_KINDS
from pipelines.core.urls import host_or_empty, same_site


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold what a source's own toml says about reading its pages, valid for captures made before a day."""

    until: str | None = None  # ISO day (UTC): the first day on which the rule no longer holds; None: still holds
    prune: tuple[str, ...] = ()  # XPath or CSS selectors of blocks that are not article text
    body: tuple[str, ...] = ()  # selectors of the blocks that are article text; empty: found as on any page
    fields: tuple[tuple[str, str], ...] = ()  # (field of Article, selector of the element or attribute that holds it)


@dataclass(frozen=True, slots=True)
class Source:
    """Describe a newspaper that we watch: one `sources/<name>.toml`."""

    name: str  # file name without `.toml`; unique in an archive
    url: str  # the home page
    title: str | None = None  # the paper's own name, for people
    language: str | None = None  # BCP 47 tag of most of its articles, where the user said so
    rules: tuple[Rule, ...] = ()  # oldest first


@dataclass(frozen=True, slots=True)
class Exchange:
    """Hold one request and what came back, as bytes on the wire (above TLS)."""

    url: str  # the URL asked for, without fragment
    started: datetime  # when the first byte of the request was sent (or the attempt to connect began), UTC
    request: bytes  # request head and body as sent; empty if no connection came about
    response: bytes = field(repr=False)  # response head and body as received, chunk framing and content coding included
    ip: str | None = None  # address of the peer; None if no connection came about
    protocol: str = "http/1.1"  # the protocol, in the words of the WARC-Protocol field
    tls: str | None = None  # TLS version, e.g. "tls/1.3"; None over plain TCP
    cipher: str | None = None  # IANA name of the TLS cipher suite
    truncated: str | None = None  # WARC-Truncated reason: "length", "time", "disconnect"; None if complete
    error: str | None = None  # why there is no (complete) response, for people; None if there is one
    chunked: bool = False  # the response body carries chunk framing
    head_length: int = 0  # bytes of `response` up to and including the blank line that ends the final head
    status: int | None = None  # HTTP status of the final response; None if none was received
    kind: str = "page"  # what the crawl wanted it for: robots, feed, sitemap, section, article, ...


@dataclass(frozen=True, slots=True)
class Capture:
    """Describe one stored exchange: the place of its record in the WARC files, and what the record says."""

    id: int | None  # row id in `captures`; None before the row is stored
    url: str  # WARC-Target-URI
    time: datetime  # WARC-Date: when the request was sent, UTC
    status: int | None  # HTTP status; None for an exchange that failed before a response
    mime: str | None  # media type of the Content-Type header, lower case, without parameters
    file: str  # name of the WARC file below `warc/`, without the `.open` that it has while it is written
    offset: int  # bytes from the start of the file to the gzip member of the record
    length: int  # bytes of that gzip member
    record_id: str  # WARC-Record-ID, "<urn:uuid:...>"
    record_type: str  # "response"; "revisit" for one whose body is kept already; "metadata" if the exchange failed
    block_digest: str | None  # WARC-Block-Digest: "sha1:BASE32" of the record block, or what an imported record says
    # "sha1:BASE32" of the entity body, transfer-decoded (WARC 1.1 section 5.9); of a revisit: as the record declares it
    payload_digest: str | None
    kind: str  # what the crawl wanted it for, as in `Exchange.kind`
    error: str | None = None  # why the exchange failed or was cut off; None if it is complete
    ip: str | None = None  # WARC-IP-Address
    refers_to: str | None = None  # of a revisit: WARC-Record-ID of the response that holds the body
    body_length: int | None = None  # bytes of the body as received, chunk framing included; None without a response
    body_digest: str | None = None  # "sha1:BASE32" of that body where framing makes it differ from the payload's
    signals: tuple[str, ...] = ()  # "header: value": what headers said about the use of the content, as sent
    imported: str | None = None  # "FILE@OFFSET" it was copied from; None if a crawl of ours fetched it
    declared_digest: str | None = None  # WARC-Payload-Digest as written; None if it is `payload_digest`, or missing
    flaws: tuple[str, ...] = ()  # what was wrong with the record when it was imported (`warc.import_marks`)


class DatabaseState(NamedTuple):
    """Name the archive of a database, and the last journal record that the database has."""

    archive: str  # UUID
    journal: int  # number of the last journal record whose rows are in it


class PagePart(NamedTuple):
    """Name a part of a page: what a browser fetches to show it."""

    url: str  # absolute, as it is requested
    kind: str  # "style", "font", "icon" or "image"


@dataclass(frozen=True, slots=True)
class PartRules:
    """Say which parts of a page or style sheet are fetched, and how."""

    home: str  # address of the paper: parts of its site (registrable domain) are fetched
    hosts: tuple[str, ...] = ()  # further hosts, with all below them; "*": any
    images_only: bool = False
    sheets: bool = True  # style sheets that a style sheet imports, too
    most: int = 100
    url_length: int = 2000  # characters
    recheck_seconds: float = 30 * 86_400.0  # after which a part is asked for again that a new article has
    max_bytes: int = 5_000_000  # of one part

    def allows(self, url: str) -> bool:
        """Return True if a part may be fetched from this address."""
        if "*" in self.hosts or same_site(url, self.home):
            return True
        name = host_or_empty(url).partition(":")[0]
        return any(name == host or name.endswith("." + host) for host in self.hosts)


class PartList(NamedTuple):
    """Hold the parts of a page or style sheet, and how many are left out."""

    parts: tuple[PagePart, ...] = ()
    too_many: int = 0  # beyond the limit of a page
    other_hosts: int = 0  # on hosts that no rule allows


class QueuedParts(NamedTuple):
    """Hold what became of the parts of a page or style sheet."""

    new: int = 0  # that are to be fetched now
    known: int = 0  # that the archive has, or that wait already
    refused: int = 0  # that an earlier crawl has left out: not there, forbidden, of another type
    bytes: int = 0  # on the wire, of the known ones that the archive has
    hosts: frozenset[str] = frozenset()  # with new ones
    too_many: int = 0  # as in PartList
    other_hosts: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Hold a fetched page that is to be read."""

    url: str  # where the body came from, after redirects
    body: bytes = field(repr=False)  # content-decoded body
    content_type: str | None = None  # the Content-Type header as sent
    capture: Capture | None = None  # the record it was read from; None for a file on disk
    source: Source | None = None  # the newspaper it belongs to
    source_id: int | None = None  # that newspaper's row in `sources`
    frontier_id: int | None = None  # the frontier row that asked for it
    asked: str = ""  # the URL in that row, before redirects; empty: the same as `url`
    hint: dict[str, str] = field(default_factory=dict)  # what the feed or news sitemap said: title, published, language
    comments: bool = False  # readers' comments are wanted too, in their own field
    listing: bool = False  # it was fetched for its links, and must show that it is an article: see `article_signs`
    part_rules: PartRules | None = None  # which of its parts are fetched if it is an article; None: none


@dataclass(frozen=True, slots=True)
class Article:
    """Hold one state of one article as read from one capture.

    Field names are the keys of every export. The annotations are the meanings that manifests and docs print.
    """

    url: Annotated[str, "where the page was fetched, after redirects"]
    canonical_url: Annotated[str | None, "the address that the page gives itself (rel=canonical or og:url), absolute"]
    title: Annotated[str | None, "the headline, without the site's name"]
    description: Annotated[str | None, "subtitle, standfirst or summary that the page declares"]
    authors: Annotated[tuple[str, ...], "persons in the byline, in order; if none, the signing agency, desk or outlet"]
    byline: Annotated[str | None, "the byline as the page prints or declares it, before parsing"]
    published: Annotated[str | None, "ISO 8601; with time and zone (the page's own) where it gives both, else a day"]
    published_day: Annotated[str | None, "day of publication as readers of the page saw it: in its own zone"]
    published_raw: Annotated[str | None, "the string `published` was parsed from"]
    published_from: Annotated[
        str | None, "found in: json-ld, meta, microdata, time, url, script, htmldate, feed or site rule"
    ]
    modified: Annotated[str | None, "ISO 8601, as `published`"]
    modified_raw: Annotated[str | None, "the string `modified` was parsed from"]
    modified_from: Annotated[str | None, "where `modified` was found, as `published_from`"]
    language: Annotated[str | None, "code of the text's language (ISO 639-1, else 639-3), from the text itself"]
    language_declared: Annotated[str | None, "the language as the page declares it: de-AT; may not be that of the text"]
    section: Annotated[str | None, "the paper's own section"]
    tags: Annotated[tuple[str, ...], "keywords that the page declares"]
    site_name: Annotated[str | None, "what the site calls itself"]
    publisher: Annotated[str | None, "the organisation that publishes it, as declared; `site_name` where none is"]
    issn: Annotated[str | None, "the periodical's number, as 2049-3630; only with a right check digit (ISO 3297)"]
    image: Annotated[str | None, "absolute URL of the lead image"]
    text: Annotated[str, "the article's paragraphs, one a line, NFC, without boilerplate and readers' comments"]
    line_kinds: Annotated[
        str | None, "what each line of `text` is, in order: p, h2, q, u1, o1, t, th, v, qv, c; None: not known"
    ]
    word_count: Annotated[int, "runs of word characters in `text`; two Chinese, Japanese or Thai characters are one"]
    kind: Annotated[str, ", ".join(ARTICLE_KINDS)]
    origin: Annotated[str | None, "first publisher of the text, if not this site: a paper, an agency; None: not stated"]
    origin_url: Annotated[str | None, "where they published it, absolute; None if the page does not link it"]
    dateline: Annotated[str | None, 'place that the text is dated from, as printed at its beginning: "BERLIN", "Kyiv"']
    access: Annotated[
        str | None,
        "if the text is whole: paywall or truncated, it is cut; declared paywall, text whole; None: nothing seen",
    ]
    access_evidence: Annotated[str | None, "what on the page says so; None where `access` is"]
    rights: Annotated[tuple[str, ...], 'usage signals in the page: "robots: noarchive", "tdm-reservation: 1"']
    comments: Annotated[tuple[str, ...] | None, "readers' comments, in page order; None where they are not collected"]
    found_in: Annotated[dict[str, str], 'where each value was found: {"title": "h1", "authors": "json-ld author", ...}']
    extractor: Annotated[str, 'name and version of what read it: "newsmorgue 0.1.0, reading 5 (trafilatura 2.3.1)"']


@dataclass(frozen=True, slots=True)
class NothingToRead:
    """Say why a page gave no article. This is not an error but an outcome, counted and named."""

    reason: str  # one of a small set of words for counting: "empty page", "not HTML", "too little text", ...
    detail: str = ""  # for people


PAYWALL_KIND = "paywall"  # kind of PageState of a page that shows a part of its article


class PageState(NamedTuple):
    """Hold what an address shows in the place of its article: a period of the table `page_states`."""

    kind: str  # "consent wall", "404", ...
    since: str  # stamp of the first capture that shows it
    visits: int  # visits that met it
    article_id: int | None  # None: no article was ever read at this address
    text_digest: str | None  # of the headline and text that it shows, or of its notice; None: it has none


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold a page and the outcome of reading it, as they pass through the item pipelines."""

    page: Page
    outcome: Article | NothingToRead
    ms: float  # CPU milliseconds that the reading took
    # "new", "edited", "unchanged", "duplicate" once it is filed, or "instead"; None before, or if there is no article
    change: str | None = None
    noise: str | None = None  # kind of noise by which the text differs, though it is unchanged; None: it does not
    article_id: int | None = None  # row id in `articles` once it is filed
    state: PageState | None = None  # what the page is, if it is no article but something in its place ("instead")
    back_from: str | None = None  # kind of what the address showed in the place of its article until this visit
    moved_from: str | None = None  # url_key of the address that its article had before this page continued it
    parts: PartList | None = None  # what a browser fetches to show the page; None: nobody asked
    queued: QueuedParts | None = None  # what became of them once the page is filed; None: nothing


class WatchedArticle(NamedTuple):
    """Hold how long an article was watched, and between which looks its edits came; all in seconds of its age."""

    watched: float  # age at which it was last seen
    edits: tuple[tuple[float, float], ...]  # (age at the look before, age at the look that found it)


class FoundEdit(NamedTuple):
    """Hold when the newest edit of an article was found, and how long before that nobody had looked."""

    found: datetime
    pause: timedelta
