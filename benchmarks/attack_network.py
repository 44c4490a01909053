"""Try what a hostile website can do to a crawl, from outside: the attacks of `attack.py` that need a network.

Each attack yields (what was tried, got through?). An honest paper is crawled in the same run wherever a hostile site
could stop, starve, rob or slander it.
"""

from __future__ import annotations

import gzip
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from attack_world import Archive, Ended, World, feed, http, not_found, page, paper, redirect, sitemap

Tries = Iterator[tuple[str, bool]]
STORIES = 20  # of the honest paper
INTERRUPT_SECONDS = 4.0  # after the start of a crawl
END_SECONDS = 15.0  # after Ctrl-C: ten for what is under way, five for a busy machine
MAX_SECONDS = 60  # for a crawl of the honest paper beside hostile hosts; alone it takes about 5
ALL_SECONDS = 150  # for all hostile hosts in one crawl, each of which may use up its limits of time and CPU
MAX_PEAK = 700_000_000  # bytes of all processes; `memory.py` has 600 MB for 40 hosts of 20 MB pages
STORY = "/2026/11/12/a-story-of-the-harbour-and-the-pier/"
DETOUR = "/2026/11/12/to-the-story-number-"
FRONT_PAGE = 'url = "http://evil.example/"\n'

# Hosts that mean a private address, as an attacker writes them.
FORMS = """127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 017700000001 0177.0.0.1 127.0.0.1. 0.0.0.0 0 localhost
    localhost. LOCALHOST ip6-localhost paper.localhost 10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1
    100.100.100.200 192.0.0.8 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1
    240.0.0.1 255.255.255.255 168.63.129.16 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1]
    [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1]
    [2001:0:53aa:64c::80ff:fffe] [fe80::1] [fe80::1%25lo] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1]
    [2001:db8::1] [3fff::1] [100::1] [5f00::1] paper.example@127.0.0.1 127.0.0.1:22 127.0.0.1:8080 １２７.0.0.1
    ①②⑦.⓪.⓪.① 127。0。0。1 %31%32%37.0.0.1 private.example meta.example sixth.example both.example
    metadata.google.internal""".split()  # noqa: SIM905 (a table, not code)
NAMES = {
    "private.example": ["127.0.0.1"],
    "meta.example": ["169.254.169.254"],
    "sixth.example": ["::1"],
    "both.example": ["93.184.216.9", "10.0.0.7"],
    "metadata.google.internal": ["169.254.169.254"],
    "ip6-localhost": ["::1"],
}


def reached(world: World, through: str) -> Tries:
    """One try a form; `through` names the door. What got through is known by the addresses that were reached."""
    private = sorted(set(world.reached_private()))
    yield from ((f"{through}: reached {address.removeprefix('::ffff:')}", True) for address in private)
    yield from ((f"{through}: {form}", False) for form in FORMS[len(private) :])
    world.forget()


def ssrf(world: World, folder: Path) -> Tries:
    """Put a private address in every place where a site can put one."""
    targets = [f"http://{form}{STORY}" for form in FORMS]
    doors: dict[str, Callable[[Path], None]] = {}

    def by_list(place: Path) -> None:
        (place / "list").write_text("\n".join(targets) + "\n")
        Archive(place / "a").crawl("--urls", str(place / "list"))

    def by_redirect(place: Path) -> None:
        world.sites["evil.example"] = lambda path, _c: (
            redirect(targets[int(path.split("-")[-1])]) if "-" in path else not_found()
        )
        (place / "list").write_text("".join(f"http://evil.example/n-{n}\n" for n in range(len(targets))))
        Archive(place / "a").crawl("--urls", str(place / "list"))

    def by_robots_redirect(place: Path) -> None:
        for number, form in enumerate(FORMS):
            world.sites[f"rob{number}.example"] = lambda path, _c, form=form: (  # type: ignore[misc]
                redirect(f"http://{form}/robots.txt") if path == "/robots.txt" else page("A page of the site")
            )
        (place / "list").write_text("".join(f"http://rob{n}.example{STORY}\n" for n in range(len(FORMS))))
        Archive(place / "a").crawl("--urls", str(place / "list"))

    def listing(name: str) -> Callable[[Path], None]:
        def crawl(place: Path) -> None:
            robots = "".join(f"Sitemap: {one}\n" for one in targets) if name == "robots Sitemap" else ""
            listings = {
                "feed": feed(targets),
                "sitemap": sitemap(targets),
                "sitemap index": sitemap(targets, index=True),
            }

            def answer(path: str, _connection: socket.socket) -> bytes:
                if path == "/robots.txt":
                    return http(robots.encode(), "text/plain") if robots else not_found()
                if path == "/list.xml":
                    return listings.get(name, not_found())
                if name == "refresh" and path.startswith("/r"):
                    return http(f'<meta http-equiv="refresh" content="0;url={targets[int(path[2:])]}">'.encode())
                if name == "canonical" and path.startswith("/2026"):
                    return page("A page").replace(
                        b"<article>", f'<link rel=canonical href="{targets[0]}"><article>'.encode()
                    )
                links = "".join(f'<a href="/r{n}">one long headline of a story</a>' for n in range(len(targets)))
                return http(f'<html lang=en>{links}<a href="{STORY}">A story of the harbour here</a></html>'.encode())

            world.sites["evil.example"] = answer
            archive = Archive(place / "a")
            key = "feeds" if name == "feed" else "sitemaps"
            archive.write_source(
                "evil",
                f'url = "http://evil.example/"\n{key} = ["http://evil.example/list.xml"]\ninclude = ["/r[0-9]+$"]\n',
            )
            archive.crawl("evil")

        return crawl

    def by_add(place: Path) -> None:
        links = "".join(f'<link rel=alternate type="application/rss+xml" href="{one}">' for one in targets[:40])
        robots = "".join(f"Sitemap: {one}\n" for one in targets)
        world.sites["evil.example"] = lambda path, _c: (
            http(robots.encode(), "text/plain") if path == "/robots.txt" else http(f"<html>{links}</html>".encode())
        )
        archive = Archive(place / "a")
        archive.run("add", *archive.settings, "http://evil.example/")

    doors |= {"list": by_list, "redirect": by_redirect, "robots.txt redirect": by_robots_redirect, "add": by_add}
    doors |= {
        name: listing(name) for name in ("feed", "sitemap", "sitemap index", "robots Sitemap", "refresh", "canonical")
    }
    world.name(["evil.example", *(f"rob{n}.example" for n in range(len(FORMS)))], NAMES)
    for name, door in doors.items():
        place = folder / name.replace(" ", "-")
        place.mkdir(parents=True)
        door(place)
        yield from reached(world, name)
    yield from proxies(world, folder)


def proxies(world: World, folder: Path) -> Tries:
    """Name a proxy in a stranger's file or the environment; and private names through a configured one."""
    world.name(["evil.example"], NAMES)
    world.sites["evil.example"] = lambda path, _c: page("A page")
    place = folder / "proxies"
    place.mkdir()
    by_source = Archive(place / "source")
    by_source.write_source("evil", 'url = "http://evil.example/"\n[crawl]\nproxy = "http://169.254.169.254:80"\n')
    by_source.crawl()
    yield "proxy in a source file", bool(world.reached_private())
    world.forget()
    env = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"), "http://127.0.0.1:3128")
    for command in ("crawl", "add"):
        archive = Archive(place / command)
        archive.run(command, *archive.settings, "http://evil.example/", env=env)
        yield f"proxy in the environment: {command}", bool(world.reached_private())
        world.forget()
    archive = Archive(place / "configured", "crawl.proxy=http://93.184.216.250:3128")
    hosts = ("localhost.", "ip6-localhost", "metadata.google.internal", "127.0.0.1.", "private.example", "0x7f.1")
    (place / "list").write_text("".join(f"http://{host}{STORY}\n" for host in hosts))
    archive.crawl("--urls", str(place / "list"))
    gone_out = {one.path for one in world.asked}
    for host in hosts:
        yield f"through a proxy: {host}", any(f"//{host}" in path for path in gone_out)
    world.forget()


# -- answers that hang, flood or lie ----------------------------------------------------------------------


def head(*lines: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def coded(body: bytes, coding: str) -> bytes:
    return (
        head(b"Content-Type: text/html", b"Content-Encoding: " + coding.encode(), b"Content-Length: %d" % len(body))
        + body
    )


def forever(piece: bytes, start: bytes, pause: float = 0.0) -> Callable[[str, socket.socket], None]:
    """Send without end; the other side has to stop."""

    def answer(_path: str, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(start)
            until = time.monotonic() + MAX_SECONDS
            while time.monotonic() < until:
                connection.sendall(piece)
                time.sleep(pause)

    return answer


def raw_deflate_blocks(number: int) -> bytes:
    """Stored blocks of one byte each: many parts, few bytes."""
    blocks = b"".join(b"\x00" + struct.pack("<HH", 1, 0xFFFE) + b"a" for _ in range(number)) + b"\x03\x00"
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + blocks


def hostile_answers() -> dict[str, Callable[[str, socket.socket], bytes | None]]:
    """Answers of hostile hosts by what they do. Each is kept small on our side: most are made once."""
    empty = gzip.compress(b"")
    noise = bytes((i * 7919 + (i >> 8) * 31) & 255 for i in range(1 << 20)) * 18
    bomb = zlib.compressobj(9, wbits=31)
    zeros = b"\0" * (1 << 20)
    packed = b"".join(bomb.compress(zeros) for _ in range(400)) + bomb.flush()
    chunked = head(b"Content-Type: text/html", b"Transfer-Encoding: chunked")
    fixed = {
        "gzip in gzip with 900,000 empty members": coded(gzip.compress(empty * 900_000), "gzip, gzip"),
        "300,000 empty gzip members": coded(empty * 300_000, "gzip"),
        "members of one byte": coded(b"".join(gzip.compress(b"%d" % (i % 10)) for i in range(60_000)), "gzip"),
        "25,000 codings": coded(noise, ",".join(["deflate"] * 25_000)),
        "6 codings of noise": coded(noise, ",".join(["gzip"] * 6)),
        "gzip stored in one piece": coded(gzip.compress(noise, 0), "gzip"),
        "gzip of stored blocks of one byte": coded(raw_deflate_blocks(900_000), "gzip"),
        "gzip bomb of 400 MB": coded(packed, "gzip"),
        "gzip bomb in gzip": coded(gzip.compress(packed), "gzip, gzip"),
        "unknown coding": coded(noise, "lzma, zip, gzip"),
        "40,000 header lines": head(*[b"a: b"] * 40_000),
        "10,000 different headers": head(*[b"x-%d: b" % i for i in range(10_000)]),
        "10,000 cookies": head(*[b"Set-Cookie: a%d=b" % i for i in range(10_000)]),
        "one header of 240 KB": head(b"x: " + b"y" * 240_000),
        "folded header of 20,000 lines": head(b"x: y" + b"\r\n y" * 20_000),
        "200 KB Location": redirect("http://evil.example/" + "a" * 200_000),
        "redirect to itself": redirect(STORY),
        "redirect with a cookie to itself": redirect(STORY, more="Set-Cookie: a=b\r\n"),
        "redirect to javascript:": redirect("javascript:alert(1)"),
        "redirect to data:": redirect("data:text/html,<p>x"),
        "redirect to file:": redirect("file:///etc/hostname"),
        "redirect to ftp:": redirect("ftp://127.0.0.1/x"),
        "redirect to a malformed host": redirect("http://[::1]:80%20@h/"),
        "redirect to a bad port": redirect("http://evil.example:99999/"),
        "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "two lengths": head(b"Content-Length: 5", b"Content-Length: 7") + b"hello",
        "negative length": head(b"Content-Length: -5") + b"hello",
        "length of 400 digits": head(b"Content-Length: " + b"9" * 400) + b"hello",
        "Retry-After of 400 digits": http(
            b"", status="429 Too Many Requests", more="Retry-After: " + "9" * 400 + "\r\n"
        ),
        "Retry-After in the year 9999": http(
            b"", status="503 Busy", more="Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"
        ),
        "chunk size of 16 digits": chunked + b"FFFFFFFFFFFFFFFF\r\nabc",
        "chunk extension of 100 KB": chunked + b"1;" + b"x" * 100_000 + b"\r\na\r\n0\r\n\r\n",
        "400,000 chunks of one byte": chunked + b"1\r\na\r\n" * 400_000 + b"0\r\n\r\n",
        "50,000 trailers": chunked + b"1\r\na\r\n0\r\n" + b"t: u\r\n" * 50_000 + b"\r\n",
        "not HTTP": b"\x16\x03\x01" + b"\0" * 500,
        "HTTP/0.9": b"<html>no head</html>",
        "100,000 nested elements": http(b"<div>" * 100_000),
        "page of 100,000 links": http(b"".join(b'<a href="/n/%d">x</a>' % i for i in range(100_000))),
        "20 MB in one attribute": http(b'<a href="' + b"a" * 19_000_000 + b'">'),
        "1,000,000 attributes": http(b"<p " + b"".join(b"a%d=1 " % i for i in range(1_000_000)) + b">"),
        "JSON-LD nested 100,000 deep": http(b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script>"),
        "script of 5 MB of <": http(b"<p>" + b"<" * 5_000_000),
        "comment without end": http(b"<!--" * 200_000),
    }
    answers: dict[str, Callable[[str, socket.socket], bytes | None]] = {
        name: (lambda path, _c, data=data: data) for name, data in fixed.items()
    }
    answers |= {
        "endless body": forever(b"x" * 65_536, head(b"Content-Type: text/html")),
        "endless chunks": forever(b"10\r\n" + b"x" * 16 + b"\r\n", chunked),
        "endless head": forever(b"x: " + b"y" * 1000 + b"\r\n", b"HTTP/1.1 200 OK\r\n"),
        "endless header line": forever(b"y" * 65_536, b"HTTP/1.1 200 OK\r\nx: "),
        "endless 1xx": forever(b"HTTP/1.1 103 Early Hints\r\n\r\n", b""),
        "endless line breaks": forever(b"\r\n" * 500, b""),
        "endless trailers": forever(b"t: u\r\n", chunked + b"0\r\n"),
        "a byte a second": forever(b"x", head(b"Content-Length: 1000"), 1.0),
        "a byte of head a second": forever(b"x", b"HTTP/1.1 200 OK\r\nx: ", 1.0),
        "silence": forever(b"", b"", 1.0),
    }
    return answers


def honest_articles(archive: Archive, host: str = "honest.example") -> int:
    with suppress(Exception):
        return archive.rows(f"SELECT count(*) FROM articles WHERE url LIKE '%//{host}/%'")[0][0]
    return 0


def beside_an_honest_paper(
    folder: Path, world: World, answers: dict, *, seconds: float = MAX_SECONDS
) -> tuple[Ended, int]:
    """Crawl the honest paper and a page of each hostile host in one run; return how it ended and what the paper has."""
    hosts = [f"evil{number}.example" for number in range(len(answers))]
    world.name(["honest.example", "evil.example", *hosts], NAMES)
    world.sites = {"honest.example": paper("honest.example", STORIES)}
    for host, answer in zip(hosts, answers.values(), strict=True):
        world.sites[host] = lambda path, c, answer=answer: not_found() if path == "/robots.txt" else answer(path, c)
    archive = Archive(folder, "crawl.timeout=8")
    archive.write_source("honest", 'url = "http://honest.example/"\nfeeds = ["http://honest.example/feed.xml"]\n')
    for number, host in enumerate(hosts):
        archive.write_source(f"evil{number}", f'url = "http://{host}/"\nsections = ["http://{host}{STORY}"]\n')
    ended = archive.crawl(seconds=seconds)
    return ended, honest_articles(archive)


def got_through(ended: Ended, articles: int) -> str:
    """Say what an attack reached; "" if nothing."""
    if ended.too_long:
        return f"the crawl did not end in {ended.seconds:.0f} s"
    if ended.crashed:
        return f"exit code {ended.code}" + (", a traceback" if "Traceback" in ended.err else "")
    if articles < STORIES:
        return f"{articles} of {STORIES} honest articles"
    return f"{ended.peak >> 20} MB of memory" if ended.peak > MAX_PEAK else ""


def wire(world: World, folder: Path) -> Tries:
    """Hostile answers, all in one crawl with an honest paper; each alone only if that fails."""
    answers = hostile_answers()
    folder.mkdir(parents=True)
    why = got_through(*beside_an_honest_paper(folder / "all", world, answers, seconds=ALL_SECONDS))
    if not why:
        yield from ((name, False) for name in answers)
        return
    yield f"all at once: {why}", True
    for number, (name, answer) in enumerate(answers.items()):
        why = got_through(*beside_an_honest_paper(folder / str(number), world, {name: answer}))
        yield f"{name}: {why}" if why else name, bool(why)


def deaf(world: World, folder: Path) -> Tries:
    """Ctrl-C while a hostile answer is at work: the command ends with exit code 130 after its ten seconds of grace."""
    folder.mkdir(parents=True)
    answers = hostile_answers()
    for number, name in enumerate(
        ("gzip in gzip with 900,000 empty members", "40,000 header lines", "silence", "endless head")
    ):
        world.name(["evil.example"], NAMES)
        world.sites = {
            "evil.example": lambda p, c, name=name: not_found() if p == "/robots.txt" else answers[name](p, c)
        }
        archive = Archive(folder / str(number), "crawl.timeout=20")
        ended = archive.crawl("http://evil.example/", seconds=30, interrupt_at=INTERRUPT_SECONDS)
        # A crawl that was over before the signal came has nothing to hear.
        heard = ended.code == 130 and ended.seconds < INTERRUPT_SECONDS + END_SECONDS
        yield f"Ctrl-C during {name}", ended.seconds > INTERRUPT_SECONDS and not heard


def control(world: World, folder: Path) -> Tries:
    """No attack: the honest paper alone. What fails here says nothing about an attack."""
    folder.mkdir(parents=True)
    why = got_through(*beside_an_honest_paper(folder / "alone", world, {}))
    yield "no attack at all" + (f": {why}" if why else ""), bool(why)


def robots_bombs(world: World, folder: Path) -> Tries:
    """robots.txt that cost time, or that are malformed, beside an honest paper of the same kind."""
    long = "a" * 2000
    files = {
        "stars": "User-agent: *\nDisallow: /" + "*a" * 12 + "*~\n",
        "200,000 stars": "User-agent: *\nDisallow: /" + "*" * 200_000 + "~\n",
        "40,000 rules": "User-agent: *\n" + "".join(f"Disallow: /x{i}*y$\n" for i in range(40_000)),
        "60,000 groups": "".join(f"User-agent: a{i}\nDisallow: /\n" for i in range(60_000)),
        "delays": "User-agent: *\nCrawl-delay: nan\nCrawl-delay: inf\nCrawl-delay: -5\nCrawl-delay: 1e400\n",
        "bad sitemaps": "Sitemap: https://\nSitemap: http://exa mple.com/s\nSitemap: https://[bad/\nSitemap: http://h:99999/\n",
        "binary": "\0\1\2" * 1000,
        "endless line": "User-agent: *\nDisallow: /" + long * 200,
    }
    folder.mkdir(parents=True)
    for number, (name, text) in enumerate(files.items()):
        host = "honest.example"
        world.name([host], NAMES)
        good = paper(host, STORIES, prefix=f"{'a' * 300}-")
        world.sites = {
            host: lambda path, c, text=text, good=good: (  # type: ignore[dict-item]
                http(text.encode(), "text/plain") if path == "/robots.txt" else good(path, c)
            )
        }
        archive = Archive(folder / str(number))
        ended = archive.crawl(f"http://{host}/", seconds=MAX_SECONDS)
        why = got_through(ended, honest_articles(archive))
        yield f"robots.txt, {name}" + (f": {why}" if why else ""), bool(why)


# -- one site against another -----------------------------------------------------------------------------


def cross_site(world: World, folder: Path) -> Tries:
    """Let a site list, slander or crowd out another; both are sources of the archive."""
    folder.mkdir(parents=True)
    stories = [f"http://honest.example/2026/11/12/the-ferry-of-pier-number-{n}/" for n in range(STORIES)]
    junk = [f"http://honest.example/2026/11/28/junk-of-the-day-number-{n}/" for n in range(3000)]
    gone = f"http://evil.example{STORY}"
    listings: dict[str, bytes] = {
        "claims articles in a sitemap index": sitemap(stories[:10], index=True),
        "claims articles in a feed, with a forged author": feed(stories, author="Forged Author"),
        "claims articles in a news sitemap": sitemap(stories, day="2026-11-28"),
        "crowds out with 3,000 addresses": sitemap(junk, day="2026-11-28"),
        "claims articles by redirects": feed(
            f"http://evil.example/2026/11/12/to-the-story-number-{n}/" for n in range(STORIES)
        ),
        "makes us knock at ports": feed([f"http://93.184.216.77:22{STORY}", f"http://honest.example:22{STORY}"]),
    }
    for number, (name, listing) in enumerate(listings.items()):

        def evil(path: str, _c: socket.socket, listing: bytes = listing) -> bytes:
            if path.startswith(DETOUR):
                return redirect(stories[int(path.strip("/").split("-")[-1])])
            return listing if path == "/list.xml" else not_found()

        world.name(["honest.example", "evil.example"], NAMES)
        world.sites = {"honest.example": paper("honest.example", STORIES), "evil.example": evil}
        archive = Archive(folder / f"claims-{number}", "crawl.pages_per_host=100")
        key = "feeds" if b"<rss" in listing else "sitemaps"
        archive.write_source("aevil", f'{FRONT_PAGE}{key} = ["http://evil.example/list.xml"]\n')
        archive.crawl("aevil")
        archive.write_source("honest", 'url = "http://honest.example/"\nfeeds = ["http://honest.example/feed.xml"]\n')
        ended = archive.crawl(seconds=MAX_SECONDS)
        sql = "SELECT count(*) FROM articles JOIN sources s ON s.id = source_id WHERE s.name = 'honest'"
        filed = archive.rows(sql)[0][0]
        forged = archive.rows("SELECT count(*) FROM articles WHERE authors LIKE '%Forged%'")[0][0]
        knocked = [one for one in world.asked if one.port == 22]
        why = (
            got_through(ended, filed)
            or (f"{forged} forged authors" if forged else "")
            or ("port 22" if knocked else "")
        )
        world.forget()
        yield name + (f": {why}" if why else ""), bool(why)
    yield from slander(world, folder, gone)
    yield from hoarding(world, folder)


def slander(world: World, folder: Path, gone: str) -> Tries:
    """Link from an honest paper to a site that fails: the failure is that site's."""
    ends: dict[str, bytes] = {
        "a name that does not resolve": redirect("http://no-such-host.example/"),
        "a private address": redirect("http://127.0.0.1/"),
        "429 with a week of Retry-After": redirect(gone),
        "robots.txt that refuses": redirect("http://closed.example/x"),
        "silence": redirect("http://silent.example/x"),
    }
    for number, (name, end) in enumerate(ends.items()):
        world.name(["honest.example", "evil.example", "closed.example", "silent.example"], NAMES)
        world.sites = {
            "honest.example": paper(
                "honest.example", STORIES, links={f"/2026/11/2{n}/partner-link-to-the-pier/": end for n in range(3)}
            ),
            "evil.example": lambda path, _c: http(b"", status="429 Too Many Requests", more="Retry-After: 604800\r\n"),
            "closed.example": lambda path, _c: http(b"User-agent: *\nDisallow: /\n", "text/plain"),
            "silent.example": forever(b"", b"", 1.0),
        }
        archive = Archive(folder / f"slander-{number}", "crawl.timeout=5")
        archive.write_source("honest", 'url = "http://honest.example/"\nfeeds = ["http://honest.example/feed.xml"]\n')
        ended = archive.crawl(seconds=MAX_SECONDS)
        why = got_through(ended, honest_articles(archive))
        tomorrow = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+1 day')"
        late = archive.rows(f"SELECT count(*) FROM frontier WHERE kind = 'feed' AND next_visit > {tomorrow}")
        if not why and late[0][0]:
            why = "its feed is postponed for days"
        yield f"a link of an honest paper leads to {name}" + (f": {why}" if why else ""), bool(why)


def hoarding(world: World, folder: Path) -> Tries:
    """A site sends large bodies from several hosts and never ends them, which holds the memory for bodies."""
    begun, timeout = [], 3

    def hoard(path: str, connection: socket.socket) -> bytes | None:
        if path == "/robots.txt":
            return not_found()
        began = time.monotonic()
        begun.append(began)
        with suppress(OSError):
            connection.sendall(head(b"Content-Type: text/html", b"Content-Length: 19000000") + b"<p>" * 6_300_000)
            while time.monotonic() < began + MAX_SECONDS:
                connection.sendall(b"x")
                time.sleep(0.5)
        return None

    honest = paper("honest.example", STORIES)

    def late(path: str, connection: socket.socket) -> bytes | None:
        if path == "/feed.xml":
            time.sleep(2)  # the bodies of the other site come first
        return honest(path, connection)

    for name, domains in {
        "one site with wildcard hosts": ["evil.example"],
        "two sites": ["evil.example", "bad.example"],
    }.items():
        hosts = [f"w{number}.{domain}" for domain in domains for number in range(8)]
        world.name(["honest.example", *hosts], NAMES)
        world.sites = {"honest.example": late, **dict.fromkeys(hosts, hoard)}
        archive = Archive(folder / f"hoarding-{len(domains)}", f"crawl.timeout={timeout}")
        archive.write_source("honest", 'url = "http://honest.example/"\nfeeds = ["http://honest.example/feed.xml"]\n')
        for number, host in enumerate(hosts):
            archive.write_source(f"evil{number}", f'url = "http://{host}/"\nsections = ["http://{host}{STORY}"]\n')
        world.forget()
        begun.clear()
        ended = archive.crawl(seconds=2 * MAX_SECONDS)
        # An exchange ends after ten timeouts at the latest. The honest paper must not have waited for that.
        early = [one for one in world.asked if one.host == "honest.example" and one.at < begun[0] + 5 * timeout]
        fetched = len({one.path for one in early if one.path.startswith("/2026")})
        why = got_through(ended, fetched)
        yield f"{name} holds the memory for bodies" + (f": {why}" if why else ""), bool(why)
        world.forget()
