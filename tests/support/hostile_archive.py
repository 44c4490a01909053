# ruff: noqa: E501 - an attack is read best on one line
"""Build an archive that attacks whoever reads it: pages captured by a real crawl, and rows that no crawl would write."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from pipelines.database.columns import update_article
from tests.support.command import LOOPBACK, make_archive, morgue, rows
from tests.support.hostile_markup import CANARY, EVIL, IN_BODY, IN_HEAD, SVG
from tests.support.hostile_server import HostileServer, Reply

TEXT = "".join(
    f"<p>The lamp on the pier was lit again on {day}, after {number} years in which the harbour relied on the moon.</p>"
    for number, day in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday"), 11)
)
PAGE = (
    '<!doctype html><html><head><meta charset=utf-8><title>Page {name}</title><meta property="og:type" content="article">'
    '<meta property="article:published_time" content="2026-11-23T08:00:00Z">{head}</head>'
    "<body><h1>Page {name}</h1><article>{text}</article>{body}<p id=end>end of the page</p></body></html>"
)
EVIL_HEAD = (
    f"Set-Cookie: morgue_token=stolen; Path=/\r\nRefresh: 0;url={EVIL}/refresh\r\nLink: <{EVIL}/pre>; rel=preload; as=image, "
    f"<{EVIL}>; rel=preconnect, <{EVIL}/s.css>; rel=stylesheet\r\n"
    "Clear-Site-Data: \"*\"\r\nContent-Security-Policy: default-src * 'unsafe-inline'\r\nAccess-Control-Allow-Origin: *\r\n"
    f'Location: javascript:{CANARY}\r\nSpeculation-Rules: "{EVIL}/rules"\r\nX-Frame-Options: DENY\r\n'
    f'NEL: {{"report_to":"x"}}\r\nReport-To: {{"group":"x","endpoints":[{{"url":"{EVIL}"}}]}}\r\nSourceMap: {EVIL}/map\r\n'
    "Strict-Transport-Security: max-age=9999\r\nContent-Disposition: attachment\r\nService-Worker-Allowed: /\r\n"
)
NOT_UTF8 = {  # how a page may name its charset, and the bytes that follow
    "utf-7": b"+ADw-script+AD4-document.title='CANARY'+ADw-/script+AD4-",
    "utf-16": f"<script>{CANARY}</script>".encode("utf-16-le"),
    "utf-16be": f"<script>{CANARY}</script>".encode("utf-16-be"),
    "iso-2022-jp": b'<p title="\x1b$B"><script>document.title=\'CANARY\'</script>\x1b(B">',
    "hz-gb-2312": b"~{<script>~}<script>document.title='CANARY'</script>",
    "x-user-defined": b"\xbcscript\xbe",
    "\xff\x00": b"<script>document.title='CANARY'</script>",
}


def answer(body: bytes, kind: str = "text/html; charset=utf-8", head: str = "", status: str = "200 OK") -> Reply:
    """Return an answer with a Content-Length."""
    top = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    return Reply(top.encode("utf-8", "replace") + body)


def page(name: str, *, head: str = "", body: str = "") -> bytes:
    """Return a page with enough text to be read as an article."""
    return PAGE.format(name=name, head=head, body=body, text=TEXT).encode()


def replies() -> dict[str, Reply]:
    """Return what the hostile paper answers, by path."""
    found = {"/robots.txt": answer(b"", "text/plain", status="404 Not Found")}
    for number in range(len(NAMES) + len(ADDRESSES)):  # `forge` changes their rows
        found[f"/plain/{number}.html"] = answer(page(f"plain {number}"))
    for kind, attacks in (("head", IN_HEAD), ("body", IN_BODY)):
        for name, markup in attacks.items():
            given = {kind: markup}
            found[f"/{kind}/{name.replace(' ', '-')}.html"] = answer(page(name, **given))
    for name, tail in NOT_UTF8.items():
        path = f"/charset/{name.encode('unicode_escape').hex()}.html"
        found[path] = answer(page("charset") + tail, f"text/html; charset={name}")
    everything = page("everything", head="".join(IN_HEAD.values()), body="".join(IN_BODY.values()))
    found["/everything.html"] = answer(everything)
    found["/headers.html"] = answer(page("headers"), head=EVIL_HEAD)
    found["/moved.html"] = answer(b"", head=f"Location: javascript:{CANARY}\r\n", status="302 Found")
    found["/moved-out.html"] = answer(b"", head=f"Location: {EVIL}/out\r\n", status="302 Found")
    found["/status.html"] = answer(page("status"), status="999 Odd")
    found["/frame.html"] = answer(f'<body onload="{CANARY}"><script>{CANARY}</script><img src={EVIL}/f>'.encode())
    found["/evil.svg"] = answer(SVG.encode(), "image/svg+xml")
    found["/evil.png"] = answer(f"<script>{CANARY}</script>".encode(), "image/png")
    found["/odd-type"] = answer(b"x", "image/\u0436\u00e9")
    found["/evil.js"] = answer(CANARY.encode(), "text/javascript")
    found["/evil.xhtml"] = answer(f"<html xmlns='http://www.w3.org/1999/xhtml'><script>{CANARY}</script></html>".encode(),
                                  "application/xhtml+xml")  # fmt: skip
    found["/evil.xml"] = answer(
        f"<x:script xmlns:x='http://www.w3.org/1999/xhtml'>{CANARY}</x:script>".encode(), "text/xml"
    )
    return found


SIZES = {
    "cells": lambda: "<table>" + ("<tr>" + "<td>cell" * 100) * 1000 + "</table>",
    "text": lambda: "<p>ten megabytes of text about a ferry</p>" * 260_000,
    "deep": lambda: "<div>" * 20_000 + "deep" + "</div>" * 20_000,
    "parts": lambda: "".join(f"<img src=/p{n}.png srcset='/q{n}.png 2x'>" for n in range(20_000)),
    "sheets": lambda: "<style>" + "a{background:url(x)}" * 100_000 + "</style>" + "<style></style>" * 5_000,
    "attributes": lambda: "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">",
}  # pages that take long, by what they have much of

NAMES = {
    "markup": f'<script>{CANARY}</script><img src=x onerror="{CANARY}">"\'></title></textarea><!--',
    "codes": "\x1b[31mred\x1b]0;owned\x07 \x9b2J \x00NUL \x08\x7f \u202eevil\u2066 \ufeff\u2028 \ue000mark\ue001\ue001",
    "lines": "line\r\nSet-Cookie: a=b\r\n\r\n<script>]]>&#0;&amp;",
    "formula": '=HYPERLINK("http://evil.example")',
    "template": "{{ 7*7 }} {% raw %} ${7*7} %s %(x)s {0.__class__}",
    "long": "a very long title " * 60_000,
    "empty": "",
    "odd": "\ufffe\uffff\U0010ffff\ufdd0\u0301\u200d" * 20,
}

ADDRESSES = (
    "http://a/\r\nSet-Cookie: a=b", 'http://a/>; rel="x", <http://evil.example/>', "http://a/\"'><script>x</script>",
    f"javascript:{CANARY}", "//evil.example/", "http://a/\x00\x1b[31m", "http://a/" + "x" * 100_000, "../../../export",
)  # fmt: skip


def build(folder: Path, *, sizes: tuple[str, ...] = ()) -> Path:
    """Make the archive. `sizes` names pages that take long to crawl."""
    archive = make_archive(folder)
    answers = replies() | {f"/size/{name}.html": answer(page(name, body=SIZES[name]())) for name in sizes}
    with HostileServer(answers) as paper:
        listed = "\n".join(paper.url(path) for path in answers if path != "/robots.txt")
        done = morgue("-C", archive, "crawl", *LOOPBACK, "--urls", "-", stdin=listed)
        assert done.returncode in (0, 1), done.stderr
    assert rows(archive, "SELECT count(*) FROM articles")[0][0] > 30
    forge(archive)
    return archive


def forge(archive: Path) -> None:
    """Write into rows what a crawl would never let through."""
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        numbers = [row[0] for row in db.execute("SELECT id FROM articles ORDER BY id")]
        db.execute("INSERT OR IGNORE INTO sources (name, url, title, added) VALUES (?, ?, ?, ?)",
                   ("evil\"><script>", f"javascript:{CANARY}", NAMES["markup"], "2026-01-01T00:00:00Z"))  # fmt: skip
        source = db.execute("SELECT max(id) FROM sources").fetchone()[0]
        for number, (kind, text) in zip(numbers, NAMES.items(), strict=False):
            short = text[:2000]
            update_article(db, {
                "title": text, "byline": short, "authors": json.dumps([short, "b"]), "section": short, "source_id": source,
                "description": short, "site_name": short, "publisher": short, "dateline": short, "kind": "article",
                "tags": json.dumps([short]), "image": f"javascript:{CANARY}", "canonical_url": f"javascript:{kind}\"><script>",
                "extractor": short, "found_in": json.dumps({"title": short}), "rights": json.dumps([short]),
                "comments": json.dumps([short]), "published": short, "language_declared": short,
            }, number)  # fmt: skip
        for number, url in zip(numbers[len(NAMES) :], ADDRESSES, strict=False):
            capture = db.execute("SELECT capture_id FROM articles WHERE id = ?", (number,)).fetchone()[0]
            db.execute("UPDATE captures SET url = ? WHERE id = ?", (url, capture))
            update_article(db, {"url": url}, number)
