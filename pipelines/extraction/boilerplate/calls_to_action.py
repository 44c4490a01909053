"""Recognise calls to action: sentences that begin with an imperative and say what they ask readers for.

The verbs, and the words for what is asked, are in the sections ask.* of the word tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.core.languages.lazy_patterns import lazy_pattern
from pipelines.extraction.boilerplate.line_rules import CALL_SECTIONS
from pipelines.extraction.languages import tables

MAX_CALL_CHARS = 380  # of a line that is a call to action
MAX_SHORT_CHARS = 280  # of a line at an end of the text that one short sentence makes a call to action
MAX_SENTENCES = 4  # of such a line
MIN_SHARE = 0.5  # of another line, that the sentences that ask must have for the line to be a call to action
MIN_SHARE_OF_TWO = 0.3  # of one that asks for two things: follow us and subscribe
SENTENCE_END = re.compile(r"[.!?:。！？–—|•-](?:\s+|(?<=[。！？]))")
AND = tables.compiled(r" {byline.and} ")
BEFORE_VERB = tables.compiled(r"\W*(?:{ask.before}\W+){0,3}")
LETTERS = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)*")
QUOTATION_MARK = re.compile('[“”„«»「」"]')
# Speech without quotation marks, in lower case: "Follow us, begged the mayor".
REPORTED_SPEECH = tables.compiled(r"[,;:].{0,60}?\b{speech.verbs}\b|{speech.patterns}")
# A call to action without a link is the paper's own only if it says so: other people have newsletters and apps, too.
OWN_WORD = tables.compiled(r"\b{ask.ours}\b|[\u0600-\u06ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
# A sentence in a language that puts the verb last.
VERB_LAST = tables.compiled(r"{ask.verb-last}")
VERB_LAST_LANGUAGES = tables.by_language("ask.verb-last").keys()


class CallToAction:
    """Hold the patterns of one rule's sentences, which are in lower case."""

    def __init__(self, section: str) -> None:
        verb_first: dict[str, list[str]] = {}  # what is asked for -> verbs; many languages share the former
        verb_last: dict[str, list[str]] = {}
        starts: set[str] = set()
        for language, verbs in tables.by_language(f"{section}.verbs").items():
            asked = tables.alternatives(f"{section}.words", language, tables.SHARED)
            by_asked = verb_last if language in VERB_LAST_LANGUAGES else verb_first
            by_asked.setdefault(asked, []).append(tables.alternatives(f"{section}.verbs", language))
            if by_asked is verb_first:
                starts.update(map(_start, verbs))
        self.verb_first = lazy_pattern(
            "|".join(rf"(?:{'|'.join(verbs)})\b.*?(?:{asked})" for asked, verbs in verb_first.items())
        )
        self.verb_last = lazy_pattern(
            "|".join(rf"(?=.*?(?:{'|'.join(verbs)})).*?(?:{asked})" for asked, verbs in verb_last.items()) or "(?!)"
        )
        self.starts = tuple(starts)


def _start(verb: str) -> str:
    """Return the letters that a verb, or the pattern of a verb, begins with. Raise ValueError if there are none."""
    found = LETTERS.match(verb)
    if found is None:
        raise ValueError(f"a verb must begin with letters: {verb}")
    return found[0][: -1 if verb[found.end() : found.end() + 1] in ("?", "*") else None]


CALLS = tuple((name, CallToAction(section)) for name, section in CALL_SECTIONS)
# Only the paper itself sells subscriptions to this article.
OWN_CALLS = tuple((name, call) for name, call in CALLS if name == "subscribers only")
# The first characters of sentences tell most prose from calls to action.
BEFORE_VERB_HEADS = frozenset(f"{line} "[:3] for line in tables.lines("ask.before"))
STARTS = tuple({start for _, call in CALLS for start in call.starts})
START_HEADS = frozenset(start[:2] for start in STARTS)


def calls_to_action(line: str, *, edge: bool = True, plain: bool = False) -> Iterator[str]:
    """Yield the names of the rules for what `line`, in lower case, asks for. Speech asks for nothing.

    `edge`: the line is at an end of the text. Elsewhere, the sentences that ask must be most of the line: one beside a
    quoted call to action is part of a story. `plain`: the line has no link.
    """
    names = dict.fromkeys(_asked(line, edge=edge, plain=plain))
    if names and not REPORTED_SPEECH.search(line):
        yield from names


def _asked(line: str, *, edge: bool, plain: bool) -> Iterator[str]:
    """Yield the names of the rules for what `line` asks for, as if it were no speech."""
    sentences = SENTENCE_END.split(line, MAX_SENTENCES)
    if len(sentences) > MAX_SENTENCES:
        return
    if VERB_LAST.search(line) and not QUOTATION_MARK.search(line):
        yield from (name for name, call in _calls(line, plain) if call.verb_last.match(line))
    asked: dict[str, None] = {}  # names of rules
    chars = 0
    for sentence in sentences:
        at = 0
        if sentence[:3] in BEFORE_VERB_HEADS or not sentence[:1].isalnum():
            found = BEFORE_VERB.match(sentence)
            at = found.end() if found else 0
        if sentence[at : at + 2] in START_HEADS and sentence.startswith(STARTS, at) and not QUOTATION_MARK.search(line):
            calls = _calls(line, plain)
            names = [name for name, call in calls if call.verb_first.match(sentence, at)]
            for part in AND.split(sentence)[1:] if names else ():  # "follow us and subscribe to our newsletter"
                names += [name for name, call in calls if call.verb_first.match(part)]
            asked.update(dict.fromkeys(names))
            chars += len(sentence) if names else 0
    share = MIN_SHARE_OF_TWO if len(asked) > 1 else MIN_SHARE
    if (edge and len(line) <= MAX_SHORT_CHARS) or chars >= share * len(line):
        yield from asked


def _calls(line: str, plain: bool) -> tuple[tuple[str, CallToAction], ...]:
    """Return the calls to action that `line` may be, with the names of their rules."""
    return CALLS if not plain or OWN_WORD.search(line) else OWN_CALLS
