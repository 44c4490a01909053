"""Test what the pages of a week of three papers tell: edits by two authors, a vanished page, copies, no WARC files."""

from __future__ import annotations

import html
import re

import pytest

from tests.support.example_archive import build_example
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    """Serve the archive of the examples."""
    with viewing(build_example(tmp_path_factory.mktemp("pages") / "archive")) as view:
        yield view


def text_of(view, path):
    """Return a page without its markup, each run of white space as one space."""
    answer = view.get(path)
    assert answer.status == 200, answer.text
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", answer.text)).split())


def test_comparison_shows_each_value_that_changed(view):
    """Beside headline and text: the authors, by name, and the kinds of change that `morgue diff` names."""
    page = view.get("/article/1/compare?from=1&to=3").text
    assert '<small class="label">authors</small> Anna Berg<ins>, Ben Ode</ins>' in page
    assert "Changed: title, text, byline (15 words added, 9 removed" in page
    assert "silent: the page" in page


def test_article_with_one_revision_says_why_there_is_nothing_to_compare(view):
    """And what makes the next one."""
    assert "This article has one revision" in text_of(view, "/article/2/compare")


def test_article_says_what_is_there_now_and_which_file_is_missing(view):
    """A page that vanished, a WARC file that is not in the archive, the copies of a text and what they keep."""
    page = text_of(view, "/article/2")
    assert "gone since 2024-03-08 09:05:00 (404), last seen alive 2024-03-04" in page
    assert "This file is missing" in page
    (copy,) = view.get("/search.json?source=chronicle").json()["hits"]
    assert "2 copies in 2 papers" in text_of(view, f"/article/{copy['id']}")


def test_earlier_revision_has_its_own_text(view):
    """A link leads back to the newest."""
    page = text_of(view, "/article/1?revision=1")
    assert "forty passengers" in page
    assert "Revision 1 of 3" in page
    assert "sixty passengers" in text_of(view, "/article/1")


def test_each_filter_can_be_removed(view):
    """On searches, counts and edits; the rest of what was asked stays, also if nothing is found."""
    for path in ("/search?q=xyzzy&source=gazette&since=2024", "/counts?q=ferry&by=source&source=gazette&since=2024",
                 "/edits?source=gazette&since=2024&silent=1"):  # fmt: skip
        page = view.get(path).text
        links = [html.unescape(link) for link in re.findall(r'<a href="(\?[^"]*)" aria-label="Remove the filter', page)]
        assert len(links) == 2, path
        for link in links:
            here = path.partition("?")[0]
            assert view.get(here + link).status == 200
            assert all(part in link for part in ("q=xyzzy", "q=ferry&by=source", "silent=1") if part in path)
            assert ("source=gazette" in link) != ("since=2024" in link)


def test_row_of_the_counts_leads_to_its_articles(view):
    """A period or a value is a search; its number is that of the search."""
    for path in ("/counts?by=day", "/counts?by=source", "/counts?q=ferry&by=source"):
        found = re.findall(
            r'<th scope="row"(?: class="day")?><a href="([^"]+)">.*?<td>\s*(?:<span class="drawn"><span>)?(\d+)',
            view.get(path).text,
            re.S,
        )
        assert found, path
        for link, number in found:
            asked = html.unescape(link).replace("/search?", "/search.json?")
            assert view.get(asked).json()["total"] == int(number), (path, link)


def test_form_leads_to_an_address_that_is_worth_keeping(view):
    """What was left empty is not in it, nor the order that is usual."""
    answer = view.get("/search?q=ferry&since=&until=&sort=relevance&source=gazette")
    assert (answer.status, answer.headers["location"]) == (302, "/search?q=ferry&source=gazette")
    assert view.get("/counts?q=&q=&by=&since=").headers["location"] == "/counts"
    assert view.get("/search?q=ferry&sort=newest").status == 200


def test_page_beyond_the_last_leads_back(view):
    """A bookmark may be of a search that had more pages."""
    assert "This search has 1 page" in text_of(view, "/search?page=9")


def test_archive_as_a_whole_is_no_source(view):
    """`morgue health` lists it among the sources; no search leads to its articles."""
    assert "source=%28archive%29" not in view.get("/health").text
    assert "the archive as a whole" in text_of(view, "/health")


def test_sources_are_shown_by_title_and_linked_by_name(view):
    """On matches, facets, filters, articles, edits and counts; the article also says the name that commands take."""
    for path in ("/search", "/search?source=gazette", "/article/1", "/edits?source=gazette", "/counts?by=source",
                 "/article/1/compare"):  # fmt: skip
        assert "The Harbour Gazette" in text_of(view, path), path
    assert "The Harbour Gazette (gazette)" in text_of(view, "/article/1")
    assert "source=gazette" in view.get("/search").text
    assert "source The Harbour Gazette remove" in text_of(view, "/search?source=gazette")


def test_captures_of_an_address_can_be_asked_for(view):
    """By a search for it, also without its scheme; by a form; on its article."""
    for address in ("https://gazette.example/ferry", "gazette.example/ferry"):
        assert (
            '<a href="/captures/https://gazette.example/ferry">captures of this address'
            in view.get(f"/search?q={address}").text
        )
    assert "3 captures" in text_of(view, "/captures/https://gazette.example/ferry")
    bare = view.get("/captures/gazette.example/ferry?a=1")
    assert (bare.status, bare.headers["location"]) == (302, "/captures/https://gazette.example/ferry?a=1")
    assert "captures of this address" in view.get("/search?q=https://gazette.example/a?b=(c").text  # no query
    assert 'name="url"' in view.get("/captures/").text
    answer = view.get("/captures/?url=https://gazette.example/ferry")
    assert (answer.status, answer.headers["location"]) == (302, "/captures/https://gazette.example/ferry")
    assert '<a href="/captures/https://gazette.example/ferry">' in view.get("/article/1").text


def test_download_is_named_by_what_was_asked(view):
    """In ASCII, whatever the script of the words."""
    for asked, stem in (("q=Ferry+%22l%27%C3%AEle%22", "ferry-l-ile"), ("source=gazette", "gazette"),
                        ("q=%D8%B9%D8%A7%D8%AF", "articles"), ("q=" + "very+" * 99, "very")):  # fmt: skip
        said = view.get(f"/export/articles.csv?{asked}", method="HEAD").headers["content-disposition"]
        assert re.fullmatch(rf'attachment; filename="{stem}[a-z-]{{0,60}}-\d{{4}}-\d\d-\d\d\.csv"', said), said


def test_periods_without_an_article_share_a_row(view):
    """And a period that is covered in part says why; the others say nothing."""
    page = text_of(view, "/counts?by=day&since=2023-11-20&until=2024-03-07")
    assert "2023-11-20 to 2024-03-02 104 days without an article 2024-03-03" in page
    assert ">2024</text>" in view.get("/counts?by=day&since=2023-11-20").text
    months = text_of(view, "/counts?by=month")
    assert "2024-03 8 first article on 2024-03-03, last article on 2024-03-07" in months
    assert "counted from 2024-03-04, counted to 2024-03-06" in text_of(
        view, "/counts?by=month&since=2024-03-04&until=2024-03-06"
    )
    assert "covered in part" not in text_of(view, "/counts?by=source")


def test_author_of_a_search_is_a_filter_that_can_be_removed(view):
    """Unless it is part of an OR, which a removal would break."""
    page = view.get("/search?q=ferry+author:%22Anna+Berg%22&source=gazette").text
    assert 'href="?q=ferry&amp;source=gazette" aria-label="Remove the filter author Anna Berg"' in page
    for query in ("author:Berg+OR+ferry", "(ferry+author:Berg)", "-author:Berg+ferry", "ferry+NOT+author:Berg"):
        assert "Remove the filter" not in view.get(f"/search?q={query}").text, query


def test_next_step_is_one_of_the_view(view):
    """No option or command of the terminal, where a page does the same."""
    assert "Leave out the revision to see the newest." in html.unescape(view.get("/article/1?revision=9").text)
    assert "The search shows the numbers." in view.get("/article/999").text


@pytest.mark.parametrize(
    "path", ["/search?lang=fr", "/edits?q=ferry&title_only=1", "/counts?min_change=1", "/search.atom?x=1"]
)
def test_parameter_that_a_page_does_not_know_is_refused(view, path):
    """The answer without it would be another one."""
    refused = view.get(path)
    assert (refused.status, "is no parameter of this page" in refused.text.lower()) == (400, True)
