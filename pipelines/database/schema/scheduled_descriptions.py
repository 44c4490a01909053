"""Describe the tables that scheduled crawls fill, for docs/schema.md: what stands in for articles, hosts, listings."""

from __future__ import annotations

from typing import NamedTuple


class TableDescription(NamedTuple):
    """Say what a table holds, what each of its columns means, and which query each index serves."""

    meaning: str
    columns: dict[str, str]
    indexes: dict[str, str] = {}  # noqa: RUF012 (never changed)


SCHEDULED = {
    "page_states": TableDescription(
        "A period in which an address did not show its article: a wall, an error page, nothing at all. The article "
        "keeps its text.",
        {
            "id": "Row number.",
            "url_key": "Normalised URL.",
            "url": "As it was fetched.",
            "source_id": "The source that it belongs to.",
            "article_id": "The article. NULL: none was ever read at this address.",
            "kind": "`consent wall`, `paywall`, `login page`, `error page`, `no text`, `another page` (a temporary "
            "redirect of a known article), `other text` (one that may be an edit: it shares nothing with the "
            "article's, or is its beginning; it counts as an edit a day later); and gone: `404`, `410`, `soft 404`, "
            "`front page` (a redirect to it or to a section page).",
            "since": "Time of the first capture that shows it.",
            "capture_id": "That capture.",
            "last_seen": "Time of the newest capture that shows it.",
            "last_capture_id": "That capture.",
            "visits": "Number of visits that met it.",
            "text_digest": "SHA-256 in hex of the headline and text that it shows; of a short text, of what is not its "
            "article's. NULL: it has none.",
            "ended": "Time of the capture that shows the article again. NULL: it still lasts.",
            "ended_capture_id": "That capture.",
        },
        {
            "page_states_now": "what an address shows now",
            "page_states_article": "the periods of an article",
            "page_states_source": "the periods of a source",
            "page_states_text": "the addresses that show the same text in place of their articles",
        },
    ),
    "hosts": TableDescription(
        "A host that has trouble, and when it was last asked: kept from one crawl to the next.",
        {
            "host": "`host:port`, as in `frontier`.",
            "trouble": "Why nothing but a probe is sent to it. NULL: nothing is wrong.",
            "since": "When the trouble began.",
            "failures": "Failed probes in a row.",
            "retry_at": "When the next probe is due.",
            "pages_only": "1: its listings answer, and only pages are refused.",
            "last_request": "When the last request was sent, to the microsecond.",
            "delay": "Seconds between two requests that the last crawl had come to.",
            "unconditional_until": "Until when it is asked without validators, because a 304 of it hid an edit.",
        },
        {"hosts_trouble": "the hosts that refuse us"},
    ),
    "robots_files": TableDescription(
        "The robots.txt of a site, kept from one crawl to the next.",
        {
            "site": "Scheme, host and port that it holds for (RFC 9309, 2.3), such as `https://paper.example`.",
            "capture_id": "The newest answer that was no failure.",
            "checked": "When it last answered.",
            "retry_at": "When it is asked for again, after its server failed. NULL: it answered last time.",
        },
    ),
    "listings": TableDescription(
        "What is known of a feed, sitemap, front or section page from its readings.",
        {
            "url_key": "Normalised URL.",
            "url": "As it is fetched.",
            "kind": "As in `frontier`.",
            "source_id": "The source that it belongs to.",
            "interval": "Seconds to the next reading, as last planned.",
            "readings": "Number of readings that were answered.",
            "entries": "Links to articles at the newest reading.",
            "new_entries": "Those of them that were not known before.",
            "newest_entry": "The newest day that an entry gave for its article.",
            "first_read": "When it was first read.",
            "last_read": "When it was last read, or answered that it had not changed.",
            "last_body": "When its body was last sent: the answers 304 since then are believed for a day.",
            "last_new": "When a reading last brought an article that was not known.",
            "last_change": "When a reading last named or said something else than the one before.",
            "rhythm": 'JSON: `{"hours": 120.5, "new": {"12": 3.5}}`. New articles by hour of the week (0 is Monday, '
            "0:00 UTC), and the hours that were observed. Both fade: what is 28 days old counts a third.",
            "digest": "Payload digest of the newest reading.",
            "trouble": "What is wrong with it. NULL: nothing.",
            "since": "When the trouble began.",
            "moved_to": "Where a permanent redirect leads, or the listing that replaces it.",
            "moved_since": "Since when.",
            "replaces": "`url_key` of the listing that this one replaces.",
        },
        {"listings_source": "the listings of a source"},
    ),
    "listing_entries": TableDescription(
        "The entries of a feed or sitemap at its newest reading. They are not in the journal, but learnt again.",
        {
            "url_key": "Normalised URL of the listing.",
            "rules": "Digest of the rules of its source by which entries were taken.",
            "entries": "12 bytes for each entry: a hash of its URL (8), and one of its kind and its `modified` (4).",
        },
    ),
    "gaps": TableDescription(
        "A time in which a listing may have shown articles that were gone from it at the next reading.",
        {
            "id": "Row number.",
            "source_id": "The source.",
            "url_key": "Normalised URL of the listing.",
            "url": "As it was fetched.",
            "began": "Time of the reading before.",
            "ended": "Time of the reading that shows no entry of the one before.",
            "capture_id": "The capture of that reading.",
            "found": "Articles of that time that other listings brought later.",
        },
        {"gaps_source": "the gaps of a source"},
    ),
    "source_health": TableDescription(
        "What was found wrong with a source, so that each change is told once. Not in the journal: after a rebuild, "
        "what lasts is told again.",
        {
            "source_id": "The source. 0: the archive itself: its disk, its clock, its passes.",
            "kind": "Kind of reason, as in docs/health.md: `silent`, `outrun`, `dead listing`, `refused`, ... "
            "`files` is no reason: its row says for which files of settings the other rows hold.",
            "status": "`warn` or `bad`; `ok` of `files`.",
            "since": "When it began.",
            "evidence": "What shows it, in words; of `files`, a hash of their names, times and sizes.",
            "last_seen": "When it was last found.",
            "ended": "When it was found to be over. NULL: it lasts.",
            "relapses": "How often it came back within two days of its end.",
            "printed": "What passes last printed of it: `warn`, `bad`, or `ok`: that it is over. NULL: nothing.",
            "printed_at": "When that was printed.",
            "sent": "What the last message that arrived said of it: `warn`, `bad`, `ok`. NULL: nothing.",
            "sent_at": "When that was sent.",
        },
    ),
    "source_days": TableDescription(
        "How many articles of a source were first seen on each day, as they were filed; `morgue health` compares days. "
        "A rebuild counts the articles as they are.",
        {
            "day": "Day of the first capture, UTC.",
            "source_id": "The source.",
            "articles": "Articles first seen on that day.",
            "fresh": "Of them those that were published in the two days before, or whose date is not known.",
            "titled": "With a headline.",
            "dated": "With a date of publication.",
            "signed": "With an author.",
            "words": "Words of all texts.",
            "consent": "With a consent wall.",
            "paywalled": "With a paywall.",
            "first": "Time of the first fresh one. NULL: there was none, as on days of a backfill alone.",
            "last": "Time of the last fresh one.",
        },
    ),
    "article_days": TableDescription(
        "How many articles were published on each day. Triggers keep it right. A count by day of a word that most "
        "articles have takes the articles without it from these numbers.",
        {
            "day": "Its number: days since 0001-01-01, which is 1, as in `place`. 0: undated, or before 1600.",
            "articles": "Articles of that day, at least one.",
        },
    ),
    "backfills": TableDescription(
        "The backfill of a source: articles of its past (state `past` in `frontier`) are fetched, so many a day.",
        {
            "source_id": "The source, in `sources`.",
            "since": "ISO day: older articles are left. NULL: none.",
            "until": "ISO day: newer articles are left. NULL: none.",
            "a_day": "Articles that are queued in a day at most.",
            "begun": "When the user asked for it.",
            "day": "The last day on which articles were queued (UTC).",
            "taken": "Articles that were queued on that day.",
            "ended": "When it was done or stopped. NULL: it goes on.",
        },
    ),
    "page_parts": TableDescription(
        "Which parts a page has: style sheets, pictures, fonts, the icon. Pages and parts are rows of `frontier`.",
        {
            "id": "Row number.",
            "page_id": "The page, in `frontier`; or a style sheet or an address that redirects, which are parts, too.",
            "part_id": "The part, in `frontier`.",
        },
        {"page_parts_page": "the parts of a page", "page_parts_part": "which pages have a part"},
    ),
    "shard": TableDescription(
        "Which shard of which fleet this archive is. Empty in an ordinary archive. A shard numbers its rows from 10^10 "
        "times its own number on, so that a number is used once in a fleet; rows that came from another shard keep "
        "theirs.",
        {
            "fleet": "UUID of the fleet, as in its `fleet.toml`.",
            "number": "Number of this shard, from 0.",
            "shards": "How many shards the fleet had when this was written.",
        },
    ),
    "number_floors": TableDescription(
        "The highest number that a shard gave in a table, if that row moved to another shard: it is not given again.",
        {"name": "Name of the table.", "highest": "That number."},
    ),
    "pauses": TableDescription(
        "A time in which a source was paused: nothing of it was asked for, and its silence is no sickness.",
        {
            "id": "Row number.",
            "source_id": "The source.",
            "began": "When the first crawl began that left it alone.",
            "ended": "When the first crawl began that asked it again. NULL: it lasts.",
        },
        {"pauses_source": "the pauses of a source"},
    ),
    "changed_lines": TableDescription(
        "Lines that came to, or went from, articles of a source. On most of the articles that are looked at in a day, "
        "a line belongs to the template of the site. Not in the journal: learned again after a rebuild.",
        {
            "source_id": "The source.",
            "line": "Digest of the line.",
            "article_id": "An article in which it came or went.",
            "last_seen": "When it did so last.",
            "is_template": "1: the line is known to be the template's; this is then its only row.",
        },
    ),
}
