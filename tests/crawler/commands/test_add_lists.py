"""`morgue add` of several sites, of a list, of what people paste instead of a home page; and broken source files."""

from __future__ import annotations

import tomllib

import pytest

from crawler.cli.url_list import sites_of_list
from pipelines.core.errors import ConfigError
from tests.support.command import LOOPBACK, crawl, morgue, rows
from tests.support.http_server import answering

pytestmark = pytest.mark.slow

STORY = "/2026/11/12/council-buys-back-the-pier/"
HOME = f'<html lang="en"><title>A Paper</title><a href="{STORY}">Council buys back the pier</a></html>'.encode()
SITE = {"/": (200, HOME, {})}


def add(archive, *args, stdin=None):
    return morgue("-C", archive, "add", *LOOPBACK, *args, stdin=stdin)


def written(archive, name):
    return tomllib.loads((archive / "sources" / f"{name}.toml").read_text("utf-8"))


def source_names(archive):
    return sorted(path.stem for path in (archive / "sources").glob("[!_]*.toml"))


def feed_of(home):
    item = f"<item><title>T</title><link>{home}{STORY}</link></item>"
    return f'<rss version="2.0"><channel><title>F</title><link>{home}/</link>{item}</channel></rss>'.encode()


@pytest.mark.parametrize(
    ("data", "column"),
    [
        (b"https://a.example/\n# a comment\n\n  b.example  \n", None),
        (b"\xef\xbb\xbfhttps://a.example/\r\nb.example\r\n", None),
        (b"name,url\nA,https://a.example/\nB,b.example\n", None),
        (b"Name;Homepage\nA;https://a.example/\nB;b.example\n", None),
        (b"name\tweb\nA\thttps://a.example/\nB\tb.example\n", "web"),
        (b'name,url\n"A\n(island)",https://a.example/\nB,b.example\n', None),
        (b'"Lamp, The",https://a.example/,en\nB, b.example ,de\n', None),
        (b"sep=|\r\nname|url\r\nA|https://a.example/\r\nB|b.example\r\n", None),
    ],
)
def test_addresses_of_any_kind_of_list_are_read(data, column):
    """Lines with comments, a byte order mark, CSV by a known or a named column or without a header."""
    assert [site.address for site in sites_of_list(data, "list", column)] == ["https://a.example/", "b.example"]


def test_csv_with_names_and_feeds_gives_both():
    """As `morgue sources export --format csv` writes it; a cell may be empty."""
    data = b"name,url,feeds\nlamp,https://a.example/,https://a.example/f;1; https://a.example/g\n,https://b.example/,\n"
    found = [(site.name, site.address, *site.feeds) for site in sites_of_list(data, "list", None)]
    assert found == [
        ("lamp", "https://a.example/", "https://a.example/f;1", "https://a.example/g"),
        ("", "https://b.example/"),
    ]


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        (b"URL;Feeds", b"https://a.example/f; https://a.example/g"),
        (b"Website;RSS", b"https://a.example/f,https://a.example/g"),
        (b"url;feed", b"https://a.example/f | https://a.example/g"),
    ],
)
def test_feeds_of_any_csv_are_read(header, cell):
    """However the column is written, and what is between two feeds."""
    (site,) = sites_of_list(header + b"\nhttps://a.example/;" + b'"' + cell + b'"\n', "list", None)
    assert site.feeds == ("https://a.example/f", "https://a.example/g")


@pytest.mark.parametrize(
    "rows_of_list",
    ["{home}/a.xml\n{home}/b.xml\n", "url,feed\n{home}/,{home}/a.xml\n{home},{home}/b.xml\n"],
    ids=["feeds alone", "a row for each feed"],
)
def test_feeds_of_one_paper_in_several_rows_are_all_its_feeds(archive, rows_of_list):
    """Take them from the list: the front page names none."""
    answers = dict(SITE)
    with answering(answers) as (home, _):
        answers |= {"/a.xml": (200, feed_of(home), {}), "/b.xml": (200, feed_of(home), {})}
        done = add(archive, "--urls", "-", stdin=rows_of_list.format(home=home))
    assert done.returncode == 0, done.stderr
    (name,) = source_names(archive)
    assert sorted(written(archive, name)["feeds"]) == [f"{home}/a.xml", f"{home}/b.xml"]


def test_feed_of_a_list_that_is_no_address_is_named(archive):
    """Its paper is added all the same."""
    with answering(SITE) as (home, _):
        done = add(archive, "--urls", "-", stdin=f"url,feed\n{home}/,mailto:desk@a.example\n")
    assert (done.returncode, len(source_names(archive))) == (1, 1)
    assert "feed mailto:desk@a.example: is not a web address" in done.stderr


@pytest.mark.parametrize(
    ("data", "column", "why"),
    [
        (b"<opml/>", "url", "has no columns"),
        (b"name,url\nA,https://a.example/\n", "site", "has no column 'site'"),
        (b"# nothing\n", None, "lists no address"),
    ],
)
def test_list_without_addresses_is_an_error_that_names_it(data, column, why):
    """Before any request is sent."""
    with pytest.raises(ConfigError, match=why):
        sites_of_list(data, "list", column)


def test_list_adds_what_can_be_added_and_names_the_rest(archive, tmp_path):
    """One address is none, one is a dead site, one is there twice: the others become sources; exit code 1."""
    with answering(SITE) as (one, _), answering(SITE) as (two, _):
        (tmp_path / "papers.txt").write_text(f"# papers\n{one}/\nnot an address\nhttp://127.0.0.1:2/\n{two}/\n{two}/\n")
        done = add(archive, "--urls", tmp_path / "papers.txt")
        again = add(archive, "--urls", tmp_path / "papers.txt")
        assert done.returncode == 1
        assert len(source_names(archive)) == 2
        assert "line 3: not an address: is not a web address" in done.stderr
        assert "http://127.0.0.1:2/: connection failed" in done.stderr
        assert done.stdout.splitlines()[-1] == "2 added, 1 failed, 1 not usable"
        assert again.returncode == 1
        assert again.stdout.splitlines()[-1] == "3 are sources already, 1 failed, 1 not usable"


def test_list_of_known_sources_is_no_failure(archive):
    """A list may be added again and again; one address typed by hand that is known is an error."""
    with answering(SITE) as (one, asked):
        assert add(archive, "--urls", "-", stdin=f"{one}/\n").returncode == 0
        before = len(asked)
        assert add(archive, "--urls", "-", stdin=f"{one}/\n{one}\n").returncode == 0
        assert add(archive, one).returncode == 2
        assert len(asked) == before


def test_sites_of_a_list_are_looked_over_side_by_side(archive):
    """Two sites that wait for their own delays: their requests overlap in time."""
    with answering(SITE) as (one, asked_one), answering(SITE) as (two, asked_two):
        done = morgue("-C", archive, "add", "-s", "crawl.allow_private_ips=true", "-s", "crawl.delay=0.05", one, two)
        asked_of_both = [len(asked_one), len(asked_two)]
    assert done.returncode == 0, done.stderr
    assert min(asked_of_both) > 3
    hosts = [url.split("/")[2] for (url,) in rows(archive, "SELECT url FROM captures ORDER BY id")]
    half = len(hosts) // 2
    assert len(set(hosts[:half])) == len(set(hosts[half:])) == 2


@pytest.mark.parametrize("words", [("add", "--urls"), ("sources", "import")])
def test_opml_gives_a_source_its_feed(archive, tmp_path, words):
    """The feed of the outline is checked and listed, though the front page does not name it."""
    with answering(SITE) as (home, _), answering({"/lamp.xml": (200, feed_of(home), {})}) as (feeds, _asked):
        opml = f'<opml><body><outline xmlUrl="{feeds}/lamp.xml" htmlUrl="{home}/"/></body></opml>'
        (tmp_path / "reader.opml").write_text(opml)
        done = morgue("-C", archive, *words, tmp_path / "reader.opml", *LOOPBACK)
    assert done.returncode == 0, done.stderr
    assert written(archive, source_names(archive)[0])["feeds"] == [f"{feeds}/lamp.xml"]


def test_feed_on_another_host_adds_the_site_that_it_names(archive):
    """FeedBurner: the feed's own link says which paper it belongs to."""
    with answering(SITE) as (home, _), answering({"/lamp.xml": (200, feed_of(home), {})}) as (feeds, _asked):
        done = add(archive, f"{feeds}/lamp.xml", "--name", "lamp")
    assert done.returncode == 0, done.stderr
    assert "is a feed: the page that it belongs to is taken" in done.stdout
    values = written(archive, "lamp")
    assert (values["url"], values["feeds"]) == (f"{home}/", [f"{feeds}/lamp.xml"])


def test_article_adds_its_site_once(archive):
    """A second article of the same paper adds no second source."""
    with answering(SITE | {STORY: (200, HOME, {})}) as (home, _):
        done = add(archive, home + STORY, "--name", "paper")
        again = add(archive, home + STORY)
    assert done.returncode == 0, done.stderr
    assert written(archive, "paper")["url"] == f"{home}/"
    assert "looks like an article" in done.stdout
    assert again.returncode == 2
    assert "sources/paper.toml" in again.stderr
    assert source_names(archive) == ["paper"]


def test_address_without_scheme_is_asked_by_http_if_https_cannot_be_reached(archive):
    """Small papers and test servers have no TLS."""
    with answering(SITE) as (home, _):
        done = add(archive, home.removeprefix("http://"), "--name", "plain")
    assert done.returncode == 0, done.stderr
    assert written(archive, "plain")["url"] == f"{home}/"


def test_address_without_scheme_that_fails_by_http_says_so(archive):
    """The answer over HTTP is the one to report: there is none over HTTPS."""
    with answering({"/": (500, b"", {})}) as (home, _):
        done = add(archive, home.removeprefix("http://"))
    assert done.returncode == 3
    assert f"{home}/: HTTP 500" in done.stderr


def test_source_added_by_an_article_is_named_after_the_front_page(archive):
    """Also if the short name is taken: the path of an article says nothing of its paper."""
    with answering(SITE | {STORY: (200, HOME, {})}) as (home, _):
        name = home.removeprefix("http://").replace(".", "-").replace(":", "-")
        (archive / "sources" / f"{name}.toml").write_text('url = "https://other.example/"\n')
        done = add(archive, home + STORY)
    assert done.returncode == 0, done.stderr
    assert source_names(archive) == [name, f"{name}-2"]


def test_broken_source_file_costs_that_source_only(archive):
    """The others are crawled; the broken one is named, also with --quiet, and makes the exit code 1."""
    with answering(SITE | {STORY: (200, HOME, {})}) as (home, _):
        add(archive, home, "--name", "well")
        (archive / "sources" / "sick.toml").write_text('url = "https://sick.example/"\nfeds = ["x"]\n')
        (archive / "sources" / "torn.toml").write_text("url = \n")
        done = crawl(archive)
        quiet = crawl(archive, "--quiet")
        named = crawl(archive, "sick")
        other = crawl(archive, "well")
        added = add(archive, "--force", home)
        timer = morgue("-C", archive, "schedule", "well")
    assert done.returncode == quiet.returncode == 1
    assert "sources/sick.toml: feds: unknown key\n  did you mean feeds?" in done.stdout
    for said in (done.stdout, quiet.stderr):
        assert "sources/sick.toml: feds: unknown key" in said
        assert "sources/torn.toml: line 1" in said
    assert rows(archive, "SELECT count(*) > 0 FROM captures WHERE kind = 'article'") == [(1,)]
    assert named.returncode == 2
    assert "feds: unknown key" in named.stderr
    assert other.returncode == 1
    assert added.returncode == 0
    assert timer.returncode == 0
    for warned in (added, timer):
        assert "warning: sources/sick.toml: feds: unknown key" in warned.stderr


def test_mistyped_source_is_answered_with_the_likely_name(archive):
    """And a long list of sources is not printed."""
    (archive / "sources" / "theguardian.toml").write_text('url = "https://www.theguardian.example/"\n')
    for done in (crawl(archive, "theguardain"), morgue("-C", archive, "schedule", "theguardain")):
        assert done.returncode == 8
        assert "did you mean theguardian?" in done.stderr


def test_www_or_not_finds_the_same_source(archive):
    """`paper.example` typed for a source whose front page is www.paper.example."""
    (archive / "sources" / "paper.toml").write_text('url = "https://www.paper.invalid/"\n')
    crawl(archive, "-s", "crawl.retries=0", "paper.invalid")
    assert rows(archive, "SELECT name FROM sources") == [("paper",)]
    known = add(archive, "http://paper.invalid")
    assert known.returncode == 2
    assert "is a source already: sources/paper.toml" in known.stderr


def test_section_page_of_a_source_is_no_second_source(archive):
    """Its feed would be read for the first one only; --name says that it is wanted all the same."""
    head = '<html lang="en"><link rel="alternate" type="application/rss+xml" href="/feed.xml"><title>A Paper</title>'
    page = f'{head}<a href="{STORY}">Council buys back the pier</a></html>'.encode()
    answers = {"/": (200, page, {}), "/sport/": (200, page, {})}
    with answering(answers) as (home, _):
        answers["/feed.xml"] = (200, feed_of(home), {"Content-Type": "application/rss+xml"})
        first = add(archive, f"{home}/", "--name", "paper")
        second = add(archive, f"{home}/sport/")
        names = source_names(archive)
        wanted = add(archive, f"{home}/sport/", "--name", "sport")
    assert (first.returncode, second.returncode, wanted.returncode) == (0, 2, 0)
    assert names == ["paper"]
    assert f"{home}/feed.xml (it belongs to sources/paper.toml)" in second.stderr
    assert written(archive, "sport")["feeds"] == [f"{home}/feed.xml"]


def test_feed_of_another_source_is_left_out_of_a_section_with_one_of_its_own(archive):
    """The file is written, with the feed that no other source has."""

    def page(*feeds):
        links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{feed}">' for feed in feeds)
        return f'<html lang="en">{links}<title>A Paper</title></html>'.encode()

    answers = {"/": (200, page("/feed.xml"), {}), "/sport/": (200, page("/feed.xml", "/sport/feed.xml"), {})}
    with answering(answers) as (home, _):
        for feed in ("/feed.xml", "/sport/feed.xml"):
            answers[feed] = (200, feed_of(home), {"Content-Type": "application/rss+xml"})
        add(archive, f"{home}/", "--name", "paper")
        done = add(archive, f"{home}/sport/")
    (other,) = set(source_names(archive)) - {"paper"}
    assert written(archive, other)["feeds"] == [f"{home}/sport/feed.xml"]
    assert f"left out: {home}/feed.xml (it belongs to sources/paper.toml)" in done.stdout


def test_opml_that_is_cut_off_adds_what_can_be_read_and_says_so(archive, tmp_path):
    """The last outline ends in the middle of an address."""
    with answering(SITE) as (one, _), answering(SITE) as (two, _):
        outlines = f'<outline htmlUrl="{one}/" xmlUrl="{one}/f"/>\n<outline htmlUrl="{two}/" xmlUrl="{two}/f"/>\n'
        (tmp_path / "feeds.opml").write_text(f'<opml version="2.0"><body>\n{outlines}<outline xmlUrl="http://cu')
        done = add(archive, "--urls", tmp_path / "feeds.opml")
    assert done.returncode == 1
    assert "line 4: the file ends here, in the middle of the list: it is cut off" in done.stderr
    assert len(source_names(archive)) == 2


@pytest.mark.parametrize("name", ["papers.csv", "papers.txt"])
def test_header_without_a_known_column_is_answered_with_the_columns(archive, tmp_path, name):
    """Also in a file whose name does not say that it is a table."""
    (tmp_path / name).write_text("name,site url,country\nA,https://a.example/,NZ\n")
    done = add(archive, "--urls", tmp_path / name)
    assert done.returncode == 2
    assert "has no column with a name for addresses" in done.stderr
    assert "say --column NAME; it has: name, site url, country" in done.stderr


def test_row_without_an_address_is_named_and_counted(archive):
    """With its line, and exit code 1."""
    with answering(SITE) as (home, _):
        done = add(archive, "--urls", "-", "--column", "web", stdin=f"name,web\nA,{home}/\nB,\n")
    assert done.returncode == 1
    assert "not added: line 3: the row has no address" in done.stderr
    assert "1 added, 1 not usable" in done.stdout


def test_known_sites_of_a_list_are_one_line_and_no_failure(archive):
    """All known, some known, and one of them dead; a single known site that was typed is a mistake."""
    with answering(SITE) as (one, _), answering(SITE) as (two, _), answering(SITE) as (three, _):
        add(archive, f"{one}/", f"{two}/")
        known = add(archive, f"{one}/", f"{two}/")
        new = add(archive, f"{one}/", f"{three}/")
        dead = add(archive, f"{one}/", "http://127.0.0.1:2/")
        single = add(archive, f"{one}/")
        listed = add(archive, "--urls", "-", stdin=f"{one}/\n")
        named = [add(archive, f"{one}/", "--name", "new", *force) for force in ([], ["--force"])]
    codes = [done.returncode for done in (known, new, dead, single, listed, *named)]
    assert codes == [0, 0, 1, 2, 0, 2, 2]
    assert (known.stdout, known.stderr) == ("2 are sources already\n", "")
    assert "1 added, 1 is a source already\n" in new.stdout
    assert "1 is a source already, 1 failed\n" in dead.stdout
    assert "--force overwrites that file" in single.stderr
    assert all(" new gives it another name" in done.stderr for done in named)


def test_report_names_the_address_that_answered(archive):
    """An address without a scheme that only http reaches is not shown as https."""
    with answering(SITE) as (home, _):
        done = add(archive, home.removeprefix("http://"))
    assert done.stdout.startswith(f"{home}")
