"""Lines of a text that are furniture, as named rules. Data first; `named` says which lines they name.

A rule speaks of a whole line: phrases that tile it, a pattern that matches all of it, or a sentence that asks readers
for something. So it never bites inside prose. Three things keep it from biting prose that sounds like furniture: rules
of the edges look at both ends of a text only, labels of forms count beside a line that is surely of a form, and words
between quotation marks belong to somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines import askwords, commentstems, commentwords, promowords
from pipelines.askwords import Asks
from pipelines.commentwords import Words
from pipelines.linepatterns import PATTERNS
from pipelines.phrases import Phrases, plain

Patterns = list[tuple[str, list[str], re.Pattern[str]]]

LONGEST_LINE = 400  # characters; a longer line is a paragraph
SHORT = 220  # characters of a line that patterns are tried on anywhere
LONGEST_PLEA = 280  # characters of a line that asks for something
HEAD, TAIL = 4, 8  # lines at either end of a text that rules of the edges look at
NEAR = 2  # lines between a line that is surely of a form and a label of it


@dataclass(frozen=True, slots=True)
class Line:
    """Why lines go, and where they do."""

    name: str
    why: str
    edges: bool = False  # only among the first HEAD or the last TAIL lines
    beside: str = ""  # only beside a line of the rules of this family
    family: str = ""


FORM = "comment form"
LINES = (
    Line("reply heading", "heads a comment form or invites to it", family=FORM),
    Line("e-mail notice", "stands in comment forms: what becomes of the address, which fields must be filled",
    family=FORM),
    Line("akismet", "WordPress's spam filter introduces itself", family=FORM),
    Line("log in to comment", "tells readers who may comment", family=FORM),
    Line("comment count", "heads the comments", edges=True, family=FORM),
    Line("comment form", "labels and buttons of a comment form", beside=FORM, family=FORM),
    Line("comment rules", "tells readers how comments are handled", edges=True, beside=FORM, family=FORM),
    Line("newsletter", "asks readers to subscribe to letters"),
    Line("follow", "asks readers to follow an account"),
    Line("get the app", "advertises the paper's own application"),
    Line("support", "asks readers for money", edges=True),
    Line("subscribers only", "sells a subscription or asks to log in", edges=True),
    Line("share", "the label of buttons"),
    Line("read also", "heads or names other articles"),
    Line("advertisement", "labels an advertisement that is not in the text"),
    Line("affiliate", "says that the paper earns on what is bought"),
    Line("tools", "players, printers, bookmarks, the time that reading takes"),
    Line("tags", "the sections and keywords that the article is filed under", edges=True),
    Line("breadcrumb", "the way from the front page to this one", edges=True),
    Line("issn", "the periodical's number, from the page's head or foot"),
    Line("first published", "says where the article comes from", edges=True),
    Line("date line", "a date that the page prints beside the article", edges=True),
    Line("copyright", "the owner's mark", edges=True),
    Line("credit", "who made the picture above it"),
    Line("sign-off", "names the desk or the agency at the end", edges=True),
    Line("contact", "says how to reach the newsroom", edges=True),
    Line("cookie notice", "says that the site uses cookies", edges=True),
    Line("embedded content", "the place of a film or post that needed consent or a script"),
    Line("address", "a bare web address", edges=True),
)  # fmt: skip
RULES = {rule.name: rule for rule in LINES}

TABLES: tuple[tuple[str, Words], ...] = (
    ("reply heading", commentwords.REPLY),
    ("e-mail notice", commentwords.NOTICE),
    ("log in to comment", commentwords.LOGIN),
    ("comment count", commentwords.COUNT),
    ("share", promowords.SHARE),
    ("read also", promowords.ALSO),
    ("advertisement", promowords.ADVERT),
    ("tools", promowords.TOOLS),
    ("comment form", commentwords.FIELDS),
)
# Of a word that two rules know, the first in LINES' order decides, and labels of forms come last. One word alone is a
# heading as often as a button, so this rule takes it at the edges only.
ONE_WORD_AT_EDGES = frozenset(("tools",))
ASKS: tuple[tuple[str, Asks], ...] = (
    ("newsletter", askwords.NEWSLETTER),
    ("follow", askwords.FOLLOW),
    ("get the app", askwords.APP),
    ("support", askwords.SUPPORT),
    ("subscribers only", askwords.SUBSCRIBE),
)


SENTENCE = re.compile(r"[.!?:。！？–—|•-](?:\s+|(?<=[。！？]))")
FILLER = re.compile(rf"\W*(?:{askwords.FILLER}){{0,3}}")
LITERAL = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)*")


class Plea:
    """Sentences that ask for something: they begin with an imperative and say what for. All in lower case."""

    def __init__(self, asks: Asks) -> None:
        verbs_first = {language: pair for language, pair in asks.items() if language not in askwords.VERB_LAST}
        self.first = re.compile("|".join(rf"(?:{verbs})\b.*?(?:{words})" for verbs, words in verbs_first.values()))
        others = (pair for language, pair in asks.items() if language in askwords.VERB_LAST)
        self.last = re.compile("|".join(rf"(?=.*?(?:{verbs})).*?(?:{words})" for verbs, words in others))
        self.starts = tuple({start for verbs, _ in verbs_first.values() for start in _starts(verbs)})


def _starts(verbs: str) -> Iterator[str]:
    """What the alternatives of a pattern begin with, as far as it is plain letters."""
    for alternative in re.split(r"\|(?![^(]*\))", verbs):
        if not (found := LITERAL.match(alternative)):
            raise ValueError(f"a verb must begin with letters: {alternative}")
        rest = alternative[found.end() : found.end() + 1]
        yield found[0][: -1 if rest in ("?", "*") else None]


PHRASES = Phrases(TABLES)
PLEAS = tuple((name, Plea(asks)) for name, asks in ASKS)
STARTS = tuple({start for _, plea in PLEAS for start in plea.starts})
# Languages that put the verb last: their script, or a verb of Turkish.
OTHER_ORDER = re.compile(
    "[\u0600-\u06ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]"
    "|abone|takip|indir|yükle|kayıt ol|kaydol|üye ol|katıl|destek|giriş yap|bağış"
)
SAID = re.compile("[“”„«»「」\"]")


def _script(word: str) -> re.Pattern[str]:
    return next(script for script in SCRIPTS if script.search(word))


SCRIPTS = tuple(map(re.compile, ("[\u0400-\u04ff]", "[\u0600-\u06ff]", "[\u3040-\ud7af]", "")))
ALL_WORDS = {word for _, words, _ in PATTERNS for word in words}
WORDS = tuple((script, tuple(word for word in ALL_WORDS if _script(word) is script)) for script in SCRIPTS)
COMMENT_RULES = tuple((stem, re.compile(words)) for stem, words in commentstems.MODERATION.values())
BROWSERS = {browser: [(n, c) for n, b, c in commentstems.REMEMBER.values() if b == browser]
            for _, browser, _ in commentstems.REMEMBER.values()}  # fmt: skip


def named(lines: list[str], without: frozenset[str] = frozenset()) -> Iterator[tuple[int, Line]]:
    """(index, rule) of every line that a rule names, in order. `without`: names of rules that are not applied."""
    found: dict[int, Line] = {}
    weak: dict[int, Line] = {}
    patterns = _worth_trying(lines)
    edges = set()
    # What is furniture at an end does not count: behind a form of ten lines, the heading above it still is at the end.
    for indexes, most in ((range(len(lines)), HEAD), (range(len(lines) - 1, -1, -1), TAIL)):
        kept = 0
        for index in indexes:
            if kept == most:
                break
            edges.add(index)
            if index not in found and index not in weak:
                _put(index, lines[index], True, patterns, without, found, weak)
            kept += index not in found and index not in weak
    for index, line in enumerate(lines):
        if index not in edges:
            _put(index, line, False, patterns, without, found, weak)
    for indexes in (sorted(weak), sorted(weak, reverse=True)):  # labels stand below the heading or above the notice
        for index in indexes:
            around = (found.get(index + step) for step in range(-NEAR, NEAR + 1))
            if any(rule is not None and rule.family == weak[index].beside for rule in around):
                found[index] = weak[index]
    yield from sorted(found.items())


def _put(
    index: int, line: str, edge: bool, patterns: Patterns, without: frozenset[str],
    found: dict[int, Line], weak: dict[int, Line],
) -> None:  # fmt: skip
    """Write down the rule that names `line`: among those found, or among those that need a form beside them."""
    if len(line) >= LONGEST_LINE:
        return
    for rule in _rules_of(line, edge, patterns):
        if rule.name not in without:
            (weak if rule.beside else found)[index] = rule
            return


def _worth_trying(lines: list[str]) -> Patterns:
    """Patterns of which a word occurs anywhere in `lines`, with those words: most lines then cost next to nothing."""
    text = "\n".join([line for line in lines if len(line) <= LONGEST_LINE]).lower()
    scripts = [words for script, words in WORDS if script.search(text)]
    present = {word for words in scripts for word in words if word in text}
    return [
        (name, [word for word in words if word in present], pattern)
        for name, words, pattern in PATTERNS
        if not present.isdisjoint(words)
    ]


def _rules_of(line: str, edge: bool, patterns: Patterns) -> Iterator[Line]:
    """Rules that name `line`, the surest first. `edge`: it stands near the beginning or the end of the text."""
    for name in _names_of(line, edge, patterns):
        rule = RULES[name]
        if edge or not rule.edges:
            yield rule


def _names_of(line: str, edge: bool, patterns: Patterns) -> Iterator[str]:
    if names := PHRASES.names(line):
        one_word = " " not in plain(line)
        yield from (name for name in names if edge or not one_word or name not in ONE_WORD_AT_EDGES)
    lower = line.lower()
    for name, words, pattern in patterns if edge or len(line) <= SHORT else ():
        if _any_in(words, lower) and pattern.fullmatch(lower):
            yield name
    if teaser(line):
        yield "read also"
    if len(line) <= commentstems.LONGEST_NOTICE:
        for browser, others in BROWSERS.items():
            if browser in lower and any(name in lower and comment in lower for name, comment in others):
                yield "e-mail notice"
        if edge and any(stem in lower and words.search(lower) for stem, words in COMMENT_RULES):
            yield "comment rules"
    if len(line) <= LONGEST_PLEA and not SAID.search(line):
        yield from _pleas(lower)


def _any_in(words: list[str], text: str) -> bool:
    for word in words:  # noqa: SIM110 any() over a generator takes three times as long
        if word in text:
            return True
    return False


def _pleas(line: str) -> Iterator[str]:
    """Names of the rules for what `line`, in lower case, asks for."""
    sentences = SENTENCE.split(line, 4)
    if len(sentences) > 4:
        return
    if OTHER_ORDER.search(line):
        yield from (name for name, plea in PLEAS if plea.last.match(line))
    for sentence in sentences:
        at = found.end() if (found := FILLER.match(sentence)) else 0
        if sentence.startswith(STARTS, at):
            yield from (name for name, plea in PLEAS if plea.first.match(sentence, at))


COLON = re.compile(r"\s?[:：»›>|→–—-]+\s?|\s?[\])]")
ALSO = Phrases([("read also", promowords.ALSO)])


def teaser(line: str) -> bool:
    """Is `line` "Read also", a colon, and another article's headline?"""
    if len(line) > 240 or not ALSO.begins(line):
        return False
    label, colon, headline = line.lstrip("-–•|[(>» ").partition(":")
    if not colon:
        label, colon, headline = line.lstrip("-–•|[(>» ").partition("：")
    return bool(colon and headline.strip()) and bool(ALSO.names(label))
