"""Find what keeps readers from the whole text of a page, and the evidence on the page.

- paywall: the page declares that its text is not free, or prints a wall. This includes pages that send the whole text
  and leave it to scripts to hide it, because readers meet the wall. The evidence says how much of the text is here.
- truncated: the text is cut off, and there is no wall.
- consent wall: instead of an article the page has a question about cookies.

`declared_closed` reads the declaration while the page is whole; `access` combines it with the text that was found.
"""

from __future__ import annotations

import re
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.languages import tables
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata

PAYWALL, TRUNCATED, CONSENT = "paywall", "truncated", "consent wall"

MAX_TEASER_CHARS = 1500  # of a text that may be the part before a wall
HEAD_LINES, TAIL_LINES = 2, 5  # at either end of a text, where the words of a wall may be
MAX_LINE_CHARS = 220
MAX_BODY_CHARS = 300_000  # of an articleBody that are read
MAX_WALL_CHARS = 3000  # a longer block is no wall
TIER_METAS = ("article:content_tier", "content_tier", "content-tier")
CLOSED_TIERS = frozenset(("locked", "metered", "paid", "premium", "subscriber", "subscribers"))
FALSE_VALUES = frozenset(("false", "no", "0"))

CLASSES_AND_IDS = XPath(".//body//@class | .//body//@id", smart_strings=False)
TEXT_NODES = XPath(".//body//text()[not(parent::script)]", smart_strings=False)
WALL_LINE = tables.compiled(r"\W*{paywall.lines}", re.IGNORECASE)
CUT_LINE = tables.compiled(r"\W*{paywall.cut}\W*", re.IGNORECASE)
ELLIPSIS = re.compile(r"(?P<box>[\[(] ?(?:…|\.{2,3}) ?[\])])\W{0,3}$|\w ?(?:…|\.{3})$")
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
SELLING_WORDS = tables.compiled(r"{paywall.sells}", re.IGNORECASE)
# Beginnings of class tokens and ids that vendors of consent dialogues use.
CONSENT_VENDORS = re.compile(
    r"onetrust|didomi|usercentrics|uc-|sp_message|sp-message|privacy-mgmt|qc-cmp|cmpbox|cmp-|cookiebot"
    r"|cybotcookiebot|trustarc"
    r"|truste|iubenda|borlabs|fc-consent|consent|cookie-?(?:wall|notice|banner|dialog)|axeptio|tarteaucitron|klaro"
    r"|osano|termly"
)
# Words of a question for consent. It has words of all three kinds.
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
    declared: DeclaredMetadata, closed: str | None, lines: list[str], dropped: list[str] | None = None
) -> tuple[str | None, str | None]:
    """Return (word, evidence) of what keeps readers from the whole text; (None, None) if nothing does.

    `closed`: the result of `declared_closed`. `lines`: the text of the article. `dropped`: lines that were found with
    it and dropped.
    """
    length = sum(map(len, lines))
    cut = _cut_evidence(declared, lines, length)
    if closed:
        return PAYWALL, f"{closed}; {cut or f'text of {length} characters'}"
    ends = (*(dropped or ())[-TAIL_LINES:], *lines[-TAIL_LINES:], *lines[:HEAD_LINES])
    wall = next((line for line in ends if _is_wall(line)), None)
    if wall and (length < 2 * MAX_TEASER_CHARS or cut or wall in lines[-2:]):
        return PAYWALL, f"line: {wall}"
    if cut or length < MAX_TEASER_CHARS:
        built, consent = _wall_blocks(declared.tree)
        if consent and not declared.article and _asks_for_consent(lines):
            return CONSENT, f"block {consent}; line: {lines[0][:100]}"
        if built and (cut or built[1]):
            return PAYWALL, f"block {built[0]}; {cut or built[1]}"
    return (TRUNCATED, cut) if cut else (None, None)


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


def _wall_blocks(tree: Any) -> tuple[tuple[str, str] | None, str | None]:
    """Return ((name, words) of a block that is a wall, name of a block of a consent dialogue); None for each."""
    tokens = sorted({token for value in set(CLASSES_AND_IDS(tree)) for token in value.split() if len(token) < 80})
    walls = [token for token in tokens if WALL_CLASS.search(token.lower()) and NAME.fullmatch(token)]
    built = next((found for token in walls[:8] if (found := _selling_block(tree, token))), None)
    return built, next((token for token in tokens if CONSENT_VENDORS.match(token.lower())), None)


def _selling_block(tree: Any, token: str) -> tuple[str, str] | None:
    """Return (token, line of a wall, or "") if a block of that class or id sells something or asks to log in."""
    for block in tree.xpath(f'.//body//*[contains(@class, "{token}") or @id="{token}"]')[:8]:
        if not 20 < len(block.text_content()) < MAX_WALL_CHARS:
            continue
        words = [" ".join(piece.split()) for piece in block.itertext() if piece.strip()]
        if any(SELLING_WORDS.search(piece) for piece in words):
            return token, next((piece for piece in words if _is_wall(piece)), "")
    return None


def _is_wall(line: str) -> bool:
    """Return whether `line` is a line of a wall."""
    return len(line) <= MAX_LINE_CHARS and WALL_LINE.fullmatch(line) is not None


def _cut_evidence(declared: DeclaredMetadata, lines: list[str], length: int) -> str | None:
    """Return the evidence that a text is cut off, or None."""
    if not lines:
        return None
    if missing := _missing_evidence(declared, length):
        return missing
    last = lines[-1]
    if length < 2 * MAX_TEASER_CHARS and CUT_LINE.fullmatch(last):
        return f"last line: {last[:100]}"
    found = ELLIPSIS.search(last[-40:])
    # Many columns end in an ellipsis; one in brackets was put there by a program.
    if found and (found["box"] or (length < MAX_TEASER_CHARS and len(last) > 40)):
        return f"ends with: {last[-40:]}"
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


def _asks_for_consent(lines: list[str]) -> bool:
    """Return whether most of these lines ask for consent to cookies."""
    words = "\n".join(lines)
    speaking = sum(len(line) for line in lines if any(pattern.search(line) for pattern in CONSENT_WORDS))
    return all(pattern.search(words) for pattern in CONSENT_WORDS) and speaking > 0.6 * len(words)
