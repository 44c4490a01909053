"""Sentences that ask readers for something: they begin with an imperative and say what for (askwords.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extraction.boilerplate import words_calls_to_action
from pipelines.extraction.boilerplate.line_rules import CALLS_TO_ACTION
from pipelines.extraction.boilerplate.words_calls_to_action import Asks

LONGEST = 280  # characters of a line that asks for something
MOST_SENTENCES = 4
MOSTLY = 0.5  # share of a line within a text that one sentence must ask with
SENTENCE = re.compile(r"[.!?:。！？–—|•-](?:\s+|(?<=[。！？]))")
FILLER = re.compile(rf"\W*(?:{words_calls_to_action.FILLER}){{0,3}}")
LITERAL = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)*")
SAID = re.compile('[“”„«»「」"]')
# Who tells that others asked: "Follow us, begged the mayor". Speech without quotation marks, in lower case.
SPEECH = re.compile(
    r"[,;:].{0,60}?\b(?:said|says?|told|begged|wrote|writes|asked|asks|replied|repeats?|reads?|according|sagte?|stand|bat"
    r"|hieß|heißt|schrieb|schreibt|rät|rief|fragte|disait|dit|supplia|supplie|répète|répond|écrit|demanda|decía|dijo"
    r"|dice|pidió|repite|escribió|diceva|disse|pregò|ripete|scrive|dizia|diz|pediu|repete|escreveu|stond|zei|zegt"
    r"|smeekte|schreef|głosił|powiedziała?|mówi|błagał|powtarza|napisał|stod|sade|säger|sier|sagde|siger|bad|skrev"
    r"|гласил|сказала?|говорит|умолял|повторяет|написал|казав|каже|благав|написав|diyordu|dedi|diyor|yalvardı"
    r"|yazıyordu)\b|[,、，].{0,20}?(?:写着|說|说|懇求|恳求)|、?と.{0,12}?(?:書|言|頼|述べ|話)|،.{0,20}?(?:قال|يقول|رجا|يكرر|كتب)"
)
# Without a link a plea is the paper's own only if it says so: other people have newsletters and apps as well.
OURS = re.compile(
    r"\b(?:ours?|us|we|your (?:e-?mail )?inbox|click|here|uns|unser\w*|klicken|nous|notre|nos|cliquez|nuestr\w+"
    r"|síguenos|nossa?s?|nostr\w+|seguici|ons|onze|nasz\w*|nas|нас|наш\w*|vår\w*|oss|vores|os|bizi|bize)\b|nos\b"
    "|[\u0600-\u06ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]"
)
# Languages that put the verb last: their script, or a verb of Turkish.
OTHER_ORDER = re.compile(
    "[\u0600-\u06ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]"
    "|abone|takip|indir|yükle|kayıt ol|kaydol|üye ol|katıl|destek|giriş yap|bağış"
)


class CallToAction:
    """What one rule's sentences look like, in lower case."""

    def __init__(self, asks: Asks) -> None:
        verbs_first = [pair for language, pair in asks.items() if language not in words_calls_to_action.VERB_LAST]
        others = [pair for language, pair in asks.items() if language in words_calls_to_action.VERB_LAST]
        self.first = re.compile("|".join(rf"(?:{verbs})\b.*?(?:{words})" for verbs, words in verbs_first))
        self.last = re.compile("|".join(rf"(?=.*?(?:{verbs})).*?(?:{words})" for verbs, words in others))
        self.starts = tuple({start for verbs, _ in verbs_first for start in _starts(verbs)})


def _starts(verbs: str) -> Iterator[str]:
    """What the alternatives of a pattern begin with, as far as it is plain letters."""
    for alternative in re.split(r"\|(?![^(]*\))", verbs):
        if not (found := LITERAL.match(alternative)):
            raise ValueError(f"a verb must begin with letters: {alternative}")
        rest = alternative[found.end() : found.end() + 1]
        yield found[0][: -1 if rest in ("?", "*") else None]


# Three letters tell most prose from the beginning of a plea.
THREE = frozenset(f"{filler} "[:3] for filler in words_calls_to_action.FILLER.removeprefix("(?:").split("|"))
PLEAS = tuple((name, CallToAction(asks)) for name, asks in CALLS_TO_ACTION)
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
