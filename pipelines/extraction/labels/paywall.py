"""Find what keeps readers from the whole text of a page, and the evidence on the page.

- paywall: a part of the text is not here, and the page declares that its text is not free, or prints a wall.
- declared paywall, text whole: the page declares that its text is not free, and sends it all the same. Readers meet a
  wall, but the text that is kept is whole, as far as the page shows.
- truncated: the text is cut off, and there is no wall.
- consent wall: instead of an article the page has a question about cookies.

`declared_closed` reads the declaration while the page is whole; `access` combines it with the text that was found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lxml.etree import XPath

from pipelines.core import PAYWALLED_WHOLE
from pipelines.extraction.boilerplate.remove import CutBlock, element_path
from pipelines.extraction.languages import tables
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata

PAYWALL, TRUNCATED, CONSENT = "paywall", "truncated", "consent wall"
WHOLE = PAYWALLED_WHOLE

MAX_TEASER_CHARS = 1500  # of a text that may be the part before a wall
HEAD_LINES, TAIL_LINES = 2, 5  # at either end of a text, where the words of a wall may be
MAX_LINE_CHARS = 220
MAX_EVIDENCE_CHARS, MAX_END_CHARS = 100, 40  # of a line that is quoted, and of the end of one
MIN_SHARE_OF_LINE = 0.5  # of a line that sentences of a wall must have
MAX_CONSENT_CHARS = 4000  # of a question for consent; with the names of the purposes it is long
MAX_BUTTON_CHARS = 60
MIN_SHARE_OF_WHOLE = 0.8  # of the words or characters that the page declares of its text
MAX_SHARE_OF_PART = 0.6
MIN_COUNTED_WORDS = 50  # some systems count the words of the headline
MIN_ARTICLE_CHARS = 150  # of a page with less text, dropped lines may be the question for consent
MIN_WHOLE_CHARS, MIN_WHOLE_LINES = 600, 3  # a text with less of both, which is not free, is taken for its beginning
MAX_BODY_CHARS = 300_000  # of an articleBody that are read
MAX_WALL_CHARS = 3000  # a longer block is no wall
END_OF_TEXT_CHARS = 24  # of the last line of a text, by which its place on the page is known
LINE_TAGS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li")
TIER_METAS = ("article:content_tier", "content_tier", "content-tier")
CLOSED_TIERS = frozenset(("locked", "metered", "paid", "premium", "subscriber", "subscribers"))
FALSE_VALUES = frozenset(("false", "no", "0"))

CLASSES_AND_IDS = XPath(".//body//@class | .//body//@id", smart_strings=False)
TEXT_NODES = XPath(".//body//text()[not(parent::script)]", smart_strings=False)
WALL_LINE = tables.compiled(r"\W*{paywall.lines}", re.IGNORECASE)
# A request to subscribe to a newsletter is no wall, unless it is the price of reading on.
NEWSLETTER = tables.compiled(r"\b{topic.newsletter}", re.IGNORECASE)
READ_ON = tables.compiled(r"{paywall.read-on}(?: \w+){0,2}\W*$", re.IGNORECASE)
ACCOUNT_LINE = tables.compiled(r"\W*{paywall.account}", re.IGNORECASE)
CUT_LINE = tables.compiled(r"\W*{paywall.cut}\W*", re.IGNORECASE)
ELLIPSIS = re.compile(r"(?P<box>[\[(] ?(?:…|\.{2,3}) ?[\])])\W{0,3}$|\w ?(?:…|\.{3,4})$")
SENTENCE_END = re.compile(r"[.!?…:।॥؟۔。！？»”“\"’')\]」』）]\W{0,3}$")
SENTENCES = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")
MARKUP = re.compile(r"<[^<>]{0,300}>|\[#[^\]]{0,200}\]|\]\([^)]{0,300}\)")
NAME = re.compile(r"[\w:.-]+")
SELECTOR = re.compile(r"([.#])([\w-]{1,80})")

# Class tokens and ids of paywalls: those of the common vendors, and general words.
WALL_CLASS = re.compile(
    r"(?:^|[-_])(?:paywall|pay-wall|reg-?wall|registration-?wall|subscri(?:be|ption|ber)-?(?:wall|gate|barrier)"
    r"|meter(?:ed)?-?wall|premium-?wall|content-?(?:gate|lock(?:ed)?|wall)|article-?(?:gate|locked?)|abo-?wall"
    r"|login-?wall"
    r"|sign-?in-?(?:wall|gate)|member-?wall|tp-container-inner|tp-modal|piano-offer|piano-template|poool-widget|poool"
    r"|leaky_paywall_message|pelcro|zephr|pmpro_content_message|memberful|mepr-unauthorized-message|rcp_restricted"
    r"|wc-memberships-restriction-message|swpm-more-tag|swg-paywall|fewcents)(?:$|[-_])"
)
# Words that such a block has. Scripts and empty frames have none.
SELLING_WORDS = tables.compiled(r"{paywall.sells}|{paywall.prices}", re.IGNORECASE)
# Beginnings of class tokens and ids that vendors of consent dialogues use.
CONSENT_VENDORS = re.compile(
    r"onetrust|didomi|usercentrics|uc-|sp_message|sp-message|privacy-mgmt|qc-cmp|cmpbox|cmp-|cookiebot"
    r"|cybotcookiebot|trustarc"
    r"|truste|iubenda|borlabs|fc-consent|consent|cookie-?(?:wall|notice|banner|dialog)|axeptio|tarteaucitron|klaro"
    r"|osano|termly"
)
# Words of a question for consent. It has words of all three kinds.
CONSENT_SPEAKS = tables.compiled("{consent.speaks}", re.IGNORECASE)
CONSENT_WORDS = tuple(
    tables.compiled(rf"{{consent.{kind}}}", re.IGNORECASE) for kind in ("cookies", "agree", "partners")
)


def declared_closed(declared: DeclaredMetadata) -> str | None:
    """Return the evidence that the page declares its text as not free, or None. The page must still be whole."""
    article = declared.article
    parts = [part for part in _list(article.get("hasPart")) if isinstance(part, dict)]
    if _is_false(article.get("isAccessibleForFree")):
        selector = next((text for part in parts if (text := jsonld.text(part.get("cssSelector")))), None)
        return "json-ld isAccessibleForFree: false" + (f" ({_size_on_page(declared, selector)})" if selector else "")
    if "isAccessibleForFree" not in article:
        for part in parts:
            if _is_false(part.get("isAccessibleForFree")):
                where = _size_on_page(declared, jsonld.text(part.get("cssSelector")))
                return f"json-ld hasPart isAccessibleForFree: false ({where})"
        pages = [node for node in declared.nodes if "WebPage" in jsonld.types(node)]
        if any(_is_false(node.get("isAccessibleForFree")) for node in pages):
            return "json-ld WebPage isAccessibleForFree: false"
        if any(_is_false(value) for value in declared.metas.get("isaccessibleforfree", ())):
            return "meta isAccessibleForFree: false"
    for name in TIER_METAS:
        for value in declared.metas.get(name, ()):
            if value.strip().lower() in CLOSED_TIERS:
                return f"meta {name}: {value[:40]}"
    return None


def access(
    declared: DeclaredMetadata,
    closed: str | None,
    lines: list[str],
    dropped: list[str] | None = None,
    walls: Sequence[CutBlock] = (),
) -> tuple[str | None, str | None]:
    """Return (word, evidence) of what keeps readers from the whole text; (None, None) if nothing does.

    `closed`: the result of `declared_closed`. `lines`: the text of the article. `dropped`: lines that were found with
    it and dropped. `walls`: blocks that were cut out of the page and may be walls.
    """
    length = sum(map(len, lines))
    consent = None
    if length <= MAX_CONSENT_CHARS and not declared.article:
        consent = _consent_evidence(declared, lines, dropped)
    if consent:  # before the wall: "read on with advertising, or subscribe" is a question for consent
        return CONSENT, consent
    cut = _cut_evidence(declared, lines, length)
    ends = (*(dropped or ())[-TAIL_LINES:], *lines[-TAIL_LINES:], *lines[:HEAD_LINES])
    wall = next((line for line in ends if _is_wall(line)), None)
    below = _wall_below(walls, lines) if walls and not wall and length < MAX_TEASER_CHARS else None
    if closed:
        missing = cut or _part_evidence(declared, closed, lines, length, wall or (below and below[1]))
        return PAYWALL if missing else WHOLE, f"{closed}; {missing or f'text of {length} characters'}"
    if wall and (length < 2 * MAX_TEASER_CHARS or cut or wall in lines[-2:]):
        return PAYWALL, f"line: {_quoted(wall)}"
    if below:
        return PAYWALL, f"block {below[0]}; {_quoted(below[1])}"
    if cut or length < MAX_TEASER_CHARS:
        built = _wall_blocks(declared.tree)
        if built and (cut or built[1]):
            return PAYWALL, f"block {built[0]}; {cut or _quoted(built[1])}"
    return (TRUNCATED, cut) if cut else (None, None)


def wall_lines(lines: list[str]) -> list[int]:
    """Return the indexes of the lines at either end of a text that are of a wall, and no text.

    What follows a line of a wall and sells something is of the wall, too, and a request to read on above it.
    """
    found: list[int] = []
    for at in sorted({*range(min(HEAD_LINES, len(lines))), *range(max(0, len(lines) - TAIL_LINES), len(lines))}):
        line = lines[at]
        offers = found and found[-1] == at - 1 and len(line) <= MAX_LINE_CHARS and SELLING_WORDS.search(line)
        if offers or _is_wall(line) or (len(line) <= MAX_LINE_CHARS and ACCOUNT_LINE.fullmatch(line)):
            found.append(at)
    above = {at - 1 for at in found if at > HEAD_LINES and CUT_LINE.fullmatch(lines[at - 1])}  # "Read the full story"
    return sorted({*found, *above})


def _part_evidence(
    declared: DeclaredMetadata, closed: str, lines: list[str], length: int, wall: str | None
) -> str | None:
    """Return the evidence that a text which is not free is a part of the whole, or None."""
    words = declared.article.get("wordCount")
    count = int(words) if isinstance(words, int) or (isinstance(words, str) and words.strip().isdecimal()) else 0
    if count >= MIN_COUNTED_WORDS:
        here = sum(len(line.split()) for line in lines)
        if here < MAX_SHARE_OF_PART * count:
            return f"json-ld wordCount is {count}, the text has {here} words"
        if here >= MIN_SHARE_OF_WHOLE * count:
            return None
    body = jsonld.text(declared.article.get("articleBody")) or ""
    if len(body) >= MAX_TEASER_CHARS and length >= MIN_SHARE_OF_WHOLE * len(body):
        return None
    if length < 2 * MAX_TEASER_CHARS and wall:
        return f"line: {_quoted(wall)}"
    if length >= MAX_TEASER_CHARS:
        return None
    if closed.endswith("not on the page)") or (length < MIN_WHOLE_CHARS and len(lines) < MIN_WHOLE_LINES):
        return f"text of {length} characters"
    last = lines[-1]
    return None if SENTENCE_END.search(last[-20:]) or last.startswith("- ") else _end(last)


def _is_false(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower().rsplit("/", 1)[-1] in FALSE_VALUES)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _size_on_page(declared: DeclaredMetadata, selector: str | None) -> str:
    """Return how much of the part that is not free the page has."""
    simple = SELECTOR.fullmatch((selector or "").strip())
    if simple is None:
        return (selector or "no selector")[:60]
    same = f'@id="{simple[2]}"' if simple[1] == "#" else f'contains(concat(" ", @class, " "), " {simple[2]} ")'
    blocks = declared.tree.xpath(f".//body//*[{same}]")[:20]
    size = max((len(" ".join(block.text_content().split())) for block in blocks), default=0)
    return f"{simple[0]}: {size} characters on the page" if blocks else f"{simple[0]}: not on the page"


def _names(tree: Any) -> list[str]:
    """Return the class tokens and ids of a page."""
    return sorted({token for value in set(CLASSES_AND_IDS(tree)) for token in value.split() if len(token) < 80})


def _wall_blocks(tree: Any) -> tuple[str, str] | None:
    """Return (name, words) of a block that is a wall, or None."""
    walls = [token for token in _names(tree) if WALL_CLASS.search(token.lower()) and NAME.fullmatch(token)]
    return next((found for token in walls[:8] if (found := _selling_block(tree, token))), None)


def _selling_block(tree: Any, token: str) -> tuple[str, str] | None:
    """Return (token, line of a wall, or "") if a block of that class or id sells something or asks to log in."""
    for block in tree.xpath(f'.//body//*[contains(@class, "{token}") or @id="{token}"]')[:8]:
        if not 20 < len(block.text_content()) < MAX_WALL_CHARS:
            continue
        words = [" ".join(piece.split()) for piece in block.itertext() if piece.strip()]
        if any(SELLING_WORDS.search(piece) for piece in words):
            return token, next((piece for piece in words if _is_wall(piece)), "")
    return None


def _wall_below(walls: Sequence[CutBlock], lines: list[str]) -> tuple[str, str] | None:
    """Return (name, line) of a wall that was cut out right below the text, or None."""
    if not lines:
        return None
    end = "".join(lines[-1].split())[-END_OF_TEXT_CHARS:]
    for block, above in walls:
        if len(block.text_content()) >= MAX_WALL_CHARS or end not in "".join(above.split()):
            continue
        parts = (" ".join(part.text_content().split()) for part in block.iter(*LINE_TAGS))
        pieces = (" ".join(piece.split()) for piece in block.itertext())
        if line := next((line for line in (*parts, *pieces) if _is_wall(line)), None):
            return element_path(block), line
    return None


def _is_wall(line: str) -> bool:
    """Return whether `line` is a line of a wall, or most of it is sentences of one."""
    return len(line) <= MAX_LINE_CHARS and _is_short_wall(line)


@lru_cache(maxsize=64)  # `wall_lines` and `access` ask for the same lines of a page
def _is_short_wall(line: str) -> bool:
    if NEWSLETTER.search(line) and not READ_ON.search(line):
        return False
    if WALL_LINE.fullmatch(line):
        return True
    sentences = SENTENCES.split(line)
    walls = [sentence for sentence in sentences if WALL_LINE.fullmatch(sentence)] if len(sentences) > 1 else []
    return sum(map(len, walls)) >= MIN_SHARE_OF_LINE * len(line)


def _quoted(line: str) -> str:
    """Return a line for an evidence; a long one ends after a word, with an ellipsis."""
    if len(line) <= MAX_EVIDENCE_CHARS:
        return line
    words, _, part = line[:MAX_EVIDENCE_CHARS].rpartition(" ")
    return f"{words if len(words) > MAX_EVIDENCE_CHARS // 2 else words + part} …"


def _end(line: str) -> str:
    """Return the end of a line for an evidence, from the beginning of a word."""
    if len(line) <= MAX_END_CHARS:
        return f"ends with: {line}"
    part, _, words = line[-MAX_END_CHARS:].partition(" ")
    return f"ends with: … {words or part}"


def _cut_evidence(declared: DeclaredMetadata, lines: list[str], length: int) -> str | None:
    """Return the evidence that a text is cut off, or None."""
    if not lines:
        return None
    if missing := _missing_evidence(declared, length):
        return missing
    last = lines[-1]
    if length < 2 * MAX_TEASER_CHARS and CUT_LINE.fullmatch(last):
        return f"last line: {_quoted(last)}"
    found = ELLIPSIS.search(last[-40:])
    # Many columns end in an ellipsis; one in brackets was put there by a program.
    if found and (found["box"] or (length < MAX_TEASER_CHARS and len(last) > 40)):
        return _end(last)
    return None


def _missing_evidence(declared: DeclaredMetadata, length: int) -> str | None:
    """Return the evidence that the JSON-LD has a text whose end is not on the page, or None."""
    body = jsonld.text(declared.article.get("articleBody")) or ""
    if len(body) < 2 * length or len(body) < length + 800:
        return None
    body = " ".join(MARKUP.sub(" ", body[:MAX_BODY_CHARS]).split())
    end = jsonld.same_words(body[-80:])[-40:]
    if len(body) < 2 * length or end in jsonld.same_words(" ".join(TEXT_NODES(declared.tree))):
        return None
    return f"json-ld articleBody has {len(body)} characters, the text {length}"


def _consent_evidence(declared: DeclaredMetadata, lines: list[str], dropped: list[str] | None) -> str | None:
    """Return the evidence that a page is a question for consent to cookies, or None.

    Most of its lines are of consent, and they speak to the reader, or the dialogue of a vendor is on the page. If there
    is next to no text, the lines that were dropped are the question.
    """
    if sum(map(len, lines)) < MIN_ARTICLE_CHARS:
        lines = [*lines, *(dropped or ())]
    if not _asks_for_consent(lines):
        return None
    said = next((line for line in lines if CONSENT_SPEAKS.search(line)), None)
    vendor = next((token for token in _names(declared.tree) if CONSENT_VENDORS.match(token.lower())), None)
    if vendor:
        return f"block {vendor}; line: {_quoted(lines[0])}"
    return f"line: {_quoted(said)}" if said else None


def _asks_for_consent(lines: list[str]) -> bool:
    """Return whether most of these lines ask for consent to cookies."""
    words = "\n".join(lines)
    if not all(pattern.search(words) for pattern in CONSENT_WORDS):
        return False
    cookies, agree, partners = CONSENT_WORDS
    about = (cookies, partners, CONSENT_SPEAKS)  # councils agree, too: such a word counts on a button alone
    speaking = sum(
        len(line)
        for line in lines
        if any(pattern.search(line) for pattern in about) or (len(line) <= MAX_BUTTON_CHARS and agree.search(line))
    )
    return speaking > 0.6 * len(words)
