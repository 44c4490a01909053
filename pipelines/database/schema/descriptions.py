"""Describe every table, column and index of the database, for docs/schema.md.

The SQL of a landed migration is never edited, and so neither are the comments in it. What is said of a column is said
here, where it can be mended.
"""

from __future__ import annotations

from pipelines.database.schema.cluster_descriptions import COPIES
from pipelines.database.schema.scheduled_descriptions import SCHEDULED, TableDescription
from pipelines.database.schema.view_descriptions import VIEWS

LATER = SCHEDULED | COPIES
DESCRIPTIONS = {
    **VIEWS,
    "sources": TableDescription(
        "A newspaper that the archive watches (it has a file `sources/NAME.toml`), or a site that was crawled ad hoc. "
        "The hosts of a list (`--urls`) are no sources.",
        {
            "id": "Row number.",
            "name": "File name without `.toml`, or the host of a site that was crawled ad hoc.",
            "url": "Home page.",
            "title": "The newspaper's own name.",
            "language": "BCP 47 language tag, if the source file gives one.",
            "watched": "1: has, or once had, a file in `sources/`. 0: crawled ad hoc.",
            "added": "When the archive first heard of it.",
            "planned_by": "JSON: the settings by which its visits were planned. If they change, its visits are moved.",
            "former_names": "Names that it had before `morgue sources rename`, separated by spaces, the newest last.",
        },
    ),
    "crawls": TableDescription(
        "One run of `morgue crawl`, `add`, `sample` or `import`.",
        {
            "id": "Row number.",
            "started": "When the run began.",
            "finished": "When it ended. NULL while it runs, and for good if it was killed.",
            "outcome": "`done`, `partly failed`, `nothing reachable`, `interrupted`, `not begun`, or the name of the "
            "error that ended it (`DiskFull`, ...).",
            "command": "The arguments as typed.",
            "software": "Name and version of the program that ran.",
            "counts": "JSON: `{source: {found, fetched, listings, new, edited, unchanged, ..., failed, why}}`.",
            "clock_ahead": "Seconds by which the clock was ahead, as a later run showed. All times but those of "
            "captures are corrected; captures keep the time of their WARC record. NULL: nothing shows that it was "
            "wrong.",
        },
    ),
    "captures": TableDescription(
        "One recorded exchange: a request and what came back. `(file, offset, length)` is the gzip member of its "
        "response, revisit or metadata record.",
        {
            "id": "Row number.",
            "crawl_id": "The run that recorded it. NULL if a crash took that and the row was added again.",
            "source_id": "NULL if the exchange belongs to no single source.",
            "url": "WARC-Target-URI.",
            "time": "WARC-Date: when the request was sent, to the microsecond.",
            "kind": "What it was fetched for: `robots`, `feed`, `news sitemap`, `sitemap`, `front`, `section`, "
            "`article`, `page` (asked for by `--urls`), `tdmrep`, `part` (of a page). Imported captures also "
            "`other`, and `import` for what was noted of the imported file.",
            "status": "HTTP status. NULL if no response came.",
            "mime": "Media type of Content-Type, without parameters.",
            "file": "Name of the WARC file in `warc/`. It is the final name from the start: while the file is being "
            "written, it is on disk under this name with `.open` added.",
            "offset": "Bytes from the start of the file to the gzip member of the record.",
            "length": "Bytes of that gzip member.",
            "record_id": "WARC-Record-ID.",
            "record_type": "`response`; `revisit` if the body was recorded before and is not recorded again; "
            "`metadata` if the exchange failed, or for what was noted of an imported file.",
            "block_digest": "`sha1:BASE32` of the record block. Of an imported record: WARC-Block-Digest as it came.",
            "payload_digest": "`sha1:BASE32` of the entity body without transfer coding (WARC 1.1 section 5.9), "
            "computed. Of a revisit: the digest that it declares of the body that it repeats. NULL also if an earlier "
            "version imported a revisit without noting it.",
            "ip": "WARC-IP-Address.",
            "error": "Why the exchange failed or was cut off. NULL if it is complete.",
            "refers_to": "Of a revisit: WARC-Record-ID of the response that has its body.",
            "body_length": "Bytes of the body as received, chunk framing included. Of a revisit with the same "
            "body: of that body.",
            "body_digest": "`sha1:BASE32` of that body, if chunk framing makes it differ from `payload_digest`.",
            "signals": "JSON list of `header: value`: what the headers say on use of the content, as sent.",
            "imported": "`FILE@OFFSET` from which the record was copied. NULL if this archive crawled it.",
            "declared_digest": "WARC-Payload-Digest as the record has it, if that is not `payload_digest`: another "
            "algorithm or spelling, the body with its chunk framing, or a mistake. Indexes (CDXJ, WACZ) have this one.",
            "flaws": "JSON list of what was wrong with the record when it was imported: the name of a digest field "
            "that was not right, or the name of a field and the id of a record that was not in the archive. "
            "`WARC-Refers-To` alone: a revisit that names no record, and whose original was not in the archive.",
        },
        {
            "captures_url": "what a URL answered on a day",
            "captures_file": "verify and rebuild read a file in order",
            "captures_crawl": "what one run recorded",
            "captures_answered": "when a source last gave an answer that is no error",
            "captures_refused": "what a source has refused since then",
            "captures_payload": "whether a body is recorded already; only whole answers can be referred to",
            "captures_declared": "which response a revisit repeats that names it by its digest alone",
        },
    ),
    "articles": TableDescription(
        "An article over time, with the text of its newest revision. This is what `morgue search` reads.",
        {
            "place": "Where the article is in the order of days: days since 0001-01-01 (which is 1) times 1,048,576, "
            "plus its number within the day. It changes with the day. Below 612,000,000,000: no day is known.",
            "id": "The number of the article, in all commands and other tables.",
            "url_key": "Normalised URL: two spellings of one address are one article.",
            "source_id": "The newspaper that it belongs to.",
            "url": "Where the newest revision was fetched, after redirects.",
            "canonical_url": "What the page says its address is.",
            "title": "Headline, without the name of the site.",
            "description": "Standfirst or summary.",
            "authors": "JSON list of persons, in the order of the byline.",
            "byline": "As printed or declared, before parsing.",
            "published": "ISO 8601, as precise as the page: a day, or a time with its zone. NULL if unknown.",
            "published_raw": "The string that `published` was parsed from.",
            "published_from": "Where it was found: `json-ld`, `meta`, `microdata`, `time`, `url`, `script`, "
            "`htmldate`, `feed`, `site rule`.",
            "published_day": "Day of publication as readers saw it, for filters. NULL if that is unknown.",
            "modified": "ISO 8601, as `published`.",
            "modified_raw": "The string that `modified` was parsed from.",
            "modified_from": "Where it was found, as `published_from`.",
            "language": "Code of the text's language (ISO 639-1, else 639-3). NULL if there is too little text.",
            "language_declared": "The language as the page declares it: `de-AT`. NULL if it declares none.",
            "section": "The newspaper's own section.",
            "tags": "JSON list of keywords that the page declares.",
            "site_name": "What the site calls itself.",
            "publisher": "The publishing organisation, as declared; otherwise `site_name`.",
            "issn": "Number of the periodical, as `2049-3630`; only if its check digit is right.",
            "image": "Absolute URL of the lead image.",
            "text": "Paragraphs, one a line.",
            "line_kinds": "What each line of `text` is, in order, separated by spaces: `p` paragraph, `h1` to `h6` "
            "heading, `q` quotation, `u1` item of a list and `o1` numbered item, with the level of the list, `t` row "
            "of a table, `th` row of its headings, `v` verse, `qv` verse in a quotation, `c` preformatted. `+` after "
            "it: it goes on with the line before. NULL: an earlier version read the page.",
            "word_count": "Words in `text`.",
            "kind": "`article`, `opinion`, `live blog`, `gallery` or `video`.",
            "origin": "Who published the text first, if not this newspaper: another paper, a news agency.",
            "origin_url": "Where they published it. NULL if the page does not link it.",
            "dateline": "The place that the text is dated from, as printed: `BERLIN`.",
            "access": "If the text is whole: `paywall` and `truncated` are cut, `declared paywall, text whole` is not "
            "free and here all the same. NULL if nothing was seen. In archives of older versions also "
            "`consent wall`: `morgue reextract` takes it back.",
            "access_evidence": "What on the page says so. NULL if `access` is.",
            "rights": "JSON list of signals on use in the page, as sent: `robots: noarchive`.",
            "comments": "JSON list of readers' comments, from the newest capture. NULL if they were not asked for.",
            "found_in": "JSON object: for each field, where on the page its value was found.",
            "extractor": "Name and version of the program that read the page. Empty if a rebuild could not read it.",
            "state_digest": "SHA-256 in hex of title, description, authors, modified, text. NULL: of an old version.",
            "fields_digest": "SHA-256 in hex of all other columns that are read from the page, as JSON.",
            "text_digest": "SHA-256 in hex of headline and text, typesetting made alike. A new one makes a revision.",
            "capture_id": "The WARC record that the newest revision was read from.",
            "revision": "Number of the newest revision, from 1.",
            "first_seen": "Time of the first capture.",
            "last_seen": "Time of the newest capture that showed the page (HTTP 304 counts).",
            "spaced": "What of title, byline and text is in scripts without spaces (Chinese, Japanese, Thai, Lao, "
            "Khmer, Burmese), one character a word; then Arabic and Hebrew words that have vowel marks, without them, "
            "each twice: the second after U+E002 (title), U+E003 (byline) or U+E004 (text). NULL if nothing is.",
            "labels": "Words that begin with U+E000: one that every article has, one each for its source and "
            "language, one for each word of its kind. Made from these columns.",
        },
        {
            "articles_source_day": "search and export by source and period",
            "articles_day": "SQL that names days of publication",
            "articles_language": "which languages there are",
            "articles_place": "source and language of each match of a search",
            "articles_text": "articles with the same headline and text",
        },
    ),
    "revisions": TableDescription(
        "One state of an article's text. Number 1 is the first that was seen.",
        {
            "id": "Row number.",
            "article_id": "The article.",
            "number": "From 1, in order of time.",
            "capture_id": "The record in which this state was first seen.",
            "seen": "Time of that capture.",
            "title": "As in `articles`, like the next six.",
            "description": "Standfirst or summary.",
            "authors": "JSON list.",
            "modified": "ISO 8601.",
            "text": "Paragraphs, one a line.",
            "line_kinds": "As in `articles`.",
            "text_digest": "SHA-256 in hex of headline and text.",
            "extractor": "Name and version of the program that read it. Empty if a rebuild could not read it.",
            "state_digest": "As in `articles`.",
            "hint": "JSON: what the feed or sitemap said of the page. Needed to read it again.",
            "changes": "JSON list: what differs from the one before: `title`, `text`, `byline`, `dates`, `address`.",
            "change_ratio": "Share of the words of both texts that differ, from 0 to 1.",
            "words_added": "Words that the revision before does not have.",
            "words_removed": "Words of the revision before that are gone.",
            "silent": "1: the text changed, and the time of change that the page gives did not. NULL: it gives none.",
            "alternates": "Looks at which the site showed an earlier text of the article, in turn with this one.",
        },
        {"revisions_edits": "edits, the newest first, without reading every text"},
    ),
    "aliases": TableDescription(
        "Other addresses of an article: redirects, AMP pages, spellings that normalise differently.",
        {
            "url_key": "Normalised URL.",
            "article_id": "The article.",
        },
    ),
    "frontier": TableDescription(
        "The queue of the crawler, kept between runs: every URL that the archive knows, and when to visit it next.",
        {
            "id": "Row number.",
            "url_key": "Normalised URL.",
            "url": "As first met.",
            "host": "`host:port`, the unit of politeness.",
            "source_id": "The source that it belongs to.",
            "kind": "`feed`, `news sitemap`, `sitemap`, `front`, `section`, `article`, `page` (asked for by "
            "`--urls`), `tdmrep`, `part` (of a page: style sheet, picture, font).",
            "state": "`waiting`; `idle`: a part, which waits until its host has nothing else due; "
            "`claimed` by a running crawl; `done`: no further visit is planned; `disallowed` by "
            "robots.txt, of a site that is not watched; `failed`: given up; `removed` by `morgue remove`.",
            "next_visit": "When it falls due. NULL if never again.",
            "priority": "Smaller first: feeds before sections before articles, young articles before old.",
            "depth": "Number of links from the addresses that the source file names.",
            "found": "When it was first met.",
            "found_on": "URL of the feed or page that linked it. NULL if the source file names it.",
            "hint": "JSON: what that feed or sitemap said: title, published, language, modified.",
            "day": "Day of publication or change, as the feed, sitemap or URL says; for `--since`.",
            "visits": "Visits that got an answer.",
            "failures": "Failed visits in a row.",
            "first_visit": "First visit that got an answer. Ages at which an article is visited again count from it.",
            "last_visit": "Last visit, answered or not.",
            "last_status": "HTTP status of the last visit.",
            "last_error": "Why the last visit failed, was disallowed, or gave nothing to read.",
            "etag": "Validator for a conditional request (RFC 9110 section 13.1).",
            "last_modified": "Validator for a conditional request.",
            "claimed_by": "The crawl that is visiting it.",
        },
        {
            "frontier_due": "the next URL of a host",
            "frontier_time": "what of a host falls due",
            "frontier_source": "the state of a source",
            "frontier_failing": "what fails of a source",
            "frontier_past": "what a backfill takes next",
            "frontier_idle": "the next part of a host",
        },
    ),
    "articles_fts": TableDescription(
        "FTS5 index over the newest revision of each article; its `rowid` is their `place`. `unicode61` ignores "
        "case and diacritics.",
        {
            "title": "From `articles`.",
            "byline": "From `articles`.",
            "text": "From `articles`.",
            "spaced": "From `articles`.",
            "labels": "From `articles`.",
        },
    ),
    "readings": TableDescription(
        "The text of a revision as an earlier version read it, kept when `morgue reextract` replaced it.",
        {
            "id": "Row number.",
            "revision_id": "The revision.",
            "replaced": "When the newer reading took its place.",
            "title": "As in `revisions`, like the next six.",
            "description": "Standfirst or summary.",
            "authors": "JSON list.",
            "modified": "ISO 8601.",
            "text": "Paragraphs, one a line.",
            "line_kinds": "As in `articles`.",
            "text_digest": "SHA-256 in hex of headline and text.",
            "extractor": "Name and version of the program that read it.",
            "state_digest": "As in `articles`.",
        },
        {"readings_revision": "earlier readings of a revision"},
    ),
    "sightings": TableDescription(
        "The captures in which a state of an article was seen at its own address. An import may add earlier ones.",
        {
            "capture_id": "The capture.",
            "revision_id": "The state that it shows.",
        },
        {"sightings_revision": "all captures of a state"},
    ),
    "removals": TableDescription(
        "What `morgue remove` took down. The bytes are gone from the WARC files, and a tombstone is in their place. "
        "The address is `removed` in `frontier` and is not fetched again.",
        {
            "id": "Row number.",
            "time": "When it was taken down.",
            "url_key": "Normalised address; or a host with `*` before it; or the beginning of addresses with `*` "
            "after it.",
            "reason": "As given with `--reason`.",
            "captures": "Number of captures whose bytes are gone.",
        },
        {"removals_url": "whether an address was taken down"},
    ),
    "journal": TableDescription(
        "How much of this database the journal in the WARC files has (pipelines/archive/journal.py). One row.",
        {
            "last": "Number of the last journal record whose rows are in this database.",
            "archive": "UUID of this archive, written into each of its WARC files.",
            "used": "Highest number that was given to a journal record; more than `last` after a lost commit.",
            "captures": "Rows of `captures` with a higher id are not yet in `changes`.",
        },
    ),
    "changes": TableDescription(
        "Rows that changed since the last journal record; the next one contains them. Filled by triggers.",
        {
            "name": "Name of the table.",
            "key": "`id` of the row; in `sightings` its `capture_id`, in `aliases` its `url_key`.",
        },
    ),
} | LATER
