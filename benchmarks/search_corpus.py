"""Generate articles as a large archive holds them: several languages, 20 years, 500 sources, 340 words each.

Words follow Zipf's law. Some words and a phrase are planned: they are in a known share of the articles, whatever the
language, so that the cost of a query can be told by the number of its matches. The same seed gives the same articles.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

LAST_DAY = date(2026, 11, 28)
DAYS = 7305  # 20 years
WORDS = 340  # of a text, on average
VOCABULARY = 50_000  # words of a language
BYLINES = 4_000
UNDATED_SHARE = 0.03
IMPORTED_SHARE = 0.3  # of the articles, which come last and in no order of days
TITLED_SHARE = 0.08  # of the articles that hold a planned word: those that have it in the headline too
LANGUAGES = {  # share, syllables
    "en": (0.40, "the re in on er al st en ti or an ing ly pro com ver side man out ner wa ho th ea"),
    "de": (0.15, "der ge ung ein ver sch aus ber en keit land ste ür aß höh tra wei zu auf be mo lich ster wo"),
    "fr": (0.15, "le dé pré tion ou ment que ain é re con eur oi né ma ç ette aux ille par so vin cha bre"),
    "es": (0.10, "el la ción en ado de os mar ía que ñ tra ro per con ero ila va do ca mien to se no"),
    "it": (0.10, "il co zione are di gli ta pre sso che ro la per tto ra in bi ci ena mo va lo te ne"),
    "ru": (0.10, "не ра по ст ов ени на ко го та ль ный про то ска ред во ми да че ла ни ру бо"),
}
PLANNED = {"said": 0.98, "government": 0.42, "climate": 0.05}  # word -> share of the articles
FAMILY = [
    f"minist{ending}" for ending in ("er", "ry", "ers", "erial", "ries", "rant", "ration", "erships", "erin", "ro")
]
FAMILY_SHARE = 0.42  # articles with one of these words at least: what a prefix finds
PAIR, PAIR_ALONE, PAIR_TOGETHER = ("white", "house"), 0.20, 0.05  # articles with each word, and with the phrase


@dataclass(frozen=True, slots=True)
class GeneratedArticle:
    """Hold what is generated of one article."""

    number: int  # from 1, in the order in which they come in
    source: int  # from 1
    day: str | None  # of publication; None: undated
    seen: str  # day of the first capture
    language: str
    title: str
    byline: str
    text: str  # paragraphs, one a line


class Vocabulary:
    """Draw the words of a language by Zipf's law."""

    def __init__(self, syllables: str) -> None:
        parts = syllables.split()
        self.words = [_word(rank, parts) for rank in range(VOCABULARY)]
        self.weights = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))

    def draw(self, chance: random.Random, number: int) -> list[str]:
        """Return so many words."""
        return chance.choices(self.words, cum_weights=self.weights, k=number)


def _word(rank: int, syllables: list[str]) -> str:
    """Return a word for a rank: frequent ones are short."""
    word = syllables[rank % len(syllables)]
    while rank := rank // len(syllables):
        rank -= 1
        word += syllables[rank % len(syllables)]
    return word


def generate(articles: int, sources: int = 500, seed: int = 1) -> Iterator[GeneratedArticle]:
    """Yield so many articles: first those of the crawls by day, then those of imports in random order."""
    chance = random.Random(seed)
    languages = {code: Vocabulary(syllables) for code, (_, syllables) in LANGUAGES.items()}
    shares = list(accumulate(share for share, _ in LANGUAGES.values()))
    of_source = chance.choices(list(languages), cum_weights=shares, k=sources)
    sizes = list(accumulate(1 / (rank + 10) for rank in range(sources)))
    names = [" ".join(languages["en"].draw(chance, 2)).title() for _ in range(BYLINES)]
    # More articles a day in recent years.
    days = [int(DAYS * (1 - chance.random() ** 1.6)) for _ in range(articles)]
    crawled = articles - int(articles * IMPORTED_SHARE)
    days[:crawled] = sorted(days[:crawled])
    first = LAST_DAY - timedelta(days=DAYS)
    calendar = [(first + timedelta(days=number + 1)).isoformat() for number in range(DAYS)]
    for number, offset in enumerate(days, 1):
        source = chance.choices(range(1, sources + 1), cum_weights=sizes)[0]
        code = of_source[source - 1]
        day = None if chance.random() < UNDATED_SHARE else calendar[offset]
        seen = calendar[offset if number <= crawled else -1]
        title, text = _story(chance, languages[code], number)
        byline = f"By {names[int(BYLINES * chance.random() ** 2)]}"
        yield GeneratedArticle(number, source, day, seen, code, title, byline, text)


def _story(chance: random.Random, vocabulary: Vocabulary, number: int) -> tuple[str, str]:
    """Return headline and text."""
    length = max(60, int(chance.lognormvariate(0, 0.5) * WORDS * 0.88))
    words, title = vocabulary.draw(chance, length), vocabulary.draw(chance, 6 + int(chance.random() * 6))
    words[0] = str(number)  # each text has a token that no other has
    words[1] = str(1 + int(chance.random() * 5000))
    planned = [(word, share) for word, share in PLANNED.items() if chance.random() < share]
    planned += [(word, PAIR_ALONE) for word in PAIR if chance.random() < PAIR_ALONE]
    if chance.random() < FAMILY_SHARE:
        planned.append((chance.choice(FAMILY), FAMILY_SHARE))
    for word, _ in planned:
        for _ in range(1 + int(chance.expovariate(1.0))):
            words[2 + int(chance.random() * (length - 2))] = word
    if chance.random() < PAIR_TOGETHER:
        at = 2 + int(chance.random() * (length - 4))
        words[at : at + 2] = PAIR
    for word, _ in planned:
        if chance.random() < TITLED_SHARE:
            title[int(chance.random() * len(title))] = word
    lines, at = [], 0
    while at < length:
        end = at + 30 + int(chance.random() * 50)
        lines.append(" ".join(words[at:end]).capitalize() + ".")
        at = end
    return " ".join(title).capitalize(), "\n".join(lines)
