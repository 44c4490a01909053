"""Apply a source's own rules for reading its pages: choose the rule of a day, and run its selectors.

Pure; uses lxml, and cssselect once there is a CSS selector. A selector that begins with `/`, `./` or `(` is XPath 1.0
(with EXSLT's `re:test`). Any other is CSS, with the `::text` and `::attr(NAME)` that users of Scrapy know.

The user's rule has no limit: everything that `prune` selects is cut, however much it is, and a field that a rule finds
comes before all that the page declares. A selector that finds nothing changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from lxml import etree, html

from pipelines.core.items import Rule, Source
from pipelines.core.languages.codes import declared_language
from pipelines.extraction import xpath_regexes
from pipelines.extraction.fields import date_parser, person_names
from pipelines.extraction.fields.site_names import SiteNames, joined
from pipelines.extraction.fields.titles import without_affix
from pipelines.extraction.page.declared import DeclaredMetadata, absolute, clean
from pipelines.extraction.page.trace import BlockTrace, FieldCandidate

SITE_RULE = "site rule"  # `FieldCandidate.source` and `found_in` of a field that a rule found
MAX_TAGS = 50
XPATH_STARTS = ("/", "./", "(")  # no CSS selector begins so
NAMESPACES = {"re": "http://exslt.org/regular-expressions"}
# XPath 1.0 sections 2.3, 3.4 and 4. libxml2 does not notice an unknown function before it calls it.
XPATH_FUNCTIONS = frozenset(
    [
        "last", "position", "count", "id", "local-name", "namespace-uri", "name", "string", "concat", "starts-with",
        "contains", "substring-before", "substring-after", "substring", "string-length", "normalize-space", "translate",
        "boolean", "not", "true", "false", "lang", "number", "sum", "floor", "ceiling", "round", "text", "node",
        "comment", "processing-instruction", "and", "or", "div", "mod", "re:test", "re:match", "re:replace",
    ]
)  # fmt: skip
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
FUNCTION_CALL = re.compile(r"(?<![\w:.-])([a-zA-Z_][\w.-]*(?::[\w.-]+)?)\s*\(")
TEXT_STEP = re.compile(r"(?:@[\w:*-]+|text\(\)|attribute::[\w:*-]+)")
# A selector may be a stranger's. A predicate in a predicate in a predicate is run n^3 times on a page of n elements,
# and each is tried at once on a page of two elements.
MAX_SELECTOR_CHARS = 1000
MAX_XPATH_CHARS = 10_000  # of what a CSS selector becomes
MAX_PREDICATE_DEPTH = 6
TEXT_NODES = etree.XPath(".//text()[not(parent::script or parent::style)]", smart_strings=False)
# Attributes that are read before the text of an element, by field; "content" for all others.
VALUE_ATTRIBUTES = {
    "published": ("datetime", "content"),
    "modified": ("datetime", "content"),
    "image": ("content", "src", "data-src", "href"),
}


def rule_on(source: Source | None, day: str) -> Rule | None:
    """Return the rule of `source` that applies to a capture of that day (ISO 8601, UTC), or None."""
    rules = source.rules if source is not None else ()
    return next((rule for rule in rules if rule.until is None or day < rule.until), None)


def is_xpath(selector: str) -> bool:
    """Return whether a selector is XPath, by its beginning; any other is CSS."""
    return selector.lstrip().startswith(XPATH_STARTS)


@lru_cache(maxsize=1024)
def compiled(selector: str) -> Any:
    """Return a function that finds the selector in an element. Raises ValueError that says what is wrong with it."""
    if len(selector) > MAX_SELECTOR_CHARS:
        raise ValueError(f"is longer than {MAX_SELECTOR_CHARS:,} characters")
    if not is_xpath(selector):
        return etree.XPath(_xpath_of_css(selector))
    _check_depth(selector)
    xpath_regexes.check_patterns(selector)
    try:
        path = etree.XPath(selector.strip(), namespaces=NAMESPACES, extensions=xpath_regexes.FUNCTIONS, regexp=False)
    except (etree.XPathError, ValueError) as error:
        raise ValueError(f"is not an XPath expression ({error})") from None
    unknown = [
        name
        for name in FUNCTION_CALL.findall(QUOTED.sub("''", selector))
        if name not in XPATH_FUNCTIONS and "::" not in name
    ]
    if unknown:
        raise ValueError(f"is not an XPath expression: XPath 1.0 has no function {unknown[0]}()")
    try:
        path(_empty_page())
    except (etree.XPathError, ValueError) as error:  # ValueError: of a regular expression
        raise ValueError(f"is not an XPath expression ({error})") from None
    return path


def _check_depth(xpath: str) -> None:
    """Raise ValueError if the predicates of an XPath are nested too deeply."""
    depth = deepest = 0
    for sign in QUOTED.sub("", xpath):
        depth += (sign == "[") - (sign == "]")
        deepest = max(deepest, depth)
    if deepest > MAX_PREDICATE_DEPTH:
        raise ValueError(f"has conditions nested {deepest} deep; at most {MAX_PREDICATE_DEPTH} are tried")


def check(selector: str, *, of_elements: bool) -> None:
    """Raise ValueError if a selector cannot select elements; for a field, attributes and text will do, too."""
    path = compiled(selector)
    found = path(_empty_page())
    if isinstance(found, bool | float):
        raise ValueError("gives a number or a yes or no, where elements are wanted")
    if of_elements and (isinstance(found, str) or selects_text(selector)):
        raise ValueError("selects text or an attribute, where elements are wanted")


def selects_text(selector: str) -> bool:
    """Return whether a selector ends in text or an attribute, not in an element."""
    plain = QUOTED.sub("''", selector)
    return any(map(_ends_in_text, plain.split("|"))) if is_xpath(selector) else "::" in plain


def _ends_in_text(path: str) -> bool:
    """Return whether the last step of an XPath without quoted text is text or an attribute, whatever its predicates."""
    path = _without_predicates(path)
    if path.endswith(")") and not path.endswith("text()"):
        path = _without_predicates(path[:-1])
    return TEXT_STEP.fullmatch(path.rpartition("/")[2].strip(" (")) is not None


def _without_predicates(path: str) -> str:
    """Return an XPath without the predicates at its end."""
    path = path.rstrip()
    while path.endswith("]"):
        depth, at = 0, len(path)
        while at and (depth or at == len(path)):
            at -= 1
            depth += (path[at] == "]") - (path[at] == "[")
        if depth:
            break
        path = path[:at].rstrip()
    return path


@lru_cache(maxsize=1)
def _empty_page() -> Any:
    return html.document_fromstring("<html><body></body></html>")


def _xpath_of_css(selector: str) -> str:
    """Return a CSS selector as XPath. Raises ValueError."""
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
        if len(path) > MAX_XPATH_CHARS:
            raise ValueError("is too long when it is written as XPath")
        _check_depth(path)
        etree.XPath(path)  # fails if an attribute has an impossible name
    except (SelectorError, RecursionError, etree.XPathError) as error:
        hint = "; an XPath begins with / or ./ or (" if "//" in selector or "@" in selector else ""
        raise ValueError(f"is not a CSS selector ({error}{hint})") from None
    return path


def _find(tree: Any, selector: str) -> list[Any]:
    """Return the elements and strings that a selector selects, in page order. A broken selector selects nothing."""
    try:
        found = compiled(selector)(tree)
    except (ValueError, etree.XPathError):  # also of a regular expression that the page makes
        return []
    return found if isinstance(found, list) else [found] if isinstance(found, str) else []


def _elements(tree: Any, selector: str) -> list[Any]:
    return [found for found in _find(tree, selector) if isinstance(found, etree._Element) and _is_in_body(found)]


def _is_in_body(element: Any) -> bool:
    """Return whether an element is inside the body, and so may be moved or cut."""
    return isinstance(element.tag, str) and element.tag not in ("html", "head", "body")


def prune(tree: Any, rule: Rule) -> list[tuple[Any, BlockTrace]]:
    """Cut what the rule selects out of `tree`; return each element with its text and its selector."""
    removed = []
    for selector in rule.prune:
        for element in outermost(tree, _elements(tree, selector)):
            removed.append(
                (element, BlockTrace(text_of(element), element_path(element), selector, "the source's own rule"))
            )
            element.drop_tree()
    return removed


def body(tree: Any, rule: Rule) -> list[Any]:
    """Return the elements that the rule selects as text of the article, in page order, none within another.

    If its selectors find nothing, the list is empty, and the page is read as a page without such a rule.
    """
    return outermost(tree, [element for selector in rule.body for element in _elements(tree, selector)])


def outermost(tree: Any, elements: Iterable[Any]) -> list[Any]:
    """Return those of `elements` that are inside none of the others, each once, in page order."""
    wanted = set(elements)
    if len(wanted) <= 1:
        return list(wanted)
    chosen, within = [], set()
    for element in tree.iter():
        if element in wanted and element not in within:
            chosen.append(element)
            within.update(element.iter())
    return chosen


def keep_only(tree: Any, elements: list[Any]) -> Any:
    """Replace the body of the tree by one <article> with `elements`; return the old body without them.

    The elements lose their class and id, because the user's rule comes before what a name suggests. Without elements
    the tree does not change, and the result is None.
    """
    if not elements:
        return None
    rest = tree.find(".//body")
    page = rest.makeelement("body", dict(rest.attrib))
    article = etree.SubElement(page, "article")
    for element in elements:
        element.drop_tree()  # its tail stays in the old body
        element.tail = None
        article.append(element)
        for name in ("class", "id"):
            element.attrib.pop(name, None)
    rest.getparent().replace(rest, page)
    return rest


def overrides(
    tree: Any, rule: Rule, captured: datetime, url: str = "", outlets: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, list[FieldCandidate]]]:
    """Return what the rule finds: (values by field of PageMetadata, candidates by field of Article).

    The strings are read as those of any candidate. `tree` must be whole, because a byline may be in a block that is
    pruned later. `captured`: when the page was captured. `url` resolves the address of an image. `outlets`: names of
    the paper, which are no persons.
    """
    page = DeclaredMetadata(tree, url, captured, {})
    values: dict[str, Any] = {}
    candidates: dict[str, list[FieldCandidate]] = {}
    for name, selector in rule.fields:
        strings = _strings(tree, name, selector)
        read = FIELD_READERS[name](strings, page, outlets) if strings and name in FIELD_READERS else {}
        value = read.get(name) or None
        won = value is not None and name not in values
        if won:
            values |= read
        why = f"{selector} finds nothing" if not strings else f"{selector} finds no possible value"
        raw = clean(", ".join(strings)) or ""
        candidates.setdefault(name, []).append(
            FieldCandidate(
                SITE_RULE, raw, value, won, f"the source's own rule: {selector}" if won else "" if value else why
            )
        )
    return values, candidates


# Returns values by field of PageMetadata; {} if the strings give none.
FieldReader = Callable[[list[str], DeclaredMetadata, Collection[str]], dict[str, Any]]


def _title(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    return {"title": without_affix(clean(strings[0]) or "", SiteNames(frozenset(map(joined, outlets)), ""))}


def _line(name: str) -> FieldReader:
    return lambda strings, page, outlets: {name: clean(strings[0])}


def _date(name: str) -> FieldReader:
    def read(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
        for raw in strings:
            if moment := date_parser.parse(raw, page.captured):
                return {name: moment, f"{name}_raw": raw, f"{name}_from": SITE_RULE}
        return {}

    return read


def _authors(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    found = person_names.persons(strings, outlets) or person_names.named_agencies(strings)
    return {"authors": found, "byline": clean(", ".join(dict.fromkeys(strings)))} if found else {}


def _language(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    return {"language": next((code for raw in strings if (code := declared_language(raw))), None)}


def _tags(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    words = (word for raw in strings for word in re.split(r"\s*[,;、]\s*", clean(raw) or "") if word)
    return {"tags": tuple({word.casefold(): word for word in words}.values())[:MAX_TAGS]}


def _image(strings: list[str], page: DeclaredMetadata, outlets: Collection[str]) -> dict[str, Any]:
    return {"image": next((url for raw in strings if (url := absolute(raw, page))), None)}


# The fields that a rule may name, and how its strings are read.
FIELD_READERS: dict[str, FieldReader] = {
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
FIELDS = tuple(FIELD_READERS)


def _strings(tree: Any, name: str, selector: str) -> list[str]:
    """Return what a selector finds for a field, as strings that are not empty."""
    found = (text for one in _find(tree, selector) for text in _values_of(one, name))
    return [text for text in found if text]


def _values_of(found: Any, name: str) -> Iterator[str]:
    """Yield the values of an element (or an attribute, or text) for a field."""
    if isinstance(found, str):
        yield clean(found) or ""
    elif isinstance(found.tag, str):
        attributes = VALUE_ATTRIBUTES.get(name, ("content",))
        value = next((value for key in attributes if (value := clean(found.get(key)))), None)
        if value:
            yield value
        elif name == "authors":
            # Two elements may be two names, or the two words of one name: single words belong together.
            pieces = [piece for text in TEXT_NODES(found) if (piece := clean(text))]
            yield " ".join(pieces) if all(" " not in piece for piece in pieces) else "\n".join(pieces)
        else:
            yield text_of(found)


def text_of(element: Any) -> str:
    """Return the words of an element, one space between them."""
    return " ".join(" ".join(TEXT_NODES(element)).split())


def element_path(element: Any) -> str:
    """Return the path to an element, for people: `div.story > p`."""
    above = element.getparent()
    steps = [element] if above is None or above.tag in ("html", "body") else [above, element]
    return " > ".join(map(_step, steps))


def _step(element: Any) -> str:
    if name := element.get("id"):
        return f"{element.tag}#{name.strip()[:40]}"
    return ".".join([str(element.tag), *element.get("class", "")[:200].split()[:2]])
