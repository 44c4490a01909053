"""Test what is an article and what stands in its place, as tables of cases."""

import pytest

from pipelines.database.edits.change_detection import text_digest
from pipelines.database.stand_ins import ShownText, landing, stands_in
from pipelines.database.stand_ins import StandInEvidence as Evidence

STORY = " ".join(f"Sentence {n} of the story names harbour{n}, council{n} and wall{n}." for n in range(30))
TEASER = STORY[:400]
WALL = "We value your privacy. We and our partners use cookies to show advertising. Do you accept all of them?"
LOST = "The page you are looking for has moved or never was. Try the search or go back to our start page, please."
MEMBER = "The mayor, a member of the board, has asked for this."
NOTE = "Editor's note: the council has asked us to take the names out."
LINES = STORY.replace(". ", ".\n")  # a paragraph a sentence
BEGINNING = LINES[:240]
LIVE = " ".join(f"Update {n}: goal{n} by player{n} in minute{n}." for n in range(60))
CHINESE = "港口墙需要修理因此市议会星期二开会讨论并决定今年冬天之前动工"


def shown(text, title="Harbour wall to be mended", access=None, modified="2026-11-01T08:00:00Z"):
    return ShownText(title, text, text_digest(title, text), access, modified)


def stub(notice, evidence, kind, **values):
    """Return the case of a page that shows the first lines of the known article, and a notice."""
    return shown(f"{BEGINNING}\n{notice}".strip(), **values), shown(LINES), evidence, kind


LATER, LASTS, WEEK, ALONE, MET = (
    {"modified": "2026-11-02T09:00:00Z"},
    Evidence(held_seconds=86_400),
    Evidence(held_seconds=7 * 86_400),
    Evidence(held_seconds=7 * 86_400, others_are_whole=True),
    Evidence(kind_elsewhere="error page"),
)


CASES = {
    # (shown, known, evidence) -> kind
    "a new article": (shown(STORY), None, Evidence(), None),
    "a teaser at the first visit": (shown(TEASER, access="paywall"), None, Evidence(), None),
    "a consent wall at the first visit": (shown(WALL, "Privacy", "consent wall"), None, Evidence(), "consent wall"),
    "a login page at the first visit": (shown(LOST, "Log in", "login page"), None, Evidence(), "login page"),
    "a text met elsewhere as a wall": (shown(WALL, "x"), None, Evidence(kind_elsewhere="consent wall"), "consent wall"),
    "a front page instead of a new article": (shown(LOST, "Home"), None, Evidence(landed="front page"), "front page"),
    "an AMP page that leads to its article": (shown(STORY), None, Evidence(landed="section page"), None),
    "the same text": (shown(STORY), shown(STORY), Evidence(), None),
    "an edit": (shown(STORY + " And more."), shown(STORY), Evidence(), None),
    "a new headline and a longer text": (shown(LIVE + STORY, "Other"), shown(STORY), Evidence(), None),
    "the full text after a teaser": (shown(STORY, access="paywall"), shown(TEASER, access="paywall"), Evidence(), None),
    "a consent wall over an article": (shown(WALL, access="consent wall"), shown(STORY), Evidence(), "consent wall"),
    "a soft 404 that says so": (shown(LOST, "Page not found", "soft 404"), shown(STORY), Evidence(), "soft 404"),
    "an article that the label mistakes": (shown(STORY + " x", access="consent wall"), shown(STORY), Evidence(), None),
    "a paywall that came later": (shown(TEASER, access="paywall"), shown(STORY), Evidence(), "paywall"),
    "a text cut off later": (shown(TEASER, access="truncated"), shown(STORY), Evidence(), "paywall"),
    "a paywall, metered now and then": (
        shown(TEASER, access="paywall"), shown(STORY, access="paywall"), Evidence(), "paywall"),
    "a paywall over the whole text": (shown(STORY + " More.", access="paywall"), shown(STORY), Evidence(), None),
    "an article cut by its editors": (shown(STORY[: len(STORY) * 2 // 3]), shown(STORY), Evidence(), None),
    "a text of other articles": (shown(LOST, "x"), shown(STORY), Evidence(is_text_of_others=True), "error page"),
    "a short text that shares nothing": (shown(LOST, "x"), shown(STORY), Evidence(), "other text"),
    "the same text two hours later": (shown(LOST, "x"), shown(STORY), Evidence(held_seconds=7200), "other text"),
    "the same text a day later": (shown(LOST, "x"), shown(STORY), Evidence(held_seconds=86_400), None),
    "another story of the same length": (
        shown(LIVE, "Match")._replace(published="2026-11-23"), shown(STORY), Evidence(), None),
    "a long text without a date": (shown(LIVE, "Match"), shown(STORY), Evidence(), "other text"),
    "long texts, a day later": (shown(LIVE, "M"), shown(STORY), Evidence(unrelated_seconds=86_000), None),
    "a retraction under the same headline": (shown("This story is withdrawn."), shown(STORY), Evidence(), "other text"),
    "a retraction that lasts": (shown("This story is withdrawn."), shown(STORY), LASTS, None),
    "a retraction that says when": (shown("This story is withdrawn.", **LATER), shown(STORY), Evidence(), None),
    "a page without JavaScript": (
        shown("Please enable JavaScript to view this page."), shown(STORY), LASTS, "error page"),
    "a beginning and a free account": stub("Create a free account to keep reading.", ALONE, "paywall"),
    "a beginning and a member": stub(MEMBER, LASTS, "other text"),
    "a beginning and a member for a week": stub(MEMBER, WEEK, "other text"),
    "a beginning and a member for a week, while others are whole": stub(MEMBER, ALONE, None),
    "a beginning and a member, changed": stub(MEMBER, LASTS, None, **LATER),
    "a beginning and a member that another article has": stub(
        MEMBER, ALONE._replace(kind_elsewhere="other text"), "paywall"),
    "a beginning and a subscription": stub(
        "To read the full story, subscribe now.\nAlready a subscriber? Log in.", LASTS, "paywall"),
    "a cut line and a wall in Polish": stub("Sentence 9 of the story na… Zaloguj się i czytaj dalej", LASTS, "paywall"),
    "a beginning and a notice in no known words": stub("შედით, რომ ნახოთ.", Evidence(), "other text"),
    "such a notice at another article, too": stub("შედით, რომ ნახოთ.", MET, "error page"),
    "a beginning alone": stub("", Evidence(), "other text"),
    "a beginning alone that lasts": stub("", LASTS, None),
    "a beginning alone of a page that says it was changed": stub("", Evidence(), None, **LATER),
    "a beginning and a note that lasts": stub(NOTE, LASTS, None),
    "a beginning and a note of many articles, changed": stub(NOTE, MET, None, **LATER),
    "a wall of a page that always says it was changed": stub("Log in to go on.", MET, "paywall", **LATER),
    "a redirect to a section": (shown(LOST, "Politics"), shown(STORY), Evidence(landed="section page"), "front page"),
    "a whole text that is not free, shorter than before": (
        shown(STORY[: len(STORY) // 2], access="declared paywall, text whole"),
        shown(STORY, access="declared paywall, text whole"), Evidence(), "paywall"),
    "a new address that leads to a consent page in no known words": (
        shown(WALL), None, Evidence(landed="consent wall"), "consent wall"),
    "a redirect to a folder with the article": (shown(STORY), shown(STORY), Evidence(landed="section page"), None),
    "an edit of a text without spaces": (shown(CHINESE[2:], "新"), shown(CHINESE * 2), Evidence(), None),
    "an article after a wall filed long ago": (
        shown(STORY), shown(WALL, "Privacy", "consent wall"), Evidence(), None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_page_is_the_article_or_has_the_kind_of_what_is_in_its_place(name):
    """None stands for the article."""
    page, known, evidence, kind = CASES[name]
    assert stands_in(page, known, evidence) == kind


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://paper.example/", "front page"),
        ("https://www.paper.example/", "front page"),
        ("https://paper.example/politics/", "section page"),
        ("https://paper.example/login?return=/politics/a-story", "login page"),
        ("https://login.paper.example/signin", "login page"),
        ("https://paper.example/?ref=gone", "front page"),
        ("https://paper.example/index.html", "front page"),
        ("https://paper.example/en/home", "front page"),
        ("https://paper.example/?consent=1", None),
        ("https://paper.example/?name=mayor-resigns", None),
        ("https://paper.example/index.php?page=mayor", None),
        ("https://paper.example/politics/a-story", None),
        ("https://www.paper.example/politics/a-story/", None),
        ("https://paper.example/politics/another-story", None),
        ("https://other.example/", None),
        ("https://other.example/collectConsent?sessionId=2", "consent wall"),
        ("https://consent.other.example/v2/?continue=x", "consent wall"),
        ("https://paper.example/cookiewall.html", "consent wall"),
        ("https://paper.example/politics/consent-to-the-treaty", None),
    ],
)
def test_redirect_leads_to_a_front_section_login_or_consent_page(url, where):
    """By the address alone, in any language."""
    assert landing("https://paper.example/politics/a-story", url) == where
