# ruff: noqa: E501 forms and notices are long lines of prose
"""Build pairs of texts with a known answer out of real pages: copies by the rules of desks, and pages that look alike.

The texts come from the pages of quality_data. None of them is in the repository; only the rules are. Used by clusters.py.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

MIN_WORDS = 120  # of a real text, to be the base of a pair
SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NAME = re.compile(r"(?<=[^\W\d_][ ,])[A-ZÀ-ÖØ-ÞА-ЯΑ-Ω][\w’'-]+")
NOTICE = (
    "You have reached the end of your free preview. To read this article in full, subscribe now or log in with your "
    "account. Subscribers have access to all articles on the web and in the app, to the digital edition on the evening "
    "before, to the archive since 1990 and to our newsletters. The first month is free, after that you pay 9.99 a month. "
    "You can cancel your subscription at any time. Do you have questions? Our customer service is there for you on "
    "weekdays from seven to six."
)


class RealText(NamedTuple):
    """Hold what is read from a real page."""

    id: str
    text: str
    language: str | None

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.split("\n") if line.strip()]


class KnownPair(NamedTuple):
    """Hold two texts and what is true of them."""

    rule: str
    base: str  # id of the real text that the first is made from, by which pairs are split into halves
    text: str
    other: str
    is_copy: bool


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, roughly, without lines."""
    return [one for one in SENTENCE.split(text.replace("\n", " ")) if one.strip()]


def _joined(parts: list[str], base: RealText) -> str:
    return ("" if base.language in ("zh", "ja", "th") else " ").join(parts)


# -- copies: the base, and what a desk makes of it. `other` is an unrelated text in the same language. ---------------


def house_style(base: RealText, other: RealText, chance: random.Random) -> str:
    """Return the text with the quotes, dashes and thousands of another house."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", base.text)
    return text.translate(str.maketrans({"“": '"', "”": '"', "’": "'", "„": "»", "—": "–", "\u00a0": " "}))


def added_lines(base: RealText, other: RealText, chance: random.Random) -> str:
    """Return the text with a summary before it, a credit and teasers after it."""
    teasers = chance.sample(other.lines, min(3, len(other.lines)))
    return "\n".join([sentences(other.text)[0], *base.lines, "(dpa/red)", *(line[:90] for line in teasers)])


def cut_to(share: float) -> Callable[[RealText, RealText, random.Random], str]:
    """Return the rule that keeps this share of a text from its beginning, as papers do to make it fit."""

    def cut(base: RealText, other: RealText, chance: random.Random) -> str:
        parts = sentences(base.text)
        return _joined(parts[: max(1, round(share * len(parts)))], base)

    return cut


def cut_inside(base: RealText, other: RealText, chance: random.Random) -> str:
    """Return the text without every third sentence or so."""
    return _joined([one for one in sentences(base.text) if chance.random() > 0.35], base)


def desk_edit(rate: float) -> Callable[[RealText, RealText, random.Random], str]:
    """Return the rule that edits this share of the sentences, drops some, moves some, and adds a dateline."""

    def edited(base: RealText, other: RealText, chance: random.Random) -> str:
        spare, out = other.text.split(), []
        for one in sentences(base.text):
            if chance.random() < rate:
                words = one.split(" ") if " " in one else list(one)
                at = chance.randrange(len(words))
                match chance.randrange(4):
                    case 0:
                        words[at] = chance.choice(spare)  # another word
                    case 1:
                        words[at : at + 1 + len(words) // 4] = []  # a clause less
                    case 2:
                        words[at:at] = [chance.choice(spare) for _ in range(3)]  # an apposition more
                    case _:
                        words = words[at:] + words[:at]  # the subordinate clause first
                one = (" " if " " in one else "").join(words)
            if chance.random() > rate / 3:
                out.append(one)
        return _joined(["BERLIN (AP) —", *out], base)

    return edited


def within_own(base: RealText, other: RealText, chance: random.Random) -> str:
    """Return agency copy in a report of the paper's own: half of the text is its own."""
    own = sentences(other.text)
    own = own[: max(2, min(len(own), len(sentences(base.text))))]
    return "\n".join([_joined(own[: len(own) // 2], other), *base.lines, _joined(own[len(own) // 2 :], other)])


def cut_twice(base: RealText, other: RealText, chance: random.Random) -> str:
    """Return the copy of a paper that cut inside and added lines, to be compared with another paper's."""
    return added_lines(base._replace(text=cut_inside(base, other, chance)), other, chance)


COPIES: dict[str, Callable[[RealText, RealText, random.Random], str]] = {
    "reprint, house style": house_style,
    "reprint, lines added": added_lines,
    "cut to 60 %": cut_to(0.6),
    "cut to 40 %": cut_to(0.4),
    "cut to 25 %": cut_to(0.25),
    "cut inside": cut_inside,
    "desk edited, 25 % of sentences": desk_edit(0.25),
    "desk edited, 50 % of sentences": desk_edit(0.5),
    "within an own report": within_own,
}


# -- pages that only look alike ---------------------------------------------------------------------------------------


def refilled(base: RealText, other: RealText, chance: random.Random) -> tuple[str, str]:
    """Return a text, and the same text with each number and name replaced: a template filled for another place."""
    names = NAME.findall(other.text) or ["Smith"]

    def number(match: re.Match[str]) -> str:
        return re.sub(r"\d", lambda _: str(chance.randrange(1, 10)), match[0])

    return base.text, NAME.sub(lambda _: chance.choice(names), NUMBER.sub(number, base.text))


def stubs(base: RealText, other: RealText, chance: random.Random) -> tuple[str, str]:
    """Return the beginnings of two articles, each with the notice of one wall."""
    one, two = (_joined(sentences(text.text)[:2], text) for text in (base, other))
    return f"{one}\n{NOTICE}", f"{two}\n{NOTICE}"


def quoted(base: RealText, other: RealText, chance: random.Random) -> tuple[str, str]:
    """Return two reports that quote the same statement of two or three sentences."""
    parts = sentences(base.text)
    at = chance.randrange(max(1, len(parts) - 3))
    lines = other.lines
    lines[1:1] = [" ".join(parts[at : at + max(1, len(parts) // 8)])]
    return base.text, "\n".join(lines)


def tickers(base: RealText, other: RealText, chance: random.Random) -> tuple[str, str]:
    """Return two states of a live ticker, of different days: the same preface and service lines, few common items."""
    preface = _joined(sentences(base.text)[:2], base)
    mine, theirs = sentences(base.text)[2:], sentences(other.text)
    common = mine[: max(1, len(mine) // 6)]
    day = chance.randrange(2, 20)
    one = [f"{hour:02}:{chance.randrange(60):02} {text}" for hour, text in enumerate(mine)]
    two = [f"{hour:02}:{chance.randrange(60):02} {text}" for hour, text in enumerate([*theirs, *common])]
    return "\n".join([f"{day} May", preface, *one]), "\n".join([f"{day + 1} May", preface, *two])


LOOKALIKES: dict[str, Callable[[RealText, RealText, random.Random], tuple[str, str]]] = {
    "template refilled": refilled,
    "paywall stubs": stubs,
    "same statement quoted": quoted,
    "live tickers": tickers,
}

# Pages made of a form. Each {} takes a number or a name; `|` separates what a form chooses from.
FORMS = {
    "weather en": ("Weather in {place}: today it will be {sky} with highs of {n} degrees and lows of {n} degrees in the "
        "{place} area. Winds blow from the {wind} at {n} kilometres an hour. The chance of rain is {n} percent. Tomorrow "
        "temperatures reach {n} degrees, at night they fall to {n}. The outlook for the weekend: {sky}, {n} degrees. The "
        "sun rises at {n}.{n} and sets at {n}.{n}. The pollen count in {place} is at level {n}. The weather service has "
        "issued no warnings for the {place} area. You will find the forecast for the next seven days in our overview."),
    "weather de": ("Das Wetter in {place}: Heute wird es {sky} bei Höchstwerten von {n} Grad, in der Nacht sinken die "
        "Temperaturen in {place} auf {n} Grad. Der Wind weht mit {n} Kilometern pro Stunde aus {wind}. Die Regenwahr"
        "scheinlichkeit liegt bei {n} Prozent. Morgen erwarten die Meteorologen in {place} {n} Grad und {n} Stunden "
        "Sonne. Am Wochenende ist es {sky} bei {n} Grad. Der Deutsche Wetterdienst hat für {place} keine amtlichen "
        "Warnungen herausgegeben. Dieser Text wurde automatisch mit Daten des Wetterdienstes erstellt und wird laufend "
        "aktualisiert. Bei Anmerkungen wenden Sie sich an die Redaktion."),
    "market en": ("Shares of {place} {move} {n}.{n} percent to {n}.{n} at {n}:{n} in morning trading. The stock opened at "
        "{n}.{n} and has traded between {n}.{n} and {n}.{n} so far. Turnover was {n}{n}{n} shares. The 52-week high is "
        "{n}.{n}, the 52-week low {n}.{n}. Analysts expect earnings of {n}.{n} per share for the current year. The next "
        "quarterly figures of {place} are due on {n} May. In the same quarter a year ago revenue was {n}{n}{n} million. "
        "The dividend was {n}.{n} per share. Market capitalisation amounts to {n}{n} billion."),
    "table en": ("Results of matchday {n}: {place} {n}-{n} {place}. {place} {n}-{n} {place}. {place} {n}-{n} {place}. "
        "{place} {n}-{n} {place}. The table after {n} matches: 1. {place} {n} {n}:{n} {n} points, 2. {place} {n} {n}:{n} "
        "{n} points, 3. {place} {n} {n}:{n} {n} points, 4. {place} {n} {n}:{n} {n} points. The first team is promoted, "
        "the last two teams of the table are relegated to the second division at the end of the season. All results and "
        "the fixtures of the coming matchday can be found in our sports section."),
    "horoscope en": ("{place}: {mood} At work {mood} In love {mood} Money: {mood} Your lucky number is {n}. Health: {mood}"
        " {place}: {mood} At work {mood} In love {mood} Money: {mood} Your lucky number is {n}. Health: {mood}"),
    "weather zh": ("{place}今日天气：{sky}，最高气温{n}度，最低气温{n}度，{wind}风{n}级，降水概率百分之{n}。明天{place}气温将升至{n}度，夜间降至{n}度。"
        "周末{sky}，气温{n}度。日出时间{n}时{n}分，日落时间{n}时{n}分。空气质量指数{n}。气象台提醒市民注意防晒，外出请携带雨具，"
        "并请密切关注本台发布的最新天气预报和预警信息。"),
}  # fmt: skip
FILLINGS = {
    "en": {
        "place": [
            "Aries",
            "Leeds",
            "York",
            "Hull",
            "Bath",
            "Derby",
            "Truro",
            "Wells",
            "Ripon",
            "Stirling",
            "Dundee",
            "Perth",
            "Taurus",
            "Libra",
        ],
        "sky": ["sunny", "cloudy", "rainy with sunny spells", "overcast", "foggy in the morning"],
        "wind": ["north", "south-west", "east", "west"],
        "move": ["rose", "fell", "slipped", "gained"],
        "mood": [
            f"{one} {two}"
            for one in (
                "You meet a person who changes your plans for the better.",
                "Keep calm, the storm passes sooner than you think.",
                "An old friend calls and asks a favour of you.",
                "Do not sign anything before you have slept on it.",
                "Your energy returns and you take on what you put off.",
                "The moon makes you restless and a walk will do you good.",
                "A small surprise in the post brightens up your day.",
                "Others envy your patience, so use it while it lasts.",
            )
            for two in (
                "Somebody is waiting for a word from you, do not hesitate.",
                "Listen to your inner voice before you decide in the evening.",
                "What looks like a setback turns out to be a chance.",
                "Take your time, nobody is going to hurry you today.",
                "It pays to be generous, but keep an eye on your savings.",
                "Those who laugh with you now are your real friends.",
                "Rest is what you need most, and a good meal.",
                "Say clearly what you want and you will get most of it.",
            )
        ],
    },
    "de": {
        "place": [
            "Köln",
            "Bonn",
            "Halle",
            "Jena",
            "Gera",
            "Suhl",
            "Trier",
            "Mainz",
            "Worms",
            "Fulda",
            "Kassel",
            "Celle",
        ],
        "sky": ["sonnig", "wolkig", "regnerisch", "bedeckt", "neblig"],
        "wind": ["Nord", "Südwest", "Ost", "West"],
    },
    "zh": {
        "place": ["北京", "上海", "广州", "成都", "武汉", "西安"],
        "sky": ["晴", "多云", "小雨", "阴转晴"],
        "wind": ["东北", "西南", "偏北", "东南"],
    },
}


def filled_form(name: str, chance: random.Random) -> str:
    """Return one filling of a form."""
    fillings = FILLINGS[name.split()[-1]]
    place = chance.choice(fillings["place"])

    def filling(match: re.Match[str]) -> str:
        if match[1] == "n":
            return str(chance.randrange(1, 60))
        if match[1] == "place" and not name.startswith(("table", "horoscope")):
            return place
        return chance.choice(fillings[match[1]])

    return re.sub(r"\{(\w+)\}", filling, FORMS[name])


def known_pairs(texts: list[RealText], seed: int = 12, *, forms: int = 60) -> Iterator[KnownPair]:
    """Yield one pair of each rule for each real text, and `forms` pairs of each form."""
    long_enough = [one for one in texts if len(sentences(one.text)) >= 8 and len(one.text) >= 5 * MIN_WORDS]
    by_language: dict[str | None, list[RealText]] = {}
    for one in long_enough:
        by_language.setdefault(one.language, []).append(one)
    for base in long_enough:
        chance = random.Random(f"{seed} {base.id}")
        others = [one for one in by_language[base.language] if one.id != base.id] or [
            one for one in long_enough if one.id != base.id
        ]
        other = chance.choice(others)
        for rule, made in COPIES.items():
            yield KnownPair(rule, base.id, base.text, made(base, other, chance), True)
        two = cut_twice(base, other, chance), cut_twice(base, chance.choice(others), chance)
        yield KnownPair("two papers' cuts", base.id, *two, True)
        for rule, pair in LOOKALIKES.items():
            yield KnownPair(rule, base.id, *pair(base, other, chance), False)
    chance = random.Random(seed)
    for name in FORMS:
        for number in range(forms):
            yield KnownPair(name, f"{name} {number}", filled_form(name, chance), filled_form(name, chance), False)
