"""What keeps readers from the whole text of a page, and what on the page says so.

- paywall: the page declares that its text is not free, or prints a wall. A page that sends the whole text all the same
  and leaves the hiding to scripts is one too: a reader meets the wall. The evidence says how much of it is here.
- truncated: the text is cut off, and no wall is to be seen.
- consent wall: instead of an article the page holds a question about cookies.

`closed` reads the declaration while the page is whole; `access` puts that together with the text that was found.
"""

from __future__ import annotations

import re
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.languages import tables
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata

PAYWALL, TRUNCATED, CONSENT = "paywall", "truncated", "consent wall"

SHORT = 1500  # characters of a text that may be the part before a wall
HEAD, TAIL = 2, 5  # lines at either end of a text where a wall speaks
LONGEST_LINE = 220
LONGEST_BODY = 300_000  # characters of an articleBody
LONGEST_WALL = 3000  # characters of a block that is a wall
TIERS = ("article:content_tier", "content_tier", "content-tier")  # names of metas
CLOSED = frozenset(("locked", "metered", "paid", "premium", "subscriber", "subscribers"))
NO = frozenset(("false", "no", "0"))

NAMES = XPath(".//body//@class | .//body//@id", smart_strings=False)
WORDS = XPath(".//body//text()[not(parent::script)]", smart_strings=False)
WALL_LINE = tables.compiled(r"\W*{paywall.lines}", re.IGNORECASE)
CUT_LINE = tables.compiled(r"\W*{paywall.cut}\W*", re.IGNORECASE)
ELLIPSIS = re.compile(r"(?P<box>[\[(] ?(?:…|\.{2,3}) ?[\])])\W{0,3}$|\w ?(?:…|\.{3})$")
MARKUP = re.compile(r"<[^<>]{0,300}>|\[#[^\]]{0,200}\]|\]\([^)]{0,300}\)")
NAME = re.compile(r"[\w:.-]+")
SELECTOR = re.compile(r"([.#])([\w-]{1,80})")

# Class tokens and ids of walls: of the common vendors, and the general words for one.
BUILT_OF = re.compile(
    r"(?:^|[-_])(?:paywall|pay-wall|reg-?wall|registration-?wall|subscri(?:be|ption|ber)-?(?:wall|gate|barrier)"
    r"|meter(?:ed)?-?wall|premium-?wall|content-?(?:gate|lock(?:ed)?|wall)|article-?(?:gate|locked?)|abo-?wall"
    r"|login-?wall"
    r"|sign-?in-?(?:wall|gate)|member-?wall|tp-container-inner|tp-modal|piano-offer|piano-template|poool-widget|poool"
    r"|leaky_paywall_message|pelcro|zephr|pmpro_content_message|memberful|mepr-unauthorized-message|rcp_restricted"
    r"|wc-memberships-restriction-message|swpm-more-tag|swg-paywall|fewcents)(?:$|[-_])"
)
# What such a block has to speak of; scripts and empty frames speak of nothing.
SELLS = tables.compiled(r"{paywall.sells}", re.IGNORECASE)

# Consent walls: their vendors' names, as tokens of class or id ...
CONSENT_VENDORS = re.compile(
    r"onetrust|didomi|usercentrics|uc-|sp_message|sp-message|privacy-mgmt|qc-cmp|cmpbox|cmp-|cookiebot"
    r"|cybotcookiebot|trustarc"
    r"|truste|iubenda|borlabs|fc-consent|consent|cookie-?(?:wall|notice|banner|dialog)|axeptio|tarteaucitron|klaro"
    r"|osano|termly"
)
# ... and what they speak of: all three, or it is something else.
CONSENT_WORDS = (
    tables.compiled(r"{consent.cookies}", re.IGNORECASE),
    tables.compiled(r"{consent.agree}", re.IGNORECASE),
    tables.compiled(r"{consent.partners}", re.IGNORECASE),
)


def closed(declared: DeclaredMetadata) -> str | None:
    """Where the page declares that its text is not free, as evidence; None if it does not. Before anything is cut."""
    article = declared.article
    parts = [part for part in _list(article.get("hasPart")) if isinstance(part, dict)]
    if _says_no(article.get("isAccessibleForFree")):
        selector = next((text for part in parts if (text := jsonld.text(part.get("cssSelector")))), None)
        return "json-ld isAccessibleForFree: false" + (f" ({_found(declared, selector)})" if selector else "")
    if "isAccessibleForFree" not in article:
        for part in parts:
            if _says_no(part.get("isAccessibleForFree")):
                where = _found(declared, jsonld.text(part.get("cssSelector")))
                return f"json-ld hasPart isAccessibleForFree: false ({where})"
        pages = [node for node in declared.nodes if "WebPage" in jsonld.types(node)]
        if any(_says_no(node.get("isAccessibleForFree")) for node in pages):
            return "json-ld WebPage isAccessibleForFree: false"
        if any(_says_no(value) for value in declared.metas.get("isaccessibleforfree", ())):
            return "meta isAccessibleForFree: false"
    for name in TIERS:
        for value in declared.metas.get(name, ()):
            if value.strip().lower() in CLOSED:
                return f"meta {name}: {value[:40]}"
    return None


def access(
    declared: DeclaredMetadata, closed: str | None, lines: list[str], dropped: list[str] | None = None
) -> tuple[str | None, str | None]:
    """(word, evidence) of what keeps readers from the whole text; Nones if nothing was seen.

    closed: what `closed` said; lines: the article's text; dropped: the lines that were found with it and left out.
    """
    length = sum(map(len, lines))
    cut = _cut(declared, lines, length)
    if closed:
        return PAYWALL, f"{closed}; {cut or f'text of {length} characters'}"
    said = next((line for line in (*(dropped or ())[-TAIL:], *lines[-TAIL:], *lines[:HEAD]) if _is_wall(line)), None)
    if said and (length < 2 * SHORT or cut or said in lines[-2:]):
        return PAYWALL, f"line: {said}"
    if cut or length < SHORT:
        built, consent = _blocks(declared.tree)
        if consent and not declared.article and _asks(lines):
            return CONSENT, f"block {consent}; line: {lines[0][:100]}"
        if built and (cut or built[1]):
            return PAYWALL, f"block {built[0]}; {cut or built[1]}"
    return (TRUNCATED, cut) if cut else (None, None)


def _says_no(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower().rsplit("/", 1)[-1] in NO)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _found(declared: DeclaredMetadata, selector: str | None) -> str:
    """How much of the part that is not free the page holds."""
    simple = SELECTOR.fullmatch((selector or "").strip())
    if simple is None:
        return (selector or "no selector")[:60]
    same = f'@id="{simple[2]}"' if simple[1] == "#" else f'contains(concat(" ", @class, " "), " {simple[2]} ")'
    blocks = declared.tree.xpath(f".//body//*[{same}]")[:20]
    size = max((len(" ".join(block.text_content().split())) for block in blocks), default=0)
    return f"{simple[0]}: {size} characters on the page" if blocks else f"{simple[0]}: not on the page"


def _blocks(tree: Any) -> tuple[tuple[str, str] | None, str | None]:
    """((name, what it says) of a block that is a wall, name of a block of a consent dialogue)."""
    tokens = sorted({token for value in set(NAMES(tree)) for token in value.split() if len(token) < 80})
    walls = [token for token in tokens if BUILT_OF.search(token.lower()) and NAME.fullmatch(token)]
    built = next((found for token in walls[:8] if (found := _sells(tree, token))), None)
    return built, next((token for token in tokens if CONSENT_VENDORS.match(token.lower())), None)


def _sells(tree: Any, token: str) -> tuple[str, str] | None:
    """(token, the line of a wall in it, or "") if a block of that class or id sells or asks to log in."""
    for block in tree.xpath(f'.//body//*[contains(@class, "{token}") or @id="{token}"]')[:8]:
        if not 20 < len(block.text_content()) < LONGEST_WALL:
            continue
        words = [" ".join(piece.split()) for piece in block.itertext() if piece.strip()]
        if any(SELLS.search(piece) for piece in words):
            return token, next((piece for piece in words if _is_wall(piece)), "")
    return None


def _is_wall(line: str) -> bool:
    """Is `line` what a wall says?"""
    return len(line) <= LONGEST_LINE and WALL_LINE.fullmatch(line) is not None


def _cut(declared: DeclaredMetadata, lines: list[str], length: int) -> str | None:
    """The evidence that a text is cut off."""
    if not lines:
        return None
    if missing := _missing(declared, length):
        return missing
    last = lines[-1]
    if length < 2 * SHORT and CUT_LINE.fullmatch(last):
        return f"last line: {last[:100]}"
    found = ELLIPSIS.search(last[-40:])
    # An ellipsis alone ends many a column; one in brackets is a machine's.
    if found and (found["box"] or (length < SHORT and len(last) > 40)):
        return f"ends with: {last[-40:]}"
    return None


def _missing(declared: DeclaredMetadata, length: int) -> str | None:
    """The evidence that JSON-LD holds a text whose end is not on the page."""
    body = jsonld.text(declared.article.get("articleBody")) or ""
    if len(body) < 2 * length or len(body) < length + 800:
        return None
    body = " ".join(MARKUP.sub(" ", body[:LONGEST_BODY]).split())
    end = jsonld.same_words(body[-80:])[-40:]
    if len(body) < 2 * length or end in jsonld.same_words(" ".join(WORDS(declared.tree))):
        return None
    return f"json-ld articleBody has {len(body)} characters, the text {length}"


def _asks(lines: list[str]) -> bool:
    """Are most of these lines a question for consent to cookies?"""
    words = "\n".join(lines)
    speaking = sum(len(line) for line in lines if any(pattern.search(line) for pattern in CONSENT_WORDS))
    return all(pattern.search(words) for pattern in CONSENT_WORDS) and speaking > 0.6 * len(words)
