"""What is seen of each block of a page, as numbers with names: the input of `forest`. Pure.

What a block is, where it stands, what stands around it, and what three witnesses say of it: trafilatura, the page's own
articleBody, and the page's own headline and summary. What differs between languages (capitals, length of words) is kept
coarse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from pipelines.extraction.body.blocks import BlockContainer, TextBlock
from pipelines.extraction.body.lexicon import PLACES, TOPICS, UNSPACED, flags, groups, topics

PROSE = 80  # characters from which a block that is not mostly links counts as prose
LONG = 400  # characters from which a block is not looked at for what it is about
AROUND = 3  # neighbours on either side
MOST_COMPARED = 1_000_000_000  # characters, summed over the blocks of a page: 250,000 for each of 4,000, half a second
WINDOW = 6  # blocks on either side whose shares are summed up

SENTENCE = re.compile(r"[.!?…。！？۔؟।](?:[\"'”’»)\]]|\s|$)")
ENDED = re.compile(r"[.!?…。！？۔؟।:;]['\"”’»)\]*]*$")
ASKS = re.compile(r"[?？؟]['\"”’»]*$")
DATE = re.compile(r"\d{1,2}[:.]\d{2}|\b(?:19|20)\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]|[年月日]")
ADDRESS = re.compile(r"https?://|www\.|\S@\S+\.\w|(?:^|\s)@\w{3}")

KINDS = {
    "p": 0, "blockquote": 1, "pre": 2, "div": 3, "section": 3, "article": 3, "main": 3, "body": 3, "center": 3,
    "li": 4, "ul": 4, "ol": 4, "dt": 4, "dd": 4, "dl": 4, "h2": 5, "h3": 6, "h4": 7, "h5": 7, "h6": 7, "h1": 8,
    "tr": 9, "td": 10, "th": 10, "figcaption": 11, "caption": 11, "figure": 11, "header": 12, "aside": 13,
    "footer": 14, "form": 15, "nav": 16, "label": 15,
}  # fmt: skip
OTHER = 17
ROOMS = ("article", "main", "aside", "header", "footer", "nav", "form", "figure", "section", "table", "ul", "ol",
         "blockquote", "li", "details", "td")  # fmt: skip
ROOM = {tag: 1 << number for number, tag in enumerate(ROOMS)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else is known of a page that its blocks can be held against."""

    read: str = ""  # what trafilatura takes for the text
    declared: str = ""  # articleBody of JSON-LD
    titles: tuple[str, ...] = ()  # headlines, of all kinds
    summaries: tuple[str, ...] = ()  # descriptions that the page declares
    names: tuple[str, ...] = ()  # authors, section, tags, site
    is_article: bool = False  # the page says that it is one


BLOCK_NAMES = (
    "kind", "length", "link share", "sentences", "ended", "bold share", "digits", "capitals", "starts small",
    "starts with a sign", "ends with a colon", "asks", "has a bar", "has a date", "has an address", "after a break",
    "in trafilatura's text", "in articleBody", "times on the page",
)  # fmt: skip
ECHO_NAMES = (
    "is the headline", "much of the headline", "is the summary", "is a declared name", "holds a declared name",
)  # fmt: skip
PLACE_NAMES = (
    *(f"in a place called {name}" for name in PLACES),
    *(f"near a place called {name}" for name in PLACES),
    *(f"far in a place called {name}" for name in PLACES),
    *(f"inside {tag}" for tag in ROOMS),
    "depth", "hidden", "in itemprop articleBody",
    "prose of its own place", "prose of the place around", "prose of the place around that",
)  # fmt: skip
ALIKE_NAMES = (
    *(f"{what} {where}" for where in ("beside it", "around it", "further around it")
      for what in ("read share", "link share", "blocks")),
    "prose set alike", "read share set alike", "blocks set alike",
)  # fmt: skip
ORDER_NAMES = (
    "part of the page", "blocks below the headline", "blocks after the first read", "blocks before the last read",
    "part of what is read", "prose read before", "prose read after",
)  # fmt: skip
AROUND_NAMES = (
    *(f"{what} at {step:+d}" for step in (-3, -2, -1, 1, 2, 3)
      for what in ("length", "link share", "read", "kind", "ended")),
    "read in the next six", "read in the last six", "links in the next six", "links in the last six",
)  # fmt: skip
PAGE_NAMES = ("blocks of the page", "prose of the page", "says it is an article", "read share of the page")
NAMES = (*BLOCK_NAMES, *(f"about {name}" for name in TOPICS), "topics", *ECHO_NAMES, *PLACE_NAMES, *ALIKE_NAMES,
         *ORDER_NAMES, *AROUND_NAMES, *PAGE_NAMES)  # fmt: skip


def bare(text: str) -> str:
    """`text` without white space: equal for two renderings of one paragraph."""
    return "".join(text.split())


LETTERS = re.compile(r"[\W_]+")


def letters(text: str) -> str:
    """Letters and digits of `text` alone, in lower case."""
    return LETTERS.sub("", text.lower())


@dataclass(slots=True)
class FeatureSum:
    """What some blocks have in common, each weighted by its length."""

    read: float = 0.0
    linked: float = 0.0
    weight: float = 0.0
    blocks: int = 0

    def add(self, read: bool, share: float, weight: int) -> None:
        self.read += weight if read else 0
        self.linked += share * weight
        self.weight += weight
        self.blocks += 1

    def without(self, read: bool, share: float, weight: int) -> tuple[float, float, int]:
        """Read share and link share of all but one of them, and how many they are."""
        rest = self.weight - weight
        if rest <= 0:
            return -1.0, -1.0, self.blocks
        return (self.read - (weight if read else 0)) / rest, (self.linked - share * weight) / rest, self.blocks


@dataclass(slots=True)
class PageContext:
    """One page as its blocks are compared with it; `rows` is what for."""

    blocks: Sequence[TextBlock]
    witnesses: Evidence
    lengths: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    read: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lengths = [_length(block.text) for block in self.blocks]
        self.shares = [min(1.0, block.linked / len(block.text)) for block in self.blocks]
        self.read = witnessed(self.blocks, self.witnesses.read)

    @property
    def linked_share_of_read(self) -> float:
        """How much of what trafilatura reads is link text; 1 if it reads nothing."""
        read = [index for index, taken in enumerate(self.read) if taken]
        total = sum(self.lengths[index] for index in read)
        return sum(self.lengths[index] * self.shares[index] for index in read) / total if total else 1.0

    def rows(self, wanted: Sequence[int] | None = None) -> list[tuple[float, ...]]:
        """The features of the blocks with these indexes (None: of all), in the order of NAMES."""
        if wanted is not None and not wanted:
            return []
        blocks, lengths, shares, read = self.blocks, self.lengths, self.shares, self.read
        count = len(blocks)
        declared = witnessed(blocks, self.witnesses.declared) if len(self.witnesses.declared) > 300 else None
        titles = {key for title in self.witnesses.titles if (key := letters(title))}
        summaries = [key for text in self.witnesses.summaries if len(key := letters(text)) > 20]
        names = {key for name in self.witnesses.names if (key := letters(name))}
        kinds = [KINDS.get(block.place.tag, OTHER) for block in blocks]
        ended = [1 if ENDED.search(block.text[-6:]) else 0 for block in blocks]
        prose = [
            length if length >= PROSE and share < 0.5 else 0 for length, share in zip(lengths, shares, strict=True)
        ]
        total = sum(prose) or 1

        mass: dict[int, int] = {}
        places: dict[int, FeatureSum] = {}
        alike: dict[object, FeatureSum] = {}
        alike_prose: dict[object, int] = {}
        signatures = [signature(block) for block in blocks]
        repeats: dict[str, int] = {}
        for index, block in enumerate(blocks):
            weight, share, taken = min(lengths[index], 500), shares[index], read[index]
            repeats[block.text] = repeats.get(block.text, 0) + 1
            place: BlockContainer | None = block.place
            for _ in range(3):
                if place is None:
                    break
                places.setdefault(id(place), FeatureSum()).add(taken, share, weight)
                place = place.parent
            alike.setdefault(signatures[index], FeatureSum()).add(taken, share, weight)
            if size := prose[index]:
                alike_prose[signatures[index]] = alike_prose.get(signatures[index], 0) + size
                place = block.place
                while place is not None:
                    mass[id(place)] = mass.get(id(place), 0) + size
                    place = place.parent

        reading = [index for index in range(count) if read[index] and prose[index]]
        first, last = (reading[0], reading[-1]) if reading else (count, -1)
        reads = [0, *accumulate(map(int, read))]
        links = [0.0, *accumulate(shares)]
        proses = [0, *accumulate(int(read[index] and prose[index] > 0) for index in range(count))]
        headline = _headline(blocks, titles)
        page = (count, total, int(self.witnesses.is_article), reads[-1] / count if count else 0.0)
        pad = (-1,) * 5
        beside = [
            (lengths[index], shares[index], int(read[index]), kinds[index], ended[index]) for index in range(count)
        ]
        beside = [pad] * AROUND + beside + [pad] * AROUND
        stands: dict[int, tuple[float, ...]] = {}

        rows = []
        for index in range(count) if wanted is None else wanted:
            block, length, share, taken = blocks[index], lengths[index], shares[index], read[index]
            text, place = block.text, block.place
            short = length < LONG
            key = letters(text[:LONG])
            weight = min(length, 500)
            stand = stands.get(id(place))
            if stand is None:
                stand = stands[id(place)] = _stand(place, mass, total)
            around: list[float] = []
            up: BlockContainer | None = place
            for _ in range(3):
                around.extend((-1.0, -1.0, 0) if up is None else places[id(up)].without(taken, share, weight))
                up = up.parent if up is not None else None
            same = alike[signatures[index]].without(taken, share, weight)
            low, high = max(0, index - WINDOW), min(count, index + WINDOW + 1)
            rows.append((
                kinds[index], length, share, len(SENTENCE.findall(text[:1000])), ended[index],
                min(1.0, block.strong / len(text)), *_letters(text), not text[0].isalnum(), text.endswith(":"),
                1 if ASKS.search(text[-4:]) else 0, "|" in text, 1 if short and DATE.search(text) else 0,
                1 if short and ADDRESS.search(text) else 0, block.after_break, taken,
                -1 if declared is None else declared[index], repeats[text],
                *(topics(text) if short else NO_TOPICS),
                *_echoes(key, titles, summaries, names),
                *stand, *around,
                alike_prose.get(signatures[index], 0) / total, same[0], same[2],
                index / count, index - headline if headline >= 0 else -999, index - first, last - index,
                (index - first) / (last - first + 1) if last >= first else -1.0, proses[index],
                proses[-1] - proses[index + 1],
                *beside[index], *beside[index + 1], *beside[index + 2],
                *beside[index + 4], *beside[index + 5], *beside[index + 6],
                (reads[high] - reads[index + 1]) / WINDOW, (reads[index] - reads[low]) / WINDOW,
                (links[high] - links[index + 1]) / WINDOW, (links[index] - links[low]) / WINDOW,
                *page,
            ))  # fmt: skip
        return rows


NO_TOPICS = (0,) * (len(TOPICS) + 1)


def witnessed(blocks: Sequence[TextBlock], text: str) -> list[bool]:
    """Which blocks stand in `text`, which is somebody's reading of the same page.

    Within its lines they are looked for in as much of its beginning as MOST_COMPARED allows.
    """
    if not text or not blocks:
        return [False] * len(blocks)
    lines = {bare(line).lstrip("-") for line in text.split("\n")}
    whole = bare(text)[: MOST_COMPARED // len(blocks)]
    found = []
    for block in blocks:
        key = bare(block.text)
        found.append(key in lines or (len(key) > 20 and key in whole))
    return found


def signature(block: TextBlock) -> tuple[object, ...]:
    """What blocks that are set alike have in common."""
    parent = block.place.parent
    return block.place.tag, block.place.names, parent.tag if parent else "", parent.names if parent else None


def _headline(blocks: Sequence[TextBlock], titles: set[str]) -> int:
    """Index of the headline that the article stands below; -1 if there is none."""
    found = -1
    for index, block in enumerate(blocks):
        if block.place.tag in ("h1", "h2") and letters(block.text) in titles:
            if block.place.tag == "h1":
                return index
            found = index if found < 0 else found
    return found


def _letters(text: str) -> tuple[float, float, bool]:
    """Shares of digits and of capitals among the first characters, and whether it starts with a small letter."""
    start = text[:60]
    size = len(start)
    return sum(map(str.isdigit, start)) / size, sum(map(str.isupper, start)) / size, start[0].islower()


def _length(text: str) -> int:
    """Characters; those of scripts that write a word in two of them count three."""
    return len(text) if text.isascii() else len(text) + 2 * len(UNSPACED.findall(text))


def _echoes(key: str, titles: set[str], summaries: list[str], names: set[str]) -> tuple[int, ...]:
    """What the page declares that a block, as letters, repeats."""
    long = len(key) > 15
    return (
        key in titles,
        long and any(key in title or title in key for title in titles),
        long and any(key[: min(len(key), len(text), 80)] == text[: min(len(key), len(text), 80)] for text in summaries),
        key in names,
        any(len(name) > 6 and name in key for name in names),
    )


def _stand(place: BlockContainer, mass: dict[int, int], total: int) -> tuple[float, ...]:
    """Where a block stands: what the place and those around it are called, and how much prose they hold."""
    near = far = rooms = depth = 0
    hidden = body = False
    up: BlockContainer | None = place
    while up is not None and up.tag != "body":
        names = groups(up.names)
        if depth == 0:
            pass
        elif depth < 3:
            near |= names
        else:
            far |= names
        if depth:
            rooms |= ROOM.get(up.tag, 0)
        hidden |= up.hidden
        body |= up.body
        depth += 1
        up = up.parent
    parent = place.parent
    above = parent.parent if parent is not None else None
    shares = (1.0 if up is None else mass.get(id(up), 0) / total for up in (place, parent, above))
    inside = (rooms >> number & 1 for number in range(len(ROOMS)))
    return (*flags(groups(place.names)), *flags(near), *flags(far), *inside, depth, hidden, body, *shares)
