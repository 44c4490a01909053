"""Report how a page was read, for people and as JSON: the candidates of every field, and the fate of every block.

Only formats what `pipelines.extraction.page.trace` recorded; decides nothing.
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
from pipelines.extraction.body.classifier import CLASSIFIER
from pipelines.extraction.page.trace import BlockTrace, FieldCandidate, Trace

CHOSEN, REFUSED, LATER, AGREES = "✓", "✗", " ", "="
MARK_COLOURS = {CHOSEN: output.GREEN, REFUSED: output.RED, LATER: ""}
LEGEND = f" refused  {AGREES} says the same  the others rank lower"
KEPT_BAR, DROPPED_BAR = "│", "┊"  # the bar between the margin and the page
MIN_FOLDED_BLOCKS = 4  # so many blocks in a row that one rule dropped become one line
MAX_ROWS_UNFOLDED = 12  # of more such rows one after another, those in the middle become one line ...
EDGE_ROWS = 4  # ... and so many at each end, close to the text, keep lines of their own
MAX_LINES = 2  # lines for a dropped block and for a reason
MAX_CHOSEN_LINES = 4  # lines for a chosen value
MAX_MARGIN_COLUMNS = 22  # terminal columns for the name of a rule
# Fields that the heading or another part of the report shows.
SHOWN_ELSEWHERE = {"url", "text", "line_kinds", "word_count", "extractor", "found_in", "comments"}
LABELS = {"language_declared": "declared"}  # field -> its name in the report, below `language`
FOUND_WITH = {"byline": "authors", "origin_url": "origin"}  # field -> the field found in the same place
DEFAULT_PLACES = {"kind": "default"}  # field -> shown as the place of a value that no candidate gave
# Items of a list and rows of a table, which are printed without a blank line between them.
ROW_ELEMENT = re.compile(r"(?:^| )(?:tr\S*|(?:li|dt|dd)\b\S*(?: > \S+)?)$")
WEIGHTS_NOTE = (
    "; each block is followed by the features that weighed most and their log-odds: + for text, - against it (the name"
    " of a feature does not mean that the block has it)"
)
FIRST_FIELDS = ("title", "description", "authors", "byline", "published", "modified")


@dataclass(frozen=True, slots=True)
class ReportLayout:
    """Lay out and style the lines of a report."""

    room: int  # terminal columns
    styled: bool  # the terminal accepts colours and bold text
    everything: bool = False  # fold nothing and cut nothing

    def column(self, text: str, room: int) -> list[str]:
        """Return `text` in lines of exactly `room` columns: one line, cut, or as many as needed with `everything`."""
        pieces = list(terminal.wrap(terminal.plain(text), room)) if self.everything else [terminal.plain(text)]
        return [terminal.pad(piece, room) for piece in pieces or [""]]

    def paint(self, style: str, text: str) -> str:
        return f"{style}{text}{output.RESET}" if self.styled and style and text else text

    def dim(self, text: str) -> str:
        return self.paint(output.DIM, text)

    def bold(self, text: str) -> str:
        return self.paint(output.BOLD, text)

    def shorten(self, text: str, room: int, lines: int) -> list[str]:
        """Return `text` in lines of at most `room` columns; no more than `lines` of them without `everything`."""
        wrapped = list(terminal.wrap(terminal.plain(text), room)) or [""]
        if self.everything or len(wrapped) <= lines:
            return wrapped
        return [*wrapped[: lines - 1], terminal.cut(f"{wrapped[lines - 1]} {wrapped[lines]}", room)]


def as_json(trace: Trace) -> dict[str, Any]:
    """Return the keys that `extract --explain --format json` adds to a page's row."""
    return {
        "candidates": {name: [asdict(one) for one in claims] for name, claims in trace.fields.items()},
        "blocks": [asdict(block) for block in trace.blocks],
    }


def lines(
    name: str, url: str | None, outcome: Article | NothingToRead, trace: Trace, layout: ReportLayout
) -> Iterator[str]:
    """Yield the whole report on one page."""
    yield from _heading(name, url, outcome, layout)
    claims = dict(_claims(outcome, trace))
    if claims:
        yield ""
        yield from _fields(claims, outcome, layout)
    blocks = [block for block in trace.blocks if layout.everything or block.text.strip()]
    if blocks:
        yield ""
        yield from _page(blocks, outcome, layout)
        yield from _rules(blocks, layout)
    if isinstance(outcome, Article) and outcome.comments:
        yield ""
        yield from _comments(outcome.comments, layout)


def _heading(name: str, url: str | None, outcome: Article | NothingToRead, layout: ReportLayout) -> Iterator[str]:
    *above, title = layout.column(name, layout.room - 6)
    yield from (layout.bold(f"── {line.rstrip()}") for line in above)
    title = title.rstrip()
    yield layout.bold(f"── {title} ") + layout.dim("─" * max(0, layout.room - terminal.width(title) - 4))
    if url:
        yield from (layout.dim(line.rstrip()) for line in layout.column(url, layout.room))
    if isinstance(outcome, NothingToRead):
        detail = f" ({terminal.plain(outcome.detail)})" if outcome.detail else ""
        yield from terminal.wrap(f"No article: {outcome.reason}{detail}", layout.room)
        return
    comments = outcome.comments and counted(len(outcome.comments), "readers' comment")
    facts = [outcome.kind.capitalize(), counted(outcome.word_count, "word"), comments, f"read by {outcome.extractor}"]
    yield from terminal.wrap(" · ".join(fact for fact in facts if fact), layout.room)


# -- fields -----------------------------------------------------------------------------------------------


def _claims(outcome: Article | NothingToRead, trace: Trace) -> Iterator[tuple[str, Sequence[FieldCandidate]]]:
    """Yield (field, its candidates) in reading order. A value without a chosen candidate gets one made from itself."""
    names = [field.name for field in fields(Article) if not field.name.endswith(("_raw", "_from", "_evidence"))]
    names = [name for name in dict.fromkeys((*FIRST_FIELDS, *names)) if name not in SHOWN_ELSEWHERE]
    for name in [*names, *(name for name in trace.fields if name not in names)]:
        claims = list(trace.fields.get(name, ()))
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
    claims: dict[str, Sequence[FieldCandidate]], outcome: Article | NothingToRead, layout: ReportLayout
) -> Iterator[str]:
    """Yield the candidates of all fields as one aligned table."""
    chosen, refused = layout.paint(output.GREEN, CHOSEN), layout.paint(output.RED, REFUSED)
    won = " chosen" if isinstance(outcome, Article) else " would be chosen, but the page gives no article"
    key = f"  {chosen}{layout.dim(won)}  {refused}{layout.dim(LEGEND)}"
    yield layout.bold("FIELDS") + (key if layout.room >= (70 if isinstance(outcome, Article) else 95) else "")
    name_room = max(len(LABELS.get(name, name)) for name in claims)
    found = [claim.source for group in claims.values() for claim in group]
    source_room = min(max(map(terminal.width, found)), max(12, layout.room // 4))
    for name, group in claims.items():
        label = terminal.plain(LABELS.get(name, name)).replace("_", " ")
        distinct, agreeing = (group, []) if layout.everything else _distinct_claims(group)
        for claim in distinct:
            yield from _claim(label, claim, (name_room, source_room), layout)
            label = ""
            if claim.chosen:
                yield from _agreement(agreeing, name_room + source_room + 4, layout)
    if isinstance(outcome, Article):
        unknown = [name for name in (field.name for field in fields(Article)) if _unknown(name, claims, outcome)]
        if unknown:
            text = "nothing found: " + ", ".join(name.replace("_", " ") for name in unknown)
            yield from (layout.dim(line) for line in terminal.wrap(text, layout.room))


def _unknown(name: str, claims: dict[str, Sequence[FieldCandidate]], outcome: Article) -> bool:
    distinct = name in claims or name in SHOWN_ELSEWHERE or name.endswith(("_raw", "_from", "_evidence"))
    return not distinct and not getattr(outcome, name)


def _distinct_claims(group: Sequence[FieldCandidate]) -> tuple[list[FieldCandidate], list[str]]:
    """Return (the candidates that get a line, the places that only repeat the chosen value)."""
    winner = next((shown(claim.value) for claim in group if claim.chosen), None)
    distinct: dict[tuple[str, str], FieldCandidate] = {}
    agreeing: dict[str, None] = {}
    for claim in group:
        if not claim.chosen and not claim.why and shown(claim.value) == winner:
            agreeing[claim.source] = None
        elif claim.chosen or (claim.source, shown(claim.value) or claim.raw) not in distinct:
            distinct[claim.source, shown(claim.value) or claim.raw] = claim
    return list(distinct.values()), list(agreeing)


def _agreement(sources: list[str], indent: int, layout: ReportLayout) -> Iterator[str]:
    """Yield the places that repeat the chosen value, if there are any."""
    mark = AGREES
    for line in terminal.wrap(terminal.plain(" · ".join(sources)), max(8, layout.room - indent - 2)):
        yield " " * indent + layout.dim(f"{mark} {line}")
        mark = " "


def _claim(label: str, claim: FieldCandidate, rooms: tuple[int, int], layout: ReportLayout) -> Iterator[str]:
    """Yield one candidate: field, mark, place and value, then the string it was parsed from and why it won or lost."""
    name_room, source_room = rooms
    room = max(8, layout.room - name_room - source_room - 6)
    value, mark = shown(claim.value), _mark(claim)
    if claim.chosen or layout.everything:
        texts = layout.shorten(value or claim.raw, room, MAX_CHOSEN_LINES)
    else:  # two headlines often differ only at their ends
        texts = [_without_middle(" ".join(terminal.plain(value or claim.raw).split()), room)]
    body = [layout.paint(output.BOLD if claim.chosen else output.DIM, text) for text in texts]
    raw = _raw(claim, value) if claim.chosen or layout.everything else ""
    for note in filter(None, (raw, terminal.plain(claim.why))):
        if terminal.width(texts[-1]) + 2 + terminal.width(note) <= room:
            texts[-1] += "  " + note
            body[-1] += "  " + layout.dim(note)
        else:
            more = layout.shorten(note, room - 2, MAX_LINES)
            texts += ["  " + text for text in more]
            body += ["  " + layout.dim(text) for text in more]
    margin = terminal.pad(label, name_room) + "  "
    places = layout.column(claim.source, source_room)
    places = places if claim.chosen else [layout.dim(place) for place in places]
    yield f"{layout.bold(margin)}{layout.paint(MARK_COLOURS[mark], mark)} {places[0]}  {body[0]}".rstrip()
    for place, line in zip_longest(places[1:], body[1:], fillvalue=""):
        yield f"{' ' * (name_room + 4)}{place or ' ' * source_room}  {line}".rstrip()


def _mark(claim: FieldCandidate) -> str:
    if claim.chosen:
        return CHOSEN
    return REFUSED if claim.why or claim.value in (None, "", ()) else LATER


def _without_middle(text: str, room: int) -> str:
    """Return `text`, or its beginning and its end in `room` columns."""
    if terminal.width(text) <= room or room < 12:
        return terminal.cut(text, room)
    tail = text[-room // 3 :]
    while terminal.width(tail) > room // 3:
        tail = tail[1:]
    return terminal.cut(text, room - terminal.width(tail)) + tail


def shown(value: Any) -> str:
    """Return a field's value on one line."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return " ".join(str(value).split())


def _raw(claim: FieldCandidate, value: str) -> str:
    """Return the string that a value was parsed from, or "" if it says no more than the value."""
    raw = " ".join(terminal.plain(claim.raw).split())
    same = "".join(filter(str.isalnum, raw)).casefold() == "".join(filter(str.isalnum, value)).casefold()
    return "" if not raw or not value or same else f"← {raw}"


# -- the page ---------------------------------------------------------------------------------------------


def _page(blocks: Sequence[BlockTrace], outcome: Article | NothingToRead, layout: ReportLayout) -> Iterator[str]:
    """Yield the page from top to bottom: kept blocks, and between them, dimmed, the dropped ones with their rules."""
    names = [terminal.width(block.rule) for block in blocks if block.rule]
    margin = min(max(names, default=0), MAX_MARGIN_COLUMNS, layout.room // 4)
    dropped = sum(block.rule is not None for block in blocks)
    stays = len(blocks) - dropped
    counts = f"{counted(stays, 'block')} of text, {dropped:,} dropped"
    if isinstance(outcome, NothingToRead):
        taken = f"{counted(stays, 'block')} might have been text" if stays else "no block was taken for text"
        counts = f"{taken}, {dropped:,} dropped; the page gives no article"
    first, *more = terminal.wrap(counts, layout.room - 6)
    yield layout.bold("PAGE") + layout.dim(f"  {first}")
    yield from (" " * 6 + layout.dim(line) for line in more)
    before: BlockTrace | None = None  # the block above, if it was kept
    for stays_here, run in groupby(blocks, key=lambda block: block.rule is None):
        for block in run if stays_here else ():
            if before and not (ROW_ELEMENT.search(before.place) and ROW_ELEMENT.search(block.place)):
                yield " " * margin + f" {KEPT_BAR}"
            for text in terminal.plain(block.text).split("\n"):
                for line in terminal.wrap_indented(text, layout.room - margin - 3):
                    yield " " * margin + f" {KEPT_BAR} {line}"
            before = block
        if not stays_here:
            for rule, text in _folded(list(run), layout):
                yield from _dropped(rule, text, margin, layout)
            before = None


def _comments(comments: Sequence[str], layout: ReportLayout) -> Iterator[str]:
    """Yield the readers' comments."""
    yield layout.bold("COMMENTS") + layout.dim(f"  {len(comments):,}, separate from the text")
    for number, comment in enumerate(comments):
        if number:
            yield f" {KEPT_BAR}"
        yield from (f" {KEPT_BAR} {line}" for line in layout.shorten(comment, layout.room - 3, MAX_CHOSEN_LINES))


def _folded(run: list[BlockTrace], layout: ReportLayout) -> Iterator[tuple[str, str]]:
    """Yield (rule, text) for each line about the blocks that were dropped between two kept blocks."""
    if layout.everything:
        for block in run:
            weights = f"  {block.why}" if block.rule == CLASSIFIER and block.why else ""
            yield block.rule or "", f"{block.text}  ‹{block.place}›{weights}"
        return
    groups = [(rule or "", list(group)) for rule, group in groupby(run, key=lambda block: block.rule)]
    amid = groups[EDGE_ROWS:-EDGE_ROWS] if len(groups) > MAX_ROWS_UNFOLDED else []
    for rule, group in groups[:EDGE_ROWS] if amid else groups:
        yield from _same_rule_rows(rule, group)
    if amid:
        dropped = [block for _, group in amid for block in group]
        rules = ", ".join(dict.fromkeys(rule for rule, _ in amid))
        yield "several", f"{len(dropped):,} blocks ({rules}): " + " · ".join(_beginnings(dropped))
        for rule, group in groups[-EDGE_ROWS:]:
            yield from _same_rule_rows(rule, group)


def _same_rule_rows(rule: str, group: list[BlockTrace]) -> Iterator[tuple[str, str]]:
    """Yield (rule, text) for neighbouring blocks that one rule dropped."""
    if len(group) < MIN_FOLDED_BLOCKS:
        yield from ((rule, block.text) for block in group)
    else:
        yield rule, f"{len(group):,} blocks: " + " · ".join(_beginnings(group))


def _beginnings(group: Iterable[BlockTrace]) -> Iterator[str]:
    """Yield the first words of each block, up to 400 characters in all."""
    room = 400
    for block in group:
        text = terminal.cut(" ".join(block.text.split()), 40)
        room -= len(text)
        if room < 0:
            return
        if text:
            yield text


def _dropped(rule: str, text: str, margin: int, layout: ReportLayout) -> Iterator[str]:
    labels = layout.column(rule, margin)
    texts = layout.shorten(" ".join(text.split()), layout.room - margin - 3, MAX_LINES)
    for label, line in zip_longest(labels, texts, fillvalue=""):
        yield layout.dim(f"{label or ' ' * margin} {DROPPED_BAR} {line}".rstrip())


def _rules(blocks: Sequence[BlockTrace], layout: ReportLayout) -> Iterator[str]:
    """Yield what each rule dropped and why, the rule that dropped most text first."""
    taken: dict[str, list[BlockTrace]] = {}
    for block in blocks:
        if block.rule is not None:
            taken.setdefault(block.rule, []).append(block)
    if not taken:
        return
    yield ""
    yield layout.bold("DROPPED BY")
    rows = sorted(taken.items(), key=lambda entry: -sum(len(block.text) for block in entry[1]))
    size = {rule: f"{sum(len(block.text) for block in group):,}" for rule, group in rows}
    count = {rule: f"{len(group):,}" for rule, group in rows}
    name_room = min(max(map(terminal.width, taken)), layout.room // 3)
    blocks_room, size_room = max(map(len, count.values())), max(map(len, size.values()))
    for rule, group in rows:
        name, *more = layout.column(rule, name_room)
        named, letters = (noun if number == "1" else f"{noun}s" for noun, number in
                            (("block", count[rule]), ("character", size[rule])))  # fmt: skip
        start = f"{name}  {count[rule]:>{blocks_room}} {named:<6}  {size[rule]:>{size_room}} {letters}"
        room = layout.room - terminal.width(start) - 2
        why = _why(rule, group, layout)
        if room < 20:  # on a narrow terminal the reason goes on the next line
            yield terminal.cut(start, layout.room)
            yield from (line.rstrip() for line in more)
            yield from (f"  {layout.dim(line)}" for line in layout.shorten(why, layout.room - 2, MAX_LINES) if line)
            continue
        first, *rest = layout.shorten(why, room, MAX_LINES)
        yield f"{start}  {layout.dim(first)}".rstrip()
        for piece, line in zip_longest(more, rest, fillvalue=""):
            yield f"{terminal.pad(piece, terminal.width(start) + 2)}{layout.dim(line)}".rstrip()


def _why(rule: str, group: Sequence[BlockTrace], layout: ReportLayout) -> str:
    """Return a rule's reason. The classifier has a reason of its own for each block, which only --all shows."""
    if rule == CLASSIFIER:
        return "not like article text, judging by its features" + (
            WEIGHTS_NOTE if layout.everything else " (--all lists them)"
        )
    whys = list(dict.fromkeys(block.why for block in group if block.why))
    return "; ".join(whys) if len(whys) < 3 else f"{whys[0]}; and {counted(len(whys) - 1, 'other reason')}"
