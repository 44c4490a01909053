"""Describe each block of a page with named numbers, the input of `model`. Pure.

The features say what a block is, where it is, what is around it, and what three other sources say of it: trafilatura,
the articleBody that the page declares, and its declared headline and summary. Features that differ between languages
(capitals, length of words) are kept coarse.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from pipelines.extraction.body.blocks import BlockContainer, TextBlock
from pipelines.extraction.body.lexicon import PLACES, TOPICS, UNSPACED, flags, groups, topics

MIN_PROSE_CHARS = 80  # a block of this length that is not mostly links counts as prose
MAX_TOPIC_CHARS = 400  # topics, dates and addresses are looked for in shorter blocks only
MAX_WEIGHT_CHARS = 500  # a longer block weighs no more than this in sums over several blocks
MIN_DECLARED_CHARS = 300  # a shorter articleBody is not the text of an article
NEIGHBOURS = 3  # blocks on either side whose own features are included
LEVELS = 3  # containers that are summed up: a block's own, the one around it, and the next
MAX_ECHO_CHARS = 80  # of a summary, and of a block, are compared
MAX_COMPARED_CHARS = 1_000_000_000  # over all blocks of a page: 250,000 for each of 4,000, half a second
WINDOW_BLOCKS = 6  # on either side, whose shares are summed up

SENTENCE_END = re.compile(r"[.!?…。！？۔؟।](?:[\"'”’»)\]]|\s|$)")
ENDS_SENTENCE = re.compile(r"[.!?…。！？۔؟।:;]['\"”’»)\]*]*$")
ENDS_QUESTION = re.compile(r"[?？؟]['\"”’»]*$")
DATE = re.compile(r"\d{1,2}[:.]\d{2}|\b(?:19|20)\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]|[年月日]")
ADDRESS = re.compile(r"https?://|www\.|\S@\S+\.\w|(?:^|\s)@\w{3}")
NOT_LETTERS = re.compile(r"[\W_]+")
ASCII_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
DATE_SIGN = re.compile(r"[\d年月日]")  # one of these is in each match of DATE

KIND_OF_TAG = {
    "p": 0, "blockquote": 1, "pre": 2, "div": 3, "section": 3, "article": 3, "main": 3, "body": 3, "center": 3,
    "li": 4, "ul": 4, "ol": 4, "dt": 4, "dd": 4, "dl": 4, "h2": 5, "h3": 6, "h4": 7, "h5": 7, "h6": 7, "h1": 8,
    "tr": 9, "td": 10, "th": 10, "figcaption": 11, "caption": 11, "figure": 11, "header": 12, "aside": 13,
    "footer": 14, "form": 15, "nav": 16, "label": 15,
}  # fmt: skip
OTHER_KIND = 17
CONTAINER_TAGS = ("article", "main", "aside", "header", "footer", "nav", "form", "figure", "section", "table", "ul",
                  "ol", "blockquote", "li", "details", "td")  # fmt: skip
CONTAINER_BITS = {tag: 1 << number for number, tag in enumerate(CONTAINER_TAGS)}
DIGITS, CAPITALS = b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_TOPICS = (0.0,) * (len(TOPICS) + 1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Hold what else is known of a page, to compare its blocks with."""

    read: str | None = None  # the text that trafilatura finds; None: it was not asked
    declared: str = ""  # articleBody of the JSON-LD
    titles: tuple[str, ...] = ()  # headlines of all kinds
    summaries: tuple[str, ...] = ()  # descriptions that the page declares
    names: tuple[str, ...] = ()  # authors, section, tags, site
    is_article: bool = False  # the page declares itself an article


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
    *(f"inside {tag}" for tag in CONTAINER_TAGS),
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
NEIGHBOUR_NAMES = (
    *(f"{what} at {step:+d}" for step in (-3, -2, -1, 1, 2, 3)
      for what in ("length", "link share", "read", "kind", "ended")),
    "read in the next six", "read in the last six", "links in the next six", "links in the last six",
)  # fmt: skip
PAGE_NAMES = ("blocks of the page", "prose of the page", "says it is an article", "read share of the page")
NAMES = (*BLOCK_NAMES, *(f"about {name}" for name in TOPICS), "topics", *ECHO_NAMES, *PLACE_NAMES, *ALIKE_NAMES,
         *ORDER_NAMES, *NEIGHBOUR_NAMES, *PAGE_NAMES)  # fmt: skip


def without_spaces(text: str) -> str:
    """Return `text` without white space, so that two renderings of one paragraph are equal."""
    return "".join(text.split())


def letters(text: str) -> str:
    """Return only the letters and digits of `text`, in lower case."""
    if text.isascii():  # several times as fast
        return text.lower().encode().translate(None, ASCII_SIGNS).decode()
    return NOT_LETTERS.sub("", text.lower())


@dataclass(slots=True)
class PageContext:
    """Hold the blocks of one page and the evidence that they are compared with."""

    blocks: Sequence[TextBlock]
    evidence: Evidence
    lengths: list[int] = field(default_factory=list)
    link_shares: list[float] = field(default_factory=list)
    read: list[bool] = field(default_factory=list)  # trafilatura takes the block for text

    def __post_init__(self) -> None:
        self.lengths = [_length(block.text) for block in self.blocks]
        self.link_shares = [min(1.0, block.linked / len(block.text)) for block in self.blocks]
        self.read = blocks_in_text(self.blocks, self.evidence.read or "")

    def read_as(self, text: str) -> PageContext:
        """Return the page with the text that trafilatura finds."""
        return PageContext(self.blocks, replace(self.evidence, read=text))

    @property
    def is_read(self) -> bool:
        """Return whether trafilatura was asked."""
        return self.evidence.read is not None

    @property
    def is_prose(self) -> list[bool]:
        """Return for each block whether it is long and not mostly links."""
        pairs = zip(self.lengths, self.link_shares, strict=True)
        return [length >= MIN_PROSE_CHARS and share < 0.5 for length, share in pairs]

    @property
    def link_share_of_read(self) -> float:
        """Return the share of link text in what trafilatura reads; 1 if it reads nothing."""
        read = [index for index, taken in enumerate(self.read) if taken]
        total = sum(self.lengths[index] for index in read)
        return sum(self.lengths[index] * self.link_shares[index] for index in read) / total if total else 1.0

    def feature_rows(self, wanted: Sequence[int] | None = None) -> list[tuple[float, ...]]:
        """Return the features of the blocks with the indexes `wanted` (None: of all), in the order of NAMES."""
        if wanted is not None and not wanted:
            return []
        features = PageFeatures(self)
        return [features.row(index) for index in (range(len(self.blocks)) if wanted is None else wanted)]


class PageFeatures:
    """Compute the features of blocks from sums over all blocks of their page.

    Each private method that returns a tuple gives the features of one table of names above, in its order. All numbers
    of a row are floats: the trees compare them with floats, which takes twice as long for an int.
    """

    def __init__(self, page: PageContext) -> None:
        self.page, blocks, evidence = page, page.blocks, page.evidence
        self.count = len(blocks)
        has_body = len(evidence.declared) > MIN_DECLARED_CHARS
        self.declared = blocks_in_text(blocks, evidence.declared) if has_body else None
        self.titles = {key for title in evidence.titles if (key := letters(title))}
        self.joined_titles = " ".join(self.titles)
        summaries = map(letters, evidence.summaries)
        self.summaries = tuple(key[:MAX_ECHO_CHARS] for key in summaries if len(key) > 20)
        self.names = {key for name in evidence.names if (key := letters(name))}
        self.long_names = [name for name in self.names if len(name) > 6]
        self.kinds = [float(KIND_OF_TAG.get(block.container.tag, OTHER_KIND)) for block in blocks]
        self.ended = [_ends(ENDS_SENTENCE, block.text[-6:]) for block in blocks]
        self.prose = [length if prose else 0 for length, prose in zip(page.lengths, page.is_prose, strict=True)]
        self.total_prose = sum(self.prose) or 1
        self.repeats = Counter(block.text for block in blocks)
        self._sum_containers()
        self._sum_order()

    def _sum_containers(self) -> None:
        """Sum the blocks of each container, and of all that are set alike, each block weighted by its length.

        A sum is [weight that is read, weight of links, weight, blocks, prose].
        """
        page = self.page
        of_container: defaultdict[int, list[float]] = defaultdict(lambda: [0.0] * 5)
        of_layout: defaultdict[object, list[float]] = defaultdict(lambda: [0.0] * 5)
        self.own: list[tuple[float, float, float]] = []  # what each block adds to the first three
        self.sums: list[list[list[float]]] = []  # of the LEVELS containers of each block, and of what is set alike
        self.container_prose: defaultdict[int, int] = defaultdict(int)
        self.known_around: dict[int, tuple[tuple[float, ...], int, bool, bool]] = {}
        blocks = zip(page.blocks, page.lengths, page.link_shares, page.read, self.prose, strict=True)
        for block, length, share, read, prose in blocks:
            weight = float(min(length, MAX_WEIGHT_CHARS))
            read_weight, link_weight = weight if read else 0.0, share * weight
            sums = [of_layout[layout_signature(block)]]
            place: BlockContainer | None = block.container
            while place is not None and len(sums) <= LEVELS:
                sums.append(of_container[id(place)])
                place = place.parent
            for one in sums:
                one[0] += read_weight
                one[1] += link_weight
                one[2] += weight
                one[3] += 1.0
                one[4] += prose
            self.own.append((read_weight, link_weight, weight))
            self.sums.append(sums)
            if prose:
                for around in block.container.upwards():
                    self.container_prose[id(around)] += prose

    def _sum_order(self) -> None:
        """Sum what comes before each block, and line up the features that neighbours see."""
        page, count = self.page, self.count
        reading = [index for index in range(count) if page.read[index] and self.prose[index]]
        self.first, self.last = (reading[0], reading[-1]) if reading else (count, -1)
        self.reads_before = [0, *accumulate(map(int, page.read))]
        self.links_before = [0.0, *accumulate(page.link_shares)]
        self.prose_before = [0, *accumulate(int(page.read[at] and self.prose[at] > 0) for at in range(count))]
        self.headline = headline_index(page.blocks, self.titles)
        none = [(-1.0,) * 5] * NEIGHBOURS
        blocks = zip(
            map(float, page.lengths), page.link_shares, map(float, page.read), self.kinds, self.ended, strict=True
        )
        self.padded: list[tuple[float, ...]] = [*none, *blocks, *none]
        read_share = self.reads_before[-1] / count if count else 0.0
        self.page_features = (float(count), float(self.total_prose), float(page.evidence.is_article), read_share)

    def row(self, index: int) -> tuple[float, ...]:
        """Return the features of one block."""
        text = self.page.blocks[index].text
        return (
            *self._block_features(index),
            *(topics(text) if self.page.lengths[index] < MAX_TOPIC_CHARS else NO_TOPICS),
            *self._echo_features(letters(text[:MAX_TOPIC_CHARS])),
            *self._place_features(self.page.blocks[index].container),
            *self._alike_features(index),
            *self._order_features(index),
            *self._neighbour_features(index),
            *self.page_features,
        )

    def _block_features(self, index: int) -> tuple[float, ...]:
        page, block, length = self.page, self.page.blocks[index], self.page.lengths[index]
        text, dated, addressed = block.text, None, None
        if length < MAX_TOPIC_CHARS:
            dated = DATE_SIGN.search(text) and DATE.search(text)
            addressed = ("@" in text or "://" in text or "www." in text) and ADDRESS.search(text)
        return (
            self.kinds[index], float(length), page.link_shares[index], float(len(SENTENCE_END.findall(text[:1000]))),
            self.ended[index], min(1.0, block.strong / len(text)), *_opening_features(text),
            0.0 if text[0].isalnum() else 1.0, 1.0 if text[-1] == ":" else 0.0, _ends(ENDS_QUESTION, text[-4:]),
            1.0 if "|" in text else 0.0, 1.0 if dated else 0.0, 1.0 if addressed else 0.0,
            1.0 if block.after_break else 0.0, 1.0 if page.read[index] else 0.0,
            -1.0 if self.declared is None else float(self.declared[index]), float(self.repeats[text]),
        )  # fmt: skip

    def _echo_features(self, key: str) -> tuple[float, ...]:
        """Return which declared values a block repeats. `key`: the `letters` of its text."""
        much = is_summary = False
        if len(key) > 15:
            much = key in self.joined_titles or any(map(key.__contains__, self.titles))
            start = key[:MAX_ECHO_CHARS]
            is_summary = start.startswith(self.summaries) or any(text.startswith(start) for text in self.summaries)
        holds = any(map(key.__contains__, self.long_names))
        return float(key in self.titles), float(much), float(is_summary), float(key in self.names), float(holds)

    def _place_features(self, place: BlockContainer) -> tuple[float, ...]:
        """Return what a container and those around it are called, and their shares of the prose of the page."""
        parent, prose, total = place.parent, self.container_prose.get, self.total_prose
        above = parent.parent if parent is not None else None
        inside = place.tag != "body"
        names, depth, hidden, body = self._around(parent if inside else None)
        if inside:
            depth, hidden, body = depth + 1, hidden or place.hidden, body or place.body
        return (
            *flags(groups(place.names)), *names, float(depth), 1.0 if hidden else 0.0, 1.0 if body else 0.0,
            prose(id(place), 0) / total,
            1.0 if parent is None else prose(id(parent), 0) / total,
            1.0 if above is None else prose(id(above), 0) / total,
        )  # fmt: skip

    def _around(self, place: BlockContainer | None) -> tuple[tuple[float, ...], int, bool, bool]:
        """Return what the containers from `place` outwards are called, their number, and what they say of themselves.

        The paragraphs of an article have the same ones around them.
        """
        if (known := self.known_around.get(id(place))) is None:
            near = far = tags = depth = 0
            hidden = body = False
            up = place
            while up is not None and up.tag != "body":
                if depth < 2:
                    near |= groups(up.names)
                else:
                    far |= groups(up.names)
                tags |= CONTAINER_BITS.get(up.tag, 0)
                hidden, body = hidden or up.hidden, body or up.body
                depth += 1
                up = up.parent
            inside = flags(tags, len(CONTAINER_TAGS))
            known = self.known_around[id(place)] = ((*flags(near), *flags(far), *inside), depth, hidden, body)
        return known

    def _alike_features(self, index: int) -> tuple[float, ...]:
        own_read, own_links, own = self.own[index]
        found: list[float] = []
        for read, links, weight, count, _ in self.sums[index]:
            rest = weight - own
            found += ((read - own_read) / rest, (links - own_links) / rest, count) if rest > 0 else (-1.0, -1.0, count)
        read_share, _, count, *around = found
        missing = (-1.0, -1.0, 0.0) * (LEVELS + 1 - len(self.sums[index]))
        return (*around, *missing, self.sums[index][0][4] / self.total_prose, read_share, count)

    def _order_features(self, index: int) -> tuple[float, ...]:
        first, last, headline = self.first, self.last, self.headline
        return (
            index / self.count, float(index - headline) if headline >= 0 else -999.0,
            float(index - first), float(last - index), (index - first) / (last - first + 1) if last >= first else -1.0,
            float(self.prose_before[index]), float(self.prose_before[-1] - self.prose_before[index + 1]),
        )  # fmt: skip

    def _neighbour_features(self, index: int) -> tuple[float, ...]:
        low, high = max(0, index - WINDOW_BLOCKS), min(self.count, index + WINDOW_BLOCKS + 1)
        padded, reads, links = self.padded, self.reads_before, self.links_before
        return (
            *padded[index], *padded[index + 1], *padded[index + 2],
            *padded[index + 4], *padded[index + 5], *padded[index + 6],
            (reads[high] - reads[index + 1]) / WINDOW_BLOCKS, (reads[index] - reads[low]) / WINDOW_BLOCKS,
            (links[high] - links[index + 1]) / WINDOW_BLOCKS, (links[index] - links[low]) / WINDOW_BLOCKS,
        )  # fmt: skip


def blocks_in_text(blocks: Sequence[TextBlock], text: str) -> list[bool]:
    """Return for each block whether `text`, another reading of the same page, contains it.

    Blocks are searched within lines only in the beginning of `text`, as much of it as MAX_COMPARED_CHARS allows.
    """
    if not text or not blocks:
        return [False] * len(blocks)
    lines = {without_spaces(line).lstrip("-") for line in text.split("\n")}
    whole = without_spaces(text)[: MAX_COMPARED_CHARS // len(blocks)]
    found = []
    for block in blocks:
        key = without_spaces(block.text)
        found.append(key in lines or (len(key) > 20 and key in whole))
    return found


def layout_signature(block: TextBlock) -> tuple[object, ...]:
    """Return tag and names of a block's container and of the next one: equal for blocks that are set alike."""
    parent = block.container.parent
    return block.container.tag, block.container.names, parent.tag if parent else "", parent.names if parent else None


def headline_index(blocks: Sequence[TextBlock], titles: set[str]) -> int:
    """Return the index of the headline above the article, else -1."""
    found = -1
    for index, block in enumerate(blocks):
        if block.container.tag in ("h1", "h2") and letters(block.text) in titles:
            if block.container.tag == "h1":
                return index
            found = index if found < 0 else found
    return found


def _ends(pattern: re.Pattern[str], text: str) -> float:
    """Return whether a text ends with a pattern of signs."""
    return 0.0 if text[-1].isalnum() or not pattern.search(text) else 1.0


def _opening_features(text: str) -> tuple[float, float, float]:
    """Return the shares of digits and of capitals at the start of a text, and whether it starts with a small letter."""
    start = text[:60]
    size = len(start)
    if start.isascii():  # to count what is left without them is several times as fast
        raw = start.encode()
        digits, capitals = size - len(raw.translate(None, DIGITS)), size - len(raw.translate(None, CAPITALS))
    else:
        digits, capitals = sum(map(str.isdigit, start)), sum(map(str.isupper, start))
    return digits / size, capitals / size, 1.0 if start[0].islower() else 0.0


def _length(text: str) -> int:
    """Count characters; in scripts that write a word in two of them, each counts three."""
    return len(text) if text.isascii() else len(text) + 2 * len(UNSPACED.findall(text))
