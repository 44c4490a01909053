"""A source's own rules for reading its pages: which one holds on a day, and what its selectors find.

Pure; knows lxml, and cssselect once a CSS selector is met. A selector that begins with `/`, `./` or `(` is XPath 1.0
(with EXSLT's `re:test`), any other is CSS, with the `::text` and `::attr(NAME)` that Scrapy's users know.

The user's word knows no limit: what `prune` names goes, however much it is, and a field that a rule finds outranks
whatever the page declares. A selector that finds nothing changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from lxml import etree, html

from pipelines.core.items import Rule, Source
from pipelines.extraction.fields import date_parser, person_names
from pipelines.extraction.fields.site_names import SiteNames, joined
from pipelines.extraction.fields.titles import without_affix
from pipelines.extraction.page.declared import DeclaredMetadata, absolute, clean
from pipelines.extraction.page.trace import BlockTrace, FieldCandidate

SOURCE = "site rule"  # what `FieldCandidate.source` and `found_in` say of a field that a rule found
MOST_TAGS = 50
XPATH = ("/", "./", "(")  # how an XPath begins; no CSS selector does
NAMESPACES = {"re": "http://exslt.org/regular-expressions"}
# XPath 1.0 sections 2.3, 3.4 and 4. libxml2 misses a function only when it comes to call it.
KNOWN = frozenset(
    [
        "last", "position", "count", "id", "local-name", "namespace-uri", "name", "string", "concat", "starts-with",
        "contains", "substring-before", "substring-after", "substring", "string-length", "normalize-space", "translate",
        "boolean", "not", "true", "false", "lang", "number", "sum", "floor", "ceiling", "round", "text", "node",
        "comment", "processing-instruction", "and", "or", "div", "mod", "re:test", "re:match", "re:replace",
    ]
)  # fmt: skip
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
CALLED = re.compile(r"(?<![\w:.-])([a-zA-Z_][\w.-]*(?::[\w.-]+)?)\s*\(")
TEXT_ENDS = re.compile(r"(?:/|^)\s*(?:@[\w:*-]+|text\(\)|attribute::[\w:*-]+)\s*(?:\[[^\]]*\])*\s*\)?(?:\[\d+\])?\s*$")
WORDS = etree.XPath(".//text()[not(parent::script or parent::style)]", smart_strings=False)
# Where an element says what its text does not, by kind of field.
OF_DATE = ("datetime", "content")
OF_IMAGE = ("content", "src", "data-src", "href")


def rule_on(source: Source | None, day: str) -> Rule | None:
    """The rule of `source` that holds for a capture of that day (ISO, UTC); None if none does."""
    rules = source.rules if source is not None else ()
    return next((rule for rule in rules if rule.until is None or day < rule.until), None)


def is_xpath(selector: str) -> bool:
    """XPath, by its beginning; else CSS."""
    return selector.lstrip().startswith(XPATH)


@lru_cache(maxsize=1024)
def compiled(selector: str) -> Any:
    """What finds it: a function of an element. Raises ValueError that says what is wrong with the selector."""
    if not is_xpath(selector):
        return etree.XPath(_of_css(selector))
    try:
        path = etree.XPath(selector.strip(), namespaces=NAMESPACES)
    except (etree.XPathError, ValueError) as error:
        raise ValueError(f"is not an XPath expression ({error})") from None
    unknown = [name for name in CALLED.findall(QUOTED.sub("''", selector)) if name not in KNOWN and "::" not in name]
    if unknown:
        raise ValueError(f"is not an XPath expression: XPath 1.0 has no function {unknown[0]}()")
    try:
        path(_nothing())
    except etree.XPathError as error:
        raise ValueError(f"is not an XPath expression ({error})") from None
    return path


def check(selector: str, *, of_elements: bool) -> None:
    """Raise ValueError if it cannot be used: to select elements, or (for a field) elements, attributes or text."""
    path = compiled(selector)
    found = path(_nothing())
    if isinstance(found, bool | float):
        raise ValueError("gives a number or a yes or no, where elements are wanted")
    if of_elements and (isinstance(found, str) or selectstext_of(selector)):
        raise ValueError("selects text or an attribute, where elements are wanted")


def selectstext_of(selector: str) -> bool:
    """Does it end in text or an attribute instead of an element?"""
    plain = QUOTED.sub("''", selector)
    return any(map(TEXT_ENDS.search, plain.split("|"))) if is_xpath(selector) else "::" in plain


@lru_cache(maxsize=1)
def _nothing() -> Any:
    return html.document_fromstring("<html><body></body></html>")


def _of_css(selector: str) -> str:
    """CSS as XPath. Raises ValueError."""
    from cssselect import HTMLTranslator, SelectorError, parse

    def one(part: Any) -> str:
        path = HTMLTranslator().selector_to_xpath(part)
        end = part.pseudo_element
        if end is None:
            return path
        if end == "text":
            return f"{path}/text()"
        if getattr(end, "name", "") == "attr" and end.argument_types() in (["IDENT"], ["STRING"]):
            return f"{path}/@{end.arguments[0].value.lower()}"
        raise ValueError(f"is not a CSS selector: ::{getattr(end, 'name', end)} is neither ::text nor ::attr(NAME)")

    try:
        path = " | ".join(one(part) for part in parse(selector))
        etree.XPath(path)  # an attribute's name may be none
    except (SelectorError, RecursionError, etree.XPathError) as error:
        hint = "; an XPath begins with / or ./ or (" if "//" in selector or "@" in selector else ""
        raise ValueError(f"is not a CSS selector ({error}{hint})") from None
    return path


def _find(tree: Any, selector: str) -> list[Any]:
    """What it selects: elements and strings, in page order. A selector that does not work selects nothing."""
    try:
        found = compiled(selector)(tree)
    except (ValueError, etree.XPathError):
        return []
    return found if isinstance(found, list) else [found] if isinstance(found, str) else []


def _elements(tree: Any, selector: str) -> list[Any]:
    return [found for found in _find(tree, selector) if isinstance(found, etree._Element) and _may_move(found)]


def _may_move(element: Any) -> bool:
    """An element of the page's body; the page itself, its head and its body stay where they are."""
    return isinstance(element.tag, str) and element.tag not in ("html", "head", "body")


def prune(tree: Any, rule: Rule) -> list[tuple[Any, BlockTrace]]:
    """Cut what the rule names out of `tree`; each block with what stood there and the selector that named it."""
    gone = []
    for selector in rule.prune:
        for element in outermost(tree, _elements(tree, selector)):
            gone.append((element, BlockTrace(text_of(element), place(element), selector, "the source's own rule")))
            element.drop_tree()
    return gone


def body(tree: Any, rule: Rule) -> list[Any]:
    """The elements that the rule says are the article's text, in page order, none within another.

    Empty if its selectors find nothing: then the page is to be read as any page.
    """
    return outermost(tree, [element for selector in rule.body for element in _elements(tree, selector)])


def outermost(tree: Any, elements: Iterable[Any]) -> list[Any]:
    """Those of `elements` that are in none of the others, each once, in page order."""
    wanted = set(elements)
    if len(wanted) <= 1:
        return list(wanted)
    chosen, within = [], set()
    for element in tree.iter():
        if element in wanted and element not in within:
            chosen.append(element)
            within.update(element.iter())
    return chosen


def only(tree: Any, elements: list[Any]) -> Any:
    """Leave nothing but `elements` in the tree's body, within one <article>; the body without them is handed back.

    They lose their own class and id: the user's word that they are the text outranks what a name suggests. No elements:
    the tree is left as it is, and nothing (None) was taken out.
    """
    if not elements:
        return None
    rest = tree.find(".//body")
    page = rest.makeelement("body", dict(rest.attrib))
    article = etree.SubElement(page, "article")
    for element in elements:
        element.drop_tree()  # a copy of what stands behind it stays there
        element.tail = None
        article.append(element)
        for name in ("class", "id"):
            element.attrib.pop(name, None)
    rest.getparent().replace(rest, page)
    return rest


def fields(tree: Any, rule: Rule) -> dict[str, list[str]]:
    """The strings that the rule finds for each field, by the first of a field's selectors that finds any."""
    found: dict[str, list[str]] = {}
    for name, selector in rule.fields:
        if name not in found and (strings := _strings(tree, name, selector)):
            found[name] = strings
    return found


def overrides(
    tree: Any, rule: Rule, seen: datetime, url: str = "", outlets: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, list[FieldCandidate]]]:
    """What the rule finds, read as any candidate is: (values by field of Metadata, candidates by field of Article).

    `tree` must be whole: a byline may stand in a block that is pruned later. `seen`: when the page was captured; `url`
    resolves the address of an image; `outlets`: names of the paper, which are no persons.
    """
    page = DeclaredMetadata(tree, url, seen, {})
    values: dict[str, Any] = {}
    candidates: dict[str, list[FieldCandidate]] = {}
    for name, selector in rule.fields:
        strings = _strings(tree, name, selector)
        read = READERS[name](strings, page, outlets) if strings and name in READERS else {}
        value = read.get(name) or None
        won = value is not None and name not in values
        if won:
            values |= read
        why = f"{selector} finds nothing" if not strings else f"{selector} finds nothing that can be one"
        raw = clean(", ".join(strings)) or ""
        candidates.setdefault(name, []).append(
            FieldCandidate(
                SOURCE, raw, value, won, f"the source's own rule: {selector}" if won else "" if value else why
            )
        )
    return values, candidates


Reader = Callable[
    [list[str], DeclaredMetadata, Collection[str]], dict[str, Any]
]  # values by field of Metadata; {}: none


def _title(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    return {"title": without_affix(clean(strings[0]) or "", SiteNames(frozenset(map(joined, outlets)), ""))}


def _line(name: str) -> Reader:
    return lambda strings, page, outlets: {name: clean(strings[0])}


def _date(name: str) -> Reader:
    def read(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
        for raw in strings:
            if moment := date_parser.parse(raw, page.seen):
                return {name: moment, f"{name}_raw": raw, f"{name}_from": SOURCE}
        return {}

    return read


def _authors(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    found = person_names.persons(strings, outlets) or person_names.agencies(strings)
    return {"authors": found, "byline": clean(", ".join(dict.fromkeys(strings)))} if found else {}


def _language(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    known = (raw for raw in strings if re.fullmatch(r"[a-zA-Z]{2}(?:[-_].*)?", raw))
    return {"language": next((raw[:2].lower() for raw in known), None)}


def _tags(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    words = (word for raw in strings for word in re.split(r"\s*[,;、]\s*", clean(raw) or "") if word)
    return {"tags": tuple({word.casefold(): word for word in words}.values())[:MOST_TAGS]}


def _image(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    return {"image": next((url for raw in strings if (url := absolute(raw, page))), None)}


# The fields that a rule may name, and how what it finds is read.
READERS: dict[str, Reader] = {
    "title": _title,
    "description": _line("description"),
    "authors": _authors,
    "published": _date("published"),
    "modified": _date("modified"),
    "language": _language,
    "section": _line("section"),
    "tags": _tags,
    "image": _image,
}
FIELDS = tuple(READERS)


def _strings(tree: Any, name: str, selector: str) -> list[str]:
    """What a selector finds for a field, as strings with something in them."""
    found = (text for one in _find(tree, selector) for text in _said(one, name))
    return [text for text in found if text]


def _said(found: Any, name: str) -> Iterator[str]:
    """What an element (or an attribute, or text) says about a field."""
    if isinstance(found, str):
        yield clean(found) or ""
    elif isinstance(found.tag, str):
        machine = OF_DATE if name in ("published", "modified") else OF_IMAGE if name == "image" else ("content",)
        said = next((value for key in machine if (value := clean(found.get(key)))), None)
        if said:
            yield said
        elif name == "authors":
            # Two names may be set in two elements, and so may one: one-word pieces belong together.
            pieces = [piece for text in WORDS(found) if (piece := clean(text))]
            yield " ".join(pieces) if all(" " not in piece for piece in pieces) else "\n".join(pieces)
        else:
            yield text_of(found)


def text_of(element: Any) -> str:
    """The words of an element, one space between them."""
    return " ".join(" ".join(WORDS(element)).split())


def place(element: Any) -> str:
    """Where an element stands, for people: `div.story > p`."""
    above = element.getparent()
    steps = [element] if above is None or above.tag in ("html", "body") else [above, element]
    return " > ".join(map(_step, steps))


def _step(element: Any) -> str:
    if name := element.get("id"):
        return f"{element.tag}#{name.strip()[:40]}"
    return ".".join([str(element.tag), *element.get("class", "")[:200].split()[:2]])
