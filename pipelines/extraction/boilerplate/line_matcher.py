"""Which lines of a text are furniture: `named` says it and changes nothing.

Cheap on prose: a pattern is tried only where one of its words stands, and most lines begin like no phrase and no plea.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from pipelines.extraction.boilerplate.calls_to_action import LONGEST, SPEECH, pleas
from pipelines.extraction.boilerplate.line_rules import (
    ONE_WORD_AT_EDGES,
    PATTERN_SECTIONS,
    PHRASE_SECTIONS,
    RULES,
    LineRule,
)
from pipelines.extraction.boilerplate.phrases import PhraseSet, plain
from pipelines.extraction.languages import tables

LONGEST_LINE = 400  # characters; a longer line is a paragraph
SHORT = 220  # characters of a line that patterns are tried on away from the edges
LONGEST_TEASER = 240
HEAD, TAIL = 4, 8  # lines at either end of a text that rules of the edges look at
LONGEST_EDGE = 80  # lines that an edge may have, furniture included
LONGEST_NOTICE = 260  # characters of a notice around comments
NEAR = 2  # lines between a line that is surely of a form and a label of it
AROUND = "-–•| "  # what lists and tables put around a line
STEM = 4  # letters by which the words of a text and of the patterns are compared

# A line that says where a text comes from may say as well what was wrong in it, and that stays.
SOURCES = frozenset(("sign-off", "first published", "credit", "contact"))
CORRECTED = tables.compiled(r"\b{correction}\b|{correction.inside}", re.IGNORECASE)

NO_STORY = frozenset(("akismet", "issn", "embedded content"))  # what no story says in these words

Patterns = list[tuple[str, list[str], re.Pattern[str]]]

PHRASES = PhraseSet((rule, tables.phrases(section)) for rule, section in PHRASE_SECTIONS)
ALSO = PhraseSet([("read also", tables.phrases("label.read-also"))])
PATTERNS = tuple(
    (rule, tables.phrases(f"{section}.cues"), tables.compiled(f"{{{section}}}")) for rule, section in PATTERN_SECTIONS
)
WORD = re.compile(r"\w+")
MODERATION: dict[str, list[str]] = {}  # the word for comment -> words of how comments are moderated
for _comment, _word in (line.split(" + ") for line in tables.phrases("comments.moderation")):
    MODERATION.setdefault(_comment, []).append(_word)
COMMENT_RULES = tuple((comment, re.compile("|".join(map(re.escape, words)))) for comment, words in MODERATION.items())
BROWSERS: dict[str, list[tuple[str, str]]] = {}  # the word for browser -> those for name and comment
for _name, _browser, _comment in (line.split(" + ") for line in tables.phrases("comments.remember")):
    BROWSERS.setdefault(_browser, []).append((_name, _comment))


def _stem(word: str) -> str:
    """The beginning of a pattern's word; "" for signs, and for scripts that do not part their words."""
    found = WORD.match(word)
    return found[0][:STEM] if found and word[0] < "\u3000" else ""


STEMS = tuple({(word, _stem(word)) for _, words, _ in PATTERNS for word in words})


def named(
    lines: list[str], without: frozenset[str] = frozenset(), plain: Collection[int] = ()
) -> Iterator[tuple[int, LineRule]]:
    """(index, rule) of every line that a rule names, in order.

    `without`: names of rules that are not applied. `plain`: indexes of lines that are set as prose is, without a link
    and without bold or italic letters: within a text little but whole phrases takes them. Stories ask for things too.
    """
    trial = LineCandidate(lines, without, plain)
    # What is furniture at an end does not count: behind a form of ten lines, the heading above it still is at the end.
    edges = trial.walk(range(len(lines)), HEAD) | trial.walk(range(len(lines) - 1, -1, -1), TAIL)
    for index in range(len(lines)):
        if index not in edges:
            trial.put(index, edge=False)
    trial.settle()
    yield from sorted(trial.found.items())


class LineCandidate:
    """One text before the rules."""

    def __init__(self, lines: list[str], without: frozenset[str], plain: Collection[int]) -> None:
        self.lines, self.without, self.plain = lines, without, plain
        self.found: dict[int, LineRule] = {}
        self.weak: dict[int, LineRule] = {}  # what needs a line of a form beside it
        text = "\n".join([line for line in lines if len(line) < LONGEST_LINE]).lower()
        words = set(WORD.findall(text))
        stems = {word[:size] for word in words for size in (STEM, 1, 2, 3)}
        present = {word for word, stem in STEMS if (stem in stems if stem else word in text)}
        self.browsers = any(browser in text for browser in BROWSERS)
        self.anywhere: Patterns = []
        self.at_edges: Patterns = []
        for name, gate, pattern in PATTERNS:
            if not present.isdisjoint(gate):
                one = (name, [word for word in gate if word in present], pattern)
                self.at_edges.append(one)
                if not RULES[name].edges:
                    self.anywhere.append(one)

    def walk(self, indexes: Iterable[int], most: int) -> set[int]:
        """Try the lines of an edge, up to the one where `most` have been kept; their indexes."""
        edge: set[int] = set()
        kept = 0
        for index in indexes:
            if kept == most or len(edge) == LONGEST_EDGE:
                break
            edge.add(index)
            self.put(index, edge=True)
            kept += index not in self.found and index not in self.weak
        return edge

    def put(self, index: int, *, edge: bool) -> None:
        """Write down the rule that names the line, if there is one."""
        line = self.lines[index]
        if len(line) >= LONGEST_LINE or index in self.found or index in self.weak:
            return
        for name in self._names(index, edge):
            rule = RULES[name]
            if name in SOURCES and CORRECTED.search(line):
                continue
            if name not in self.without and (edge or not rule.edges):
                (self.weak if rule.beside else self.found)[index] = rule
                return

    def settle(self) -> None:
        """Labels count beside a line that is surely of a form: below its heading, or above its notice."""
        for indexes in (sorted(self.weak), sorted(self.weak, reverse=True)):
            for index in indexes:
                around = (self.found.get(index + step) for step in range(-NEAR, NEAR + 1))
                if any(rule is not None and rule.family == self.weak[index].beside for rule in around):
                    self.found[index] = self.weak[index]

    def _names(self, index: int, edge: bool) -> Iterator[str]:
        """Names of rules that a line is like, the surest first."""
        line, prose = self.lines[index], index in self.plain
        if names := PHRASES.names(line):
            one_word = " " not in plain(line)
            yield from (name for name in names if edge or not one_word or name not in ONE_WORD_AT_EDGES)
        lower = line.lower()
        bare = lower.strip(AROUND)
        patterns = edge or not prose
        for name, words, pattern in self.at_edges if edge else self.anywhere if len(line) <= SHORT else ():
            if (patterns or name in NO_STORY) and _any_in(words, bare) and pattern.fullmatch(bare):
                told = name == "affiliate" and prose and SPEECH.search(lower)
                yield from () if told else (name,)
        if not patterns:
            return
        labelled = len(line) <= LONGEST_TEASER and (":" in line or "：" in line)
        # "Related: the bridge that fell" may be prose, "Read also: ..." is none.
        if labelled and (not prose or " " in line.partition(":")[0].strip(AROUND)) and teaser(line):
            yield "read also"
        if len(line) <= LONGEST_NOTICE:
            if self.browsers and remembers(lower):
                yield "e-mail notice"
            if edge and any(stem in lower and words.search(lower) for stem, words in COMMENT_RULES):
                yield "comment rules"
        if len(line) <= LONGEST:
            yield from pleas(lower, edge=edge, plain=prose)


def _any_in(words: list[str], text: str) -> bool:
    for word in words:  # noqa: SIM110 any() over a generator takes three times as long
        if word in text:
            return True
    return False


def teaser(line: str) -> bool:
    """Is `line` "Read also", a colon, and another article's headline?"""
    if not ALSO.begins(line):
        return False
    label, colon, headline = line.replace("：", ":").lstrip("-–•|[(>» ").partition(":")
    return bool(colon and headline.strip()) and bool(ALSO.names(label))


def remembers(line: str) -> bool:
    """Is `line`, in lower case, about keeping a name in the browser for the next comment?"""
    for browser, others in BROWSERS.items():
        if browser in line and any(name in line and comment in line for name, comment in others):
            return True
    return False
