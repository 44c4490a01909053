"""Build a sealed internet for `attack.py`: every address is this machine, and a web server answers as ordered.

In the network namespace each IPv4 and IPv6 address is local, so a connection to any address arrives here, and the
server notes for which one it was meant. That note is the oracle: nothing of the product is asked about it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pty
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common import end_session, morgue_command, morgue_env, session_processes, skip

PUBLIC = "93.184.216."  # a network that is public; each site of ours has an address in it
# IANA IPv4 and IPv6 Special-Purpose Address Registries (not globally reachable, or reserved), multicast, and addresses
# of cloud metadata that no registry has. Written down here on purpose: the product has a table of its own.
NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in """0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
        192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
        168.63.129.16/32 ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16
        3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8""".split()  # noqa: SIM905 (a table, not code)
]
Answer = Callable[[str, socket.socket], bytes | None]  # (path, connection) -> what to send; None: it was sent already


@dataclass(frozen=True)
class Asked:
    """One request that arrived."""

    at: float  # time.monotonic()
    to: str  # the address that it was sent to
    port: int
    host: str
    path: str


@dataclass
class World:
    """Hold the web server of every host, and the journal of what arrived."""

    folder: Path
    sites: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)  # addresses that a connection was opened to

    def begin(self) -> World:
        for family in (["-4"], ["-6"]):
            done = subprocess.run(
                ["ip", *family, "route", "add", "local", "default", "dev", "lo"], capture_output=True, text=True
            )
            if done.returncode and family == ["-4"]:
                skip(f"cannot make every address local: {done.stderr.strip()}")
        for port in (80, 22, 8080, 3128):
            listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(("::", port))
            listener.listen(512)
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()
        return self

    def name(self, hosts: Iterable[str], also: Mapping[str, Iterable[str]] | None = None) -> None:
        """Give each host a public address; `also` has names with addresses of their own. IPv6 in the file as it is."""
        lines = ["127.0.0.1 localhost", "::1 localhost"]
        lines += [f"{PUBLIC}{10 + number % 200} {host}" for number, host in enumerate(hosts)]
        lines += [f"{address} {host}" for host, addresses in (also or {}).items() for address in addresses]
        table = self.folder / "hosts"
        table.write_text("\n".join(lines) + "\n")
        subprocess.run(["umount", "/etc/hosts"], capture_output=True)
        done = subprocess.run(["mount", "--bind", str(table), "/etc/hosts"], capture_output=True, text=True)
        if done.returncode:
            skip(f"cannot put our own /etc/hosts in place: {done.stderr.strip()}")

    def reached_private(self) -> list[str]:
        """Addresses that are not public and that a connection was opened to."""
        return [address for address in self.connected if is_private(address)]

    def forget(self) -> None:
        self.asked.clear()
        self.connected.clear()

    def _accept(self, listener: socket.socket, port: int) -> None:
        while True:
            connection, _ = listener.accept()
            to = connection.getsockname()[0].partition("%")[0]
            self.connected.append(to)
            threading.Thread(target=self._serve, args=(connection, to, port), daemon=True).start()

    def _serve(self, connection: socket.socket, to: str, port: int) -> None:
        with contextlib.suppress(OSError), connection:
            while head := read_head(connection):
                words = head.split(b" ", 2)
                path = words[1].decode("latin-1")
                host = next(
                    (
                        line[5:].strip().decode("latin-1")
                        for line in head.split(b"\r\n")
                        if line[:5].lower() == b"host:"
                    ),
                    "",
                )
                self.asked.append(Asked(time.monotonic(), to, port, host, path))
                answer = self.sites.get(host, lambda _path, _connection: page("A page that was reached"))
                data = answer(path, connection)
                if data is None:
                    return
                connection.sendall(data)


def is_private(address: str) -> bool:
    """By the table above; a mapped address counts as the IPv4 address that it carries."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in NOT_PUBLIC if network.version == parsed.version)


def read_head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            return b""
        data += more
    return data


# -- what sites send --------------------------------------------------------------------------------------


def http(body: bytes, kind: str = "text/html", status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def redirect(to: str, status: str = "302 Found", more: str = "") -> bytes:
    return http(b"", status=status, more=f"Location: {to}\r\n{more}")


def page(title: str, subject: str = "pier") -> bytes:
    """Return an article of eight paragraphs."""
    text = "".join(
        f"<p>The {subject} of the island was the subject of a long debate in the council on day {day}, and its members "
        f"agreed to disagree about the {day + 3} boats that lay there.</p>"
        for day in range(8)
    )
    head, body = f"<head><title>{title}</title></head>", f"<body><article><h1>{title}</h1>{text}</article></body>"
    return http(f"<!DOCTYPE html><html lang='en'>{head}{body}</html>".encode())


def not_found() -> bytes:
    return http(b"", status="404 Not Found")


def feed(links: Iterable[str], author: str = "") -> bytes:
    by = f"<dc:creator>{author}</dc:creator>" if author else ""
    items = "".join(f"<item><title>A story of the island</title><link>{link}</link>{by}</item>" for link in links)
    text = f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>F</title>{items}</channel></rss>'
    return http(text.encode(), "application/rss+xml")


def sitemap(links: Iterable[str], day: str = "", index: bool = False) -> bytes:
    outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    mod = f"<lastmod>{day}</lastmod>" if day else ""
    text = "".join(f"<{inner}><loc>{link}</loc>{mod}</{inner}>" for link in links)
    return http(f"<{outer}>{text}</{outer}>".encode(), "application/xml")


def paper(host: str, stories: int, prefix: str = "", links: Mapping[str, bytes] | None = None) -> Answer:
    """Return an honest paper: front page, feed, articles. `links`: further entries of its feed, path -> answer."""
    paths = [f"/2026/11/12/{prefix}the-ferry-of-pier-number-{number}/" for number in range(stories)]
    further = links or {}

    def answer(path: str, _connection: socket.socket) -> bytes:
        if path == "/":
            return http(b'<html lang=en><link rel=alternate type="application/rss+xml" href=/feed.xml>A paper</html>')
        if path == "/feed.xml":
            return feed(f"http://{host}{one}" for one in (*further, *paths))
        if path in further:
            return further[path]
        if path in paths:
            number = paths.index(path)
            return page(f"The ferry of pier {number} is late", f"ferry of pier {number}")
        return not_found()

    return answer


# -- morgue -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    """Say how a command ended."""

    code: int  # negative: a signal; the one that we sent if it took too long
    seconds: float
    peak: int  # bytes of RSS over all its processes
    out: str
    err: str
    too_long: bool

    @property
    def crashed(self) -> bool:
        return "Traceback" in self.err or self.code < 0


class Archive:
    """Hold an archive, and run `morgue` on it."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.settings = [word for one in ("crawl.delay=0", "crawl.retries=0", *settings) for word in ("-s", one)]
        self.run("init", str(folder), "--contact", "attack@example.org", bare=True)

    def run(
        self,
        *args: str,
        seconds: float = 60,
        bare: bool = False,
        interrupt_at: float | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run a command for at most so long; `interrupt_at`: seconds after which it gets one SIGINT."""
        command = [*morgue_command(), *([] if bare else ["-C", str(self.folder)]), *args]
        out, err = self.folder.with_suffix(".out"), self.folder.with_suffix(".err")
        began, peak, interrupted, too_long = time.monotonic(), 0, False, False
        with out.open("wb") as printed, err.open("wb") as complained:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=printed, stderr=complained, start_new_session=True,
                env=morgue_env(**(env or {})),
            )  # fmt: skip
            while child.poll() is None:
                time.sleep(0.05)
                passed = time.monotonic() - began
                peak = max(peak, sum(memory for _, _, memory in session_processes(child.pid)))
                if interrupt_at is not None and passed > interrupt_at and not interrupted:
                    interrupted = True
                    os.kill(child.pid, signal.SIGINT)
                if passed > seconds and not too_long:
                    too_long = True
                    end_session(child.pid)
        end_session(child.pid)
        texts = [path.read_text("utf-8", "replace") for path in (out, err)]
        return Ended(child.returncode, time.monotonic() - began, peak, *texts, too_long)

    def shown(self, *args: str) -> str:
        """Return what a command prints on a terminal, where data must not act on it; a pipe gets the data as it is."""
        terminal, stdout = pty.openpty()
        command = [*morgue_command(), "-C", str(self.folder), *args]
        env = morgue_env(NO_COLOR="1")  # colours of our own look like those of a hostile text
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stdout, env=env) as one:
            os.close(stdout)
            printed = b""
            with contextlib.suppress(OSError):  # as Linux ends a terminal that nobody writes to
                while some := os.read(terminal, 65536):
                    printed += some
            one.wait(60)
        os.close(terminal)
        return printed.decode("utf-8", "replace")

    def crawl(self, *args: str, seconds: float = 60, **options: object) -> Ended:
        return self.run("crawl", *self.settings, *args, seconds=seconds, **options)  # type: ignore[arg-type]

    def rows(self, sql: str) -> list[tuple]:
        import sqlite3

        db = sqlite3.connect(f"file:{self.folder / 'morgue.db'}?mode=ro", uri=True)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def write_source(self, name: str, text: str) -> None:
        (self.folder / "sources" / f"{name}.toml").write_text(text)
