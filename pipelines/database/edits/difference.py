"""Decide how a text differs from the revision before it, and whether that is an edit or noise. Pure.

Noise is what changes without an editor: counters (`counters`), lines of the site's template, a text that the site shows
in turn with another. What remains is an edit, and its size counts only what remains. A page that changes its time of
modification and nothing else is not edited; the kind "dates" names a new time beside another change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from pipelines.core.timestamps import parse
from pipelines.database.edits.change_detection import comparable
from pipelines.database.edits.counters import MASK, is_age_in_a_word, masked, shape
from pipelines.database.edits.word_diff import count_changes, opcodes, words

ChangeKind = Literal["title", "text", "byline", "dates", "address"]
Noise = Literal["counters", "template", "alternate text", "same bytes", "same text", "byline comes or goes"]
ALTERNATE: Noise = "alternate text"
NOISE_IN_WORDS: dict[str, str] = {
    "counters": "only counters or ages changed",
    "template": "only lines changed that come or go on many pages of the site",
    "alternate text": "the site shows this text in turn with another",
    "same bytes": "the page is the same, byte for byte; only the reading of it differs",
    "same text": "its text is that of the revision before it, as it is read now",
    "byline comes or goes": "only the byline is there at one look and not at another",
}
MIN_STAY = timedelta(days=1)  # of an earlier text without the newest, from which on it is an edit
ALTERNATE_DAYS = 7  # a text that was away for longer, and comes back, is an edit


class TextVersion(NamedTuple):
    """Hold what is compared of one state of an article."""

    title: str | None
    text: str
    authors: Sequence[str]
    modified: str | None


class Difference(NamedTuple):
    """Hold how a version differs from the one before it."""

    changes: tuple[ChangeKind, ...] = ()  # empty: it is no edit
    noise: Noise | None = None  # why it is none, if the texts differ
    words_added: int = 0
    words_removed: int = 0
    ratio: float = 0.0  # share of the words of both versions
    silent: bool | None = None  # None: the text did not change, or the page gives no time of modification
    changed_lines: tuple[str, ...] = ()  # lines that came or went, besides counters; shapes of those with new numbers


def difference(
    old: TextVersion, new: TextVersion, is_template: Callable[[str], bool] = lambda line: False
) -> Difference:
    """Return how a text differs from the one before it.

    `is_template`: a line comes and goes on the whole site, or lines of a `shape` change their numbers there.
    """
    removed, added = line_changes(old.text, new.text)
    differs = bool(removed or added)
    removed, added = without_counters(removed, added)
    shapes = {found for line in removed if (found := shape(line))} & {shape(line) for line in added}
    lines = (*removed, *added, *sorted(shapes))
    counting = set(filter(is_template, shapes))
    removed, added = ([line for line in side if shape(line) not in counting] for side in (removed, added))
    noise: Noise | None = "counters" if differs and not (removed or added) else None
    if (removed or added) and all(map(is_template, (*removed, *added))):
        noise = "template"
    removed, added = ([line for line in side if not is_template(line)] for side in (removed, added))
    title = comparable(old.title or ""), comparable(new.title or "")
    kinds: list[ChangeKind] = []
    if title[0] != title[1]:
        kinds.append("title")
    if removed or added:
        kinds.append("text")
    names = set(map(str.casefold, old.authors)), set(map(str.casefold, new.authors))
    if names[0] != names[1]:
        if kinds or all(names):
            kinds.append("byline")
        elif noise is None:  # templates differ in it, and readers fail at it: alone it is no evidence of an edit
            noise = "byline comes or goes"
    if not kinds:
        return Difference(noise=noise, changed_lines=lines)
    if new.modified and new.modified != old.modified:
        kinds.append("dates")
    retitled = title if title[0] != title[1] else ("", "")
    more, fewer = count_changes([*retitled[:1], *removed], [*retitled[1:], *added])
    total = sum(len(words(f"{version.title or ''} {version.text}")) for version in (old, new))
    silent = new.modified == old.modified if "text" in kinds and new.modified else None
    return Difference(
        tuple(kinds), None, more, fewer, round((more + fewer) / max(total, 1), 4), silent, lines
    )  # fmt: skip


def line_changes(old: str, new: str) -> tuple[list[str], list[str]]:
    """Return the lines that went and the lines that came, as they are compared."""
    before, after = ([line for raw in text.split("\n") if (line := comparable(raw))] for text in (old, new))
    removed: list[str] = []
    added: list[str] = []
    for tag, a, b, c, d in opcodes(before, after):
        if tag != "equal" and " ".join(before[a:b]) != " ".join(after[c:d]):  # else only the line breaks moved
            removed += before[a:b]
            added += after[c:d]
    return removed, added


def without_counters(removed: Iterable[str], added: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return both without lines that are counters, and without pairs of lines that differ in their counters only."""
    every = [[(line, masked(line)) for line in side] for side in (removed, added)]
    if any(mask == MASK for side in every for _, mask in side):  # "yesterday" alone is a line like others
        every = [[(line, mask) for line, mask in side if not is_age_in_a_word(line)] for side in every]
    masks = [[(line, mask) for line, mask in side if mask != MASK] for side in every]
    counts = [Counter(mask for _, mask in side if mask is not None) for side in masks]
    paired = [counts[0] & counts[1], counts[0] & counts[1]]
    kept: tuple[list[str], list[str]] = [], []
    for side, left, lines in zip(masks, paired, kept, strict=True):
        for line, mask in side:
            if mask is not None and left[mask] > 0:
                left[mask] -= 1
            else:
                lines.append(line)
    return kept


def is_alternate(
    digests: Sequence[str], digest: str, last_seen: str, now: datetime, away_since: str | None = None, returns: int = 0
) -> bool:
    """Return True if a site shows two texts in turn: both the newest text and this one were seen before.

    `digests`: of all revisions, the newest last. `last_seen`: when the newest text was last seen itself. `away_since`:
    the first look since then that showed another text. `returns`: looks at others after which the newest was back.
    A first return to an earlier text is an edit. So is a text that stays for a day, and for one more day for each
    return: the site has settled on it. ALTERNATE_DAYS are always enough.
    """
    if away_since is not None and now - parse(away_since) >= MIN_STAY * (1 + returns):
        return False
    earlier = digests[:-1]
    lately = now - parse(last_seen) < timedelta(days=ALTERNATE_DAYS)
    return digest in earlier and digests[-1] in earlier and lately


NO_DIFFERENCE = dict.fromkeys(("changes", "change_ratio", "words_added", "words_removed", "silent"))  # first revision


def difference_row(found: Difference, *, moved: bool = False) -> dict[str, Any]:
    """Return the columns of `revisions` that say how one differs from the one before. `moved`: it has a new address."""
    from pipelines.database.columns import as_json

    return {
        "changes": as_json([*found.changes, *(["address"] if moved else [])]),
        "change_ratio": found.ratio,
        "words_added": found.words_added,
        "words_removed": found.words_removed,
        "silent": None if found.silent is None else int(found.silent),
    }
