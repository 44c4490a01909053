"""Test which paragraphs of two texts are laid beside each other."""

from __future__ import annotations

from pipelines.database.edits.word_diff import MAX_PARAGRAPH_PAIRS, by_words, paragraphs

FERRY = "A return ticket to the Hambles costs £14.30 from June, the company said, and £1.30 more on Sundays."
DEARER = FERRY.replace("£14.30", "£13.90").replace("£1.30", "90 pence")
CORRECTION = (
    "Correction: an earlier version of this article gave the wrong price. It is not what readers pay at the pier."
)
OTHER = "The harbour was dredged in spring, for the first time since 1968, and larger boats may moor again."
SPRING = OTHER.replace("spring", "March")


def kinds(old: list[str], new: list[str]) -> list[list[str]]:
    """Return the kinds of the segments of each paragraph."""
    return [[segment.kind for segment in one] for one in paragraphs("\n".join(old), "\n".join(new))]


CHANGED = ["same", "removed", "added", "same"]


def test_paragraph_that_came_before_a_changed_one_is_alone():
    """As when a correction is put above the sentence that it corrects."""
    assert kinds(["First.", FERRY], ["First.", CORRECTION, DEARER]) == [
        ["same"], ["added"], ["same", "removed", "added", "same", "removed", "added", "same"],
    ]  # fmt: skip


def test_paragraph_that_was_removed_before_a_changed_one_is_alone():
    """The mirror image."""
    assert kinds([CORRECTION, OTHER], [SPRING]) == [["removed"], CHANGED]


def test_paragraphs_without_common_words_are_not_compared_by_words():
    """Two went and another one came."""
    assert kinds([FERRY, OTHER], [CORRECTION]) == [["removed"], ["removed"], ["added"]]


def test_paragraphs_of_which_as_many_went_as_came_are_compared_in_their_places():
    """Short ones have few words in common, however much one is the other rewritten."""
    assert kinds(["Delegates of ninety countries met."], ["Delegates went home."]) == [["same", "removed", "added"]]


def test_order_of_paragraphs_is_kept():
    """Of two that changed places, one is taken for rewritten, so that each side reads from top to bottom."""
    found = list(paragraphs(f"{FERRY}\n{OTHER}", f"{SPRING}\n{DEARER}"))
    for kind, text in (("removed", f"{FERRY}\n{OTHER}"), ("added", f"{SPRING}\n{DEARER}")):
        lines = ["".join(one.text for one in line if one.kind in ("same", kind)) for line in found]
        assert "\n".join(filter(None, lines)) == text


def test_headline_is_compared_by_words_whatever_it_has_in_common():
    """It is one line on both sides."""
    assert [one.kind for one in by_words("Ferry late", "Bridge closed")] == ["removed", "added"]


def test_very_many_rewritten_paragraphs_are_compared_in_their_places():
    """Where too many pairs would have to be looked at."""
    count = int(MAX_PARAGRAPH_PAIRS**0.5) + 1
    old, new = ([f"{word} number {at} is new" for at in range(count)] for word in ("ferry", "boat"))
    assert kinds(old, new) == [["removed", "added", "same"]] * count
