"""Build a small archive to query: tables by the real migrations, a few dozen articles, their WARC file.

`build(folder)` is what most tests want. Everything in it is fixed: its bytes are the same on every run.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from pipelines.core.languages.spaced_runs import indexed_words
from pipelines.core.timestamps import day_number
from pipelines.core.urls import url_key
from pipelines.database.columns import insert_article, update_article
from pipelines.database.connection import open_database
from pipelines.database.edits.change_detection import text_digest

WARC_FILE = "test-20240301000000-00000-archive.warc.gz"
SOURCES = {
    "courier": ("https://courier.example/", "The Daily Courier", "en"),
    "gazette": ("https://gazette.example/", "La Gazette", "fr"),
    "shimbun": ("https://shimbun.example/", "新聞", "ja"),
    "empty": ("https://empty.example/", None, None),
}
# source, day, language, title, byline, text; more follow by rule in `rows`
WRITTEN = [
    ("courier", "2024-01-05", "en", "Climate summit opens", "By Anna Berg",
     "Delegates of ninety countries met.\nThe climate of the talks was cool; change was on every lip."),
    ("courier", "2024-02-29", "en", "Cup final tonight", "Bert Anna",
     "Football fills the town.\nNobody spoke of the climate; sport was all."),
    ("courier", "2023-12-31", "en", "=HYPERLINK(\"http://evil.example\")", None,
     "+1 for a headline that a spreadsheet would run. The covid-19 recovery continues, and change with it."),
    ("gazette", "2024-01-31", "fr", "L’été sans pluie", "Jean d’Ormesson",
     "Les canicules se suivent.\nLe climat change, et l’Humanité regarde."),
    ("gazette", "2024-03-01", "fr", "Élections : « rien n’est joué »", "Zoé Ångström, Marc Noël",
     "Le scrutin approche; les sondages hésitent.\u2028Une ligne après un séparateur."),
    ("shimbun", "2024-02-01", "ja", "東京都知事選挙が告示された", None,
     "東京都知事選挙が行われた。投票率は上がった。\n候補者は気候変動について語った。"),
    ("shimbun", "2024-02-02", "de", "Zweitürige Übergröße", "Dörte Groß",
     "Eine Meldung aus Köln über Übergrößen.\n" + "Sehr lange Absätze kommen vor. " * 40),
    ("courier", "2024-01-06", "ar", "قمة المناخ تبدأ", "ليلى حسن",
     "اجتمع المندوبون يوم الجمعة في قمة المناخ."),
    ("courier", "2024-01-07", "en", "Escape \x1b[31mred\x1b[0m and \u202eover", "\x9b2J mallory",
     "A page that writes to terminals \x1b]0;title\x07 and hides\u200b words."),
]  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """Return every article as a row of `articles`, without its capture: those of WRITTEN, and thirty made up."""
    filler = [
        (
            "courier" if n % 2 else "gazette",
            f"2022-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "en" if n % 2 else "fr",
            f"Report number {n}",
            f"Reporter {n % 5}",
            f"Filler article {n} about markets.\n" + "Trade goes on. " * n,
        )
        for n in range(1, 31)
    ]
    return [_row(n, *values) for n, values in enumerate(WRITTEN + filler, 1)]


def _row(n: int, source: str, day: str, language: str, title: str, byline: str | None, text: str) -> dict[str, Any]:
    url = f"{SOURCES[source][0]}{day[:4]}/article-{n}"
    return {
        "id": n,
        "url_key": url_key(url),
        "source_id": list(SOURCES).index(source) + 1,
        "url": f"{url}?from=front",
        "canonical_url": url,
        "title": title,
        "description": f"What article {n} says" if n % 3 else None,
        "authors": json.dumps((byline or "").removeprefix("By ").split(", ") if byline else [], ensure_ascii=False),
        "byline": byline,
        "published": f"{day}T09:30:00+01:00",
        "published_raw": day,
        "published_from": "json-ld",
        "published_day": day,
        "modified": None,
        "modified_raw": None,
        "modified_from": None,
        "language": language,
        "section": "News" if n % 2 else None,
        "tags": json.dumps(["one", f"tag {n}"]),
        "site_name": source.title(),
        "publisher": source.title(),
        "issn": None,
        "image": None,
        "text": text,
        "line_kinds": None,
        "word_count": len(text.split()),
        "kind": "article",
        "origin": None,
        "origin_url": None,
        "dateline": None,
        "access": None,
        "access_evidence": None,
        "language_declared": None,
        "rights": "[]",
        "comments": None,
        "found_in": json.dumps({"title": "h1", "published": "json-ld"}),
        "extractor": "newsmorgue 0.1.0 (test)",
        "text_digest": text_digest(title, text),
        "capture_id": n,
        "revision": 1,
        "first_seen": f"{day}T10:00:00Z",
        "last_seen": "2024-03-02T00:00:00Z",
    }


def build(folder: Path) -> Path:
    """Make an archive in `folder`, and the folder if need be; return the folder."""
    (folder / "warc").mkdir(parents=True, exist_ok=True)
    (folder / "morgue.toml").touch()
    db = database(folder / "morgue.db")
    for name, (url, title, language) in SOURCES.items():
        insert(db, "sources", name=name, url=url, title=title, language=language, added="2022-01-01T00:00:00Z")
    insert(
        db,
        "crawls",
        started="2022-01-01T00:00:00Z",
        outcome="done",
        command="crawl",
        software="test",
        counts="{}",
    )
    warc = b""
    for row in rows():
        member, capture = _capture(row["id"], row["url"], _page(row), len(warc))
        insert(db, "captures", **capture, source_id=row["source_id"], crawl_id=1)
        warc += member
        insert(db, "articles", **row)
        insert(
            db,
            "revisions",
            article_id=row["id"],
            number=1,
            seen=row["first_seen"],
            **{
                key: row[key]
                for key in (
                    "capture_id",
                    "title",
                    "description",
                    "authors",
                    "modified",
                    "text",
                    "text_digest",
                    "extractor",
                )
            },
        )
        insert(
            db,
            "frontier",
            url_key=row["url_key"],
            url=row["url"],
            host="example:443",
            kind="article",
            source_id=row["source_id"],
            state="done",
            priority=5,
            depth=1,
            found=row["first_seen"],
            visits=1,
            last_visit=row["first_seen"],
            last_status=200,
        )
    warc += edit(db, 1, len(warc))
    (folder / "warc" / WARC_FILE).write_bytes(warc)
    insert(db, "aliases", url_key=url_key("https://courier.example/amp/article-1"), article_id=1)
    insert(db, "aliases", url_key=url_key("https://courier.example/2024/article-1?from=front"), article_id=1)
    for n, (state, error) in enumerate([("waiting", None), ("failed", "HTTP 503 five times"), ("waiting", None)]):
        insert(
            db,
            "frontier",
            url_key=url_key(f"https://courier.example/w{n}"),
            url=f"https://courier.example/w{n}",
            source_id=1,
            host="courier.example:443",
            kind="article",
            state=state,
            priority=5,
            depth=1,
            found="2024-01-01T00:00:00Z",
            next_visit=None if error else f"20{24 if n else 99}-03-02T00:00:00Z",
            last_visit="2024-03-01T00:00:10Z" if error else None,
            last_error=error,
            failures=5 if error else 0,
        )
    db.commit()
    db.close()
    return folder


def edit(db: sqlite3.Connection, article_id: int, offset: int) -> bytes:
    """Add a second revision of an article, captured at `offset`; return the gzip member of its record."""
    row = dict(
        zip(
            ("url", "title", "description", "authors", "modified", "extractor"),
            db.execute(
                "SELECT url, title, description, authors, modified, extractor FROM articles WHERE id = ?",
                (article_id,),
            ).fetchone(),
            strict=True,
        )
    )
    url, title, text = (
        row.pop("url"),
        row.pop("title") + ", then closes",
        "Delegates went home.\nThe climate stays.",
    )
    number = db.execute("SELECT max(id) + 1 FROM captures").fetchone()[0]
    member, capture = _capture(number, url, _page({"title": title, "text": text, "id": article_id}), offset)
    insert(db, "captures", **capture, source_id=1, crawl_id=1)
    digest = text_digest(title, text)
    insert(
        db,
        "revisions",
        article_id=article_id,
        number=2,
        seen=capture["time"],
        capture_id=number,
        title=title,
        text=text,
        text_digest=digest,
        **row,
    )
    db.execute(
        "UPDATE articles SET title = ?, text = ?, text_digest = ?, capture_id = ?, revision = 2 WHERE id = ?",
        (title, text, digest, number, article_id),
    )
    return member


def database(path: Path) -> sqlite3.Connection:
    """Return a connection to a database; a new one has the empty tables of the newest migration."""
    open_database(path).close()
    return sqlite3.connect(path)


def insert(db: sqlite3.Connection, table: str, **row: Any) -> None:
    """Insert one row. An article gets its place, and an id if it has none."""
    if table == "articles":
        insert_article(db, {"spaced": indexed_words(row["title"], row["byline"], row["text"])} | row)
        return
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def undate(db: sqlite3.Connection, *ids: int) -> None:
    """Take the day of publication from some articles."""
    for number in ids:
        update_article(db, {"published": None, "published_day": None}, number)


def days_of_articles(db: sqlite3.Connection) -> dict[int, int]:
    """Return how many articles there are on each day (`timestamps.day_number`), by their rows."""
    return Counter(day_number(row[0]) for row in db.execute("SELECT published_day FROM articles"))


def _page(row: dict[str, Any]) -> bytes:
    return f"<html><h1>{row['title']}</h1><p>{row['text']}</p><!-- {row['id']} --></html>".encode()


def _capture(number: int, url: str, page: bytes, offset: int) -> tuple[bytes, dict[str, Any]]:
    """Return the gzip member of a WARC response record (compressed and chunked, as servers do), and its row."""
    entity = gzip.compress(page, mtime=0)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (entity[:50], entity[50:])) + b"0\r\n\r\n"
    block = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    )
    record_id, time = f"<urn:uuid:00000000-0000-4000-8000-{number:012}>", f"2024-03-01T00:00:00.{number:06}Z"
    digests = {"block_digest": _sha1(block), "payload_digest": _sha1(entity)}
    head = (
        f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: {record_id}\r\nWARC-Date: {time}\r\n"
        f"WARC-Target-URI: {url}\r\nWARC-Block-Digest: {digests['block_digest']}\r\n"
        f"WARC-Payload-Digest: {digests['payload_digest']}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    member = gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)
    return member, {
        "id": number,
        "url": url,
        "time": time,
        "kind": "article",
        "status": 200,
        "mime": "text/html",
        "file": WARC_FILE,
        "offset": offset,
        "length": len(member),
        "record_id": record_id,
        "record_type": "response",
        **digests,
    }


def _sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()
