"""Find the article that a page at a new address continues, and unite the two: one story is one article.

A newspaper that changes a headline may change the address with it. The evidence, from strong to weak: the old address
redirects to the new one; the old page names it as canonical; both have the same number or UUID. In each case the texts
must be alike, because dead pages are redirected to other stories, and templates name wrong canonicals. A number is
weak: the pages of a section may share one, and have texts of one template. In doubt, they stay two articles.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.core.items import Article
from pipelines.core.timestamps import parse, stamp
from pipelines.core.urls import same_site, url_key
from pipelines.database.columns import update_article, utc_day
from pipelines.database.connection import dicts
from pipelines.database.edits.chains import describe
from pipelines.database.edits.change_detection import (
    MIN_COMMON_RUNS,
    MIN_COMMON_WORDS,
    common_runs,
    comparable,
    different_words,
)
from pipelines.database.schema.numbers import newest_first

MIN_ID_DIGITS = 5  # of the number of an article in an address; shorter ones are years, days, pages and parts
STORY_ID = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # UUID
    r"|(?<![0-9a-z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{12,64}(?![0-9a-z])"  # hash
    rf"|(?<!\d)\d{{{MIN_ID_DIGITS},}}(?!\d)"
)
DAY_OR_MONTH = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])?")  # 20261123, 202611
WORD = re.compile(r"[^\W\d_]+|\d+")
# A segment of a path that says which view, part or language of a story a page is.
VIEW = re.compile(
    r"[a-z]{2}(?:-[a-z]{2})?|amp|print|druck|drucken|imprimir|comments?|kommentare|forum|gallery|galerie|video|audio|live"
    r"|(?:page|seite|pagina|p|part|teil|parte|partie)?[-_.]?\d{1,4}"
)
VIEW_HOST = re.compile(r"^(?:(?:www|m|mobile|mobil|amp)\.)+(?=[^.]+\.)")
VIEW_PATH = re.compile(
    r"^(?:amp|print|druck|m|mobile)/|(?:/(?:amp|print|index\.\w{2,5}))?/?$|\.(?:amp|print)(?=\.html?$)"
)
MAX_DAYS_APART = 14  # between the days of publication of two pages of one story
MIN_WORDS = 20  # in common; shorter texts must have the same headline, too
MAX_TURNS = 2  # in which an article was at one address and then at another
MAX_COPIES = 20  # articles with the same text that are looked at
OWN_COLUMNS = ("place", "id", "source_id", "labels")  # of a row, whatever its text
SAME_TIME = timedelta(hours=1)  # a CMS may set the time of publication anew when it renames a page

# An article without a date counts as of the day of the capture from which its text was read.
CANDIDATES = """
SELECT id, url_key FROM articles
 WHERE source_id IS ?1 AND published_day BETWEEN ?2 AND ?3 AND instr(url_key, ?4) > 0
 UNION ALL
SELECT a.id, a.url_key FROM articles a CROSS JOIN captures c ON c.id = a.capture_id
 WHERE a.source_id IS ?1 AND a.published_day IS NULL AND instr(a.url_key, ?4) > 0 AND c.time BETWEEN ?2 AND ?3
"""


def story_ids(key: str) -> set[str]:
    """Return the numbers, hashes and UUIDs in an address (url_key) that may name its story. Days are none."""
    path = key.removeprefix("//").partition("/")[2].lower()
    return {found for found in STORY_ID.findall(path) if not DAY_OR_MONTH.fullmatch(found)}


def is_renamed(key: str, other: str) -> bool:
    """Return True if two addresses (url_keys) may be those of one story before and after its headline changed.

    They have the same ids on the same site, and differ in words. Parts, pages, views, languages and years of a story
    have addresses that are alike as well: they differ in a segment that says which one it is, or in numbers only.
    """
    ids = story_ids(key)
    if key == other or not ids or ids != story_ids(other) or not same_site(f"https:{key}", f"https:{other}"):
        return False
    if _query(key) != _query(other):
        return False
    mine, others = (set(re.split(r"[/?]", one.lower())) for one in (key, other))
    differing = mine ^ others
    if any(VIEW.fullmatch(part) for part in differing):
        return False
    words = [[word for part in parts for word in WORD.findall(part)] for parts in (mine - others, others - mine)]
    years = [{word for word in side if re.fullmatch(r"(?:19|20)\d\d", word)} for side in words]
    if all(years) and years[0] != years[1]:
        return False
    return _without_numbers(words[0]) != _without_numbers(words[1]) or sorted(words[0]) == sorted(words[1])


def tell_one_story(title: str | None, text: str, other_title: str | None, other_text: str) -> bool:
    """Return True if two texts are versions of one: a headline alone is no evidence, because series share theirs."""
    mine, others = different_words(text), different_words(other_text)
    common = len(mine & others)
    if not common or common / len(mine | others) < MIN_COMMON_WORDS:
        return False
    return common >= MIN_WORDS or comparable(title or "").casefold() == comparable(other_title or "").casefold()


def names_another(key: str, text: str, other_key: str, other_text: str) -> bool:
    """Return True if two addresses (url_keys) differ in words in which their texts differ as well.

    The pages on the weather in two cities do. A new headline changes words of the address, and the text rarely follows.
    """
    slugs = [set(WORD.findall(one.lower())) for one in (key, other_key)]
    texts = [set(WORD.findall(comparable(one).casefold())) for one in (text, other_text)]
    mine, others = ((slugs[a] - slugs[b]) & (texts[a] - texts[b]) for a, b in ((0, 1), (1, 0)))
    return bool(mine and others)


def continued_by_id(
    db: sqlite3.Connection, article: Article, key: str, seen: datetime, source_id: int | None
) -> int | None:
    """Return the id of the article that a page at a new address continues, by the number in both; None if none does.

    `seen`: time of its capture. If several articles have the number, it is that of a section or series.
    """
    ids = story_ids(key)
    day = utc_day(article.published or stamp(seen))
    try:
        bounds = [(date.fromisoformat(day[:10]) + timedelta(days=days)).isoformat()
                  for days in (-MAX_DAYS_APART, MAX_DAYS_APART)]  # fmt: skip
    except (ValueError, OverflowError):
        return None
    if not ids:
        return None
    rows = db.execute(CANDIDATES, (source_id, bounds[0], bounds[1] + "~", max(ids, key=len))).fetchall()
    found = [article_id for article_id, other in rows if other != key and story_ids(other) == ids]
    other_key = next((other for article_id, other in rows if [article_id] == found), None)
    if other_key is None or not is_renamed(key, other_key):
        return None
    title, text, published, language = db.execute(
        "SELECT title, text, published, language FROM articles WHERE id = ?", (found[0],)
    ).fetchone()
    same_language = not (language and article.language) or language == article.language
    is_one = same_language and _same_publication(published, article.published)
    is_one = is_one and not names_another(key, article.text, other_key, text)
    return found[0] if is_one and tell_one_story(article.title, article.text, title, text) else None


def same_page(db: sqlite3.Connection, key: str, values: Mapping[str, Any], source_id: int | None) -> str:
    """Return the address (url_key) of an article of which a page is a copy; "" if there is none.

    `key`: the address of the page; `values`: those of its reading (`columns.article_row`).
    Their addresses differ in the query alone, or in what only says which view of a page it is (`www.`, `m.`, `/amp`, a
    final slash), and headline and text are the same. A page that names its own address is believed.
    """
    if values["canonical_url"]:
        return ""
    rows = db.execute(
        "SELECT url_key FROM articles WHERE text_digest = ? AND source_id IS ? AND word_count >= ? ORDER BY id LIMIT ?",
        (values["text_digest"], source_id, MIN_WORDS, MAX_COPIES),
    )
    page = _without_view(key)
    return next((other for (other,) in rows if _without_view(other) == page), "")


def is_one_article(db: sqlite3.Connection, key: str, other: str) -> bool:
    """Return True if one article is known at both addresses."""
    sql = """SELECT id FROM articles WHERE url_key = ?1 UNION ALL SELECT article_id FROM aliases WHERE url_key = ?1"""
    found = [db.execute(sql, (one,)).fetchone() for one in (key, other)]
    return found[0] is not None and found[0] == found[1]


def may_unite(db: sqlite3.Connection, first: int, second: int) -> bool:
    """Return True if two articles that an address connects tell one story: their newest texts are alike."""
    if first == second:
        return False
    texts = [
        row
        for number in (first, second)
        for row in db.execute("SELECT url_key, title, text FROM articles WHERE id = ?", (number,))
    ]
    if not same_site(*(f"https:{row[0]}" for row in texts)):
        return False
    (key, *text), (other, *other_text) = texts
    if is_renamed(key, other):
        return True
    return tell_one_story(*text, *other_text) and common_runs(text[1], other_text[1]) >= MIN_COMMON_RUNS


def unite(db: sqlite3.Connection, first: int, second: int) -> tuple[int, str]:
    """Make two articles one, with all their states in order of time, and return its id and its former address.

    The older row is kept. Its address is that of the newest capture, and the other address is an alias.
    """
    sql = f"SELECT id FROM articles WHERE id IN (?, ?) ORDER BY {newest_first(db, 'first_seen')}"  # noqa: S608
    (other,), (kept,) = db.execute(sql, (first, second))
    ordered = db.execute(
        """SELECT r.id, r.article_id FROM revisions r JOIN captures c ON c.id = r.capture_id
            WHERE r.article_id IN (?, ?) ORDER BY c.time, c.record_id""",
        (kept, other),
    ).fetchall()
    db.execute("UPDATE revisions SET number = -id WHERE article_id IN (?, ?)", (kept, other))
    db.executemany(
        "UPDATE revisions SET article_id = ?, number = ? WHERE id = ?",
        [(kept, number, row_id) for number, (row_id, _) in enumerate(ordered, 1)],
    )
    rows = {row["id"]: row for row in dicts(db.execute("SELECT * FROM articles WHERE id IN (?, ?)", (kept, other)))}
    newest = ordered[-1][1]
    former = rows[other if newest == kept else kept]["url_key"]
    seen = [row[name] for row in rows.values() for name in ("first_seen", "last_seen")]
    db.execute("UPDATE aliases SET article_id = ? WHERE article_id = ?", (kept, other))
    db.execute("UPDATE page_states SET article_id = ? WHERE article_id = ?", (kept, other))
    db.execute("DELETE FROM articles WHERE id = ?", (other,))
    values = {name: value for name, value in rows[newest].items() if name not in OWN_COLUMNS}
    values |= {"revision": len(ordered), "first_seen": min(seen), "last_seen": max(seen)}
    update_article(db, values, kept)
    db.execute("DELETE FROM aliases WHERE url_key = ?", (values["url_key"],))
    db.execute("INSERT INTO aliases (url_key, article_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (former, kept))
    describe(db, kept)
    return kept, former


def is_former_address(db: sqlite3.Connection, article_id: int, key: str) -> bool:
    """Return True if an article was once read at this address (url_key) as its own."""
    urls = db.execute(
        """SELECT DISTINCT c.url FROM revisions r JOIN captures c ON c.id = r.capture_id WHERE r.article_id = ?""",
        (article_id,),
    )
    return any(url_key(url) == key for (url,) in urls)


def is_shown_in_turn(db: sqlite3.Connection, article_id: int, key: str) -> bool:
    """Return True if an article moved to this address (url_key) twice: two pages are alive, and each is a story."""
    urls = db.execute(
        """SELECT c.url FROM revisions r JOIN captures c ON c.id = r.capture_id WHERE r.article_id = ?
            ORDER BY r.number""",
        (article_id,),
    )
    keys = [url_key(url) for (url,) in urls]
    return sum(now == key != before for before, now in zip(["", *keys], keys, strict=False)) >= MAX_TURNS


def _without_view(key: str) -> str:
    """Return an address (url_key) without its query and without what only says which view of a page it is."""
    host, _, path = key.partition("?")[0].removeprefix("//").partition("/")
    return f"{VIEW_HOST.sub('', host)}/{VIEW_PATH.sub('', path)}"


def _query(key: str) -> list[str]:
    """Return the parameters of an address that hold no id."""
    return [part for part in key.partition("?")[2].split("&") if not STORY_ID.search(part)]


def _without_numbers(words: list[str]) -> list[str]:
    return sorted(word for word in words if not word.isdigit())


def _same_publication(published: str | None, other: str | None) -> bool:
    """Return True unless two pages were published at different times, as far as both say so."""
    if not published or not other:
        return True
    if min(len(published), len(other)) <= len("2026-11-23"):
        return published[:10] == other[:10]
    return abs(parse(published) - parse(other)) <= SAME_TIME
