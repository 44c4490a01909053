"""What counts as an edit, as a table."""

import re

import pytest

from pipelines.database.change_detection import compare, text_digest

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
def test_noise_is_not_an_edit(noise):
    """Typesetting is not an edit: the digest stands."""
    assert text_digest(*noise) == text_digest(TITLE, TEXT)


@pytest.mark.parametrize("edit", EDITED.values(), ids=EDITED)
def test_what_a_reader_would_notice_is_an_edit(edit):
    """Words, figures, punctuation and order are the text: the digest changes."""
    assert compare(text_digest(TITLE, TEXT), text_digest(*edit)) == "edited"


def test_composed_and_decomposed_letters_are_one():
    """NFC and NFD of the same word have one digest."""
    assert text_digest("é", "Zürich") == text_digest("e\u0301", "Zu\u0308rich")


def test_compare_has_three_answers():
    """No predecessor: new; the same digest: unchanged; another: edited."""
    a, b = text_digest(None, "a"), text_digest(None, "b")
    assert (compare(None, a), compare(a, a), compare(a, b)) == ("new", "unchanged", "edited")


def test_a_digest_is_64_hex_digits_and_survives_lone_surrogates():
    """Broken pages hold lone surrogates; they must not stop the archive."""
    assert re.fullmatch("[0-9a-f]{64}", text_digest(None, "a\ud800b"))


def test_no_title_and_empty_title_are_the_same_text():
    """A title that a page stops declaring as empty is not an edit."""
    assert text_digest(None, "x") == text_digest("", "x")
