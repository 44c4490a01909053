"""Find the lines of a text that are boilerplate. `matching_lines` names them and changes nothing.

Prose costs little: a pattern is tried only on a text that has one of its words, and most lines begin like no phrase and
no call to action.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from pipelines.extraction.boilerplate.calls_to_action import (
    MAX_CALL_CHARS,
    QUOTATION_MARK,
    REPORTED_SPEECH,
    calls_to_action,
)
from pipelines.extraction.boilerplate.line_rules import (
    LINKED_SECTION,
    NO_SPEECH,
    ONE_WORD_AT_EDGES,
    PATTERN_SECTIONS,
    PHRASE_SECTIONS,
    RULE_BY_NAME,
    LineRule,
)
from pipelines.extraction.boilerplate.phrases import PhraseSet, normalized
from pipelines.extraction.languages import tables

MAX_LINE_CHARS = 400  # a longer line is a paragraph
MAX_PATTERN_CHARS = 220  # away from the edges, patterns are tried on shorter lines only
MAX_TEASER_CHARS = 240
MAX_NOTICE_CHARS = 260  # of a notice around comments
HEAD_LINES, TAIL_LINES = 4, 8  # at either end of a text, in which rules of the edges apply
MAX_EDGE_LINES = 80  # at either end, boilerplate included
FORM_LINES = 2  # a label counts if it is at most so far from a line that is surely of a form
LIST_MARKS = "-–•| "  # what lists and tables put around a line
ITEM = "- "  # how an item of a list begins
# An item with a full stop or a year is a sentence, or a book: no teaser. Nor is a long one.
NOT_A_TEASER = re.compile(r"[.;:।]\W*$|[.!?] |\(\d{4}\)|, \d{4}|.{140}")
OF_BOOKS = tables.compiled(r"\b{label.reading}\b")  # in a label whose list is of the article
PREFIX_LETTERS = 4  # by which the words of a text and of the patterns are compared

# A line that says where a text comes from may also correct an error in it. A correction is kept.
SOURCE_RULES = frozenset(("sign-off", "first published", "picture credit", "contact"))
CORRECTION = tables.compiled(r"\b{correction}\b|{correction.inside}", re.IGNORECASE)

# No story uses the words of these rules.
NEVER_PROSE = frozenset(("spam filter notice", "issn", "embedded content", "terms notice"))

Pattern = tuple[str, tuple[str, ...], re.Pattern[str]]  # name of a rule, words of which a line must have one, pattern

PHRASES = PhraseSet((rule, tables.phrases(section)) for rule, section in PHRASE_SECTIONS)
READ_ALSO = PhraseSet([("read also", tables.phrases("label.read-also"))])
LINKED = tables.compiled(f"{{{LINKED_SECTION}}}")
PATTERNS = tuple(
    (
        rule,
        tables.phrases(f"{section}.cues"),
        LINKED if section == LINKED_SECTION else tables.compiled(f"{{{section}}}"),
    )
    for rule, section in PATTERN_SECTIONS
)
WORD = re.compile(r"\w+")
BRACKETED = re.compile(r"^[\[【［〔]([^\]】］〕]{2,30})[\]】］〕]\s?(?=\S)")  # a label: "[관련기사] ..."
WORD_PREFIX = re.compile(rf"(\w{{1,{PREFIX_LETTERS}}})\w*")
MODERATION: dict[str, list[str]] = {}  # the word for comment -> words of a notice on how comments are moderated
for _comment, _word in (line.split(" + ") for line in tables.phrases("comments.moderation")):
    MODERATION.setdefault(_comment, []).append(_word)
COMMENT_RULES = tuple((comment, re.compile("|".join(map(re.escape, words)))) for comment, words in MODERATION.items())
BROWSERS: dict[str, list[tuple[str, str]]] = {}  # the word for browser -> those for name and comment
for _name, _browser, _comment in (line.split(" + ") for line in tables.phrases("comments.remember")):
    BROWSERS.setdefault(_browser, []).append((_name, _comment))


def _prefix(word: str) -> str:
    """Return the first letters of a word of a pattern; "" for signs, and for scripts that do not separate words."""
    found = WORD.match(word)
    return found[0][:PREFIX_LETTERS] if found and word[0] < "\u3000" else ""


CUES: dict[str, list[tuple[str, int]]] = {}  # prefix -> words of the patterns, each with the number of its pattern
for _at, (_rule, _words, _pattern) in enumerate(PATTERNS):
    for _one in _words:
        CUES.setdefault(_prefix(_one), []).append((_one, _at))
# The patterns that are tried on prose within a text.
IN_PROSE = [pattern for pattern in PATTERNS if pattern[0] in NEVER_PROSE and not RULE_BY_NAME[pattern[0]].edges]


def patterns_of(line: str) -> list[Pattern]:
    """Return the patterns that may match `line`, which is in lower case, in the order in which they are tried."""
    prefixes = {prefix[:size] for prefix in WORD_PREFIX.findall(line) for size in range(1, PREFIX_LETTERS + 1)}
    cues = [cue for prefix in CUES.keys() & prefixes for cue in CUES[prefix]]
    return [PATTERNS[at] for at in sorted({at for word, at in (*cues, *CUES[""]) if word in line})]


def matching_lines(
    lines: list[str], disabled: frozenset[str] = frozenset(), plain: Collection[int] = ()
) -> Iterator[tuple[int, LineRule]]:
    """Yield (index, rule) of every line that a rule matches, in order.

    `disabled`: names of rules that are not applied. `plain`: indexes of lines that are set as prose is, without a link
    and without bold or italic letters. Within a text, only whole phrases take such a line: stories ask for things, too.
    """
    text = RuledText(lines, disabled, plain)
    # Dropped lines do not count: above a form of ten lines, its heading is still at the end of the text.
    edges = text.try_edge(range(len(lines)), HEAD_LINES)
    edges |= text.try_edge(range(len(lines) - 1, -1, -1), TAIL_LINES)
    for index in range(len(lines)):
        if index not in edges:
            text.try_line(index, edge=False)
    text.accept_labels()
    text.accept_lists()
    yield from sorted(text.matched.items())


class RuledText:
    """Match the lines of one text with the rules."""

    def __init__(self, lines: list[str], disabled: frozenset[str], plain: Collection[int]) -> None:
        self.lines, self.disabled, self.plain = lines, disabled, plain
        self.matched: dict[int, LineRule] = {}
        self.labels: dict[int, LineRule] = {}  # these count only beside a line of a form

    def try_edge(self, indexes: Iterable[int], keep: int) -> set[int]:
        """Try the lines at one end until `keep` of them matched no rule; return the indexes of all that were tried."""
        edge: set[int] = set()
        kept = 0
        for index in indexes:
            if kept == keep or len(edge) == MAX_EDGE_LINES:
                break
            edge.add(index)
            self.try_line(index, edge=True)
            kept += index not in self.matched and index not in self.labels
        return edge

    def try_line(self, index: int, *, edge: bool) -> None:
        """Record the rule that matches the line, if there is one."""
        line = self.lines[index]
        if len(line) >= MAX_LINE_CHARS or index in self.matched or index in self.labels:
            return
        for name in self._names(index, edge):
            rule = RULE_BY_NAME[name]
            if name in SOURCE_RULES and CORRECTION.search(line):
                continue
            if name not in self.disabled and (edge or not rule.edges):
                (self.labels if rule.beside else self.matched)[index] = rule
                return

    def accept_labels(self) -> None:
        """Accept labels beside a line that is surely of a form: below its heading, or above its notice."""
        for indexes in (sorted(self.labels), sorted(self.labels, reverse=True)):
            for index in indexes:
                around = (self.matched.get(index + step) for step in range(-FORM_LINES, FORM_LINES + 1))
                if any(rule is not None and rule.family == self.labels[index].beside for rule in around):
                    self.matched[index] = self.labels[index]

    def accept_lists(self) -> None:
        """Take a list with its label: headlines without links below "Read also", the terms of a subscription."""
        end = 0
        for start in [index for index, line in enumerate(self.lines) if line.startswith(ITEM)]:
            if start < end:
                continue
            end = start
            while end < len(self.lines) and self.lines[end].startswith(ITEM):
                end += 1
            rule = self._rule_of_list(start, end)
            if rule is not None and not any(NOT_A_TEASER.search(line) for line in self.lines[start:end]):
                self.matched.update(dict.fromkeys(range(start, end), rule))

    def _rule_of_list(self, start: int, end: int) -> LineRule | None:
        """Return the rule of the label above a list, or of one of its items, if the list belongs to it."""
        label = self.matched.get(start - 1)
        if label is not None and label.name == "read also" and end - start > 1:
            words = normalized(self.lines[start - 1])
            is_last = all(index in self.matched for index in range(end, len(self.lines)))
            if OF_BOOKS.search(words):
                return None
            return label if is_last or " " in words or words > "\u3000" else None
        inside = (self.matched.get(index) for index in range(start, end))
        return next((rule for rule in inside if rule is not None and rule.name == "subscribers only"), None)

    def _names(self, index: int, edge: bool) -> Iterator[str]:
        """Yield the names of the rules that match a line, the surest first."""
        line = self.lines[index]
        prose = index in self.plain and "©" not in line
        if names := PHRASES.rules_of(line):
            one_word = " " not in normalized(line) and not any(map(str.isdigit, line))  # "1,204 views" is no heading
            yield from (name for name in names if edge or not one_word or name not in ONE_WORD_AT_EDGES)
        lower = line.lower()
        bare = lower.strip(LIST_MARKS)
        patterns: Iterable[Pattern] = ()
        if prose and not edge:
            patterns = [one for one in IN_PROSE if _any_in(one[1], bare)] if len(line) <= MAX_PATTERN_CHARS else ()
        elif edge or len(line) <= MAX_PATTERN_CHARS:
            patterns = patterns_of(bare)
        for name, _, pattern in patterns:
            tried = (edge or not RULE_BY_NAME[name].edges) and not (prose and pattern is LINKED)
            if tried and pattern.fullmatch(bare):
                speech = prose and name in NO_SPEECH and _is_speech(name, lower)
                yield from () if speech else (name,)
        if prose and not edge:
            return
        line = BRACKETED.sub(r"\1: ", line, count=1)
        labelled = len(line) <= MAX_TEASER_CHARS and (":" in line or "：" in line)
        # "Related: the bridge that fell" may be prose, "Read also: ..." and "MORE: ..." never are.
        label = line.replace("：", ":").partition(":")[0].strip(LIST_MARKS) if labelled else ""
        if labelled and (not prose or " " in label or label.isupper() or label > "\u3000") and is_teaser(line):
            yield "read also"
        if len(line) <= MAX_NOTICE_CHARS:
            if is_browser_notice(lower):
                yield "e-mail notice"
            if edge and any(comment in lower and words.search(lower) for comment, words in COMMENT_RULES):
                yield "comment rules"
        if len(line) <= MAX_CALL_CHARS:
            yield from calls_to_action(lower, edge=edge, plain=prose)


def _is_speech(name: str, line: str) -> bool:
    """Return whether somebody speaks in `line`, in lower case. Quotation marks may also stand around a name."""
    return bool(REPORTED_SPEECH.search(line)) or (name != "affiliate notice" and bool(QUOTATION_MARK.search(line)))


def _any_in(words: Iterable[str], text: str) -> bool:
    for word in words:  # noqa: SIM110 any() over a generator takes three times as long
        if word in text:
            return True
    return False


def is_teaser(line: str) -> bool:
    """Return whether `line` is "Read also", a colon, and the headline of another article."""
    if not READ_ALSO.may_begin(line):
        return False
    label, colon, headline = line.replace("：", ":").lstrip("-–•|[(>» ").partition(":")
    return bool(colon and headline.strip()) and bool(READ_ALSO.rules_of(label))


def is_browser_notice(line: str) -> bool:
    """Return whether `line`, in lower case, offers to keep a name in the browser for the next comment."""
    for browser, others in BROWSERS.items():
        if browser in line and any(name in line and comment in line for name, comment in others):
            return True
    return False
