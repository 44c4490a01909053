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
TRACES = (b"u003cp", b"u003Cp", b"x3Cp", b"x3cp", b'"<p', b'"&lt;p', b'"\\u0026lt;p',
          b'"paragraph', b'"content_elements', b'"nodeType', b'"_type', b"__NEXT_DATA__", b"__next_f",
          b"\\n\\n")  # fmt: skip
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
    r"|mainContent|main_content|paragraphs|blocks|copy|content_elements|contentElements|richText|document|markdown)"
    r"[\"']?\s{0,9}:\s{0,9}(?=[\"'\[{])"
    # A value without a key: in the list of values of Nuxt 3, in a row of the flight data of Next.
    r"|(?<=[\[,])\s{0,3}(?=\"(?:<|\\u003[cC])(?:p|div|h2)\b)|(?P<row>(?<=:T)[0-9a-f]{1,6},(?=<))"
)
PARAGRAPH = re.compile(r"<p[\s>]", re.IGNORECASE)
BLOCK_KEYS = ("html", "text", "content", "body", "value", "data", "paragraph", "children", "blocks")
KIND_KEYS = ("type", "_type", "nodeType", "__typename", "kind")
ONE_PARAGRAPH = re.compile(r"para|head|^block$|item|^p$|^h\d$|quote", re.IGNORECASE)  # its parts are words of it
NO_PARAGRAPH = re.compile(
    r"image|picture|photo|video|audio|embed|galler|related|newsletter|promo|teaser|advert|^ad$|^ads$|script|raw|social"
    r"|oembed|caption|hard-?break",
    re.IGNORECASE,
)
MAX_DEPTH = 40
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
        for at, end, text, is_html in islice(_bodies(layer), MAX_BODIES):
            near = jsonld.same_words(layer[max(0, at - TITLE_BEFORE) : at] + " " + layer[end : end + TITLE_AFTER])
            is_named = any(title in near for title in words)
            if not is_named and not is_html:
                continue
            candidate = (is_named, len(TAG.sub("", text)), text)
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
        if not text or "ld+json" in (script.get("type") or ""):
            continue
        if len(text) < MIN_BODY_CHARS and "__next_f" not in text:
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


def _bodies(layer: str) -> Iterator[tuple[int, int, str, bool]]:
    """Yield (beginning, end, HTML, whether it was HTML) of each value that may be the text of an article."""
    past = spent = 0
    for key in islice(KEY.finditer(layer), MAX_VALUES):
        at = key.end()
        if at < past or spent > MAX_SCRIPT_CHARS:
            continue
        text, end = _row_at(layer, key) if key["row"] else _value_at(layer, at)
        spent += end - at
        if "&lt;p" in text and not PARAGRAPH.search(text):
            text = unescape(text)
        is_html = layer[at] not in "[{" and PARAGRAPH.search(text) is not None
        if text[:1] not in ("", "<") and "\n" in text and not is_html:
            text = "".join(f"<p>{line}</p>" for line in text.split("\n") if line.strip())
        if len(text) >= MIN_BODY_CHARS and len(PARAGRAPH.findall(text)) >= MIN_PARAGRAPHS:
            past = end
            yield at, end, text[:MAX_BODY_CHARS], is_html


def _row_at(text: str, key: re.Match[str]) -> tuple[str, int]:
    """Return a row of flight data, which says how many bytes it has, and where it ends."""
    size = int(key["row"][:-1], 16)
    row = text[key.end() : key.end() + size].encode()[:size].decode(errors="ignore")
    return row, key.end() + len(row)


def _value_at(text: str, at: int) -> tuple[str, int]:
    """Return the value at a place as HTML, and where it ends; "" if it is damaged."""
    return _blocks_at(text, at) if text[at] in "[{" else _string_at(text, at)


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


def _blocks_at(text: str, at: int) -> tuple[str, int]:
    """Return the paragraphs of a list or tree of blocks as HTML, and where it ends; "" if it is damaged."""
    try:
        value, end = jsonld.DECODER.raw_decode(text, at)
    except ValueError as error:
        return "", max(at, getattr(error, "pos", at))
    except RecursionError:
        return "", len(text)
    parts = islice((part for part in _paragraphs_of(value) if part.strip()), MAX_ITEMS)
    return "".join(part if PARAGRAPH.search(part) else f"<p>{part}</p>" for part in parts), end


def _paragraphs_of(item: Any, depth: int = 0) -> Iterator[str]:
    """Yield the paragraphs of a list or tree of blocks, as editors save them; nothing of pictures and films."""
    if isinstance(item, str):
        yield item
    elif isinstance(item, list) and depth < MAX_DEPTH:
        for one in item:
            yield from _paragraphs_of(one, depth + 1)
    elif isinstance(item, dict) and depth < MAX_DEPTH:
        kind = next((item[key] for key in KIND_KEYS if isinstance(item.get(key), str)), "")
        if NO_PARAGRAPH.search(kind):
            return
        inside = next((item[key] for key in BLOCK_KEYS if isinstance(item.get(key), str | list | dict)), "")
        if ONE_PARAGRAPH.search(kind):
            yield "".join(_paragraphs_of(inside, depth + 1))
        else:
            yield from _paragraphs_of(inside, depth + 1)
