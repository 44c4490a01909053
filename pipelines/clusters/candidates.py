"""Choose, among the articles that share sampled shingles with a text, the few that are compared exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

MAX_POSTINGS = 200  # articles read for one hash, the nearest first: a site's notice has a hundred thousand
MAX_COMPARED = 20  # articles that are compared exactly
MAX_MISSES = 4  # articles in a row that are no copies, after which the caller stops: the rest are less likely
MIN_SHARED_ROWS = 2
MIN_SHARED_SHARE = 0.2  # of the shorter text's rows; samples of what shares less than a third seldom have as many
FEW_ROWS = 5  # of the shorter text, up to which one shared row is enough


def candidates(article: int, postings: Iterable[Sequence[int]], rows: int, rows_of: Mapping[int, int]) -> list[int]:
    """Return the articles to compare with one, the likeliest first.

    `postings`: for each hash of its text, the articles that have it. `rows`: hashes of the text. `rows_of`: hashes of
    each article in `postings`. What shares most of the shorter text's hashes comes first; of several, the article that
    came in at nearly the same time. So each of many equal notices is paired with its neighbours, and an edit of one
    concerns only these.
    """
    shared = Counter(other for articles in postings for other in set(articles[:MAX_POSTINGS]))
    likely = []
    for other, count in shared.items():
        shorter = max(1, min(rows, rows_of[other]))
        if shorter <= FEW_ROWS or (count >= MIN_SHARED_ROWS and count >= MIN_SHARED_SHARE * shorter):
            likely.append((-count / shorter, abs(other - article), other))
    return [other for _, _, other in sorted(likely)[:MAX_COMPARED]]
