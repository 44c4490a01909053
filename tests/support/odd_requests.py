# ruff: noqa: E501 - lists of odd values
"""Make requests that no browser makes: a generator with a seed, and a client that asks them over a raw socket."""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import h11

from exports.web.connections import MAX_HEAD_BYTES
from tests.support.web_apps import WebApps
from tests.support.web_view import WebView

ROUTES = (
    "/", "/search", "/search.json", "/search.atom", "/article/{number}", "/article/{number}.json",
    "/article/{number}/compare", "/article/{number}/compare.json", "/edits", "/edits.json", "/edits.atom", "/counts",
    "/counts.json", "/health", "/health.json", "/health.atom", "/export/articles.{form}", "/capture/{number}.warc.gz",
    "/timemap/{form}/{url}", "/timegate/{url}", "/replay/{time}/{url}", "/static/{name}", "/page/{time}/{url}",
    "/part/{time}/{url}", "/{name}", "{name}",
)  # fmt: skip
PARAMETERS = ("q", "source", "language", "since", "until", "seen_since", "seen_until", "undated", "unique", "stem", "sort",
              "page", "by", "share", "silent", "titles", "from", "to", "token", "format", "limit", "sql", "_next")  # fmt: skip
NUMBERS = ("1", "2", "3", "0", "-1", "00", "+1", "1.5", "1e9", "0x10", "９", "٣", "9223372036854775807", "9223372036854775808",
           "18446744073709551616", "9" * 40, "9" * 5000, "0000000001234567890123", "NaN", "", " 1", "1;2", "1%00")  # fmt: skip
TIMES = ("2026", "20261130110000", "0000", "00000000000000", "99991231235959", "99999", "20260231", "20261301", "1", "2026" * 5,
         "２０２６", "-2026", "2026-01-02T03:04:05", "now", "")  # fmt: skip
DAYS = ("2026", "2026-01", "2026-02-30", "0000", "0000-00-00", "0001-01-01", "9999-12-31", "99999", "99999-12", "-1",
        "yesterday", "today", "7 days ago", "999999999999 days ago", "-99999999999 days ago", "2026-W01", "2026-11-30T25:61",
        "2026-11-30T10:00:00+99:99", "last year", "1970-01-01T00:00:00Z", "٢٠٢٦", "12 hours ago", "0", "1e400")  # fmt: skip
WORDS = ("lamp", "the", "lamp pier", '"lamp on the pier"', "title:lamp", "-lamp", "lamp OR pier", "lamp AND", "OR", "NOT", "((", "(" * 900,
         "(" * 300 + "a" + ")" * 300, '"', '"' * 99, "a*", "*", "**", "lam* pie*", "^lamp", "lamp NEAR/3 pier", "lamp NEAR/99999999999999999999 pier",
         "NEAR(lamp pier, 2)", "author:", "author:\"x", "kind:article", "access:\x00", "url:http://x", "date:2026", "id:1", "rowid:1", "{a b}:c", "a:b:c:d",
         "tag:'", "lamp AND NOT (pier OR", "- - -", "-(a)", "+lamp", "lamp\x00pier", "a " * 900, "x" * 3000, "\u202e\u0301\u200d", "東京", "🙂" * 50,
         "ﬁ", "İ", "ß", "\ufdd0", "\ue000a\ue001", "~", "lamp~2", "/lamp/", "[a TO b]", "a..b", "=lamp", "<lamp>", "a,b", "section:(a b)",
         "published:>2026", "words:>10", "NOT NOT a", "a NOT b NOT c", "\\", "a\\", "%", "_", "a%' OR '1'='1")  # fmt: skip
GARBAGE = ("", " ", "..", "../..", "../../../../etc/passwd", "%2e%2e%2f%2e%2e%2f", "..%5c..", "..;/", "//", "///", "/\\evil.example", "%", "%%", "%z", "%00",
           "%0d%0aSet-Cookie:%20a=b", "%ff%fe", "%ed%a0%80", "%c0%af", "%u0041", "%f4%90%80%80", "'", "' OR 1=1 --", "1; DROP TABLE articles; --",
           "') UNION SELECT sql FROM sqlite_master --", "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "\x1b[31m", "a" * 2000, "a" * 9000, "é", "\u202e",
           "null", "None", "true", "[]", "{}", "a=b", "&", "&&&", "=", "?", "??", "#", ";", "~", "CON", "view.css", "icon.svg", "view.css%00", "x" * 300 + ".css",
           "a.css", "%2fetc%2fpasswd.css", "favicon.ico", "robots.txt", ".git/config", "morgue.db", "morgue.toml", "csv", "jsonl", "parquet", "link", "json",
           "exe")  # fmt: skip
ADDRESSES = ("http://127.0.0.1/a", "https://paper.example/x?y=1&z=%00", "http:/paper.example/", "http://", "//paper.example", "javascript:alert(1)", "http://[::1", "http://[v1.x]/",
             "http://a:99999/", "http://a:b@c/", "http://xn--/", "http://\u2603.example/", "http://a/" + "b/" * 900, "ftp://x/", "1", "http://a/%", "http://a/\x00", "HTTP://A/../../b",
             "http://a/>;rel=x", "http://a/\"'", "http:\\\\a\\", "urn:x", "file:///etc/passwd", "http://a b/", "http://" + "a" * 300 + "/", "http://a" + ".a" * 200, "")  # fmt: skip
METHODS = (
    ("GET",) * 24
    + ("HEAD",) * 8
    + ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "G\x00T", "X" * 200)
)
HOSTS = ("evil.example", "", "127.0.0.1", "127.0.0.1:99999", "localhost:1", "user@127.0.0.1", "127.0.0.1:x", "[::1]", "[", "a" * 3000, "a\x01b", "é.example",
         "127.0.0.1#", "127.0.0.1/..", "\"><script>", "2130706433", "0x7f.1")  # fmt: skip
DATES = ("Thu, 31 May 2007 20:35:00 GMT", "Thu, 31 May 99999 20:35:00 GMT", "Thu, 31 May 0000 20:35:00 GMT", "soon", "", "Thu, 31 May 2007 20:35:00 +9999",
         "Thu, 31 May 2007 20:35:00 -9999", "31 Feb 2007 99:99:99 GMT", "Mon, 1 Jan 1 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359", "," * 500, "2007" * 100)  # fmt: skip
HEADERS = ("Accept-Datetime", "Range", "If-None-Match", "If-Modified-Since", "Cookie", "Authorization", "Accept-Encoding", "Referer", "Origin", "X-Forwarded-For",
           "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-URL", "Sec-Fetch-Dest", "Expect", "Upgrade", "Connection", "Transfer-Encoding",
           "Content-Length", "Content-Type", "Accept-Language", "TE")  # fmt: skip
HEADER_VALUES = ("bytes=0-", "bytes=99999999999999999999-", "*", "morgue_token=x", 'morgue_token="\\377"', "Bearer", "Bearer \xff", "Basic eDp5", "https", "websocket", "Upgrade",
                 "h2c", "100-continue", "chunked", "gzip, chunked", "-1", "99999999999999999999", "5", "0", "iframe", "style", "a" * 5000, "\x7f", "=; ; =;", "null")  # fmt: skip


@dataclass(frozen=True, slots=True)
class OddRequest:
    """Hold the bytes of a request."""

    raw: bytes
    method: str

    def __str__(self) -> str:
        return repr(self.raw[:300])

    def parsed(self) -> tuple[str, bytes, list[tuple[bytes, bytes]]] | None:
        """Return (method, target, headers) as an application is given them; None if no application is asked."""
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        connection.receive_data(self.raw)
        try:
            found = connection.next_event()
        except h11.RemoteProtocolError:
            return None
        return (found.method.decode(), found.target, list(found.headers)) if isinstance(found, h11.Request) else None


def odd_requests(seed: int, count: int, host: str, urls: Sequence[str] = ()) -> Iterator[OddRequest]:
    """Yield requests for a server, the same for the same seed. `urls`: addresses that its archive has."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _request(chance, host, (*ADDRESSES, *list(urls) * 3))


def _request(chance: random.Random, host: str, urls: Sequence[str]) -> OddRequest:
    target = _target(chance, urls)
    kind = chance.random()
    if kind < 0.03:
        target = chance.choice(
            (f"http://{host}{target}", f"http://evil.example{target}", "*", target[1:], f"//evil.example{target}")
        )
    method = chance.choice(METHODS)
    version = chance.choice(("HTTP/1.1",) * 30 + ("HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.11", "ICY", ""))
    lines = [f"{method} {target} {version}".encode("utf-8", "surrogateescape")]
    if chance.random() < 0.95:
        lines.append(f"Host: {host}".encode())
    else:
        lines += [f"Host: {chance.choice(HOSTS)}".encode() for _ in range(chance.choice((0, 1, 1, 1, 2)))]
    if "timegate" in target:
        lines.append(f"Accept-Datetime: {chance.choice(DATES)}".encode())
    while chance.random() < 0.15:
        value = chance.choice(HEADER_VALUES).encode("latin-1")
        lines.append(chance.choice(HEADERS).encode() + b": " + value)
    if chance.random() < 0.003:
        lines.append(b"X: " + b"a" * chance.choice((60_000, 100_000)))
    if chance.random() < 0.003:
        lines += [b"X: y"] * 2000
    return OddRequest(b"\r\n".join(lines) + b"\r\n\r\n", method)


def _target(chance: random.Random, urls: Sequence[str]) -> str:
    route = chance.choice(ROUTES)
    for name, values in (
        ("{number}", NUMBERS),
        ("{time}", TIMES),
        ("{url}", urls),
        ("{form}", GARBAGE),
        ("{name}", GARBAGE),
    ):
        if name in route:
            usual = {"{form}": "json", "{time}": "2026"}.get(name)
            value = chance.choice(GARBAGE) if chance.random() < 0.1 else chance.choice(values)
            route = route.replace(name, usual if usual and chance.random() < 0.4 else value)
    asked = "&".join(
        _parameter(chance) for _ in range(chance.choice((0, 0, 1, 1, 2, 3, 40 if chance.random() < 0.05 else 4)))
    )
    target = route + ("?" + asked if asked else "")
    if chance.random() < 0.15:
        target = _mutated(chance, target)
    if chance.random() < 0.99:  # most are what HTTP allows; the rest is for the parser of HTTP
        target = quote(target, safe="%/?&=:;,+@!$'()*[]#\\\"<>{}|^`~")
    return target or "/"


def _parameter(chance: random.Random) -> str:
    name = chance.choice(PARAMETERS) if chance.random() < 0.95 else chance.choice(GARBAGE)
    values = {"q": WORDS, "page": NUMBERS, "from": NUMBERS, "to": NUMBERS, "since": DAYS, "until": DAYS, "seen_since": DAYS,
              "seen_until": DAYS, "sort": ("newest", "oldest", "relevance", "x"),
              "by": ("source", "month", "year", "language", "day", "x", "author")}.get(name, GARBAGE)  # fmt: skip
    value = chance.choice(values) if chance.random() < 0.85 else chance.choice(GARBAGE)
    return f"{name}={value if '%' in value else quote(value)}"


def _mutated(chance: random.Random, target: str) -> str:
    characters = list(target)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(characters) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            characters[at:at] = chance.choice(
                ("/", "%", "%00", ".", "..", "\\", "?", "&", "=", "\ud800", chr(chance.randrange(0x3000)), "%ff")
            )
        elif kind == 1:
            del characters[at : at + chance.randint(1, 5)]
        elif kind == 2:
            characters[at:at] = characters[at : at + 9]
        else:
            chance.shuffle(characters)
    return "".join(characters).encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class OddAnswer:
    """Hold what came back: 0 if the connection was closed without a word."""

    status: int
    seconds: float
    head: bytes
    body: bytes


class RawClient:
    """Ask over one connection while it lasts."""

    def __init__(self, port: int, seconds: float = 25.0) -> None:
        self.port, self.seconds = port, seconds
        self._socket: socket.socket | None = None

    def ask(self, request: OddRequest) -> OddAnswer:
        """Send a request and read its answer. Raises TimeoutError."""
        begin = time.monotonic()
        kept = self._socket is not None
        head, body = self._exchange(request)
        if not head and kept:  # the server may close a connection at any time
            head, body = self._exchange(request)
        status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0
        return OddAnswer(status, time.monotonic() - begin, head, body)

    def leave(self, request: OddRequest) -> None:
        """Send a request, and go away without waiting for its answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=self.seconds) as connection:
            connection.sendall(request.raw)

    def _exchange(self, request: OddRequest) -> tuple[bytes, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.seconds)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(request.raw)
            head, body, is_last = read_answer(self._socket, has_body=request.method != "HEAD")
        except ConnectionError:
            head, body, is_last = b"", b"", True
        if is_last:
            self.close()
        return head, body

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def read_answer(connection: socket.socket, *, has_body: bool) -> tuple[bytes, bytes, bool]:
    """Return (head, body, the connection ends) of an answer. An interim answer is passed over."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(1 << 16)
        if not more:
            return data, b"", True
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    lower = head.lower()
    is_last = b"connection: close" in lower or not head.startswith(b"HTTP/1.1")
    if not has_body:
        return head, b"", is_last
    if b"transfer-encoding: chunked" in lower:
        while not body.endswith(b"0\r\n\r\n"):
            more = connection.recv(1 << 16)
            if not more:
                return head, body, True
            body += more
        return head, body, is_last
    length = next(
        (int(line.split(b":")[1]) for line in lower.split(b"\r\n") if line.startswith(b"content-length:")), None
    )
    while length is None or len(body) < length:
        more = connection.recv(1 << 16)
        if not more:
            return head, body, True
        body += more
    return head, body, is_last or length is None


@dataclass(slots=True)
class OddReport:
    """Hold what became of many requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0


def asked_by_many(ports: Sequence[int], seed: int, count: int, urls: Sequence[str], seconds: float) -> OddReport:
    """Ask each port with two clients at once, so many requests together, each of which has so long for its answer."""
    report = OddReport()

    def ask(port: int, seed: int) -> None:
        client = RawClient(port, seconds)
        for request in odd_requests(seed, count // (2 * len(ports)), f"127.0.0.1:{port}", urls):
            try:
                answer = client.ask(request)
            except TimeoutError:
                report.faults.append(f"no answer: {request}")
                client.close()
                continue
            report.statuses[answer.status] += 1
            report.slowest = max(report.slowest, answer.seconds)
            if answer.status in (500, 502) or b"Traceback" in answer.body:
                report.faults.append(f"{answer.status}: {request}")
        client.close()

    threads = [threading.Thread(target=ask, args=(port, seed + at)) for at, port in enumerate((*ports, *ports))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return report


def asked_in_process(web: WebApps, seed: int, count: int, urls: Sequence[str]) -> OddReport:
    """Ask both applications without a server, so many requests together, two at once."""
    report = OddReport()

    def ask(port: int) -> None:
        for request in odd_requests(seed + port, count // len(web.apps), f"127.0.0.1:{port}", urls):
            given = request.parsed()
            if given is None:
                continue
            try:
                answer = web.ask(port, *given)
            except Exception as error:  # noqa: BLE001 any is a fault of the application
                report.faults.append(f"{error!r}: {request}")
                continue
            report.statuses[answer.status] += 1
            if answer.status == 500:
                report.faults.append(f"500: {request}")

    threads = [threading.Thread(target=ask, args=(port,)) for port in web.apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return report


def ports_of(view: WebView) -> tuple[int, int]:
    """Return the port of the view and that of captured pages."""
    found = re.search(r"frame-src http://[^:]+:(\d+)", view.get("/").headers["content-security-policy"])
    assert found
    return int(view.url.rpartition(":")[2]), int(found[1])


def resident_mb(process: int) -> int:
    """Return the memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) >> 10
