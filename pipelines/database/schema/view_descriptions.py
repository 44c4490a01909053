"""Describe the views, for docs/schema.md: the tables as people want to see them."""

from __future__ import annotations

from pipelines.database.schema.scheduled_descriptions import TableDescription

SOURCE = "Name of the source. NULL: none, as of a page of a list."
UTC = "UTC, as `2024-01-05 09:30:00`."

VIEWS = {
    "stories": TableDescription(
        "View. The articles with their newest text, names of sources and readable lists and times: where to begin.",
        {
            "id": "Number of the article, as in `morgue show 12`.",
            "day": "Day of publication, UTC. NULL: the page gives no date.",
            "source": SOURCE,
            "title": "Headline.",
            "authors": "Names, separated by commas. NULL: none is known.",
            "words": "Words of the text.",
            "url": "Where it was fetched.",
            "section": "The newspaper's own section.",
            "language": "ISO 639-1 code. NULL if it was not recognised.",
            "kind": "`article`, `opinion`, `live blog`, `gallery` or `video`.",
            "edits": "How often its text or headline was seen to change. 0: never.",
            "origin": "Who published the text first, if not this newspaper: another paper, a news agency.",
            "access": "If the text is whole: `paywall` and `truncated` are cut, `declared paywall, text whole` is not "
            "free and here all the same. NULL if nothing was seen.",
            "first_seen": f"When it came into the archive: its first capture. {UTC}",
            "last_seen": "When its page was last seen to show it.",
            "published": "Date of publication as the page gives it: a day, or a time with its zone.",
            "description": "Standfirst or summary.",
            "tags": "Keywords that the page declares, separated by commas.",
            "text": "Paragraphs, one a line.",
            "place": "Row number in `articles_fts`: `WHERE place IN (SELECT rowid FROM articles_fts WHERE articles_fts "
            "MATCH 'harbour')`.",
        },
    ),
    "edits": TableDescription(
        "View. Each change of an article that was seen, as `morgue edits` lists them.",
        {
            "seen": f"When the new text was first seen. The edit was made between the look before and this one. {UTC}",
            "source": SOURCE,
            "title": "Headline after the edit.",
            "old_title": "Headline before it.",
            "changes": "What differs: `title`, `text`, `byline`, `dates`, `address`, separated by commas. NULL here "
            "and in the next four: an earlier version filed it, and only `morgue edits` compares the texts.",
            "words_added": "Words that the text before does not have.",
            "words_removed": "Words of the text before that are gone.",
            "percent": "Share of the words of both texts that differ, from 0 to 100.",
            "silent": "1: the text changed, and the time of change that the page gives did not. NULL: it gives none.",
            "revision": "Number of the text after the edit; the one before has the number before.",
            "article": "Number of the article: `morgue diff 12 1 2` shows the words.",
            "url": "Address of the article.",
        },
    ),
    "vanished": TableDescription(
        "View. Articles whose page vanished, as `morgue edits --gone` lists them. The archive keeps their text.",
        {
            "since": f"Time of the first capture in which the page was gone. {UTC}",
            "source": SOURCE,
            "title": "Headline.",
            "shows": "What is there now: `404`, `410`, `soft 404`, `front page` (a redirect to it or to a section).",
            "last_seen": "Time of the newest capture that shows this.",
            "back": "When the article was there again. NULL: it is gone.",
            "article": "Number of the article.",
            "url": "The address that is gone.",
        },
    ),
    "captures_of_articles": TableDescription(
        "View. The captures of each article: those that show one of its texts, and all others of its address (304, "
        "errors, walls).",
        {
            "article": "Number of the article.",
            "time": f"When it was asked for. {UTC}",
            "status": "HTTP status; 304: the page had not changed. NULL if no response came.",
            "revision": "Number of the text that it shows. NULL: it has no text of the article.",
            "title": "Headline of that text.",
            "url": "The address that was asked for.",
            "record_type": "`response`; `revisit` if the body was recorded before; `metadata` if the exchange failed.",
            "file": "Name of the WARC file in `warc/`.",
            "offset": "Bytes from the start of the file to the record.",
            "length": "Bytes of the record, compressed.",
            "record_id": "WARC-Record-ID.",
            "capture": "Number of the capture, as in `morgue show --capture 12`.",
        },
    ),
    "per_day": TableDescription(
        "View. Articles by day of publication and source.",
        {
            "day": "Day of publication, UTC. NULL: the articles that give no date.",
            "source": SOURCE,
            "articles": "Number of articles.",
        },
    ),
    "copies": TableDescription(
        "View. The articles that are copies of one text, as `morgue clusters` lists them. An article that is not here "
        "has no copy in the archive, or is not compared yet.",
        {
            "cluster": "Number of the cluster: the copies of one text have the same. It may change with the next "
            "article that comes or goes.",
            "copies": "Copies in the cluster.",
            "article": "Number of the article.",
            "day": "Day of publication, UTC. NULL: the page gives no date.",
            "source": SOURCE,
            "title": "Headline.",
            "is_origin": "1: the text probably comes from this article. 0 for all copies if it comes from a paper or "
            "agency that is not in the archive.",
            "origin": "Who probably published the text first: a source, or a paper or agency that is not in the "
            "archive.",
            "evidence": "What speaks for it: `link`, `credit`, or `earliest` if only the date does.",
            "percent": "Share of its text that is in the origin's, from 0 to 100. If the origin is not in the "
            "archive, the earliest copy is meant.",
            "percent_of_origin": "Share of the origin's text that it keeps, from 0 to 100.",
            "url": "Address of the article.",
        },
    ),
    "health": TableDescription(
        "View. What the last crawl found wrong with a source. It is judged during a crawl, not when you look: `morgue "
        "health` judges now. No row: nothing was wrong then, or it was never crawled.",
        {
            "source": "Name of the source, or `the archive`: its disk, its clock, its passes.",
            "status": "`warn` or `bad`.",
            "reason": "Kind of reason: [health.md](health.md) explains them.",
            "since": f"When it began. {UTC}",
            "evidence": "What shows it, in words.",
            "last_seen": "When it was last found.",
        },
    ),
    "failures": TableDescription(
        "View. Addresses whose last visit failed, as `morgue sources` counts them. Links that lead nowhere, and what "
        "robots.txt disallows of pages, are no failures.",
        {
            "last_visit": f"When it was last tried. {UTC}",
            "source": SOURCE,
            "kind": "`feed`, `news sitemap`, `sitemap`, `front`, `section`, `article`, `page`.",
            "error": "Why it failed.",
            "times": "Failed visits in a row.",
            "next_visit": "When it is tried again. NULL: never.",
            "url": "The address.",
        },
    ),
}
