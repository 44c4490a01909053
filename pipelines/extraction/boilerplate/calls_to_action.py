"""Sentences that ask readers for something: they begin with an imperative and say what for (askwords.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extraction.boilerplate.line_rules import CALL_SECTIONS
from pipelines.extraction.languages import tables

LONGEST = 280  # characters of a line that asks for something
MOST_SENTENCES = 4
MOSTLY = 0.5  # share of a line within a text that one sentence must ask with
SENTENCE = re.compile(r"[.!?:。！？–—|•-](?:\s+|(?<=[。！？]))")
FILLER = tables.compiled(r"\W*(?:{ask.before}\W+){0,3}")
LITERAL = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)*")
SAID = re.compile('[“”„«»「」"]')
# Who tells that others asked: "Follow us, begged the mayor". Speech without quotation marks, in lower case.
SPEECH = tables.compiled(r"[,;:].{0,60}?\b{speech.verbs}\b|{speech.patterns}")
# Without a link a plea is the paper's own only if it says so: other people have newsletters and apps as well.
OURS = tables.compiled(r"\b{ask.ours}\b|[\u0600-\u06ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
# Languages that put the verb last: their script, or a verb of Turkish.
OTHER_ORDER = tables.compiled(r"{ask.verb-last}")
VERB_LAST = tables.by_language("ask.verb-last").keys()


class CallToAction:
    """What one rule's sentences look like, in lower case."""

    def __init__(self, section: str) -> None:
        first: dict[str, list[str]] = {}  # what is asked for -> verbs; languages often share the former
        last: dict[str, list[str]] = {}
        starts: set[str] = set()
        for language, verbs in tables.by_language(f"{section}.verbs").items():
            words = tables.alternatives(f"{section}.words", language, tables.SHARED)
            (last if language in VERB_LAST else first).setdefault(words, []).append(
                tables.alternatives(f"{section}.verbs", language)
            )
            if language not in VERB_LAST:
                starts.update(map(_start, verbs))
        self.first = re.compile("|".join(rf"(?:{'|'.join(verbs)})\b.*?(?:{words})" for words, verbs in first.items()))
        self.last = re.compile(
            "|".join(rf"(?=.*?(?:{'|'.join(verbs)})).*?(?:{words})" for words, verbs in last.items())
        )
        self.starts = tuple(starts)


def _start(verb: str) -> str:
    """Return what a verb, or the pattern of one, begins with, as far as that is letters."""
    found = LITERAL.match(verb)
    if found is None:
        raise ValueError(f"a verb must begin with letters: {verb}")
    return found[0][: -1 if verb[found.end() : found.end() + 1] in ("?", "*") else None]


# Three letters tell most prose from the beginning of a plea.
THREE = frozenset(f"{line} "[:3] for line in tables.lines("ask.before"))
PLEAS = tuple((name, CallToAction(section)) for name, section in CALL_SECTIONS)
OWN = tuple((name, plea) for name, plea in PLEAS if name == "subscribers only")  # nobody else sells this article
STARTS = tuple({start for _, plea in PLEAS for start in plea.starts})
FIRST = frozenset(start[:2] for start in STARTS)


def pleas(line: str, *, edge: bool = True, plain: bool = False) -> Iterator[str]:
    """Names of the rules for what `line`, in lower case, asks for. Words that somebody else says are no plea.

    Away from the edges of a text most of the line must ask: a sentence about a plea that it quotes is a story's.
    `plain`: the line holds no link.
    """
    if SPEECH.search(line):
        return
    known = PLEAS if not plain or OURS.search(line) else OWN
    sentences = SENTENCE.split(line, MOST_SENTENCES)
    if len(sentences) > MOST_SENTENCES:
        return
    if OTHER_ORDER.search(line) and not SAID.search(line):
        yield from (name for name, plea in known if plea.last.match(line))
    for sentence in sentences:
        if not edge and len(sentence) < MOSTLY * len(line):
            continue
        at = 0
        if (sentence[:3] in THREE or not sentence[:1].isalnum()) and (found := FILLER.match(sentence)):
            at = found.end()
        if sentence[at : at + 2] in FIRST and sentence.startswith(STARTS, at) and not SAID.search(line):
            yield from (name for name, plea in known if plea.first.match(sentence, at))
