"""Test what papers print around their articles, in many languages, and prose that only sounds like it."""

import time
import tomllib

import pytest

from pipelines.extraction.boilerplate.line_matcher import matching_lines
from pipelines.extraction.boilerplate.remove import boilerplate_lines
from tests.support.boilerplate import without_boilerplate
from tests.support.page_pairs import PAGES

SAID: dict[str, dict[str, list[str]]] = tomllib.loads((PAGES / "phrases.toml").read_text(encoding="utf-8"))
STORY = [
    f"Sentence number {number} of a story that is long enough to keep its shape, whatever comes after it."
    for number in range(20)
]
FURNITURE = [
    (language, rule, line)
    for language, rules in SAID.items()
    for rule, lines in rules.items()
    if rule != "prose"
    for line in lines
]
PROSE = [(language, line) for language, rules in SAID.items() for line in rules.get("prose", ())]


@pytest.mark.parametrize(("language", "rule", "line"), FURNITURE)
def test_line_of_boilerplate_is_dropped_by_its_rule(language, rule, line):
    """At the foot of a text, in each language, by the name of the rule."""
    assert [rule.name for rule in boilerplate_lines([*STORY, line]).values()] == [rule]


@pytest.mark.parametrize(("language", "line"), PROSE)
def test_prose_about_boilerplate_stays(language, line):
    """A paragraph about newsletters, subscriptions or comments is a paragraph, at either end of a text too."""
    assert without_boilerplate([line, *STORY]) == [line, *STORY]
    assert without_boilerplate([*STORY, line]) == [*STORY, line]


@pytest.mark.parametrize(
    "line",
    [
        "a" * 399, "© " + "x" * 390, "share on " + "facebook " * 40, "“" * 399, "tags: " + "a," * 190,
        "http://" + "a" * 390, "we " * 130, "subscribe " * 39, "1.1.2024, " * 39, "photo by " * 44, "评论" * 190,
        "Commission earn affiliate " * 15, "leave a reply " * 9, "(" * 399, "> " * 199, "via getty images / " * 20,
        "sign up " * 45 + "newsletter",
    ],
)  # fmt: skip
def test_hostile_line_is_matched_in_a_blink(line):
    """No line, however it is made, takes longer than a blink."""
    start = time.process_time()
    list(matching_lines([line] * 20))
    assert time.process_time() - start < 1.5


def test_long_text_is_matched_in_linear_time():
    """Ten thousand lines of boilerplate are read in seconds, not in hours."""
    lines = ["Leave a Reply", "Name", "Read more: another story", "Photo: somebody"] * 2500
    start = time.process_time()
    list(matching_lines(lines))
    assert time.process_time() - start < 15
