"""Every rule of boilerplate has a page that leaks without it; pages about boilerplate keep every word."""

import time

import pytest

from pipelines.core.items import Article, Page
from pipelines.extraction.boilerplate import remove
from pipelines.extraction.boilerplate.author_lines import AUTHOR_BOX, BYLINE
from pipelines.extraction.boilerplate.block_matcher import matching_blocks
from pipelines.extraction.boilerplate.block_rules import BLOCK_RULES
from pipelines.extraction.boilerplate.comments import find_comments
from pipelines.extraction.boilerplate.line_rules import LINE_RULES
from pipelines.extraction.extract import parse, read
from pipelines.extraction.page.trace import BlockTrace
from tests.support.boilerplate import without_boilerplate
from tests.support.page_pairs import NAMES, RULES, pair, text_of

LEAKS = [(name, rule, line) for name in NAMES for rule, line in pair(name)[1]["leaks"].items()]


@pytest.mark.parametrize("name", NAMES)
def test_own_page_is_read_exactly(name):
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
def test_rules_alone_leave_the_text(name):
    """What our two steps leave of a page is its text, whatever finds the body."""
    page, truth = pair(name)
    assert text_of(page, tuple(truth["authors"]), truth["title"]) == truth["text"]


@pytest.mark.parametrize(("name", "rule", "line"), LEAKS, ids=[f"{name}: {rule}" for name, rule, _ in LEAKS])
def test_page_leaks_without_its_rule(name, rule, line):
    """A rule earns its place: take it away, and its page leaks."""
    page, truth = pair(name)
    assert line in "\n".join(text_of(page, tuple(truth["authors"]), truth["title"], without=rule))


def test_every_rule_has_a_page_that_leaks_without_it():
    """No rule without a page that leaks without it."""
    elsewhere = {"comment form", "comment rules"}  # test_comment_forms.py
    elsewhere |= {
        "moderation notice",
        "teaser rows",
        "hover boxes",
        "offer button",
        "terms notice",
    }  # test_furniture.py
    assert {rule for _, rule, _ in LEAKS} | elsewhere == RULES


def test_block_of_more_than_a_quarter_of_the_page_stays():
    """A rule that meets the article's own wrapper does nothing."""
    story = "<p>" + "The tide came in twice that day, as it does, and went out twice. " * 12 + "</p>"
    body = f'<html><body><article class="newsletter-box"><h1>Tides</h1>{story}</article></body></html>'
    assert read(Page("https://example.org/a/1", body.encode(), "text/html")).word_count > 100


def test_lines_that_are_more_than_half_of_a_text_stay():
    """If rules would take that much, they were not made for this text."""
    lines = ["Leave a Reply", "Article continues below", "Print this page", "A short line."]
    assert without_boilerplate(lines) == lines


def test_repeated_line_counts_once_for_the_limit():
    """A page of thirty films that need consent is still an article."""
    lines = ["A sentence of the story that is told between the films.", *["Externer Inhalt nicht verfügbar"] * 30]
    assert without_boilerplate(lines) == lines[:1]


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
def test_prose_that_begins_like_boilerplate_stays(line):
    """In the middle of a text."""
    lines = ["A sentence of the article that stands before or after the line in question. " * 3] * 10
    assert line in without_boilerplate([*lines, line, *lines])


def test_byline_and_author_line_are_dropped():
    """A byline at the head and a line about the author at the foot are not the story."""
    story = [f"Sentence number {number} of a story that is long enough to keep its shape." for number in range(9)]
    lines = ["By Mara Ellison", *story, "Mara Ellison is a reporter in Port Selby."]
    assert without_boilerplate(lines, ("Mara Ellison",)) == story


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (["Who wrote this article?", "Mara Ellison has been a freelance journalist for 15 years."], 0),
        (["Mara Ellison ist freie Journalistin in Hamburg."], 0),
        (["Mara Ellison, the baker, is 40 and bakes for the whole quay."], 1),
        (["Mara Ellison is a reporter, “like her mother”, says the baker."], 1),
        (["Cora Finch is a reporter in Port Selby."], 1),
    ],
)
def test_biography_within_a_text_is_dropped(lines, left):
    """What says that the author is a writer is no story wherever it is; what says more of an author stays."""
    story = [f"Sentence number {number} of a story that is long enough to keep its shape." for number in range(9)]
    text = [*story, *lines, *(f"And {line}" for line in story)]
    assert len(without_boilerplate(text, ("Mara Ellison",))) == 18 + left


WORDS = "<p>The tide came in twice that day, as it does, and went out twice. Nobody on the quay minded much.</p>"


@pytest.mark.parametrize(
    "name",
    ["newsletter", "share", "related-posts", "comments", "comment", "tags", "subscribe", "author-bio", "ads", "popular",
     "cookies", "print", "disqus", "Newsletter_wrapper__x1Y2z", "has-comments", "article--newsletter"],
)  # fmt: skip
def test_article_stays_whatever_its_wrapper_is_called(name):
    """With its headline, and without."""
    for headline in ("<h1>Tides</h1>", ""):
        body = f'<html><body><div class="{name}">{headline}{WORDS * 12}</div></body></html>'
        tree = parse(Page("https://example.org/a/1", body.encode(), "text/html"))
        remove.prune(tree)
        assert tree.text_content().count("Nobody") == 12


@pytest.mark.parametrize(
    "name",
    ["newsletter-signup", "c-newsletter--inline", "NewsletterBox", "js-newsletter-wrapper", "Newsletter_box__1a2Bc",
     "article-newsletter", "mc4wp-form", "newsletter2"],
)  # fmt: skip
def test_name_is_matched_in_every_style_of_writing(name):
    """BEM, camel case, modules and prefixes."""
    body = f'<html><body><article>{WORDS * 12}<div class="x {name}"><p>A letter.</p></div></article></body></html>'
    found = matching_blocks(parse(Page("https://example.org/a/1", body.encode(), "text/html")))
    assert [rule.name for _, rule in found] == ["newsletter forms"]


def test_blocks_are_found_in_page_order_without_changing_the_page():
    """`matching_blocks` decides, the caller acts. A block inside another is not named again."""
    body = f"""<html><body><div class="share"><p>Tell</p></div>{WORDS * 9}<div class="newsletter">
    <div class="share">Tell</div></div>
    <section id="comments"><div class="comment-list"><p>Aye.</p></div></section></body></html>"""
    tree = parse(Page("https://example.org/a/1", body.encode(), "text/html"))
    before = tree.text_content()
    assert [rule.name for _, rule in matching_blocks(tree)] == ["share buttons", "newsletter forms", "comments"]
    assert tree.text_content() == before


def test_removed_block_is_reported_on_request():
    """Text, place, rule and reason of every block that was cut out."""
    story = f'<article class="story">{WORDS * 9}<p class="share-bar">Tell your friends</p></article>'
    body = f"<html><body>{story}</body></html>"
    tree = parse(Page("https://example.org/a/1", body.encode(), "text/html"))
    bar = tree.find(".//p[@class='share-bar']")
    ((element, fate),) = remove.prune(tree).traces
    assert element is bar
    assert fate == BlockTrace("Tell your friends", "article.story > p.share-bar", "share buttons", fate.why)
    assert fate.why
    assert "Tell" not in tree.text_content()


def test_every_rule_has_a_unique_name_and_a_reason():
    """The name is for counting, the reason for people."""
    rules = (*BLOCK_RULES, *LINE_RULES, BYLINE, AUTHOR_BOX)
    assert all(rule.why and rule.name for rule in rules)
    assert len({rule.name for rule in rules}) == len(rules)


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        '<div class="share">' * 2000 + "<p>x</p>" * 40_000,
        '<div class="share"><h1>x</h1></div>' * 20_000,
        "<div>" + "<span>Related</span>" * 40_000 + "</div>",
        "<div>" + '<p><a href="/">A headline of another article here</a></p>' * 20_000 + "</div>",
        '<div class="' + "comment " * 500_000 + '">x</div>',
        '<div class="' + "a-" * 4_000_000 + '">x</div>',
        '<div id="' + "B" * 4_000_000 + '">x</div>',
        "<form>" * 2000 + "<input>" * 20_000,
    ],
    ids=["nested", "many", "labels", "teasers", "tokens", "long token", "long id", "forms"],
)
def test_hostile_page_takes_time_in_proportion(body):
    """Nesting, numbers and megabytes of names."""
    from lxml import html

    parser = html.HTMLParser(huge_tree=True)
    tree = html.document_fromstring(f"<html><body>{WORDS * 5}{body}</body></html>", parser=parser)
    start = time.process_time()
    matching_blocks(tree)
    find_comments(tree)
    assert time.process_time() - start < 12
