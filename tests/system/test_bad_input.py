"""Bad input, each with a clear message, a count and a documented exit code; nothing is lost and nothing is a traceback.

`tests.support.command.morgue` fails a test whose command prints a traceback.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import ssl
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from crawler.middleware.failure_reasons import ALLOW_PRIVATE
from crawler.schedule.failure_kinds import PERMANENT_REASONS
from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows, start, tables
from tests.support.http_server import answering
from tests.support.newspaper import serve
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

QUICK = ("-s", "crawl.retries=0", "-s", "crawl.timeout=1")


@pytest.fixture(scope="module")
def paper():
    with serve(stall=3.0) as paper:
        yield paper


def fetch_list(archive: Path, *urls: str, options: tuple[str, ...] = QUICK):
    """`morgue crawl --urls -` with these URLs."""
    return crawl(archive, "--urls", "-", *options, stdin="\n".join(urls))


FAULTS = {
    "/nothing-here": "HTTP 404",
    "/faults/500": "HTTP 500",
    "/faults/timeout": "timed out",
    "/faults/slow": "timed out",
    "/faults/reset": "connection lost",
    "/faults/truncated": "connection lost",
    "/faults/empty-reply": "connection lost",
    "/faults/garbage": "not HTTP",
    "/faults/bad-chunk": "not HTTP",
    "/faults/huge": "body too large",
    "/faults/bomb": "body too large when decoded",
    "/loop-a": "redirect loop",
    "/faults/endless": "too many redirects",
}
NO_ARTICLE = {"/odd/empty.html": "empty page", "/odd/picture.html": "not HTML", "/odd/noise.html": "undecodable"}
TORN = ("/odd/windows-1252.html", "/odd/wrong-meta.html", "/odd/truncated.html")
ODD_MANNERS = ("/faults/odd-headers", "/faults/lf-only", "/faults/no-length", "/faults/early-hints")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """Crawl a list: each faulty page on a host of its own, with a good page beside it.

    Return (archive, what the crawl printed, URLs, rows of the report by URL).
    """
    archive = make_archive(tmp_path_factory.mktemp("faults") / "archive")
    out = archive.parent / "report.csv"
    with ExitStack() as stack:
        papers = {path: stack.enter_context(serve(stall=3.0)) for path in FAULTS}
        urls = {path: paper.url + path for path, paper in papers.items()}
        good = [next(iter(paper.truth)) for paper in papers.values()]
        done = fetch_list(archive, *urls.values(), *good, options=(*QUICK, "--report", str(out)))
    with out.open(newline="", encoding="utf-8") as file:
        reported = {row["requested_url"]: row for row in csv.DictReader(file)}
    return archive, done, urls, reported


@pytest.mark.parametrize(("path", "why"), FAULTS.items())
def test_failing_page_costs_one_page_and_is_named(faulty, path, why):
    """Summary and report have its reason; the good page beside it is stored; the exchange is in WARC."""
    archive, done, urls, reported = faulty
    site = urls[path].removesuffix(path)
    same = [url for url in urls.values() if reported[url]["reason"] == why]
    named = [url for url in same if f"{len(same)} failed: {why}, e.g. {url}\n" in done.stdout]
    assert len(named) == 1, done.stdout + done.stderr
    assert (reported[urls[path]]["outcome"], reported[urls[path]]["reason"]) == ("failed", why)
    assert rows(archive, "SELECT count(*) FROM articles WHERE url LIKE ?", f"{site}/%") == [(1,)]
    assert rows(archive, "SELECT count(*) >= 1 FROM captures WHERE url LIKE ?", f"{site}{path[:8]}%") == [(1,)]
    assert rows(archive, "SELECT last_error FROM frontier WHERE url = ?", urls[path]) == [(why,)]


@pytest.mark.parametrize(("path", "code"), [("/nothing-here", 0), ("/faults/500", 1), ("/faults/bomb", 0)])
def test_permanent_failure_of_a_page_is_no_failure_of_the_crawl(archive, paper, path, code):
    """Gone, too large, a redirect loop: exit code 0. A page asked for by name that fails otherwise: 1."""
    assert (FAULTS[path] in ("HTTP 404", *PERMANENT_REASONS)) is (code == 0)
    assert fetch_list(archive, paper.url + path, next(iter(paper.truth))).returncode == code


@pytest.fixture(scope="module")
def odd(paper, tmp_path_factory):
    """Crawl a list of odd pages. Return (archive, done)."""
    archive = make_archive(tmp_path_factory.mktemp("odd") / "archive")
    return archive, fetch_list(archive, *(paper.url + path for path in (*NO_ARTICLE, *TORN, *ODD_MANNERS)))


@pytest.mark.parametrize(("path", "why"), NO_ARTICLE.items())
def test_page_without_an_article_is_counted_as_such(odd, paper, path, why):
    """Not an error: an outcome with a name; exit code 0."""
    _archive, done = odd
    assert f"1 without an article: {why}, e.g. {paper.url}{path}" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize("path", TORN)
def test_page_with_wrong_charset_or_torn_end_is_read(odd, paper, path):
    """The text comes out in the right letters."""
    archive, _done = odd
    ((text,),) = rows(archive, "SELECT text FROM articles WHERE url = ?", paper.url + path)
    assert text.split("\n")[0] == paper.odd[paper.url + path].text.split("\n")[0]


@pytest.mark.parametrize("path", ODD_MANNERS)
def test_server_with_odd_manners_is_understood(odd, paper, path):
    """What browsers accept, we accept."""
    archive, _done = odd
    assert rows(archive, "SELECT last_status FROM frontier WHERE url = ?", paper.url + path) == [(200,)]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://no-such-host.invalid/", "host not found"),
        ("http://127.0.0.1:2/", "connection failed"),
    ],
)
def test_dead_host_gives_exit_code_3(archive, url, why):
    """With the reason, and what to check."""
    done = crawl(archive, url, *QUICK)
    assert why in done.stdout, done.stdout + done.stderr
    assert done.returncode == 3
    assert "nothing could be reached" in done.stderr


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command to make a certificate")
def test_untrusted_certificate_is_refused_unless_the_source_allows_it(archive, tmp_path):
    """TLS failed, exit code 3; with `verify_certificates = false` in its file the same site is crawled."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering({"/": (200, b"<html><body>Nothing today</body></html>", {})}, context) as (url, asked):
        refused = crawl(archive, url + "/", *QUICK)
        assert "1 failed: TLS failed" in refused.stdout, refused.stdout + refused.stderr
        assert refused.returncode == 3
        assert asked == []
        (archive / "sources" / "own.toml").write_text(f'url = "{url}/"\n[crawl]\nverify_certificates = false\n')
        crawl(archive, "own", *QUICK)
        assert asked == ["/robots.txt", "/", "/.well-known/tdmrep.json"]


def test_private_address_is_refused_unless_allowed(archive, paper):
    """A page that links to our own network must not make us ask there; the server hears nothing."""
    paper.journal.clear()
    done = morgue("-C", archive, "crawl", "-s", "crawl.delay=0", paper.url + "/")
    assert done.returncode == 3
    assert "address is not public" in done.stdout
    assert len(paper.journal) == 0


@pytest.mark.parametrize("by_name", [False, True])
def test_private_address_is_asked_as_soon_as_it_is_allowed(archive, paper, by_name):
    """The refusal is ours and no trouble of the host: the advice that comes with it can be followed at once."""
    (archive / "sources" / "own.toml").write_text(f'url = "{paper.url}/"\n')
    named = ("own",) if by_name else ()
    refused = morgue("-C", archive, "crawl", *named)
    assert (refused.returncode, ALLOW_PRIVATE in refused.stderr) == (3, True)
    told = morgue("-C", archive, "crawl")
    assert "is in trouble" not in told.stdout + told.stderr
    assert f" is not asked: its address is not public; {ALLOW_PRIVATE}" in told.stdout
    paper.journal.clear()
    done = morgue("-C", archive, "crawl", "--limit", "3", *named, *LOOPBACK)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "is in trouble" not in done.stdout + done.stderr
    assert len(paper.journal) > 3
    assert rows(archive, "SELECT * FROM hosts WHERE trouble IS NOT NULL") == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("feeds", "/faults/bad-feed.xml"),
        ("sitemaps", "/faults/bad-sitemap.xml"),
        ("feeds", "/faults/entity-bomb.xml"),
    ],
)
def test_malformed_feed_or_sitemap_is_named_and_costs_nothing_else(archive, paper, kind, path):
    """What could be read is used; the summary says which file was not whole."""
    (archive / "sources" / "gazette.toml").write_text(
        f'url = "{paper.url}/odd/consent.html"\n{kind} = ["{paper.url}{path}"]\n'
    )
    began = time.monotonic()
    done = crawl(archive, "gazette", *QUICK, timeout=60)
    assert time.monotonic() - began < 40
    assert f"{paper.url}{path}" in done.stdout
    assert done.returncode in (0, 1)


ROBOTS_PAGE = b"<html><body><a href='/news/2026/11/20/a-story-about-the-harbour.html'>A story</a></body></html>"


@pytest.mark.parametrize("status", [500, 503])
def test_failing_robots_txt_disallows_all(archive, status):
    """RFC 9309, 2.3.1.4: an answer of 5xx may hide a robots.txt."""
    answers = {"/robots.txt": (status, b"User-agent: *\nAllow: /", {}), "/": (200, ROBOTS_PAGE, {})}
    with answering(answers) as (url, asked):
        done = crawl(archive, url + "/", *QUICK)
    assert set(asked) == {"/robots.txt"}
    assert done.returncode == 1, "the host did answer"
    assert "nothing could be reached" not in done.stderr
    assert "postponed: robots.txt" in done.stdout


@pytest.mark.parametrize("status", [404, 403, 410])
def test_missing_robots_txt_allows_all(archive, status):
    """RFC 9309, 2.3.1.3: an answer of 4xx means that there is no robots.txt."""
    answers = {"/robots.txt": (status, b"User-agent: *\nDisallow: /", {}), "/": (200, ROBOTS_PAGE, {})}
    with answering(answers) as (url, asked):
        crawl(archive, url + "/", *QUICK)
    assert "/" in asked


def test_retry_after_of_seconds_is_waited_for(archive):
    """Retry-After of a 503 holds the host's next request back at least that long (RFC 9110, 10.2.3)."""
    times = []
    with serve() as paper:
        fetch_list(archive, paper.url + "/faults/503-retry-after", options=("-s", "crawl.delay=0.01"))
        times = [entry.time for entry in paper.journal.for_target("/faults/503-retry-after")]
    assert len(times) == 2
    assert times[1] - times[0] >= 1.0


def test_retry_after_of_hours_ends_the_visits_of_this_crawl(archive):
    """The crawl does not stand still; the host is asked again when the server said, and the page stays due."""
    story = "/news/2026/11/20/a-story-about-the-harbour.html"
    with answering({story: (429, b"", {"Retry-After": "7200"})}) as (url, asked):
        done = fetch_list(archive, url + story, options=())
    assert asked.count(story) == 1
    assert "1 postponed: HTTP 429, asked to wait 7200 s" in done.stdout
    ((wait,),) = rows(archive, "SELECT (julianday(retry_at) - julianday(since)) * 86400 FROM hosts")
    assert wait == pytest.approx(7200, abs=5)


def test_misspelt_key_is_named_with_file_and_cure(archive):
    """Exit code 2."""
    settings = archive / "morgue.toml"
    settings.write_text(settings.read_text().replace("#delay = 1.0", "dealy = 3"))
    done = crawl(archive, "http://127.0.0.1:2/")
    assert done.returncode == 2
    assert "morgue.toml" in done.stderr
    assert "dealy" in done.stderr
    assert "delay" in done.stderr.replace("dealy", "")


def test_wrong_override_is_refused(archive):
    """-s is checked like the file."""
    done = morgue("-C", archive, "crawl", "-s", "crawl.delay=soon")
    assert done.returncode == 2
    assert "crawl" in done.stderr
    assert "delay" in done.stderr


@pytest.mark.parametrize("command", [("crawl", "http://127.0.0.1:2/"), ("search", "harbour"), ("sources",)])
def test_file_that_is_no_database_is_named_and_kept(archive, command):
    """Exit code 7; the file is left as it is for the user to mend."""
    damaged = b"this was a database once" * 1000
    (archive / "morgue.db").write_bytes(damaged)
    done = morgue("-C", archive, *command)
    assert done.returncode == 7
    assert "morgue.db" in done.stderr
    assert (archive / "morgue.db").read_bytes() == damaged


def test_missing_archive_is_reported_with_the_cure(tmp_path):
    """Exit code 2; the message says how to make one."""
    done = morgue("crawl", cwd=tmp_path)
    assert done.returncode == 2
    assert "morgue init" in done.stderr


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv to become somebody else"
)
@pytest.mark.parametrize("command", [["crawl", "http://127.0.0.1:2/"], ["watch"], ["sources", "pause", "paper"]])
def test_unwritable_folder_gives_exit_code_6(archive, tmp_path, command):
    """Before anything is fetched. Run as `nobody`, because root may write everywhere."""
    (archive / "sources" / "paper.toml").write_text('url = "http://127.0.0.1:2/"\n')
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    for parent in tmp_path.parents:
        if parent.stat().st_mode & 0o5 != 0o5 and parent.is_relative_to("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o5)
    from tests.support.command import command_line, environment

    done = subprocess.run(
        [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            *command_line("-C", archive, *command),
        ],
        env=environment() | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "Permission denied" in done.stderr and "python" in done.stderr and "morgue:" not in done.stderr:
        pytest.skip("the interpreter itself is in a folder that others may not read")
    assert done.returncode == 6, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small tmpfs")
def test_full_disk_stops_the_crawl_and_loses_nothing_committed(tmp_path):
    """Exit code 5; the WARC files have no torn tail; with space again the next crawl completes the archive, `morgue
    verify` finds nothing, and a rebuilt database has the same rows. Verify works on the full disk too."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", small], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.strip()}")
    try:
        with serve() as paper:
            archive = make_archive(small / "archive")
            done = crawl(archive, paper.url + "/")
            assert done.returncode == 5, done.stdout + done.stderr
            assert "no space left" in done.stderr
            full = morgue("-C", archive, "verify")
            assert full.returncode in (0, 7), full.stdout + full.stderr
            # 7: a file that could not be finished, or a finished one whose last rows the database had no space for
            mends = ("left open", "next `morgue crawl`")
            assert full.returncode == 0 or any(words in full.stdout for words in mends), full.stdout
            subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
            again = crawl(archive, paper.url + "/")
            assert again.returncode in (0, 1), again.stderr
            stored = {url for (url,) in rows(archive, "SELECT coalesce(canonical_url, url) FROM articles")}
            assert set(paper.truth) - stored == set()
        subprocess.run(["gzip", "-t", *(archive / "warc").iterdir()], check=True)
        well = morgue("-C", archive, "verify")
        assert well.returncode == 0, well.stdout
        before = tables(archive / "morgue.db")
        (archive / "morgue.db").unlink()
        rebuilt = morgue("-C", archive, "rebuild")
        assert rebuilt.returncode == 0, rebuilt.stdout
        assert tables(archive / "morgue.db") == before
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_second_crawl_of_an_archive_is_refused(archive):
    """Exit code 4, with the process that holds the lock; the first crawl goes on."""
    with serve(delay=0.3) as paper:
        first = start(
            "-C", archive, "crawl", "-s", "crawl.allow_private_ips=true", "-s", "crawl.delay=0", paper.url + "/"
        )
        try:
            wait_until(lambda: len(paper.journal) > 2)
            second = crawl(archive, paper.url + "/")
            assert second.returncode == 4
            assert f"process {first.pid}" in second.stderr
        finally:
            first.send_signal(signal.SIGINT)
            assert first.wait(60) == 130


@pytest.mark.parametrize(
    "query",
    ['"unbalanced', "title:", "NEAR(", "-", "AND", "a OR", "*", "'; DROP TABLE", "(((", "nul\N{SYMBOL FOR NULL}"],
)
def test_query_junk_is_understood_or_refused(archive, query):
    """In words (exit code 2), never by a traceback."""
    done = morgue("-C", archive, "search", "--", query)
    assert done.returncode in (0, 2)
    assert "fts5" not in done.stderr


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("url\nnot an address\n", (), "line 2: 'not an address'"),
        ("name;link to it\n", (), "no column with a name for addresses"),
        ("name;link\n", ("--column", "url"), "no column 'url'"),
        ("# nothing\n", (), "lists no address"),
    ],
)
def test_malformed_url_list_is_refused_with_line_or_columns(archive, tmp_path, content, options, said):
    """Exit code 2, and nothing is fetched."""
    (tmp_path / "list.csv").write_text(content)
    done = crawl(archive, "--urls", tmp_path / "list.csv", *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_missing_url_list_gives_exit_code_2(archive):
    """Exit code 2."""
    done = crawl(archive, "--urls", "nowhere.txt")
    assert done.returncode == 2
    assert "nowhere.txt" in done.stderr


@pytest.mark.parametrize("option", [("--since", "soon"), ("--limit", "0"), ("--limit", "many")])
def test_wrong_option_is_refused(archive, option):
    """Exit code 2, as click has it."""
    assert crawl(archive, *option, "http://127.0.0.1:2/").returncode == 2


def test_unknown_source_gives_exit_code_8(archive):
    """With the names that exist."""
    done = crawl(archive, "gazette")
    assert done.returncode == 8
    assert "is not a source of this archive\n  there are no sources yet" in done.stderr


def test_crawl_listens_on_no_port(archive):
    """Neither telnet nor remote control."""
    with serve(delay=0.3) as paper:
        running = start(
            "-C", archive, "crawl", "-s", "crawl.allow_private_ips=true", "-s", "crawl.delay=0", paper.url + "/"
        )
        try:
            wait_until(lambda: len(paper.journal) > 2)
            sockets = {os.readlink(fd) for fd in Path(f"/proc/{running.pid}/fd").iterdir() if fd.exists()}
            listening = [
                line.split()[9]
                for table in ("tcp", "tcp6")
                for line in Path(f"/proc/{running.pid}/net/{table}").read_text().splitlines()[1:]
                if line.split()[3] == "0A"
            ]
            assert [inode for inode in listening if f"socket:[{inode}]" in sockets] == []
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(60) == 130
