"""Write the rows of sources, crawls, captures, articles and revisions. Commit nothing.

`queries` answers questions of users; here is only what writing needs to know.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.core.items import Article, Capture, Page, PageState, Reading
from pipelines.core.timestamps import stamp
from pipelines.core.urls import same_site, url_key
from pipelines.database import page_states, revisions
from pipelines.database.columns import (
    CAPTURE_COLUMNS,
    article_row,
    capture_row,
    capture_time,
    hint_of,
    insert_article,
    update_article,
    update_row,
    utc_day,
)
from pipelines.database.edits.change_detection import Change, alike
from pipelines.database.edits.difference import NO_DIFFERENCE, Difference, Noise, difference_row
from pipelines.database.edits.filing import judge
from pipelines.database.edits.stand_in_evidence import stand_in
from pipelines.database.edits.story_identity import (
    continued_by_id,
    is_former_address,
    is_shown_in_turn,
    may_unite,
    same_page,
    unite,
)
from pipelines.database.schema.numbers import new_id
from pipelines.database.source_store import SourceStore
from pipelines.database.stand_ins import landing

INSERT_CAPTURE = (
    f"INSERT INTO captures (id, crawl_id, source_id, {', '.join(CAPTURE_COLUMNS)}) "  # noqa: S608 (our own names)
    f"VALUES ({new_id('captures')}, :crawl_id, :source_id, {', '.join(':' + name for name in CAPTURE_COLUMNS)})"
)

INSERT_REVISION = (
    f"INSERT INTO revisions (id, article_id, number, seen, hint, {', '.join(revisions.WRITTEN_COLUMNS)}) "  # noqa: S608
    f"VALUES ({new_id('revisions')}, :article_id, :number, :seen, :hint, "
    f"{', '.join(':' + name for name in revisions.WRITTEN_COLUMNS)})"
)


class KnownArticle(NamedTuple):
    """Hold what identifies an article that is filed already."""

    id: int
    key: str  # url_key of its row
    read_from: str  # url_key of the page that its newest text was read from
    digest: str  # text_digest of that text


class ArticleStore(SourceStore):
    """Write to the tables. Used on the writing thread only."""

    def capture(self, capture: Capture, crawl_id: int | None, source_id: int | None) -> Capture:
        """Add the row of a recorded exchange and return the capture with its row id."""
        row = capture_row(capture)
        row["crawl_id"], row["source_id"] = crawl_id, source_id
        if capture.record_type == "revisit" and capture.body_length is None:
            query = "SELECT body_length FROM captures WHERE record_id = ?"
            (row["body_length"],) = self.db.execute(query, (capture.refers_to,)).fetchone() or (None,)
        cursor = self.db.execute(INSERT_CAPTURE, row)
        return replace(capture, id=cursor.lastrowid, body_length=row["body_length"])

    def file(self, reading: Reading, source_id: int | None, asked: str) -> Reading:
        """File a reading as a new article, as the next revision, or as one more sighting of the same text.

        `asked`: the URL that the frontier asked for, before redirects. Return the reading with `article_id` and with
        `change`: "new", "edited", "unchanged", or "duplicate" if the page is another address (AMP page, redirect, print
        view) of an article that is filed under its own address. What stands in the place of an article is noted in
        `page_states` and not filed: `change` is "instead", `state` says what it is.
        """
        article, page = reading.outcome, reading.page
        assert isinstance(article, Article)
        assert page.capture is not None
        own, address = url_key(page.url), article_key(article, page)
        values = article_row(article, page.capture)
        noise = None
        state = self._stand_in(article, page, asked or page.url, values["text_digest"], source_id)
        if state is not None:
            return replace(reading, change="instead", article_id=state.article_id, state=state)
        known = self._find(own) or self._find(address) or self._find(same_page(self.db, own, values, source_id))
        if known is not None and not (known.read_from == own or self._alike(known, article)):
            self._tell_apart(known, own)  # its canonical link, or an old redirect, is wrong
            known, address = None, own
        continued = None
        if known is None:
            continued = continued_by_id(self.db, article, address, page.capture.time, source_id)
        elif own != known.read_from and address == own and is_shown_in_turn(self.db, known.id, own):
            self._tell_apart(known, own)
            known = None
        elif self._has_moved(known, own, address, article, values["text_digest"]):
            self.db.execute("DELETE FROM aliases WHERE url_key = ?", (own,))
            continued, known = known.id, None
        if known is None:
            article_id, change = self._insert(values, page, address, source_id), "new"
        elif known.read_from == own or self._is_earlier(known, own, page.capture):
            article_id = known.id
            change, noise = self._sighting(known, values, page)
        else:
            # Another address of the same story: the text at the article's own address counts, and this is no edit.
            article_id, change = known.id, "duplicate"
            if known.key == own:
                self._replace(article_id, values, page)
                revisions.add_sighting(self.db, article_id, page.capture.id)
            self._record_seen(article_id, page.capture.time)
        if known is None or known.read_from == own:
            # Its old address redirects here, or names another as its own, at which there is an article already.
            continued = continued or self._other_row(article_id, {url_key(asked or page.url), address} - {own})
        moved_from = None
        if continued is not None:
            (article_id, moved_from), change = unite(self.db, continued, article_id), "edited"
        keys = {own, url_key(asked or page.url)}
        self._alias(article_id, keys | {address})
        ended = page_states.end(self.db, keys, article_id, page.capture, is_own=change != "duplicate")
        filed = replace(reading, change=change, noise=noise, article_id=article_id)
        return replace(filed, back_from=ended, moved_from=moved_from)

    def _other_row(self, article_id: int, keys: set[str]) -> int | None:
        """Return the article at one of these addresses, if it is another row for the story of this article."""
        found = (self._find(key) for key in sorted(keys))
        others = {other.id for other in found if other is not None and may_unite(self.db, article_id, other.id)}
        return min(others, default=None)

    def _has_moved(self, known: KnownArticle, own: str, address: str, article: Article, digest: str) -> bool:
        """Return True if an alias of an article has become its address.

        The page does not name the old address as its own. One that names no address, or was left before, must show
        another text: the site may show a story at two addresses, or redirect from one to the other and back.
        """
        if own in (known.read_from, known.key) or address != own:
            return False
        is_new = bool(article.canonical_url) and not is_former_address(self.db, known.id, own)
        return is_new or digest != known.digest

    def _is_earlier(self, known: KnownArticle, own: str, capture: Capture) -> bool:
        """Return True for a capture of a former address of an article, from before its newest."""
        return is_former_address(self.db, known.id, own) and not revisions.is_newest(self.db, known.id, capture)

    def _stand_in(
        self, article: Article, page: Page, asked: str, digest: str, source_id: int | None
    ) -> PageState | None:
        """Note what a page shows in the place of an article, and return it; None if it shows an article."""
        is_landed = landing(asked, page.url) is not None
        known = (None if is_landed else self._find(url_key(page.url))) or self._find(url_key(asked))
        if known is not None and known.read_from not in {url_key(asked), url_key(page.url)}:
            known = None  # its text is of another address, about which this one says nothing
        return stand_in(self.db, article, page, asked, digest, source_id, None if known is None else known.id)

    def note_state(self, url: str, kind: str, capture: Capture, source_id: int | None) -> PageState:
        """Note that an address shows something in the place of its article that has no text, such as a 404."""
        known = self._find(url_key(url))
        is_own = known is not None and url_key(url) in (known.key, known.read_from)
        article_id = known.id if known is not None and is_own else None
        return page_states.note(self.db, url, kind, capture, source_id=source_id, article_id=article_id)

    def is_article(self, url: str) -> bool:
        """Return True if an article was read at this address, and at no other that is its own."""
        known = self._find(url_key(url))
        return known is not None and url_key(url) in (known.key, known.read_from)

    def _record_seen(self, article_id: int, time: datetime) -> None:
        """Extend the period in which an article was seen. An import may file a capture earlier than all others."""
        self.db.execute(
            "UPDATE articles SET last_seen = max(last_seen, ?1), first_seen = min(first_seen, ?1) WHERE id = ?2",
            (stamp(time), article_id),
        )
        self.db.execute(
            "UPDATE revisions SET seen = ?1 WHERE article_id = ?2 AND number = 1 AND seen > ?1",
            (stamp(time), article_id),
        )

    def confirm_unchanged(self, url: str, capture: Capture) -> bool:
        """Note that the article at `url` is unchanged (HTTP 304). Return False if there is no article at it."""
        row = self._find(url_key(url))
        if row is None:
            return False
        self._record_seen(row.id, capture.time)
        is_own = url_key(url) in (row.key, row.read_from)
        page_states.end(self.db, {url_key(url)}, row.id, capture, is_own=is_own)
        return True

    def redirected(self, url: str, target: str, *, unread: bool = False) -> bool:
        """Note that `url` redirects to `target`, so that the article at the target is known at both.

        If each has an article of its own, and both tell one story, they become one. Return True if so, or if the
        article is back at an address that it had before. `unread`: the target is a page that is still to be read, which
        may continue the article at `url`.
        """
        rows = [self._find(url_key(address)) for address in (target, url)]
        if rows[0] is not None and rows[1] is not None and may_unite(self.db, rows[0].id, rows[1].id):
            unite(self.db, rows[0].id, rows[1].id)
            return True
        if rows[0] is not None:
            self._alias(rows[0].id, {url_key(url)})
            is_back = rows[0] == rows[1] and url_key(target) != rows[0].key
            return is_back and is_former_address(self.db, rows[0].id, url_key(target))
        if unread and rows[1] is not None and same_site(url, target):
            self._alias(rows[1].id, {url_key(target)})
        return False

    def give_to_owner(self, key: str, source_id: int | None, owners: Collection[int]) -> None:
        """Give the article with this url_key to a source, unless one of the `owners` of its site has it already.

        An alias counts only within its site: a redirect from another site must not give the article away.
        """
        article = self._find(key)
        if article is not None and same_site(f"https:{key}", f"https:{article.read_from}"):
            self.db.execute(
                """UPDATE articles SET source_id = ?
                    WHERE id = ? AND coalesce(source_id, -1) NOT IN (SELECT value FROM json_each(?))""",
                (source_id, article.id, json.dumps(sorted(owners))),
            )

    def _find(self, key: str) -> KnownArticle | None:
        """Return the article with this url_key, its own or an alias."""
        row = self.db.execute(
            """SELECT id, url_key, url, text_digest FROM articles WHERE url_key = ?1
               UNION ALL
               SELECT a.id, a.url_key, a.url, a.text_digest
                 FROM aliases JOIN articles a ON a.id = aliases.article_id WHERE aliases.url_key = ?1
               LIMIT 1""",
            (key,),
        ).fetchone()
        return None if row is None else KnownArticle(row[0], row[1], url_key(row[2]), row[3])

    def _alike(self, known: KnownArticle, article: Article) -> bool:
        query = "SELECT title, text, published_day FROM articles WHERE id = ?"
        title, text, day = self.db.execute(query, (known.id,)).fetchone()
        other_day = day is not None and article.published is not None and utc_day(article.published) != day
        return alike(article.title, article.text, title, text, other_day=other_day)

    def _tell_apart(self, known: KnownArticle, own: str) -> None:
        """Separate an article from `own`, an address at which there is another story now."""
        self.db.execute("DELETE FROM aliases WHERE url_key IN (?, ?)", (own, known.read_from))
        if known.key == own:
            self.db.execute("UPDATE articles SET url_key = ? WHERE id = ?", (known.read_from, known.id))

    def _replace(self, article_id: int, values: Mapping[str, Any], page: Page) -> None:
        """Replace a text that was read at another address first by the text at the article's own address."""
        update_article(self.db, values, article_id)
        revisions.delete_newest_sightings(self.db, article_id)
        newest = "article_id = :where AND number = (SELECT revision FROM articles WHERE id = :where)"
        state = {name: values[name] for name in revisions.READING_COLUMNS} | {"hint": hint_of(page)}
        update_row(self.db, "revisions", state, article_id, newest)

    def _alias(self, article_id: int, keys: set[str]) -> None:
        self.db.executemany(
            """INSERT INTO aliases (url_key, article_id) SELECT ?1, ?2
               WHERE NOT EXISTS (SELECT 1 FROM articles WHERE url_key = ?1) ON CONFLICT DO NOTHING""",
            [(key, article_id) for key in keys],
        )

    def _insert(self, values: dict[str, Any], page: Page, key: str, source_id: int | None) -> int:
        seen = stamp(capture_time(page))
        values |= {"url_key": key, "source_id": source_id, "revision": 1, "first_seen": seen, "last_seen": seen}
        article_id = insert_article(self.db, values)
        self._revision(article_id, 1, values | NO_DIFFERENCE, page)
        revisions.add_sighting(self.db, article_id, values["capture_id"])
        return article_id

    def _sighting(self, known: KnownArticle, values: dict[str, Any], page: Page) -> tuple[Change, Noise | None]:
        """File one more capture of an article at its own address. Return also why another text is no edit."""
        assert page.capture is not None
        if not revisions.is_newest(self.db, known.id, page.capture):
            self._record_seen(known.id, page.capture.time)
            return revisions.file_in_order(self.db, known.id, values, page.capture), None
        found = judge(self.db, known.id, values, page.capture)
        self._update(known.id, values, page, found)
        if found.noise != "alternate text":  # it shows another text than the newest, which is filed already
            revisions.add_sighting(self.db, known.id, page.capture.id)
        return "edited" if found.changes else "unchanged", found.noise

    def _update(self, article_id: int, values: dict[str, Any], page: Page, found: Difference) -> None:
        if not found.changes:
            # The row still points at the record from which its text was first read. Only comments are updated.
            self._record_seen(article_id, capture_time(page))
            if values["comments"] is not None:
                update_article(self.db, {"comments": values["comments"]}, article_id)
            return
        number = self.db.execute("SELECT revision + 1 FROM articles WHERE id = ?", (article_id,)).fetchone()[0]
        values |= {"revision": number, "last_seen": stamp(capture_time(page))}
        update_article(self.db, values, article_id)
        self._revision(article_id, number, values | difference_row(found), page)

    def _revision(self, article_id: int, number: int, values: Mapping[str, Any], page: Page) -> None:
        seen, hint = stamp(capture_time(page)), hint_of(page)
        self.db.execute(
            INSERT_REVISION,
            {**values, "article_id": article_id, "number": number, "seen": seen, "hint": hint},
        )


def article_key(article: Article, page: Page) -> str:
    """Return the url_key of an article: of its canonical URL if that is credible, otherwise of the page.

    A canonical URL on another site names the original of a syndicated text, not this page. A canonical URL that is the
    root of the site (a common error in templates) would make all its articles one.
    """
    canonical = article.canonical_url
    if canonical and same_site(canonical, page.url):
        key = url_key(canonical)
        if "/" in key.rstrip("/").split("://")[-1].removeprefix("//"):
            return key
    return url_key(page.url)
