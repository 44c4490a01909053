"""`morgue add`: what it finds on real servers, what it writes, how it behaves towards them."""

from __future__ import annotations

import gzip
import tomllib
from itertools import pairwise

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.onboarding.probe import MAX_REQUESTS, ProbeReport, VerifiedListing
from crawler.onboarding.source_file import name_for, source_text
from tests.support.command import LOOPBACK, make_archive, morgue, rows
from tests.support.http_server import Answer, answering
from tests.support.newspaper import serve

pytestmark = pytest.mark.slow

HOME = (
    b'<html lang="en"><head><title>A Paper</title></head><body><nav><a href="/politics/">Politics</a></nav>'
    b'<a href="/2026/11/12/council-buys-back-the-pier/">Council buys back the pier</a></body></html>'
)
STORY = "https://paper.example/2026/11/12/council-buys-back-the-pier/"
RSS = f'<rss version="2.0"><channel><title>A</title><item><link>{STORY}</link></item></channel></rss>'.encode()
URLSET = f"<urlset><url><loc>{STORY}</loc></url></urlset>".encode()


def add(archive, *args):
    """`morgue add` of our own servers."""
    return morgue("-C", archive, "add", *LOOPBACK, *args)


def written(archive, name):
    """Return the values of a source file."""
    return tomllib.loads((archive / "sources" / f"{name}.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """Our newspaper, added as `gazette`."""
    with serve() as paper:
        archive = make_archive(tmp_path_factory.mktemp("add") / "archive")
        yield paper, archive, add(archive, paper.url, "--name", "gazette")


def test_name_that_is_not_valid_is_answered_with_one_that_is(tmp_path):
    """No server is asked."""
    done = add(make_archive(tmp_path / "archive"), "https://paper.example/", "--name", "East Courier")
    assert done.returncode == 2
    assert "--name East Courier: is not a valid name for a source\n  say east-courier: " in done.stderr


def test_newspaper_is_probed_and_written_to_a_file(added):
    """Feeds, news sitemap (known by what is in it), sitemap index, sections of the menu, name and language."""
    paper, archive, done = added
    assert done.returncode == 0, done.stderr
    values = written(archive, "gazette")
    sections = values.pop("sections")
    assert values == {
        "url": f"{paper.url}/",
        "title": "The Harbour Gazette",
        "language": "en",
        "feeds": [f"{paper.url}/feed.xml", f"{paper.url}/de/feed.atom"],
        "news_sitemaps": [f"{paper.url}/news-sitemap.xml"],
        "sitemaps": [f"{paper.url}/sitemap_index.xml"],
    }
    assert {f"{paper.url}/{name}/" for name in ("politics", "sport", "culture")} <= set(sections)


def test_report_lists_what_was_found(added):
    """Each with the number of articles, the newest one's day, and where it was found."""
    paper, _archive, done = added
    newest = max(truth.published for truth in paper.truth.values())[:10]
    feed, news = f"feed: {paper.url}/feed.xml", f"news sitemap: {paper.url}/news-sitemap.xml"
    assert f"{feed} (20 articles, newest {newest}; named on the front page)" in done.stdout
    assert f"{news} (30 articles, newest {newest}; named in robots.txt)" in done.stdout
    assert "The Harbour Gazette (en)" in done.stdout
    assert "morgue crawl gazette" in done.stdout


def test_added_source_is_valid(added):
    """`morgue crawl` reads the file as it was written."""
    paper, archive, _done = added
    config = load(ArchiveFolder(archive))
    assert config.sources["gazette"].url == f"{paper.url}/"


def test_site_is_asked_politely(added):
    """robots.txt first, nothing that it disallows, one request at a time, few of them, under our name."""
    paper, _archive, _done = added
    targets = paper.journal.targets()
    assert targets[0] == "/robots.txt"
    assert len(targets) == len(set(targets)) <= MAX_REQUESTS
    assert [target for target in targets if target.startswith(("/private/", "/search", "/calendar"))] == []
    spans = sorted((entry.time, entry.end) for entry in paper.journal)
    assert [after for before, after in pairwise(spans) if after[0] < before[1]] == []
    assert all(b"User-Agent: Newsmorgue/" in entry.request for entry in paper.journal)


def test_every_exchange_is_in_the_archive(added):
    """`add` is a crawl of its own: what it saw can be shown later."""
    paper, archive, _done = added
    recorded = [url for (url,) in rows(archive, "SELECT url FROM captures ORDER BY id")]
    assert recorded == [paper.url + target for target in paper.journal.targets()]
    assert rows(archive, "SELECT outcome, finished IS NOT NULL FROM crawls") == [("done", 1)]
    assert ("robots",) in rows(archive, "SELECT DISTINCT kind FROM captures")


def test_delay_is_the_longer_of_setting_and_crawl_delay(archive):
    """Up to max_delay."""
    with serve(crawl_delay=30) as paper:
        done = morgue("-C", archive, "add", "-s", "crawl.allow_private_ips=true", "-s", "crawl.delay=0.01",
                      "-s", "crawl.max_delay=0.4", paper.url)  # fmt: skip
        assert done.returncode == 0, done.stderr
        times = [entry.time for entry in paper.journal]
    assert "asks for 30 s between requests" in done.stdout
    assert len(times) <= 8  # a slow site is asked fewer things
    # The first gap is before the site's wish is known.
    assert all(later - earlier > 0.3 for earlier, later in pairwise(times[1:]))


def test_existing_source_is_not_overwritten_without_force(archive):
    """Its file is the user's; --force replaces it, under its own name."""
    with serve() as paper:
        assert add(archive, paper.url, "--name", "gazette").returncode == 0
        file = archive / "sources" / "gazette.toml"
        file.write_text(file.read_text() + "\n# mine\n")
        again = add(archive, paper.url)
        assert again.returncode == 2
        assert "sources/gazette.toml" in again.stderr
        assert "# mine" in file.read_text()
        assert add(archive, paper.url, "--force").returncode == 0
        assert "# mine" not in file.read_text()
    assert [path.name for path in (archive / "sources").glob("[!_]*.toml")] == ["gazette.toml"]


def test_site_without_feed_or_sitemap_is_read_by_its_sections(archive):
    """And the report says so."""
    with answering({"/": (200, HOME, {}), "/politics/": (200, HOME, {})}) as (url, asked):
        done = add(archive, url, "--name", "plain")
    assert done.returncode == 0, done.stderr
    assert "no feed found: crawls will read the section pages instead" in done.stdout
    assert "no sitemap found" in done.stdout
    home = {"url": f"{url}/", "title": "A Paper", "language": "en"}
    assert written(archive, "plain") == home | {"sections": [f"{url}/politics/"]}
    assert {"/feed/", "/rss", "/sitemap.xml", "/news-sitemap.xml"} <= set(asked)


def test_feeds_and_sitemaps_at_common_places_are_found(archive):
    """A feed, and a gzip sitemap index with a news child. An HTML page in a feed's place is no feed."""
    index = b"<sitemap><loc>/a.xml.gz</loc></sitemap><sitemap><loc>/sitemap-news.xml</loc></sitemap>"
    index = b"<sitemapindex>" + index + b"</sitemapindex>"
    news = URLSET.replace(b"</loc>", b"</loc><news:news xmlns:news='x'><news:title>T</news:title></news:news>")
    answers = {
        "/": (200, HOME, {}),
        "/feed/": (200, HOME, {}),
        "/rss": (302, b"", {"Location": "/rss.xml"}),
        "/rss.xml": (200, RSS, {"Content-Type": "application/rss+xml"}),
        "/sitemap.xml": (200, gzip.compress(index), {"Content-Type": "application/gzip"}),
        "/sitemap-news.xml": (200, gzip.compress(news), {"Content-Encoding": "gzip"}),
    }
    with answering(answers) as (url, asked):
        done = add(archive, url, "--name", "common")
    values = written(archive, "common")
    assert values["feeds"] == [f"{url}/rss.xml"], done.stdout
    assert values["sitemaps"] == [f"{url}/sitemap.xml"]
    assert values["news_sitemaps"] == [f"{url}/sitemap-news.xml"]
    assert asked.count("/rss.xml") == 1


def test_guessed_sitemap_that_lists_no_article_is_named(archive):
    """The user can say what its addresses are; a guess at which there is nothing is no news."""
    urls = "".join(f"<url><loc>https://paper.example/tag/number-{n}/</loc></url>" for n in range(40))
    with answering({"/": (200, HOME, {}), "/sitemap.xml": (200, f"<urlset>{urls}</urlset>".encode(), {})}) as (url, _):
        done = add(archive, url)
    assert f"left out: {url}/sitemap.xml (it names no article; 40 addresses left out by shape, e.g. " in done.stdout
    assert done.stdout.count("left out: ") == 2, done.stdout


def test_page_that_needs_its_own_cookie_is_added(archive):
    """The site redirects an address to itself until its cookie comes back."""

    def front(cookie: str) -> Answer:
        return (200, HOME, {}) if cookie == "seen=1" else (302, b"", {"Location": "/", "Set-Cookie": "seen=1; Path=/"})

    with answering({"/": front}) as (url, asked):
        done = add(archive, url, "--name", "paper")
    assert done.returncode == 0, done.stderr
    assert asked.count("/") == 2


def test_dead_feed_in_the_head_is_left_out_with_the_reason(archive):
    """A dead feed in the page's head is left out, with the reason."""
    head = b'<head><link rel="alternate" type="application/rss+xml" href="/gone.xml">'
    answers = {
        "/": (200, HOME.replace(b"<head>", head), {}),
        "/feed/": (200, RSS, {}),
        "/robots.txt": (200, b"User-agent: *\nDisallow: /politics\nSitemap: http://127.0.0.1:2/s.xml\n", {}),
    }
    with answering(answers) as (url, asked):
        done = add(archive, url, "--name", "named")
    assert f"left out: {url}/gone.xml (HTTP 404)" in done.stdout
    assert "left out: http://127.0.0.1:2/s.xml (connection failed)" in done.stdout
    assert f"left out: {url}/politics/ (robots.txt disallows it)" in done.stdout
    assert written(archive, "named")["feeds"] == [f"{url}/feed/"]
    assert "/politics/" not in asked


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"/": (404, b"", {})}, "HTTP 404"),
        ({"/": (500, b"", {})}, "HTTP 500"),
        ({"/": (200, HOME, {}), "/robots.txt": (200, b"User-agent: *\nDisallow: /\n", {})}, "robots.txt disallows it"),
        ({"/": (200, HOME, {}), "/robots.txt": (503, b"", {})}, "robots.txt answered 503"),
        ({"/": (302, b"", {"Location": "/"})}, "redirect loop"),
        ({"/": (302, b"", {})}, "HTTP 302 without a Location"),
        ({"/": (301, b"", {"Location": "http://[::1]:2/"})}, "connection failed"),
    ],
)
def test_unreadable_site_gives_exit_code_3_and_no_file(archive, answers, why):
    """With the reason."""
    with answering(answers) as (url, asked):
        done = add(archive, url, "--name", "none")
    assert done.returncode == 3
    assert why in done.stderr
    assert not (archive / "sources" / "none.toml").exists()
    assert len(asked) < 10
    assert rows(archive, "SELECT outcome FROM crawls") == [("nothing reachable",)]


def test_site_that_moved_to_another_is_not_added(archive):
    """A parked domain leads anywhere; the message names the address to add instead."""
    with serve() as paper:
        done = add(archive, paper.url + "/elsewhere", "--name", "moved")
        assert done.returncode == 3
        assert f"it is another site now: morgue add {paper.other_url}" in done.stderr
    assert not (archive / "sources" / "moved.toml").exists()


def test_several_sites_of_which_one_fails_give_exit_code_1(archive):
    """The others are added."""
    dead = "http://127.0.0.1:2/"
    assert add(archive, dead).returncode == 3
    nowhere = add(archive, "https://no-such-host.invalid/")
    assert nowhere.returncode == 3
    assert "host not found" in nowhere.stderr
    with answering({"/": (200, HOME, {})}) as (url, _asked):
        done = add(archive, dead, url)
    assert done.returncode == 1
    assert "connection failed" in done.stderr
    assert len(list((archive / "sources").glob("[!_]*.toml"))) == 1


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["not a url"], "is not a web address"),
        (["ftp://paper.example/"], "is not a web address"),
        (["https://a.example/", "https://b.example/", "--name", "x"], "names one source, but there are several URLs"),
        (["https://a.example/", "--name", "../x"], "is not a valid name for a source"),
        ([], "Missing argument"),
    ],
)
def test_mistyped_url_gives_exit_code_2_without_a_request(archive, args, why):
    """Nothing is fetched or locked before."""
    done = add(archive, *args)
    assert done.returncode == 2
    assert why in done.stderr


def test_private_address_is_refused_by_default(archive):
    """`add` does not make us read the router's pages; the cure is a setting."""
    with answering({"/": (200, HOME, {})}) as (url, asked):
        done = morgue("-C", archive, "add", url)
    assert done.returncode == 3
    assert "address is not public\n  to crawl a server on your own network" in done.stderr
    assert "-s crawl.allow_private_ips=true\n" in done.stderr
    assert asked == []


def test_feed_may_be_added_instead_of_the_home_page(archive):
    """People paste what they have."""
    with answering({"/": (200, HOME, {}), "/news.rss": (200, RSS, {})}) as (url, _asked):
        done = add(archive, f"{url}/news.rss", "--name", "pasted")
    assert done.returncode == 0, done.stderr
    values = written(archive, "pasted")
    assert (values["url"], values["feeds"]) == (f"{url}/", [f"{url}/news.rss"])


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.bbc.co.uk/news", "bbc"),
        ("https://www.zeit.de/", "zeit"),
        ("https://fr.euronews.com/", "euronews"),
        ("https://xn--mnchen-3ya.de/", "xn--mnchen-3ya"),
        ("http://127.0.0.1:8000/", "127-0-0-1-8000"),
        ("http://localhost:8000/", "localhost-8000"),
        ("https://www.taken.com/", "taken-com"),
        ("https://www.twice.com/de/", "twice-com-de"),
    ],
)
def test_source_is_named_after_its_domain(url, name):
    """Short, and free: two papers of one name differ by the rest of their address."""
    assert name_for(url, {"taken", "twice", "twice-com"}) == name


@pytest.mark.parametrize(
    ("url", "title", "name"),
    [
        ("http://127.0.0.1:9131/", "Le Journal d'\u00c9t\u00e9", "le-journal-d-ete"),
        ("http://127.0.0.1:9131/", "\u65e5\u672c", "127-0-0-1-9131"),
        ("https://www.zeit.de/", "Die Zeit", "zeit"),
    ],
)
def test_source_at_an_ip_address_is_named_after_its_title(url, title, name):
    """If the list gives one that can be a name; numbers say nothing."""
    assert name_for(url, set(), title) == name


def test_file_is_valid_toml_whatever_the_site_is_called(archive):
    """Quotes, backslashes and control characters in a title or an address."""
    odd = ['The "Quoted" \\ Paper', "Ends with \\", "Tab\there", "Nül\x00", "Zeile\u2028zwei", "新聞", "'''", "x" * 900]
    for title in odd:
        found = ProbeReport(
            "https://paper.example/",
            title=title,
            language='en"',
            listings=(VerifiedListing('https://paper.example/?a="b"', "feed", 1, None, ""),),
            unchecked=("https://paper.example/\n",),
        )
        (archive / "sources" / "odd.toml").write_text(source_text(found), encoding="utf-8")
        assert load(ArchiveFolder(archive)).sources["odd"].url == "https://paper.example/"
