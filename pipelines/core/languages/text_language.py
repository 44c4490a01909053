"""Say in which language a text is: by its script, else by its frequent words.

Pure and deterministic. Where several languages share a script, the words of a text are looked up in lists of the most
frequent words of each language, and the language under which they are likeliest wins. The lists are those of jusText,
which trafilatura brings; `frequent_words.txt` has languages and words that they lack. What a page declares decides
between near relatives, and where there is little text. A short text without frequent words is known by its letters.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from pipelines.core.languages.scripts import LANGUAGES_OF_SCRIPT, language_by_script, script_of

MAX_CHARS = 2_500  # of a text that are looked at, and ...
MAX_WORDS = 250  # ... words
MAX_LISTED = 800  # words of a list
LISTS = {
    "Latin": {
        "af": "Afrikaans", "ast": "Asturian", "az": "Azerbaijani", "br": "Breton", "bs": "Croatian", "ca": "Catalan",
        "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "en": "English", "eo": "Esperanto",
        "es": "Spanish", "et": "Estonian", "eu": "Basque", "fi": "Finnish", "fr": "French", "fy": "West_Frisian",
        "ga": "Irish", "gl": "Galician", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "ig": "Igbo",
        "is": "Icelandic", "it": "Italian", "ku": "Kurdish", "lb": "Luxembourgish", "lt": "Lithuanian",
        "lv": "Latvian", "ms": "Malay", "mt": "Maltese", "nl": "Dutch", "nn": "Norwegian_Nynorsk",
        "no": "Norwegian_Bokmal", "oc": "Occitan", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
        "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili",
        "tl": "Tagalog", "tr": "Turkish", "uz": "Uzbek", "vi": "Vietnamese", "yo": "Yoruba",
    },
    "Cyrillic": {
        "be": "Belarusian", "bg": "Bulgarian", "kk": "Kazakh", "ky": "Kyrgyz", "mk": "Macedonian", "ru": "Russian",
        "sr": "Serbian", "uk": "Ukrainian",
    },
    "Arabic": {"ar": "Arabic", "fa": "Persian", "ur": "Urdu"},
    "Devanagari": {"hi": "Hindi", "mr": "Marathi", "ne": "Nepali"},
}  # fmt: skip
# Languages with few newspapers: a short text that may be in another as well is rather in the other.
FEW_PAPERS = {"af", "cy", "fy", "ga", "gl", "ig", "ku", "lb", "mt", "nn", "tl", "yo", "fo", "gd", "xh", "ky"}
RARE = {"ast", "br", "eo", "fy", "oc"}  # of which every speaker reads another language, too: only if declared
# Languages of which a text may be taken for another's; what the page declares counts for more among them.
RELATIVES = (
    {"no", "nn", "da", "sv", "fo"}, {"hr", "sr", "bs"}, {"cs", "sk"}, {"id", "ms"}, {"es", "gl", "ca", "pt", "ast"},
    {"ru", "uk", "be"}, {"bg", "mk", "sr"}, {"fa", "ps", "ckb", "ur", "sd"}, {"hi", "mr", "ne"}, {"nl", "af", "fy"},
    {"de", "lb"}, {"zu", "xh"}, {"et", "fi"}, {"kk", "ky", "tt", "ba"}, {"az", "tr", "uz"}, {"ga", "gd"},
    {"fr", "oc", "ca"},
)  # fmt: skip

# Likelihoods. A list has about half of the words of a text in its language, and the word at rank r is as frequent as
# 1 / (r + FIRST_RANK). One that is not in the list is UNLISTED.
LISTED_SHARE = 0.5
FIRST_RANK = 5
UNLISTED = 2e-5
OWN_SHARE = 0.3  # of the words of a text that `frequent_words.txt` has, of a language without another list
OWN_LIKELIHOOD = 2e-3  # of its words, of a language with one
# What decides. A text in a listed language has .23 of its words in the list (Finnish, Turkish) to .6; one in a language
# that is in no list has at most .3 in that of another.
MIN_SHARE = 0.18
MIN_OWN_SHARE = 0.08  # in the short lists of `frequent_words.txt`
MAX_FOREIGN_SHARE = 0.35  # if a language is declared that no list has
MIN_WORDS, MIN_DECLARED_SHARE = 40, 0.02  # words of a longer text that are in the list of its language, at least
MIN_FOUND = 3  # words of a text that are in the list
DECLARED_BONUS = 5.0  # by how much the declared language is likelier from the start (log); a word brings 1 to 8
RELATIVE_BONUS = 0.12  # and for each word, if it is a relative of the likeliest
MIN_FOREIGN_LETTERS = 3  # of a text; with fewer it may be in a language that does not have them
FEW_PAPERS_MALUS = 4.0  # by how much a language of FEW_PAPERS is less likely from the start (log)
# A short text without frequent words is known by its groups of three letters, if ...
MIN_KNOWN_GROUPS = 0.55  # ... this share of them is in words of the list, and ...
MIN_GROUPED_WORDS = 8
MIN_LEAD = 8.0  # ... the language is so much likelier than the next (log)
GROUP_WORDS, GROUP_KINDS, UNSEEN_GROUP = 500, 4_000, 0.25  # words of a list that are cut; kinds of groups; their least
KNOWN_LETTER, UNKNOWN_LETTER = 0.5, -2.0  # what a letter adds to the naturalness of a text

WORD = re.compile(r"[^\W\d_]+")
WORDS = {
    "Arabic": re.compile("[\u0620-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f]+"),
    "Devanagari": re.compile("[\u0900-\u0963\u0970-\u097f]+"),
}
SERBIAN_IN_LATIN = str.maketrans(
    dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
    | {"љ": "lj", "њ": "nj", "џ": "dž"}
)
CEDILLAS = str.maketrans("șț", "şţ")


class WordTable(dict[str, list[tuple[str, float]]]):
    """Hold the languages of words, and how much likelier each word is in them (log). A word is looked up when needed.

    To make the entries of all words of fifty languages takes a tenth of a second, and a process needs few of them.
    """

    def __init__(self, likelihoods: dict[str, dict[str, float]]) -> None:
        """Take the likelihood of words by language."""
        super().__init__()
        self.likelihoods = likelihoods
        self.words = set[str]().union(*likelihoods.values())

    def __missing__(self, word: str) -> list[tuple[str, float]]:
        if word not in self.words:
            return NO_LANGUAGES  # is not kept: there is no end of such words
        entry = [(code, math.log(own[word] / UNLISTED)) for code, own in self.likelihoods.items() if word in own]
        self[word] = entry
        return entry


NO_LANGUAGES: list[tuple[str, float]] = []


class ScriptWords(NamedTuple):
    """Hold the frequent words of the languages of a script."""

    languages: frozenset[str]
    table: WordTable


def language_of(text: str, declared: str | None = None) -> str | None:
    """Return the code of the language of a text (ISO 639-1, or 639-3 where there is none); None if it says too little.

    `declared`: what is said of it, as such a code. It decides between near relatives, and where there is little text.
    """
    sample = unicodedata.normalize("NFC", text[:MAX_CHARS])
    script = script_of(sample)
    if script in LANGUAGES_OF_SCRIPT:
        return language_by_script(sample, script, declared)
    return _by_words(sample, script, declared if declared not in languages_elsewhere(script) else None)


def may_be_in(text: str, language: str) -> bool:
    """Return whether a text may be in a language: whether its script and, if they are known, words are of that."""
    sample = unicodedata.normalize("NFC", text[:MAX_CHARS])
    script = script_of(sample)
    if language in LISTS.get(script, ()):
        table = words_of_script(script).table
        words = _words(sample, script)
        found = sum(any(code == language for code, _ in table[word]) for word in words)
        is_short = len(words) < MIN_WORDS and not _has_foreign_letters(sample, script, language)
        return is_short or found >= MIN_DECLARED_SHARE * len(words)
    return language not in languages_elsewhere(script)


def _by_words(sample: str, script: str, declared: str | None) -> str | None:
    """Return the likeliest language of a text in a script of LISTS; None if no language is likely enough."""
    known = words_of_script(script)
    words = _words(sample, script)
    counts = Counter(words)
    totals: defaultdict[str, float] = defaultdict(float)
    for word, times in counts.items():
        for code, likelier in known.table[word]:
            totals[code] += likelier * times
    scores = {code: score for code, score in totals.items() if code not in RARE or code == declared}
    for code in FEW_PAPERS.intersection(scores) - {declared}:
        scores[code] -= FEW_PAPERS_MALUS
    first = max(scores, key=scores.__getitem__, default="")
    own = known.table.likelihoods.get(first, {})
    found = sum(times for word, times in counts.items() if word in own)
    share = found / len(words) if first else 0
    if first and declared and declared != first:
        related = any(first in group and declared in group for group in RELATIVES)
        bonus = DECLARED_BONUS + RELATIVE_BONUS * len(words) * related
        unknown = declared not in known.languages
        within = scores[first] - scores.get(declared, 0) < bonus and not _has_foreign_letters(sample, script, declared)
        if within or (unknown and share < MAX_FOREIGN_SHARE):
            return declared
    least = MIN_SHARE if first in LISTS.get(script, ()) else MIN_OWN_SHARE
    if first and share >= least and found >= MIN_FOUND:
        return first
    is_short = MIN_GROUPED_WORDS <= len(words) < MIN_WORDS and (declared is None or declared in known.languages)
    return _by_groups(words, script, scores, declared) if is_short else None


def _has_foreign_letters(sample: str, script: str, language: str) -> bool:
    """Return True if a text has letters that a language does not use. A name may have one or two."""
    beyond = [letter for letter in sample.lower() if letter > "\x7f" and letter.isalpha()]
    known = letters_of_script(script).get(language) if len(beyond) >= MIN_FOREIGN_LETTERS else None
    foreign = 0 if known is None else sum(letter not in known for letter in beyond)
    return foreign >= max(MIN_FOREIGN_LETTERS, len(beyond) / 2)


def _by_groups(words: list[str], script: str, scores: Mapping[str, float], declared: str | None) -> str | None:
    """Return the language of a text of few words by groups of three letters; None if they do not tell it.

    `scores`: how much likelier each language is by the frequent words.
    """
    groups = {group for word in set(words) if len(word) > 2 for group in _groups(word)}
    counts = groups_of_script(script)
    if not groups:
        return None
    likely: dict[str, float] = {}
    for code in counts.keys() - RARE:
        own, total = counts[code], counts[code].total() + UNSEEN_GROUP * GROUP_KINDS
        likely[code] = sum(math.log((own[group] + UNSEEN_GROUP) / total) for group in groups)
        likely[code] += scores.get(code, -FEW_PAPERS_MALUS if code in FEW_PAPERS else 0)
        likely[code] += DECLARED_BONUS * (code == declared)
    second, first = sorted(likely, key=likely.__getitem__)[-2:]
    known = len(groups & counts[first].keys())
    return first if known >= MIN_KNOWN_GROUPS * len(groups) and likely[first] - likely[second] >= MIN_LEAD else None


def _groups(word: str) -> Iterator[str]:
    return (f" {word} "[at : at + 3] for at in range(len(word)))


@cache
def groups_of_script(script: str) -> dict[str, Counter[str]]:
    """Return how often each group of three letters is in the most frequent words of the languages of a script.

    It takes 0.1 s for the Latin one, and only a process that meets such a text needs it.
    """
    counts: dict[str, Counter[str]] = {}
    for code, words in words_of_script(script).table.likelihoods.items():
        most = sorted(words, key=words.__getitem__, reverse=True)[:GROUP_WORDS]
        counts[code] = Counter(group for word in most for group in _groups(word))
    return counts


def naturalness(text: str) -> float:
    """Return how much a text is like one language, for each letter beyond ASCII: in words and letters.

    0: it has no such letters, or no frequent words. It tells which of several decodings of a page makes sense.
    """
    text = unicodedata.normalize("NFC", text).lower()
    beyond = Counter(character for character in text if character > "\x7f" and character.isalpha())
    script = script_of("".join(beyond))
    table, letters = words_of_script(script).table, letters_of_script(script)
    scores: dict[str, float] = {}
    shown: Counter[str] = Counter()  # language -> its words that have such letters
    for word, times in Counter(_words(text, script)).items():
        if len(word) > 1:  # any letter is a word in some language
            for code, likelier in table[word]:
                scores[code] = scores.get(code, 0) + likelier * times
                shown[code] += not word.isascii()
    best = 0.0
    for code in shown:
        known = beyond if script in LANGUAGES_OF_SCRIPT else letters[code]
        right = sum(times * (KNOWN_LETTER if one in known else UNKNOWN_LETTER) for one, times in beyond.items())
        if shown[code] and right > 0:
            best = max(best, (scores[code] + right) / beyond.total())
    return best


@cache
def letters_of_script(script: str) -> dict[str, frozenset[str]]:
    """Return the letters beyond ASCII that are in the frequent words of each language of a script."""
    counts: dict[str, Counter[str]] = {code: Counter() for code in words_of_script(script).languages}
    for code, words in words_of_script(script).table.likelihoods.items():
        for word in words:
            if not word.isascii():
                counts[code].update(word)
    return {code: frozenset(one for one, times in found.items() if times > 1) for code, found in counts.items()}


def _words(sample: str, script: str) -> list[str]:
    return WORDS.get(script, WORD).findall(sample.lower())[:MAX_WORDS]


@cache
def words_of_script(script: str) -> ScriptWords:
    """Return the frequent words of the languages of a script. They are read once a process: 20,000 in Latin script."""
    own, lists = _own_words(script), LISTS.get(script, {})
    languages = [*lists, *(code for code in own if code not in lists)]
    table: dict[str, dict[str, float]] = {}
    for code in languages:
        likelihoods = _listed_words(script, code) if code in lists else {}
        likelihood = OWN_LIKELIHOOD if code in lists else OWN_SHARE / len(own[code])
        for word in own.get(code, ()):
            likelihoods[word] = max(likelihood, likelihoods.get(word, 0))
        if code == "bs":  # its list is the Croatian one
            likelihoods = {word: value for word, value in likelihoods.items() if word not in own["hr"]}
        table[code] = likelihoods
    return ScriptWords(frozenset(languages), WordTable(table))


def _listed_words(script: str, code: str) -> dict[str, float]:
    """Return the most frequent words of a language, and how likely each is."""
    raw = _stop_lists().joinpath(f"{LISTS[script][code]}.txt").read_bytes()
    lines = b"\n".join(raw.split(b"\n", MAX_LISTED)[:MAX_LISTED]).decode().lower().split("\n")
    if (script, code) == ("Latin", "sr"):
        lines = [line.translate(SERBIAN_IN_LATIN) for line in lines]
    if code == "ro":  # with comma below, and as it was written before Unicode had that
        lines = [line + " " + line.translate(CEDILLAS) for line in lines]
    scale = LISTED_SHARE / math.log(raw.count(b"\n") / FIRST_RANK + 1)
    likely = [scale / rank for rank in range(FIRST_RANK, FIRST_RANK + len(lines))]
    # The first rank of a word counts, so the last come first.
    likelihoods = dict(zip(reversed(lines), reversed(likely), strict=True))
    word_in = WORDS.get(script, WORD)
    for line in [line for line in lines if not line.isalpha()]:
        if likelihood := likelihoods.pop(line, 0):
            for word in word_in.findall(line):
                likelihoods[word] = max(likelihood, likelihoods.get(word, 0))
    return likelihoods


@cache
def _stop_lists() -> Traversable:
    return files("justext") / "stoplists"


def _own_words(script: str) -> dict[str, list[str]]:
    """Return the words of `frequent_words.txt` that are in a script, by language."""
    lines = (files(__package__) / "frequent_words.txt").read_text("utf-8").split("\n")
    parts = (line.partition(": ") for line in lines if not line.startswith("#"))
    return {code: rest.split() for code, _, rest in parts if rest and script_of(rest) == script}


@cache
def languages_elsewhere(script: str) -> frozenset[str]:
    """Return languages that are not written in a script."""
    every = {**LANGUAGES_OF_SCRIPT, **LISTS}
    others = {code for other in every if other != script for code in every[other]}
    return frozenset(others - words_of_script(script).languages - {*every.get(script, ())}) if script else frozenset()
