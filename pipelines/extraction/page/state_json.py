"""Put the text of an article into a page that has it only in the state of its scripts.

Single-page applications send the article as a string of HTML in JSON: `window.__NUXT__ = {...}`, the flight data of
Next, a <script type="application/json">. Such a page is looked at only if it shows next to no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from json.decoder import scanstring  # type: ignore[attr-defined]  # the types leave it out
from typing import Any

from pipelines.extraction.page import jsonld
from pipelines.extraction.page.parse import tree_of

# What a body has that may contain escaped paragraphs. To look for them costs next to nothing.
TRACES = (b"u003cp", b"u003Cp", b"x3Cp", b"x3cp", b'"<p', b'"&lt;p', b'"\\u0026lt;p')
MIN_SHOWN_CHARS = 400  # in paragraphs; a page that shows as much is read as it is
MIN_PARAGRAPHS = 3
MIN_BODY_CHARS = 200
MAX_SCRIPT_CHARS = 4_000_000  # of all scripts of a page that are searched
MAX_BODY_CHARS = 400_000
MAX_BODIES = 40  # strings that are compared: the stories below are there, too
MAX_VALUES = 4000  # keys of a body that are looked at
MAX_ITEMS = 1000  # of a body that is a list of blocks
TITLE_BEFORE, TITLE_AFTER = 4000, 1500  # characters around the body, among which is its headline
APART = frozenset(("nav", "footer", "aside", "header", "dialog", "form", "noscript"))

KEY = re.compile(
    r"(?<![\w-])(?:content|body|articleBody|article_body|bodyHtml|body_html|contentHtml|content_html|htmlContent"
    r"|htmlBody|bodyText|html|text|fulltext|full_text|fullText|story|storyBody|articleContent|article_content|rendered"
    r"|mainContent|main_content|paragraphs|blocks|copy)[\"']?\s{0,9}:\s{0,9}(?=[\"'\[])"
)
PARAGRAPH = re.compile(r"<p[\s>]", re.IGNORECASE)
BLOCK_KEYS = ("html", "text", "content", "body", "value", "data", "paragraph", "children")
JSON_TEXT = re.compile(r"""JSON\.parse\(\s*(["'])|__next_f\.push\(\s*\[\s*\d+\s*,\s*(["'])""")
HEX_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
BARE_QUOTE = re.compile(r'(?<!\\)"')
TAG = re.compile(r"<[^<>]{0,2000}>")


def show_text_of_state(tree: Any, body: bytes, titles: list[str]) -> bool:
    """Add the article to a page that has it only in its scripts. Return True if there was one.

    `body`: the bytes of the page; `titles`: what it declares as its headline.
    """
    if not any(trace in body for trace in TRACES) or _shows_text(tree):
        return False
    found = _best(tree, titles)
    if found is None:
        return False
    parsed, limit = tree_of(f"<html><body>{found}</body></html>".encode("utf-8", "ignore"))
    article = None if parsed is None or limit else parsed.find(".//body")
    target = tree.find(".//body")
    if article is None or target is None:
        return False
    article.tag = "article"
    headline = target.find(".//h1")
    if headline is not None:
        headline.addnext(article)
    else:
        target.insert(0, article)
    return True


def _shows_text(tree: Any) -> bool:
    """Return whether the paragraphs of a page have some text."""
    chars = 0
    for paragraph in tree.iter("p"):
        if not any(up.tag in APART for up in paragraph.iterancestors()):
            chars += len(" ".join(paragraph.text_content().split()))
            if chars >= MIN_SHOWN_CHARS:
                return True
    return False


def _best(tree: Any, titles: list[str]) -> str | None:
    """Return the HTML of the article: of the strings whose surroundings name the headline, or of all, the longest."""
    words = {jsonld.same_words(title) for title in titles} - {""}
    best: tuple[bool, int, str] | None = None
    for layer in _layers(tree):
        for at, end, text in islice(_bodies(layer), MAX_BODIES):
            near = jsonld.same_words(layer[max(0, at - TITLE_BEFORE) : at] + " " + layer[end : end + TITLE_AFTER])
            candidate = (any(title in near for title in words), len(TAG.sub("", text)), text)
            if best is None or candidate[:2] > best[:2]:
                best = candidate
    if best is None or best[1] < MIN_BODY_CHARS:
        return None
    paragraphs = [jsonld.same_words(TAG.sub(" ", part))[:60] for part in PARAGRAPH.split(best[2])]
    probe = max(paragraphs, key=len)
    return None if probe in jsonld.same_words(_shown(tree)) else best[2]


def _shown(tree: Any) -> str:
    return " ".join(tree.xpath(".//body//text()[not(parent::script or parent::style or parent::noscript)]"))


def _layers(tree: Any) -> Iterator[str]:
    """Yield the texts of the scripts, and the JSON that they hold as a string."""
    left = MAX_SCRIPT_CHARS
    pushed: list[str] = []
    for script in tree.iter("script"):
        text = script.text
        if not text or len(text) < MIN_BODY_CHARS or "ld+json" in (script.get("type") or ""):
            continue
        text = text[: max(0, left)]
        left -= len(text)
        if "\\x3" in text:
            text = HEX_ESCAPE.sub(r"\\u00\1", text)
        rest, past = [], 0
        for found in islice(JSON_TEXT.finditer(text), MAX_BODIES):
            if found.start() >= past:
                inner, end = _string_at(text, found.end() - 1)
                pushed.append(inner)
                rest.append(text[past : found.start()])
                past = end
        yield "".join([*rest, text[past:]])
    if pushed:  # the flight data of Next are cut anywhere
        yield "".join(pushed)


def _bodies(layer: str) -> Iterator[tuple[int, int, str]]:
    """Yield (beginning, end, HTML) of each value that may be the text of an article."""
    past = spent = 0
    for key in islice(KEY.finditer(layer), MAX_VALUES):
        at = key.end()
        if at < past or spent > MAX_SCRIPT_CHARS:
            continue
        text, end = _list_at(layer, at) if layer[at] == "[" else _string_at(layer, at)
        spent += end - at
        if "&lt;p" in text and not PARAGRAPH.search(text):
            text = unescape(text)
        if len(text) >= MIN_BODY_CHARS and len(PARAGRAPH.findall(text)) >= MIN_PARAGRAPHS:
            past = end
            yield at, end, text[:MAX_BODY_CHARS]


def _string_at(text: str, at: int) -> tuple[str, int]:
    """Return the string literal that begins at a quotation mark, decoded, and where it ends; "" if it is damaged."""
    try:
        if text[at] == '"':
            return scanstring(text, at + 1, False)
        if found := QUOTED.match(text, at):
            inner = BARE_QUOTE.sub(r"\\\g<0>", found[1].replace("\\'", "'"))
            return jsonld.DECODER.decode(f'"{inner}"'), found.end()
    except ValueError as error:
        return "", max(at, getattr(error, "pos", at))
    return "", at


def _list_at(text: str, at: int) -> tuple[str, int]:
    """Return the paragraphs of a list of blocks as HTML, and where it ends; "" if it is damaged."""
    try:
        items, end = jsonld.DECODER.raw_decode(text, at)
    except ValueError as error:
        return "", max(at, getattr(error, "pos", at))
    except RecursionError:
        return "", len(text)
    parts = [part for item in items[:MAX_ITEMS] if (part := _text_of_block(item))]
    return "".join(part if PARAGRAPH.search(part) else f"<p>{part}</p>" for part in parts), end


def _text_of_block(item: Any) -> str | None:
    """Return the text of a block: a string, or an object with one."""
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        return None
    return next((item[key] for key in BLOCK_KEYS if isinstance(item.get(key), str)), None)
