"""How a page was read, for people and as JSON: every field's claims, and every block with what became of it.

Lines out, nothing decided: `pipelines.extraction.page.trace` holds what is told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby, zip_longest
from typing import Any

from crawler.cli import output
from pipelines.core import terminal
from pipelines.core.items import Article, NothingToRead
from pipelines.core.plural import counted
from pipelines.extraction.body.classifier import WEIGHED
from pipelines.extraction.page.trace import BlockTrace, FieldCandidate, Trace

CHOSEN, REFUSED, LATER, AGREES = "✓", "✗", " ", "="
MARK_COLOURS = {CHOSEN: output.GREEN, REFUSED: output.RED, LATER: ""}
LEGEND = f" refused  {AGREES} says the same  the others came later"
KEPT_BAR, DROPPED_BAR = "│", "┊"  # the bar between the margin and the page
MIN_FOLDED_BLOCKS = 4  # blocks in a row that one rule dropped, from which they are one line
MAX_ROWS_UNFOLDED = 12  # such rows one after another, beyond which those amid them are one line ...
EDGE_ROWS = 4  # ... and those at either end, close to the text, still have their own
MAX_LINES, MAX_CHOSEN_LINES = 2, 4  # lines that are shown of a dropped block and of a reason, and of a value that won
MAX_MARGIN_COLUMNS = 22  # columns for the name of a rule, at most
# Told beside another field, or in the heading.
SHOWN_ELSEWHERE = {"url", "text", "word_count", "extractor", "found_in", "comments"}
FOUND_WITH = {"byline": "authors", "origin_url": "origin"}  # found in one place with another field
DEFAULT_PLACES = {"kind": "nothing says else"}  # where a value comes from that no claim gave
# What a list or a table is made of: set without a blank line between.
ROW_ELEMENT = re.compile(r"(?:^| )(?:li|tr|td|th|dt|dd)\b")
WEIGHTS_NOTE = (
    "; behind each block stand the features that weighed most, each with the log-odds that it brought: + for text, -"
    " against it (a feature's name does not say that the block has it)"
)
FIRST_FIELDS = ("title", "description", "authors", "byline", "published", "modified")


@dataclass(frozen=True, slots=True)
class ReportWriter:
    """What the lines are written on."""

    room: int  # columns
    styled: bool  # colours and bold are understood
    everything: bool = False  # nothing folded, nothing cut

    def column(self, text: str, room: int) -> list[str]:
        """`text` as a column of that many columns: cut, or on several lines if everything is wanted."""
        pieces = list(terminal.wrap(terminal.plain(text), room)) if self.everything else [terminal.plain(text)]
        return [terminal.pad(piece, room) for piece in pieces or [""]]

    def dress(self, style: str, text: str) -> str:
        return f"{style}{text}{output.RESET}" if self.styled and style and text else text

    def dim(self, text: str) -> str:
        return self.dress(output.DIM, text)

    def bold(self, text: str) -> str:
        return self.dress(output.BOLD, text)

    def shorten(self, text: str, room: int, lines: int) -> list[str]:
        """`text` in lines of `room` columns, `lines` of them at most unless everything is wanted."""
        wrapped = list(terminal.wrap(terminal.plain(text), room)) or [""]
        if self.everything or len(wrapped) <= lines:
            return wrapped
        return [*wrapped[: lines - 1], terminal.cut(f"{wrapped[lines - 1]} {wrapped[lines]}", room)]


def as_json(account: Trace) -> dict[str, Any]:
    """What `--format json` adds to a page's row."""
    return {
        "candidates": {name: [asdict(one) for one in claims] for name, claims in account.fields.items()},
        "blocks": [asdict(fate) for fate in account.blocks],
    }


def lines(
    name: str, url: str | None, outcome: Article | NothingToRead, account: Trace, sheet: ReportWriter
) -> Iterator[str]:
    """The whole account of one page."""
    yield from _heading(name, url, outcome, sheet)
    claims = dict(_claims(outcome, account))
    if claims:
        yield ""
        yield from _fields(claims, outcome, sheet)
    blocks = [fate for fate in account.blocks if sheet.everything or fate.text.strip()]  # empty frames say nothing
    if blocks:
        yield ""
        yield from _page(blocks, outcome, sheet)
        yield from _rules(blocks, sheet)
    if isinstance(outcome, Article) and outcome.comments:
        yield ""
        yield from _comments(outcome.comments, sheet)


def _heading(name: str, url: str | None, outcome: Article | NothingToRead, sheet: ReportWriter) -> Iterator[str]:
    *above, title = sheet.column(name, sheet.room - 6)
    yield from (sheet.bold(f"── {line.rstrip()}") for line in above)
    title = title.rstrip()
    yield sheet.bold(f"── {title} ") + sheet.dim("─" * max(0, sheet.room - terminal.width(title) - 4))
    if url:
        yield from (sheet.dim(line.rstrip()) for line in sheet.column(url, sheet.room))
    if isinstance(outcome, NothingToRead):
        detail = f" ({terminal.plain(outcome.detail)})" if outcome.detail else ""
        yield from terminal.wrap(f"No article: {outcome.reason}{detail}", sheet.room)
        return
    comments = outcome.comments and counted(len(outcome.comments), "readers' comment")
    facts = [outcome.kind.capitalize(), counted(outcome.word_count, "word"), comments, f"read by {outcome.extractor}"]
    yield from terminal.wrap(" · ".join(fact for fact in facts if fact), sheet.room)


# -- fields -----------------------------------------------------------------------------------------------


def _claims(outcome: Article | NothingToRead, account: Trace) -> Iterator[tuple[str, Sequence[FieldCandidate]]]:
    """(field, its candidates) in the order of reading; a value that nobody accounts for is its own candidate."""
    names = [field.name for field in fields(Article) if not field.name.endswith(("_raw", "_from", "_evidence"))]
    names = [name for name in dict.fromkeys((*FIRST_FIELDS, *names)) if name not in SHOWN_ELSEWHERE]
    for name in [*names, *(name for name in account.fields if name not in names)]:
        claims = list(account.fields.get(name, ()))
        value = getattr(outcome, name, None) if isinstance(outcome, Article) and name not in SHOWN_ELSEWHERE else None
        if value and not any(claim.chosen for claim in claims):
            claims.append(_unaccounted(name, value, outcome))
        if claims:
            yield name, claims


def _unaccounted(name: str, value: Any, outcome: Any) -> FieldCandidate:
    raw = getattr(outcome, f"{name}_raw", None) or getattr(outcome, f"{name}_evidence", None) or ""
    beside = outcome.found_in.get(FOUND_WITH.get(name, name)) or getattr(outcome, f"{name}_from", None)
    return FieldCandidate(beside or DEFAULT_PLACES.get(name, "the page"), raw, value, chosen=True)


def _fields(
    claims: dict[str, Sequence[FieldCandidate]], outcome: Article | NothingToRead, sheet: ReportWriter
) -> Iterator[str]:
    """The claims as one aligned table."""
    chosen, refused = sheet.dress(output.GREEN, CHOSEN), sheet.dress(output.RED, REFUSED)
    won = " chosen" if isinstance(outcome, Article) else " would be chosen: nothing is kept"
    key = f"  {chosen}{sheet.dim(won)}  {refused}{sheet.dim(LEGEND)}"
    yield sheet.bold("FIELDS") + (key if sheet.room >= (70 if isinstance(outcome, Article) else 95) else "")
    name_room = max(len(name) for name in claims)
    found = [claim.source for group in claims.values() for claim in group]
    source_room = min(max(map(terminal.width, found)), max(12, sheet.room // 4))
    for name, group in claims.items():
        label = terminal.plain(name).replace("_", " ")
        told, agreeing = (group, []) if sheet.everything else _distinct_claims(group)
        for claim in told:
            yield from _claim(label, claim, (name_room, source_room), sheet)
            label = ""
            if claim.chosen:
                yield from _agreement(agreeing, name_room + source_room + 4, sheet)
    if isinstance(outcome, Article):
        unknown = [name for name in (field.name for field in fields(Article)) if _unknown(name, claims, outcome)]
        if unknown:
            text = "nothing found: " + ", ".join(name.replace("_", " ") for name in unknown)
            yield from (sheet.dim(line) for line in terminal.wrap(text, sheet.room))


def _unknown(name: str, claims: dict[str, Sequence[FieldCandidate]], outcome: Article) -> bool:
    told = name in claims or name in SHOWN_ELSEWHERE or name.endswith(("_raw", "_from", "_evidence"))
    return not told and not getattr(outcome, name)


def _distinct_claims(group: Sequence[FieldCandidate]) -> tuple[list[FieldCandidate], list[str]]:
    """(the claims worth a line, the sources that merely say what the winner says)."""
    winner = next((shown(claim.value) for claim in group if claim.chosen), None)
    told: dict[tuple[str, str], FieldCandidate] = {}
    agreeing: dict[str, None] = {}
    for claim in group:
        if not claim.chosen and not claim.why and shown(claim.value) == winner:
            agreeing[claim.source] = None
        elif claim.chosen or (claim.source, shown(claim.value) or claim.raw) not in told:
            told[claim.source, shown(claim.value) or claim.raw] = claim
    return list(told.values()), list(agreeing)


def _agreement(sources: list[str], indent: int, sheet: ReportWriter) -> Iterator[str]:
    """Who else says what the winner says; nothing if nobody does."""
    mark = AGREES
    for line in terminal.wrap(terminal.plain(" · ".join(sources)), max(8, sheet.room - indent - 2)):
        yield " " * indent + sheet.dim(f"{mark} {line}")
        mark = " "


def _claim(label: str, claim: FieldCandidate, rooms: tuple[int, int], sheet: ReportWriter) -> Iterator[str]:
    """One claim: field, mark, source, value; then what it was read from, and why it won or lost, where that fits."""
    name_room, source_room = rooms
    room = max(8, sheet.room - name_room - source_room - 6)
    value, mark = shown(claim.value), _mark(claim)
    if claim.chosen or sheet.everything:
        texts = sheet.shorten(value or claim.raw, room, MAX_CHOSEN_LINES)
    else:  # two headlines often differ at their ends only
        texts = [_without_middle(" ".join(terminal.plain(value or claim.raw).split()), room)]
    body = [sheet.dress(output.BOLD if claim.chosen else output.DIM, text) for text in texts]
    raw = _raw(claim, value) if claim.chosen or sheet.everything else ""
    for note in filter(None, (raw, terminal.plain(claim.why))):
        if terminal.width(texts[-1]) + 2 + terminal.width(note) <= room:
            texts[-1] += "  " + note
            body[-1] += "  " + sheet.dim(note)
        else:
            more = sheet.shorten(note, room - 2, MAX_LINES)
            texts += ["  " + text for text in more]
            body += ["  " + sheet.dim(text) for text in more]
    margin = terminal.pad(label, name_room) + "  "
    places = sheet.column(claim.source, source_room)
    places = places if claim.chosen else [sheet.dim(place) for place in places]
    yield f"{sheet.bold(margin)}{sheet.dress(MARK_COLOURS[mark], mark)} {places[0]}  {body[0]}".rstrip()
    for place, line in zip_longest(places[1:], body[1:], fillvalue=""):
        yield f"{' ' * (name_room + 4)}{place or ' ' * source_room}  {line}".rstrip()


def _mark(claim: FieldCandidate) -> str:
    if claim.chosen:
        return CHOSEN
    return REFUSED if claim.why or claim.value in (None, "", ()) else LATER


def _without_middle(text: str, room: int) -> str:
    """`text`, or its beginning and its end in `room` columns."""
    if terminal.width(text) <= room or room < 12:
        return terminal.cut(text, room)
    tail = text[-room // 3 :]
    while terminal.width(tail) > room // 3:
        tail = tail[1:]
    return terminal.cut(text, room - terminal.width(tail)) + tail


def shown(value: Any) -> str:
    """A field's value on one line."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return " ".join(str(value).split())


def _raw(claim: FieldCandidate, value: str) -> str:
    """What the value was read from, where that says more than the value does."""
    raw = " ".join(terminal.plain(claim.raw).split())
    same = "".join(filter(str.isalnum, raw)).casefold() == "".join(filter(str.isalnum, value)).casefold()
    return "" if not raw or not value or same else f"← {raw}"


# -- the page ---------------------------------------------------------------------------------------------


def _page(blocks: Sequence[BlockTrace], outcome: Article | NothingToRead, sheet: ReportWriter) -> Iterator[str]:
    """The page from top to bottom: what was kept, and between it, dim, what was dropped, by the name of its rule."""
    names = [terminal.width(fate.rule) for fate in blocks if fate.rule]
    margin = min(max(names, default=0), MAX_MARGIN_COLUMNS, sheet.room // 4)
    dropped = sum(fate.rule is not None for fate in blocks)
    stays = len(blocks) - dropped
    kept = f"{counted(stays, 'block')} of text, {dropped:,} dropped"
    if isinstance(outcome, NothingToRead):
        taken = f"{counted(stays, 'block')} might have been text" if stays else "no block was taken for text"
        kept = f"{taken}, {dropped:,} dropped; nothing is kept"
    first, *more = terminal.wrap(kept, sheet.room - 6)
    yield sheet.bold("PAGE") + sheet.dim(f"  {first}")
    yield from (" " * 6 + sheet.dim(line) for line in more)
    before: BlockTrace | None = None  # the block above, if it was kept
    texts = iter(_as_kept(blocks, outcome))
    for stays_here, run in groupby(blocks, key=lambda fate: fate.rule is None):
        for fate in run if stays_here else ():
            if before and not (ROW_ELEMENT.search(before.place) and ROW_ELEMENT.search(fate.place)):
                yield " " * margin + f" {KEPT_BAR}"
            for line in terminal.wrap(terminal.plain(next(texts)), sheet.room - margin - 3):
                yield " " * margin + f" {KEPT_BAR} {line}"
            before = fate
        if not stays_here:
            for rule, text in _folded(list(run), sheet):
                yield from _dropped(rule, text, margin, sheet)
            before = None


def _as_kept(blocks: Sequence[BlockTrace], outcome: Article | NothingToRead) -> list[str]:
    """What was kept, as it stands in the text: an item of a list begins with a dash there."""
    kept = [fate.text for fate in blocks if fate.rule is None]
    lines = outcome.text.split("\n") if isinstance(outcome, Article) else []
    return [f"- {text}" if f"- {text}" == line else text for text, line in zip_longest(kept, lines[: len(kept)])]


def _comments(comments: Sequence[str], sheet: ReportWriter) -> Iterator[str]:
    """What readers wrote, in a field of its own."""
    yield sheet.bold("COMMENTS") + sheet.dim(f"  {len(comments):,}, kept apart from the text")
    for number, comment in enumerate(comments):
        if number:
            yield f" {KEPT_BAR}"
        yield from (f" {KEPT_BAR} {line}" for line in sheet.shorten(comment, sheet.room - 3, MAX_CHOSEN_LINES))


def _folded(run: list[BlockTrace], sheet: ReportWriter) -> Iterator[tuple[str, str]]:
    """(rule, text) for each line of what was dropped between two kept blocks."""
    if sheet.everything:
        for fate in run:
            weights = f"  {fate.why}" if fate.rule == WEIGHED and fate.why else ""
            yield fate.rule or "", f"{fate.text}  ‹{fate.place}›{weights}"
        return
    groups = [(rule or "", list(group)) for rule, group in groupby(run, key=lambda fate: fate.rule)]
    amid = groups[EDGE_ROWS:-EDGE_ROWS] if len(groups) > MAX_ROWS_UNFOLDED else []
    for rule, group in groups[:EDGE_ROWS] if amid else groups:
        yield from _same_rule_rows(rule, group)
    if amid:
        fates = [fate for _, group in amid for fate in group]
        rules = ", ".join(dict.fromkeys(rule for rule, _ in amid))
        yield "several", f"{len(fates):,} blocks ({rules}): " + " · ".join(_beginnings(fates))
        for rule, group in groups[-EDGE_ROWS:]:
            yield from _same_rule_rows(rule, group)


def _same_rule_rows(rule: str, group: list[BlockTrace]) -> Iterator[tuple[str, str]]:
    """Blocks side by side that one rule dropped."""
    if len(group) < MIN_FOLDED_BLOCKS:
        yield from ((rule, fate.text) for fate in group)
    else:
        yield rule, f"{len(group):,} blocks: " + " · ".join(_beginnings(group))


def _beginnings(group: Iterable[BlockTrace]) -> Iterator[str]:
    """The first words of each block, as long as anybody would read on."""
    room = 400
    for fate in group:
        text = terminal.cut(" ".join(fate.text.split()), 40)
        room -= len(text)
        if room < 0:
            return
        if text:
            yield text


def _dropped(rule: str, text: str, margin: int, sheet: ReportWriter) -> Iterator[str]:
    labels = sheet.column(rule, margin)
    texts = sheet.shorten(" ".join(text.split()), sheet.room - margin - 3, MAX_LINES)
    for label, line in zip_longest(labels, texts, fillvalue=""):
        yield sheet.dim(f"{label or ' ' * margin} {DROPPED_BAR} {line}".rstrip())


def _rules(blocks: Sequence[BlockTrace], sheet: ReportWriter) -> Iterator[str]:
    """What each rule took, and its reason; the hungriest first."""
    taken: dict[str, list[BlockTrace]] = {}
    for fate in blocks:
        if fate.rule is not None:
            taken.setdefault(fate.rule, []).append(fate)
    if not taken:
        return
    yield ""
    yield sheet.bold("DROPPED BY")
    rows = sorted(taken.items(), key=lambda entry: -sum(len(fate.text) for fate in entry[1]))
    size = {rule: f"{sum(len(fate.text) for fate in group):,}" for rule, group in rows}
    count = {rule: f"{len(group):,}" for rule, group in rows}
    name_room = min(max(map(terminal.width, taken)), sheet.room // 3)
    blocks_room, size_room = max(map(len, count.values())), max(map(len, size.values()))
    for rule, group in rows:
        name, *more = sheet.column(rule, name_room)
        named, letters = (noun if number == "1" else f"{noun}s" for noun, number in
                            (("block", count[rule]), ("character", size[rule])))  # fmt: skip
        start = f"{name}  {count[rule]:>{blocks_room}} {named:<6}  {size[rule]:>{size_room}} {letters}"
        room = sheet.room - terminal.width(start) - 2
        why = _why(rule, group, sheet)
        if room < 20:  # a narrow terminal: the reason below
            yield terminal.cut(start, sheet.room)
            yield from (line.rstrip() for line in more)
            yield from (f"  {sheet.dim(line)}" for line in sheet.shorten(why, sheet.room - 2, MAX_LINES) if line)
            continue
        first, *rest = sheet.shorten(why, room, MAX_LINES)
        yield f"{start}  {sheet.dim(first)}".rstrip()
        for piece, line in zip_longest(more, rest, fillvalue=""):
            yield f"{terminal.pad(piece, terminal.width(start) + 2)}{sheet.dim(line)}".rstrip()


def _why(rule: str, group: Sequence[BlockTrace], sheet: ReportWriter) -> str:
    """A rule's reason. What was weighed has its own for each block."""
    if rule == WEIGHED:
        return "not like article text, by what is seen of it" + (
            WEIGHTS_NOTE if sheet.everything else " (--all says what)"
        )
    whys = list(dict.fromkeys(fate.why for fate in group if fate.why))
    return "; ".join(whys) if len(whys) < 3 else f"{whys[0]}; and {counted(len(whys) - 1, 'other reason')}"
