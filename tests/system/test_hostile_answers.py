"""Answers that were made to stop a crawl cost their own page only, and are named."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.command import crawl, make_archive, rows
from tests.support.hostile_server import HostileServer, Reply
from tests.support.http_server import answering

STORY = "The ferry stops at the northern pier from Monday, the council said, and the crane turns again. " * 9
PAGE = f"<html><head><title>Ferry</title></head><body><article><h1>Ferry</h1><p>{STORY}</p></article></body></html>"


def ok(body: bytes, *fields: bytes) -> Reply:
    """Return an answer with a body."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Type: text/html", b"Content-Length: %d" % len(body), *fields]
    return Reply(b"\r\n".join([*lines, b"", b""]) + body)


def redirect(location: bytes, *fields: bytes) -> Reply:
    """Return a redirect."""
    return Reply(
        b"\r\n".join([b"HTTP/1.1 302 Found", b"Content-Length: 0", b"Location: " + location, *fields, b"", b""])
    )


class CookieHandler(BaseHTTPRequestHandler):
    """Give the story to a client that sends the cookie, and the cookie to others."""

    def do_GET(self) -> None:
        seen = self.headers["Cookie"] == "seen=1"
        self.send_response(404 if self.path == "/robots.txt" else 200 if seen else 302)
        self.send_header("Content-Type", "text/html")
        self.send_header("Location", self.path)
        self.send_header("Set-Cookie", "seen=1; Path=/")
        self.end_headers()
        self.wfile.write(PAGE.encode() if seen else b"")

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve with a handler; yield the address of a page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/story.html"
    finally:
        server.shutdown()
        server.server_close()


EMPTY_MEMBERS = gzip.compress(gzip.compress(b"") * 900_000)  # 44 KB; half an hour of the old decoder
HOSTILE = {
    "/members.html": (ok(EMPTY_MEMBERS, b"Content-Encoding: gzip, gzip"), "too many gzip members"),
    "/codings.html": (ok(b"x", b"Content-Encoding: " + b",".join([b"deflate"] * 25_000)), "too many content codings"),
    "/lines.html": (ok(b"x", *[b"a: b"] * 40_000), "too many header lines"),
    "/interim.html": (Reply(b"", before=b"HTTP/1.1 103 Hints\r\n\r\n" * 1000), "too many interim answers"),
    "/chunks.html": (
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 150_000),
        "too many chunks",
    ),
    "/script.html": (redirect(b"javascript:alert(1)"), "redirect to no web address"),
    "/data.html": (redirect(b"data:text/html,x"), "redirect to no web address"),
    "/bracket.html": (redirect(b"http://[bad]/"), "redirect to no web address"),
    "/port.html": (redirect(b"http://127.0.0.1:22/"), "port is blocked"),
    "/cookie.html": (redirect(b"/cookie.html", b"Set-Cookie: seen=1"), "redirect loop (it sets the cookie seen)"),
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Crawl all hostile pages and an honest one. Return (archive, done)."""
    archive = make_archive(tmp_path_factory.mktemp("hostile") / "archive")
    replies = {path: reply for path, (reply, _) in HOSTILE.items()} | {"/story.html": ok(PAGE.encode())}
    with HostileServer({**replies, "/robots.txt": Reply(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")}) as server:
        urls = "\n".join(server.url(path) for path in replies)
        done = crawl(archive, "--urls", "-", "-s", "crawl.retries=0", stdin=urls)
    return archive, done


@pytest.mark.parametrize(("path", "why"), [(path, why) for path, (_, why) in HOSTILE.items()])
def test_hostile_answer_is_named_and_kept(hostile, path, why):
    """Its reason is in the frontier, and what it sent is in the archive."""
    archive, _done = hostile
    assert rows(archive, "SELECT last_error FROM frontier WHERE url LIKE ?", f"%{path}") == [(why,)]
    assert rows(archive, "SELECT count(*) >= 1 FROM captures WHERE url LIKE ?", f"%{path}") == [(1,)]


def test_honest_page_beside_hostile_ones_is_filed(hostile):
    """Nothing is printed but the summary."""
    archive, done = hostile
    assert rows(archive, "SELECT title FROM articles") == [("Ferry",)]
    assert "Traceback" not in done.stderr


def test_proxy_of_the_environment_is_not_used(tmp_path, monkeypatch):
    """Only `crawl.proxy` counts; the environment may be that of another program."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    archive = make_archive(tmp_path / "archive")
    with answering({"/story.html": (200, PAGE.encode(), {})}) as (url, asked):
        crawl(archive, "--urls", "-", stdin=url + "/story.html")
    assert "/story.html" in asked


def test_page_that_needs_its_own_cookie_is_filed_with_every_hop(tmp_path):
    """It redirects to itself until a cookie comes back. Each hop is a capture of its own."""
    archive = make_archive(tmp_path / "archive")
    with serving(CookieHandler) as url:
        crawl(archive, "--urls", "-", stdin=url)
    assert rows(archive, "SELECT title FROM articles") == [("Ferry",)]
    assert rows(archive, "SELECT status FROM captures WHERE url = ? ORDER BY id", url) == [(302,), (200,)]
