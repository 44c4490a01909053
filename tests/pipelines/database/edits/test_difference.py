"""Test what is an edit and what is noise, as tables."""

from datetime import UTC, datetime

import pytest

from pipelines.database.edits.difference import TextVersion, difference, is_alternate

TEXT = "The bridge reopened on Monday.\nRead 4,321 times\nAt least 12 people were hurt.\n12 killed\n3 hours ago"
OLD = TextVersion("Bridge reopens", TEXT, ("Anna Berg",), "2026-01-01T10:00:00Z")
EDITS = {
    "a word": ({"text": TEXT.replace("Monday", "Tuesday")}, ("text",)),
    "a toll in a sentence": ({"text": TEXT.replace("12 people", "15 people")}, ("text",)),
    "a toll in a short line": ({"text": TEXT.replace("12 killed", "15 killed")}, ("text",)),
    "a toll beside a counter": ({"text": TEXT.replace("12 k", "15 k").replace("4,321", "5,000")}, ("text",)),
    "the headline": ({"title": "Bridge closes"}, ("title",)),
    "headline and text": ({"title": "Bridge closes", "text": TEXT.replace("reopened", "closed")}, ("title", "text")),
    "another author": ({"authors": ("Ben Cole",)}, ("byline",)),
    "a sentence and the time": (
        {"text": TEXT + "\nIt rained.", "modified": "2026-01-01T12:00:00Z"}, ("text", "dates")),
    "order of paragraphs": ({"text": "\n".join(reversed(TEXT.split("\n")))}, ("text",)),
    "a paragraph gone": ({"text": TEXT.replace("At least 12 people were hurt.\n", "")}, ("text",)),
    "a full stop": ({"text": TEXT.replace("Monday.", "Monday")}, ("text",)),
}  # fmt: skip
NOISE = {
    "nothing": ({}, None),
    "a view counter": ({"text": TEXT.replace("4,321", "4,400")}, "counters"),
    "an age": ({"text": TEXT.replace("3 hours", "1 day")}, "counters"),
    "an age that became a word": ({"text": TEXT.replace("3 hours ago", "yesterday")}, "counters"),
    "all counters": ({"text": TEXT.replace("4,321", "9").replace("3 hours ago", "yesterday, 10:32")}, "counters"),
    "a counter that comes": ({"text": TEXT + "\n12 comments"}, "counters"),
    "a counter that goes": ({"text": TEXT.replace("Read 4,321 times\n", "")}, "counters"),
    "a line of the template": ({"text": TEXT + "\nFollow us on Rocket"}, "template"),
    "a line of the template and a counter": ({"text": TEXT.replace("321", "9") + "\nFollow us on Rocket"}, "template"),
    "line breaks": ({"text": TEXT.replace("reopened on", "reopened\non")}, None),
    "typesetting": ({"title": "Bridge  reopens"}, None),
    "the time alone": ({"modified": "2026-01-01T12:00:00Z"}, None),
    "no byline": ({"authors": ()}, "byline comes or goes"),
}


def compare(**changed):
    return difference(OLD, OLD._replace(**changed), lambda line: line == "Follow us on Rocket")


@pytest.mark.parametrize(("changed", "kinds"), EDITS.values(), ids=EDITS)
def test_edit_has_kinds_and_no_noise(changed, kinds):
    """A reader would call it another article."""
    found = compare(**changed)
    assert (found.changes, found.noise) == (kinds, None)
    assert (found.words_added + found.words_removed > 0) == (kinds != ("byline",))


@pytest.mark.parametrize(("changed", "noise"), NOISE.values(), ids=NOISE)
def test_noise_is_named_and_no_edit(changed, noise):
    """It has a kind where the words differ at all."""
    found = compare(**changed)
    assert (found.changes, found.noise) == ((), noise)


def test_size_of_an_edit_counts_words_without_noise():
    """One word for another: one added, one removed; a counter beside it does not count."""
    found = compare(text=TEXT.replace("Monday", "Tuesday").replace("4,321", "4,400"))
    assert (found.words_added, found.words_removed) == (1, 1)
    assert 0 < found.ratio < 0.1


SILENT = {
    "same time": ("2026-01-01T10:00:00Z", True),
    "new time": ("2026-01-02T10:00:00Z", False),
    "no time": (None, None),
}


@pytest.mark.parametrize(("modified", "silent"), SILENT.values(), ids=SILENT)
def test_edit_of_the_text_is_silent_if_the_time_of_modification_stays(modified, silent):
    """Without such a time, it is not known."""
    assert compare(text=TEXT + "\nIt rained.", modified=modified).silent is silent


def test_headline_alone_is_not_silent():
    """Only a text can be changed silently."""
    assert compare(title="Bridge closes").silent is None


def test_long_texts_are_compared_within_bounds():
    """Two texts of 100,000 different words: no quadratic work, and the sizes are right."""
    old = "\n".join(f"old{number} one two" for number in range(40_000))
    new = "\n".join(f"new{number} one two" for number in range(40_000))
    found = difference(OLD._replace(text=old), OLD._replace(text=new))
    assert (found.words_added, found.words_removed) == (40_000, 40_000)


ALTERNATES = {
    "first change": ("A", "B", False),
    "first return": ("AB", "A", False),
    "second turn": ("ABA", "B", True),
    "a third text": ("ABA", "C", False),
    "a text from before a real edit": ("ABC", "A", False),
}


@pytest.mark.parametrize(("chain", "text", "wanted"), ALTERNATES.values(), ids=ALTERNATES)
def test_text_shown_in_turn_is_an_alternate(chain, text, wanted):
    """Both texts were seen before."""
    now = datetime(2026, 1, 3, tzinfo=UTC)
    assert is_alternate(list(chain), text, "2026-01-02T00:00:00.000000Z", now) is wanted


def test_text_that_stays_for_a_week_is_no_alternate():
    """The site has settled on it."""
    now = datetime(2026, 1, 10, tzinfo=UTC)
    assert not is_alternate(list("ABA"), "B", "2026-01-02T00:00:00.000000Z", now)
