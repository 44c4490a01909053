"""Decide what two texts are to each other: copies, a part and its whole, fillings of one template, or unrelated.

A copy keeps long passages and the numbers in them. A template keeps short passages, or has other numbers at the same
places. The limits are those that separate the pairs of `benchmarks/clusters.py`.
"""

from __future__ import annotations

from typing import Literal

from pipelines.clusters.comparison import TextComparison

PairKind = Literal["reprint", "shortened", "edited", "part", "template", "unrelated"]
COPIES: frozenset[PairKind] = frozenset(("reprint", "shortened", "edited"))

MIN_SHARED_TOKENS = 24  # of a copy; the length of a long sentence
MIN_REPRINT_SHARE = 0.8  # of each text that is in the other
MIN_KEPT_SHARE = 0.8  # of the text that keeps more, for a shortened copy or one with additions
MAX_PART_LEAD = 0.2  # share of the longer text before what it shares; a cut copy has the beginning, a part may not
MAX_PART_SHARE = 0.35  # of the longer text that is in the shorter one, if that is a part of it
MAX_OWN_LEAD_TOKENS = 10  # that both texts have before the one passage that they share; with more, it is a notice
MIN_WHOLE_SHARE = 0.12  # of the longer text that is in the shorter one; with less, it is a part of a collection
MIN_EDITED_SHARE = 0.4  # of the text that keeps more, where both have passages of their own
MIN_EDITED_OTHER_SHARE = 0.3  # of the text that keeps less, where both have passages of their own
MIN_EDITED_PASSAGES = 2  # where both have passages of their own: one alone is a notice, or a statement that both quote
MIN_EDITED_TOKENS = 80  # shared, where both have passages of their own: more than a quoted statement
MAX_SLOTS_A_HUNDRED = 3.0  # places filled differently for each hundred shared tokens
MIN_MEAN_PASSAGE = 13.0  # tokens of a shared passage, on average
MAX_NUMBER_CONFLICT = 0.5  # share of the numbers that differ, of those in passages and in places filled differently
MIN_CONFLICTS = 2  # places with other numbers: one figure is corrected in an honest copy, too


def pair_kind(pair: TextComparison) -> PairKind:
    """Return what two texts are to each other. The order of the two does not matter."""
    more, less = max(pair.kept, pair.other_kept), min(pair.kept, pair.other_kept)
    if pair.shared < MIN_SHARED_TOKENS or more < MIN_EDITED_SHARE:
        return "unrelated"
    if is_template(pair):
        return "template"
    if less >= MIN_REPRINT_SHARE:
        return "reprint"
    if more >= MIN_KEPT_SHARE:
        return "part" if is_part(pair) else "shortened"
    is_edited = (
        less >= MIN_EDITED_OTHER_SHARE and pair.shared >= MIN_EDITED_TOKENS and pair.passages >= MIN_EDITED_PASSAGES
    )
    return "edited" if is_edited else "unrelated"


def is_template(pair: TextComparison) -> bool:
    """Return True if what two texts share is a form or a notice, which each fills or precedes with its own words."""
    conflict = pair.number_slots / max(1, pair.number_slots + pair.numbers)
    return (
        (pair.passages == 1 and min(pair.lead, pair.other_lead) > MAX_OWN_LEAD_TOKENS)
        or (pair.number_slots >= MIN_CONFLICTS and conflict > MAX_NUMBER_CONFLICT)
        or 100 * pair.slots > MAX_SLOTS_A_HUNDRED * pair.shared
        or pair.shared < MIN_MEAN_PASSAGE * pair.passages
    )


def is_part(pair: TextComparison) -> bool:
    """Return True if the shorter of two texts is one of several things in the longer, such as a brief in a digest."""
    share = min(pair.kept, pair.other_kept)
    lead, words = max((pair.lead, pair.words), (pair.other_lead, pair.other_words), key=lambda one: one[1])
    return share < MIN_WHOLE_SHARE or (share < MAX_PART_SHARE and lead > MAX_PART_LEAD * words)
