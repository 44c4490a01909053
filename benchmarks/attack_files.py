"""Try hostile files, archives and neighbours: the attacks of `attack.py` that need no network but one page."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attack_world import Archive, Ended, World, feed, not_found, page, paper, redirect
from common import morgue_command, morgue_env

Tries = Iterator[tuple[str, bool]]
MAX_IMPORT_SECONDS = 40
MAX_IMPORT_PEAK = 400_000_000  # bytes, all processes
GOOD = "http://good.example/2026/11/12/the-ferry-is-late-again/"
NOBODY = 65534


def record(url: str, block: bytes, kind: str = "response", date: str = "2026-11-12T00:00:00Z", *more: str) -> bytes:
    content = f"application/http; msgtype={kind}" if kind in ("response", "request") else "application/warc-fields"
    digest = hashlib.sha256(url.encode("utf-8", "surrogateescape") + date.encode() + block).hexdigest()
    uuid = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    lines = ["WARC/1.1", f"WARC-Type: {kind}", f"WARC-Record-ID: <urn:uuid:{uuid}>", f"WARC-Target-URI: {url}",
             f"WARC-Date: {date}", *more, f"Content-Length: {len(block)}"]  # fmt: skip
    if not any(line.lower().startswith("content-type") for line in more):
        lines.insert(2, f"Content-Type: {content}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + block + b"\r\n\r\n"


def good_record(number: int = 0) -> bytes:
    return record(f"{GOOD}?p={number}", page(f"The ferry is late again, day {number}", f"ferry {number}"))


def imported(folder: Path, name: str, data: bytes, *options: str) -> tuple[Ended, int]:
    """Import one file into a new archive; return how it ended, and how many good records are in the archive."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    archive = Archive(folder / "archive")
    ended = archive.run("import", *options, str(folder / name), seconds=MAX_IMPORT_SECONDS)
    kept = 0
    with suppress(sqlite3.Error, IndexError):
        kept = archive.rows(f"SELECT count(*) FROM captures WHERE url LIKE '{GOOD}%'")[0][0]
    return ended, kept


def why_import(ended: Ended, *, kept: int = 1) -> str:
    if ended.too_long:
        return f"not done after {MAX_IMPORT_SECONDS} s"
    if ended.crashed:
        return f"exit code {ended.code}" + (", a traceback" if "Traceback" in ended.err else "")
    if ended.peak > MAX_IMPORT_PEAK:
        return f"{ended.peak >> 20} MB of memory"
    return "" if kept else "the good record was lost"


def odd_records() -> dict[str, bytes]:
    """Single records that are wrong in one place; each is imported together with a good one after it."""
    block = page("A strange record of the island", "record")
    dates = {
        f"date {date}": record("http://x.example/a", block, date=date)
        for date in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-14:00", "0000-00-00T00:00:00Z", "now", "",
                     "2026-02-30T00:00:00Z", "2026-11-12T25:61:61Z", "-2026-11-12T00:00:00Z")
    }  # fmt: skip
    urls = {
        f"address {url!r}": record(url, block)
        for url in ("http://[::1", "http://[bad]/x", "http://", "x", "", "http://h:99999999999/", "http://\udcff\udcfe/",
                    "http://h/\x00\x1b[31m", "http://" + "a" * 100_000, "urn:x", "<http://h/>", "http://%zz/")
    }  # fmt: skip
    others = {
        "Morgue-Error of another type": record("http://x.example/b", b"x", "metadata", "2026-11-12T00:00:00Z",
                                               "Content-Type: text/plain", "Morgue-Error: x"),
        "Morgue fields that are forged": record("http://x.example/c", block, "response", "2026-11-12T00:00:00Z",
                                                "Morgue-Archive: x", "Morgue-Journal: {", "Morgue-Imported: ../../x"),
        "status of 400 digits": record("http://x.example/d", b"HTTP/1.1 " + b"9" * 400 + b" OK\r\n\r\n"),
        "no status line": record("http://x.example/e", b"\x00\xff" * 100),
        "empty block": record("http://x.example/f", b""),
        "revisit of itself": record("http://x.example/g", b"", "revisit", "2026-11-12T00:00:00Z",
                                    "WARC-Refers-To-Target-URI: http://x.example/g",
                                    "WARC-Refers-To-Date: 2026-11-12T00:00:00Z"),
        "digest of an unknown kind": record("http://x.example/h", block, "response", "2026-11-12T00:00:00Z",
                                            "WARC-Payload-Digest: md99:!!!", "WARC-Block-Digest: ::"),
        "negative Content-Length": b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: -1\r\n\r\n",
        "Content-Length of 400 digits": b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: %s\r\n\r\n" % (b"9" * 400),
        "unknown type": record("http://x.example/i", block, "strange"),
        "version 99": record("http://x.example/j", block).replace(b"WARC/1.1", b"WARC/99.0"),
        "chunks that lie": record("http://x.example/k", b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx"),
        "20,000 codings": record("http://x.example/l", b"HTTP/1.1 200 OK\r\nContent-Encoding: "
                                 + b",".join([b"gzip"] * 20_000) + b"\r\n\r\n" + gzip.compress(b"x" * 10_000)),
        "100,000 gzip members": record("http://x.example/m", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                       b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"") * 100_000),
        "20,000 HTTP headers": record("http://x.example/n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000 + b"\r\nx"),
    }  # fmt: skip
    return dates | urls | others


def overlapping_zip(number: int) -> bytes:
    """Return a zip whose directory names one member many times."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("archive/a.warc.gz", gzip.compress(b"\r\n" * 500_000))
    data = made.getvalue()
    at = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[at:end]
    entries = b"".join(entry.replace(b"a.warc.gz", b"%c.warc.gz" % (97 + n % 26)) for n in range(min(number, 65_000)))
    count = min(number, 65_000)
    tail = b"PK\x05\x06\0\0\0\0" + struct.pack("<HHIIH", count, count, len(entries), at, 0)
    return data[:at] + entries + tail


def wacz(names: list[str], data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("archive/good.warc.gz", gzip.compress(good_record()))
        for name in names:
            packed.writestr(name, data)
    return made.getvalue()


def import_files(world: World, folder: Path) -> Tries:
    """Records that are wrong, and files that cost time, memory or another file."""
    bad = odd_records()
    parts = [(gzip.compress(one), gzip.compress(good_record(n))) for n, one in enumerate(bad.values())]
    ended, kept = imported(folder / "records", "a.warc.gz", b"".join(one + good for one, good in parts))
    why = why_import(ended, kept=kept == len(bad))
    yield from ((f"record: {name}", False) for name in bad if not why)
    for number, name in enumerate(bad if why else ()):  # one by one, to name those that get through
        ended, kept = imported(folder / f"record-{number}", "a.warc.gz", b"".join(parts[number]))
        why = why_import(ended, kept=kept)
        yield f"record: {name}" + (f": {why}" if why else ""), bool(why)
    # Without gzip members a record ends where its Content-Length says; a wrong length may cost the next record.
    plain = {name: one for name, one in bad.items() if "length" not in name.lower() and "version" not in name}
    data = b"".join(one + good_record(number) for number, one in enumerate(plain.values()))
    ended, kept = imported(folder / "plain", "a.warc", data)
    why = why_import(ended, kept=kept >= len(plain))
    yield f"the same records without gzip: {kept} of {len(plain)} good ones" + (f": {why}" if why else ""), bool(why)
    arc = b"filedesc://a 0.0.0.0 20040711214255 text/plain 10\n1 0 Test\nx\n\n"
    bombs = {
        "one-piece gzip, 2 million starts of a record": gzip.compress(
            b"WARC/1.0\r\nbroken\r\n\r\n" + b"\nWARC/1" * 2_000_000
        ),
        "ARC lines that backtrack": gzip.compress(arc + b"\n".join([b"http://a/ " + b"1 " * 4000] * 1500)),
        "40 MB of line breaks": gzip.compress(b"\r\n" * 20_000_000),
        "3 million header lines": gzip.compress(b"WARC/1.0\r\n" + b"a: b\r\n" * 3_000_000 + b"\r\n"),
        "1.5 GB record": gzip.compress(
            b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 400000000\r\n\r\n" + b"\0" * 400_000_000
        ),
        "200,000 empty members": gzip.compress(b"") * 200_000 + gzip.compress(good_record()),
        "gzip that unpacks to itself many times": gzip.compress(gzip.compress(gzip.compress(b"\0" * 50_000_000))),
        "header line of 50 MB": gzip.compress(b"WARC/1.0\r\nx: " + b"y" * 50_000_000 + b"\r\n\r\n"),
    }
    for number, (name, data) in enumerate(bombs.items()):
        ended, _ = imported(folder / f"bomb-{number}", "a.arc.gz" if "ARC" in name else "a.warc.gz", data)
        why = why_import(ended)
        yield f"import: {name}" + (f": {why}" if why else ""), bool(why)
    zips = {
        "one member named 20,000 times": overlapping_zip(20_000),
        "path traversal": wacz(["archive/../../../outside.warc.gz", "../outside", "/tmp/attack-outside"], b"x"),
        "member of another name twice": wacz(
            ["archive/a.warc.gz", "archive/b.warc.gz"], gzip.compress(b"\0" * 10_000_000)
        ),
        "datapackage nested deep": wacz(["datapackage.json"], b"[" * 200_000),
        "no zip at all": b"PK\x05\x06" + b"\0" * 18,
    }
    for number, (name, data) in enumerate(zips.items()):
        ended, _ = imported(folder / f"zip-{number}", "a.wacz", data)
        why = why_import(ended)
        outside = [path for path in (folder.parent / "outside", Path("/tmp/attack-outside")) if path.exists()]
        yield f"WACZ: {name}" + (f": {why or outside}" if why or outside else ""), bool(why or outside)
    for name, target in (("a FIFO", "fifo"), ("/dev/zero", "/dev/zero"), ("a list with /dev/zero", "list")):
        place = folder / f"special-{target.strip('/').replace('/', '-')}"
        place.mkdir(parents=True)
        if target == "fifo":
            os.mkfifo(place / "fifo")
        (place / "list").write_text("/dev/zero\n")
        archive = Archive(place / "archive")
        for command in (("import",), ("crawl", "--urls"), ("add", "--urls")):
            given = target if target.startswith("/") else str(place / target)
            ended = archive.run(*command, given, seconds=MAX_IMPORT_SECONDS)
            why = why_import(ended)
            yield f"{' '.join(command)}: {name}" + (f": {why}" if why else ""), bool(why)
    world.forget()


# -- an archive that comes from a stranger ----------------------------------------------------------------


def small_archive(world: World, folder: Path) -> Archive:
    world.name(["good.example"])
    world.sites = {"good.example": paper("good.example", 3)}
    archive = Archive(folder)
    archive.write_source("good", 'url = "http://good.example/"\nfeeds = ["http://good.example/feed.xml"]\n')
    archive.crawl()
    return archive


def archives(world: World, folder: Path) -> Tries:
    """Links, triggers, forged rows and places outside in an archive that somebody downloads."""
    folder.mkdir(parents=True)
    yield from links(world, folder)
    yield from databases(world, folder)
    yield from settings(world, folder)


def links(world: World, folder: Path) -> Tries:
    victim = folder / "victim.txt"
    drafts = ("morgue.lock", "sources/.good.toml.new", "sources/.new.toml.new", "sources/new.toml", "morgue.db-wal",
              "morgue.db-journal", "warc/manifest.jsonl", "warc/manifest.tsv", "morgue.db.new",
              ".morgue.toml.new")  # fmt: skip
    for number, name in enumerate(drafts):
        victim.write_text("what a user must not lose\n")
        archive = small_archive(world, folder / f"link-{number}")
        place = archive.folder / name
        place.unlink(missing_ok=True)
        place.symlink_to(victim)
        for command in (
            ("crawl",),
            ("add", "--name", "new", "http://good.example/feed.xml"),
            ("verify",),
            ("rebuild",),
        ):
            ended = archive.run(*command, *archive.settings, seconds=30)
            harmed = victim.read_text() != "what a user must not lose\n"
            if harmed or ended.crashed:
                break
        yield f"{name} as a link: {command[0]}", harmed or ended.crashed
        shutil.rmtree(archive.folder)


def databases(world: World, folder: Path) -> Tries:
    secret = folder / "secret.warc.gz"
    secret.write_bytes(gzip.compress(record("http://secret.example/", page("The secret of the island", "secret"))))
    changes = {
        "text forged in articles": "UPDATE articles SET text = 'forged ' || text",
        "title forged in articles": "UPDATE articles SET title = 'forged'",
        "authors forged in articles": "UPDATE articles SET authors = '[\"Forged\"]'",
        "text forged in revisions": "UPDATE revisions SET text = 'forged ' || text",
        "a trigger": "CREATE TRIGGER t AFTER INSERT ON captures BEGIN UPDATE articles SET title = 'x'; END",
        "a view in place of a table": "ALTER TABLE readings RENAME TO r2; CREATE VIEW readings AS SELECT * FROM r2",
    }
    for number, (name, sql) in enumerate(changes.items()):
        archive = small_archive(world, folder / f"database-{number}")
        db = sqlite3.connect(archive.folder / "morgue.db")
        db.executescript(sql)
        db.commit()
        db.close()
        ended = archive.run("verify")
        yield f"{name}: verify", ended.code == 0 or ended.crashed
        if "trigger" in name:
            archive.crawl("good")
            yield f"{name}: crawl", archive.rows("SELECT count(*) FROM articles WHERE title = 'x'")[0][0] > 0
    places = {"outside": "../../secret.warc.gz", "absolute": str(secret), "long": None, "negative": None}
    for number, (name, file) in enumerate(places.items()):
        archive = small_archive(world, folder / f"place-{number}")
        db = sqlite3.connect(archive.folder / "morgue.db")
        if file is not None:
            db.execute("UPDATE captures SET file = ?, offset = 0, length = ?", (file, secret.stat().st_size))
        else:
            db.execute("UPDATE captures SET length = ?", (8_000_000_000_000 if name == "long" else -5,))
        db.commit()
        db.close()
        for command in (("show", "1", "--format", "warc"), ("show", "1", "--format", "body"), ("export", "warc", "-"),
                        ("export", "cdxj", "-"), ("verify",), ("reextract", "--all"), ("rebuild",)):  # fmt: skip
            ended = archive.run(*command, seconds=30)
            yield f"place {name}: {' '.join(command)}", ended.crashed or ended.too_long or "secret of the" in ended.out
        yield f"place {name}: the file outside", b"secret" not in gzip.decompress(secret.read_bytes())


def settings(world: World, folder: Path) -> Tries:
    """Source files of a stranger: patterns and selectors that cost time."""
    files = {
        "include that backtracks": 'include = ["(a+)+$"]\n',
        "exclude that backtracks": 'exclude = ["(.*a){20}$"]\n',
        "pattern of 100 KB": f'include = ["{"(a|b)" * 20_000}"]\n',
        "selector of 20 KB": f'[[rule]]\nprune = ["{"//a[b" * 3000}"]\n',
        "selector that is cubic": f'[[rule]]\nbody = ["div{" a" * 1000}::text{" " * 1000}x"]\n',
        "selector that is slow": f'[[rule]]\nprune = ["{"//*" * 12}"]\n',
    }
    for number, (name, text) in enumerate(files.items()):
        links = {f"/2026/11/12/the-harbour-{'a' * 40}-!/": page("A page of the site")}
        world.name(["good.example", "honest.example"])
        world.sites = {
            "good.example": paper("good.example", 3, links=links),
            "honest.example": paper("honest.example", 5),
        }
        archive = Archive(folder / f"setting-{number}")
        archive.write_source("good", f'url = "http://good.example/"\nfeeds = ["http://good.example/feed.xml"]\n{text}')
        archive.write_source("honest", 'url = "http://honest.example/"\nfeeds = ["http://honest.example/feed.xml"]\n')
        ended = archive.crawl(seconds=60)
        filed = 0
        with suppress(sqlite3.Error):
            filed = archive.rows("SELECT count(*) FROM articles WHERE url LIKE '%honest.example%'")[0][0]
        yield f"{name}: {filed} of 5 honest articles", ended.too_long or ended.crashed or filed < 5


# -- neighbours on the same machine -----------------------------------------------------------------------


def neighbours(world: World, folder: Path) -> Tries:
    """Other users: who may read the archive must not lock it, and an archive of theirs is not used by surprise."""
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o055)  # other users reach the archive
    archive = small_archive(world, folder / "mine")
    command = ["flock", "-n", str(archive.folder / "morgue.lock"), "-c", "echo held; sleep 20"]
    other = subprocess.Popen(
        command, user=NOBODY, group=NOBODY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    held = other.stdout is not None and other.stdout.readline() != b""
    yield "another user locks the archive", held
    os.killpg(other.pid, signal.SIGKILL)
    yield "another user reads morgue.toml", bool((archive.folder / "morgue.toml").stat().st_mode & 0o044)
    theirs = folder / "theirs"
    Archive(theirs)
    for path in (theirs, *theirs.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    (theirs / "below").mkdir(exist_ok=True)
    crawl = [*morgue_command(), "crawl"]
    done = subprocess.run(crawl, cwd=theirs / "below", env=morgue_env(), capture_output=True, text=True)
    named = any(owner in done.stderr for owner in ("nobody", str(NOBODY)))
    yield "an archive of another user, found upward", done.returncode == 0 or not named


# -- what is printed and exported -------------------------------------------------------------------------


def outputs(world: World, folder: Path) -> Tries:
    """Control characters for terminals, formulas for spreadsheets, forged lines for WARC heads."""
    folder.mkdir(parents=True)
    evil = "=1+1\x1b[31m\u202e\x9b31m\x07 cmd"
    formulas = (
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "＝1",
        "−1",
        "\u200b=1",
        "\u034f=1",
        "\u3164=1",
        "﹢1",
        "|x",
    )
    pages = {
        f"/2026/11/12/a-story-with-a-title-{n}/": page(f"{one} {evil}", f"pier {n}") for n, one in enumerate(formulas)
    }
    world.name(["good.example"])
    world.sites = {"good.example": paper("good.example", 1, links=pages)}
    archive = Archive(folder / "archive")
    archive.write_source("good", 'url = "http://good.example/"\nfeeds = ["http://good.example/feed.xml"]\n')
    ended = archive.crawl("-vv")
    forms = [f"search pier --format {form}" for form in ("csv", "json", "jsonl")] + ["export csv -", "export jsonl -"]
    texts = {name: archive.run(*name.split()).out for name in ("search pier", "show 2", "sources", "log", "verify")}
    texts |= {f"{name} on a terminal": archive.shown(*name.split()) for name in (*texts, *forms)}
    for name, text in ({"crawl": ended.out + ended.err} | texts).items():
        yield f"escape sequences in {name}", any(mark in text for mark in ("\x1b[31m", "\x9b31m", "\u202e"))
    lines = archive.run("export", "csv", "-").out
    import csv

    rows = list(csv.reader(io.StringIO(lines)))
    title = rows[0].index("title") if rows and "title" in rows[0] else 0
    for row in rows[1:]:
        begin = row[title].lstrip("\u200b\u034f\u3164\t\r ")[:1]
        yield f"formula in CSV: {row[title]!r:.30}", begin in tuple("=+-@＝−﹢") and not row[title].startswith("'")


def takedown(world: World, folder: Path) -> Tries:
    """Remove a page that redirects to another site's article: the article stays."""
    folder.mkdir(parents=True)
    story = "http://good.example/2026/11/12/the-ferry-of-pier-number-0/"
    world.name(["good.example", "evil.example"])
    link = "/2026/11/12/a-detour-to-the-story/"
    world.sites = {
        "good.example": paper("good.example", 3),
        "evil.example": lambda path, _c: (
            feed([f"http://evil.example{link}"])
            if path == "/feed.xml"
            else redirect(story)
            if path == link
            else not_found()
        ),
    }
    archive = Archive(folder / "archive")
    for name in ("evil", "good"):
        source = f'url = "http://{name}.example/"\nfeeds = ["http://{name}.example/feed.xml"]\n'
        archive.write_source(name, source)
        archive.crawl(name)
    archive.run("remove", f"http://evil.example{link}", "--yes", "--reason", "asked")
    there = archive.rows(f"SELECT count(*) FROM articles WHERE url = '{story}'")[0][0]
    yield "takedown of a redirect removes another site's article", there == 0
    archive.crawl("good")
    yield "takedown of a redirect bars another site's article", archive.rows("SELECT count(*) FROM articles")[0][0] < 3
