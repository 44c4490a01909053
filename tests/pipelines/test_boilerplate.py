"""Every rule of boilerplate has a page that leaks without it; pages about furniture keep every word."""


import pytest

from pipelines import boilerplate
from pipelines.extract import read
from pipelines.items import Article, Page
from tests.pipelines.furniture import NAMES, RULES, pair, text_of

LEAKS = [(name, rule, line) for name in NAMES for rule, line in pair(name)[1]["leaks"].items()]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_gives_its_text_and_nothing_else(name):
    """Text, title, authors and dates of each of our own pages are exactly the truth beside it."""
    page, truth = pair(name)
    article = read(page)
    assert isinstance(article, Article)
    assert article.text.split("\n") == truth["text"]
    assert {key: getattr(article, key) for key in ("title", "published", "language")} == {
        key: truth[key] for key in ("title", "published", "language")
    }
    assert list(article.authors) == truth["authors"]
    assert article.modified == truth.get("modified")


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_alone_leave_the_text(name):
    """What our two steps leave of a page is its text, whatever finds the body."""
    page, truth = pair(name)
    assert text_of(page, tuple(truth["authors"]), truth["title"]) == truth["text"]


@pytest.mark.parametrize(("name", "rule", "line"), LEAKS, ids=[f"{name}: {rule}" for name, rule, _ in LEAKS])
def test_a_page_leaks_without_its_rule(name, rule, line):
    """A rule earns its place: take it away, and its page leaks."""
    page, truth = pair(name)
    assert line in "\n".join(text_of(page, tuple(truth["authors"]), truth["title"], without=rule))


def test_every_rule_has_such_a_page():
    """No rule without a page that leaks without it."""
    assert {rule for _, rule, _ in LEAKS} | {"comment form", "comment rules"} == RULES  # these two: test_forms


def test_a_block_of_more_than_a_quarter_stays():
    """A rule that meets the article's own wrapper does nothing."""
    story = "<p>" + "The tide came in twice that day, as it does, and went out twice. " * 12 + "</p>"
    body = f'<html><body><article class="newsletter-box"><h1>Tides</h1>{story}</article></body></html>'
    assert read(Page("https://example.org/a/1", body.encode(), "text/html")).word_count > 100


def test_lines_of_more_than_half_a_text_stay():
    """If rules would take more than half of a text, they were not made for it."""
    lines = ["Leave a Reply", "Article continues below", "Print this page", "A short line."]
    assert boilerplate.tidy(lines) == lines


@pytest.mark.parametrize(
    "line",
    [
        "Leave a Reply is the name of a play.",
        "Comments from readers filled two pages of the paper that week.",
        "Advertisement spending fell by a third in May, the agency said.",
        "Follow the river on foot and you will come to the mill.",
        "Copyright law is about to change, and nobody has noticed.",
        "Published in 1999, the book sold nine copies.",
        "Share prices fell.",
        "Anzeigen wurden drei erstattet.",
    ],
)
def test_prose_is_no_furniture(line):
    """In the middle of a text, a sentence that begins like furniture stays."""
    lines = ["A sentence of the article that stands before or after the line in question. " * 3] * 10
    assert line in boilerplate.tidy([*lines, line, *lines])


def test_the_line_that_presents_the_author_goes():
    """A byline at the head and a line about the author at the foot are not the story."""
    story = [f"Sentence number {number} of a story that is long enough to keep its shape." for number in range(9)]
    lines = ["By Mara Ellison", *story, "Mara Ellison is a reporter in Port Selby."]
    assert boilerplate.tidy(lines, ("Mara Ellison",)) == story
