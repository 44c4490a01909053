"""Test which differences of two texts a reader would not see, as a table."""

import re

import pytest

from pipelines.database.edits.change_detection import alike, text_digest

TITLE, TEXT = "Bridge reopens", "The bridge — closed since May — reopened.\n“At last”, said the mayor's aide…"

SAME = {
    "runs of spaces": (TITLE, TEXT.replace(" ", "  ")),
    "no-break and thin spaces": (TITLE, TEXT.replace(" ", "\u00a0", 2).replace(" ", "\u2009", 1)),
    "line breaks moved": (TITLE, TEXT.replace("\n", " \r\n\r\n")),
    "spaces at the ends": (f" {TITLE}\n", f"\n{TEXT} "),
    "straight quotes": (TITLE, TEXT.replace("“", '"').replace("”", '"')),
    "guillemets": (TITLE, TEXT.replace("“", "«").replace("”", "»")),
    "typographic apostrophe": (TITLE, TEXT.replace("'", "’")),
    "en dash for em dash": (TITLE, TEXT.replace("—", "–")),
    "three dots": (TITLE, TEXT.replace("…", "...")),
    "soft hyphens and zero width spaces": (TITLE, TEXT.replace("reopened", "re\u00adopen\u200bed")),
}

EDITED = {
    "a word": (TITLE, TEXT.replace("May", "June")),
    "a capital letter": (TITLE, TEXT.replace("bridge", "Bridge")),
    "the headline alone": (TITLE + " early", TEXT),
    "a full stop": (TITLE, TEXT.replace("reopened.", "reopened")),
    "order of paragraphs": (TITLE, "\n".join(reversed(TEXT.split("\n")))),
    "text cut": (TITLE, TEXT[:20]),
    "a word moved from the text to the headline": (f"{TITLE} The", TEXT.removeprefix("The ")),
    "a paragraph more": (TITLE, TEXT + "\nCorrection: it was April."),
}


@pytest.mark.parametrize("noise", SAME.values(), ids=SAME)
def test_typesetting_does_not_change_the_digest(noise):
    """Such a difference is not an edit."""
    assert text_digest(*noise) == text_digest(TITLE, TEXT)


@pytest.mark.parametrize("edit", EDITED.values(), ids=EDITED)
def test_visible_change_changes_the_digest(edit):
    """Words, figures, punctuation and order are the text."""
    assert text_digest(*edit) != text_digest(TITLE, TEXT)


def test_composed_and_decomposed_letters_have_one_digest():
    """NFC and NFD of a word are the same word."""
    assert text_digest("é", "Zürich") == text_digest("e\u0301", "Zu\u0308rich")


def test_lone_surrogate_gets_a_digest_of_64_hex_digits():
    """Broken pages hold lone surrogates; they must not stop the archive."""
    assert re.fullmatch("[0-9a-f]{64}", text_digest(None, "a\ud800b"))


def test_missing_and_empty_title_have_one_digest():
    """It is no edit when a page stops declaring an empty title."""
    assert text_digest(None, "x") == text_digest("", "x")


WALL = "The harbour wall in the north needs a repair, and the council voted for it on Tuesday. It costs a million."
ASH = "A volcano on an island in the south sent ash over villages, while farmers moved their cattle away."
WEATHER = [
    f"{sky} in the morning, {noon} from noon, and {night} after dark with gusts of {knots} knots on the skerries. "
    f"Temperatures rise to {knots - 20} degrees inland. The wind comes from the {wind} and turns to the east in the "
    f"evening. The outlook for tomorrow: mostly {outlook} with a few sunny hours in the {wind}."
    for sky, noon, night, knots, wind, outlook in (
        ("Sun", "clouds", "rain", 50, "north", "dry"), ("Fog", "sun", "frost", 30, "west", "wet"))
]  # fmt: skip
SHARES = [
    f"The bay index closed at {points} points on {day}, {more} percent higher than the day before. Shares of {one} "
    f"gained {more} percent after {why}. Traders said that volumes were thin ahead of the decision on Thursday."
    for points, day, more, one, why in (
        ("4,512", "Monday", "1.2", "the ferry company", "it announced a route to Hollin Point"),
        ("4,433", "Tuesday", "2.9", "two makers of cranes", "an order came from Skerry"))
]  # fmt: skip
STORIES = {
    "a column on the weather": (("The weather today", WEATHER[0]), ("The weather today", WEATHER[1]), False),
    "a column on shares": (("Shares today", SHARES[0]), ("Shares today", SHARES[1]), False),
    "two pages of a story": (("Wall to be repaired", f"{WALL} {WEATHER[0]}"), ("Wall to be repaired", ASH), False),
    "a print view with a line of its own": (
        ("The weather today", WEATHER[0]), ("The weather today", f"{WEATHER[0]} Printed on 3 November."), True),
    "a version with one word corrected": (
        ("The weather today", WEATHER[0]), ("The weather today", WEATHER[0].replace("gusts", "winds")), True),
    "newsletters of two days": (("Morning briefing", WALL), ("Morning briefing", ASH), False),
    "an AMP page with few paragraphs": (("Wall to be repaired", f"{WALL} {ASH}"), ("Wall to be repaired", WALL), True),
    "a teaser": (("Wall to be repaired", WALL), ("Wall to be repaired", "Read on in our app."), True),
    "another headline": (("Wall to be repaired", WALL), ("Repair of the wall", WALL.replace("million", "lot")), True),
    "no text in common": ((None, ""), (None, ""), False),
    "a script without spaces": (("朝刊", "港の壁は修理が必要だと市議会は火曜日に決めた。"),
                                ("朝刊", "南の島の火山が村々に灰を降らせ農家は牛を移した。"), False),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), STORIES.values(), ids=STORIES)
def test_pages_tell_the_same_story_by_their_words(one, other, same):
    """A headline alone is no evidence."""
    assert alike(*one, *other) is same
    assert alike(*other, *one) is same


def test_days_of_publication_tell_two_short_texts_of_a_column_apart():
    """The water level is all that changes in them; two versions of one text have one day."""
    texts = [f"The water level at the quay was {n} centimetres at noon, which is {n - 3} above the mean of this month. "
             f"The gauge at the lock showed {n + 9} centimetres at the same time, and the tide was out."
             for n in (71, 88)]  # fmt: skip
    assert alike("Water level", texts[0], "Water level", texts[1])
    assert not alike("Water level", texts[0], "Water level", texts[1], other_day=True)
