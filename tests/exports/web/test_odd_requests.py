"""Test `morgue serve` with requests that no browser makes. `benchmarks/odd_requests.py` makes more of them."""

from __future__ import annotations

import socket
import sqlite3
import time
from contextlib import ExitStack, closing

import pytest

from pipelines.database.columns import update_article
from tests.support.odd_requests import OddRequest, RawClient, asked_by_many, asked_in_process, ports_of, resident_mb
from tests.support.web_apps import web_apps
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow

REQUESTS = 1800  # within this process
SENT = 200  # over sockets, also those that are no HTTP
MAX_SECONDS = 25.0  # of an answer: 20 s in the database at most
MAX_GROWTH_MB = 250


@pytest.fixture(scope="module")
def view(built):
    """Serve the archive. Nothing may be printed."""
    with viewing(built) as view:
        yield view


URLS = tuple(f"https://courier.example/2024/article-{number}?from=front" for number in range(1, 5))


def test_no_request_is_answered_with_an_error_of_ours(built):
    """Each is answered in time."""
    with web_apps(built) as web:
        found = asked_in_process(web, 20261130, REQUESTS, URLS)
    assert found.faults == []
    assert {200, 400, 404, 405, 414, 421} <= set(found.statuses), found.statuses
    assert sum(found.statuses.values()) > 0.8 * REQUESTS


def test_no_request_over_a_socket_is_answered_with_an_error_of_ours(view):
    """Also none that breaks the rules of HTTP; memory is bounded, and nothing is printed (`viewing` sees to that)."""
    assert view.get("/search?q=climate").status == 200
    before = resident_mb(view.process)
    found = asked_by_many(ports_of(view), 20261130, SENT, URLS, MAX_SECONDS)
    assert found.faults == []
    assert {200, 400, 404, 405} <= set(found.statuses), found.statuses
    assert resident_mb(view.process) - before < MAX_GROWTH_MB


def get(target: str, port: int, *more: str) -> OddRequest:
    """Return a request with headers."""
    lines = (f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{port}", *more)
    return OddRequest(("\r\n".join(lines) + "\r\n\r\n").encode(), "GET")


# Each was an error of ours, or went past a check.
ODD = {
    "/article/" + "9" * 5000: 404,
    "/capture/" + "9" * 5000 + ".warc.gz": 404,
    "/static/" + "x" * 300 + ".css": 404,
    "/static/%00.css": 404,
    "/static/..%5Cview_app.py": 404,
    "/search?page=0000000001234567890123": 400,
    "/search?page=%D9%A3": 400,
    "http://evil.example/search": 404,
    "/search?q=" + "(" * 900: 400,
    "/timegate/https://courier.example/2024/article-1?from=front": 302,
}


def test_addresses_that_were_errors(view):
    """Numbers of thousands of digits, names longer than a file system takes, a page whose zeros hide its size."""
    port, _ = ports_of(view)
    client = RawClient(port)
    got = {target: client.ask(get(target, port)).status for target in ODD}
    client.close()
    assert got == ODD


def test_accept_datetime_may_be_any_text(view):
    """Years that do not exist and offsets of days."""
    port, _ = ports_of(view)
    for text in (
        "Thu, 31 May 99999 20:35:00 GMT",
        "Mon, 1 Jan 1 00:00:00 +2359",
        "31 Dec 9999 23:59:59 -2359",
        "x" * 999,
    ):
        client = RawClient(port)
        target = "/timegate/https://courier.example/2024/article-1?from=front"
        assert client.ask(get(target, port, f"Accept-Datetime: {text}")).status in (302, 400)
        client.close()


SQL = (
    "' OR '1'='1",
    "1; DROP TABLE articles",
    "') UNION SELECT sql FROM sqlite_master --",
    '" OR ""="',
    "%' --",
    "x'00'",
)
PARAMETERS = (
    "q",
    "source",
    "language",
    "since",
    "until",
    "seen_since",
    "seen_until",
    "sort",
    "page",
    "by",
    "from",
    "to",
)


def test_sql_in_a_parameter_is_text(view):
    """It selects nothing more, changes nothing, and no answer shows a schema."""
    from urllib.parse import quote

    total = view.get("/search.json").json()["total"]
    for name in PARAMETERS:
        for text in SQL:
            for path in ("/search.json", "/counts.json", "/edits.json", "/article/1/compare.json"):
                answer = view.get(f"{path}?{name}={quote(text)}")
                assert answer.status in (200, 400, 404), (path, name, text)
                assert "CREATE TABLE" not in answer.text
    assert view.get("/search.json").json()["total"] == total


def test_more_exports_than_two_are_told_to_wait(view):
    """A reader who takes nothing keeps one of the places for half a minute at most; a HEAD takes none."""
    port, _ = ports_of(view)
    assert view.get("/export/articles.csv", method="HEAD").status == 200
    assert view.get("/export/articles.csv", method="HEAD").headers["content-disposition"].startswith("attachment")
    for _ in range(6):  # that go away before their answer begins
        client = RawClient(port)
        client.leave(get("/export/articles.jsonl", port))
    deadline = time.monotonic() + 10
    while view.get("/export/articles.csv").status != 200:
        assert time.monotonic() < deadline, "the places of those who left are not free"
        time.sleep(0.1)


def test_third_export_is_told_to_try_again(archive):
    """Two readers who take nothing of theirs hold both places, until they go."""
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        for number in range(1, 20):
            update_article(db, {"text": f"{number} lamps\n" * 200_000}, number)
    with viewing(archive) as view:
        port, _ = ports_of(view)
        with ExitStack() as stack:
            for _ in range(2):
                door = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                door.sendall(get("/export/articles.jsonl", port).raw)
                assert door.recv(12) == b"HTTP/1.1 200"
            refused = view.get("/export/articles.jsonl")
            assert refused.status == 503
            assert "2 exports are running" in refused.text
            assert "try again in a minute" in refused.text.lower()
            assert view.get("/search.json?q=climate").status == 200
        deadline = time.monotonic() + 15
        while (answer := view.get("/export/articles.csv")).status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert len(answer.body) > 20_000_000
