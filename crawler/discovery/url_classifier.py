"""Classify a URL as an article, a section page, or not worth following. Pure: knows URL and link text, not the page.

The evidence, strongest first; docs/discovery.md has the table.

    never      files, utility pages (login, search, cart, print), calendars and archives by date, traps, lists by tag or
               author
    article    a date followed by a name; an article number; /article/ and similar; a long name; name.html; a headline
               as link text
    section    few short names; further pages of a list
    neither    everything else

In doubt the answer is "article": a page without one costs one request and is counted as "without an article", but an
article that is taken for something else is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from crawler.discovery import url_words as words
from crawler.discovery.url_parameters import id_parameters, is_post, number_of_article, parameters_of, view_of
from pipelines.core.linear_patterns import matching
from pipelines.core.urls import UrlParts, parts_of

MAX_SEGMENTS = 12  # path segments
MAX_PATH_CHARS = 300  # characters, decoded
MAX_SECTION_SEGMENTS = 4  # path segments of a section page

# Reasons that are weighed again for an address of a sitemap.
FRONT_PAGE, SHORT_NAMES, LIST_WITH_PARAMETERS = "a front page", "short names", "a list with parameters"
FURTHER_PAGE = "a further page of a list"

YEAR = re.compile(r"(?:19[89]|20[0-4])\d")
MONTH = re.compile(r"0?[1-9]|1[0-2]")
DAY = re.compile(r"0?[1-9]|[12]\d|3[01]")
# A day inside one segment: 2024-03-02, 20240302, 02-03-2024, 02.03.2024; or year and month: 2024-03.
WHOLE_DAY = re.compile(
    r"(?<!\d)(?:(?:19[89]|20[0-4])\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-_.])(?:0?[1-9]|1[0-2])\2(?:19[89]|20[0-4])\d)(?!\d)"
)
WHOLE_MONTH = re.compile(r"(?<!\d)(?:19[89]|20[0-4])\d[-_.]?(?:0[1-9]|1[0-2])(?!\d)")

NUMBER = re.compile(r"\d{5,}")  # four digits are a year more often than an article
HEXADECIMAL = re.compile(
    r"(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{12,}(?![0-9a-z])|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
CODE = re.compile(r"(?:.*[-_.])?(?=(?:[a-z]*\d){3})(?=\d*[a-z])[0-9a-z]{10,}")  # AST1F4445T1FUTIL02SM, US1XT00W3AB
SEPARATOR = re.compile(r"[-_+~ ,;.]+")
SHORT_NUMBER = re.compile(r"\d{1,3}")
LEADING_NUMBER = re.compile(r"(\d+)(?:$|[^\da-z])")  # 77, 4711:harbour-by-laws
ENDING = re.compile(r"(.+)\.([a-z][a-z0-9]{1,10})")
BEYOND_ASCII = re.compile(r"[^\W\d_a-zA-Z]")
IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class UrlClassification(NamedTuple):
    """Hold the class of a URL and the reason."""

    kind: str | None  # "article" or "section"; None: not followed
    why: str  # in a few words, for people
    known: bool = True  # False: the shape says nothing, and a sitemap that lists the URL decides


@dataclass(frozen=True, slots=True)
class PathShape:
    """Hold the parts of a path."""

    segments: tuple[str, ...]  # decoded, lower case, without empty segments and without an index page at the end
    name: str  # the last segment without its ending; "" for the root
    ending: str  # "html", "jpg", ...; "" without one
    words: int  # number of words in the name


def classify(url: str) -> str | None:
    """Return "article", "section", or None for a URL that is not worth following."""
    return classify_with_reason(url).kind


def classify_with_reason(
    url: str, *, anchor_text: str = "", include: Iterable[str] = (), exclude: Iterable[str] = ()
) -> UrlClassification:
    """Classify a URL as `classify` does, and return the reason too.

    `exclude` and `include` are the source's own regular expressions, which are searched for in the URL; `exclude` wins
    over `include`, and both win over the shape.
    """
    try:
        parts = parts_of(url)
    except ValueError:
        return UrlClassification(None, "not a web address")
    if matching(exclude, url):
        return UrlClassification(None, "excluded by the source")
    if matching(include, url):
        return UrlClassification("article", "included by the source")
    shape = shape_of(parts.path)
    return _never_followed(parts, shape) or _by_query(parts, shape) or _by_path(shape, anchor_text)


def classify_listed(url: str) -> UrlClassification:
    """Classify a URL that a sitemap lists; the kind is "article", or None for one that is left out.

    A sitemap is made of a paper's articles, so less evidence is enough than for a link in a menu: a number of any
    length, a name in a folder for articles, or a shape that says nothing.
    """
    judged = classify_with_reason(url)
    if judged.kind == "article":
        return judged
    if not judged.known:
        return UrlClassification("article", "listed, and of no known shape")
    if judged.why not in (SHORT_NAMES, LIST_WITH_PARAMETERS, FRONT_PAGE, FURTHER_PAGE):
        return UrlClassification(None, judged.why)
    parts = parts_of(url)
    shape = shape_of(parts.path)
    if judged.why == FURTHER_PAGE:
        is_article = not shape.segments and is_post(parts.query)
        return UrlClassification(*(("article", "listed, and ?p=number") if is_article else (None, judged.why)))
    evidence = _listed_parameter(parts.query, shape) if parts.query else _listed_name(shape)
    return UrlClassification("article", f"listed, and {evidence}") if evidence else UrlClassification(None, judged.why)


def _listed_parameter(query: str, shape: PathShape) -> str | None:
    """Return the reason if a parameter names one article: its number, or its name in words."""
    values = parameters_of(query)
    view = view_of(values) or shape.name
    if view in words.LIST_NAMES or shape.name in words.LIST_NAMES:
        return None
    of_articles = view in words.ARTICLE_SEGMENTS | words.NEWS_SEGMENTS
    for name in id_parameters(values):
        number = LEADING_NUMBER.match(values[name])
        is_menu = name == "itemid" and "option" in values  # of Joomla
        if (
            number
            and not is_menu
            and (len(number[1]) > 3 or name not in words.PAGINATION_WORDS | words.COUNTING_PARAMETERS)
        ):
            return f"?{name}=number"
        if of_articles and values[name]:
            return f"?{name}= of /{view}"
    named = next((name for name in values if _word_count(values[name]) > 2), None)
    return f"?{named}=name" if named else None


def _listed_name(shape: PathShape) -> str | None:
    """Return the reason if the path names one article: a number, or a name in a folder for articles."""
    number = LEADING_NUMBER.match(shape.name)  # 4711; 471-harbour-laws
    if number and not YEAR.fullmatch(number[1]) and len(number[1]) > (3 if shape.name.isdigit() else 2):
        return "a number"
    if shape.ending and _has_digit(shape.name) and not YEAR.fullmatch(shape.name):
        return f"a name with a number and .{shape.ending}"
    for marker in shape.segments[:-1]:
        if marker in words.ARTICLE_SEGMENTS or (marker in words.NEWS_SEGMENTS and shape.ending):
            return f"a name in /{marker}/"
    return None


def shape_of(path: str) -> PathShape:
    """Split a path into its parts."""
    segments = [segment for segment in unquote(path).lower().split("/") if segment]
    name, ending = (segments[-1], "") if segments else ("", "")
    if match := ENDING.fullmatch(name):
        if match[2] in words.PAGE_ENDINGS or match[2] in words.FILE_ENDINGS:
            name, ending = match[1], match[2]
        if ending in words.PAGE_ENDINGS and name in words.INDEX_NAMES:
            segments.pop()
            name, ending = (segments[-1] if segments else ""), ""
    return PathShape(tuple(segments), name, ending, _word_count(name))


def _word_count(segment: str) -> int:
    """Return the number of words in a name."""
    return len([word for word in SEPARATOR.split(segment) if word])


def _never_followed(parts: UrlParts, shape: PathShape) -> UrlClassification | None:
    """Return the class of a URL that nothing else in it can make an article; None for other URLs."""
    segments = shape.segments
    if shape.ending in words.FILE_ENDINGS:
        return UrlClassification(None, "a file")
    if parts.host.count(".") > 1 and parts.host.partition(".")[0] in words.SERVICE_HOST_LABELS:
        return UrlClassification(None, "a host for services")
    if door := next((segment for segment in (*segments[:-1], shape.name) if segment in words.UTILITY_SEGMENTS), None):
        return UrlClassification(None, f"/{door}/")
    if twin := next((segment for segment in (*segments[:1], shape.name) if segment in words.VARIANT_SEGMENTS), None):
        return UrlClassification(None, f"/{twin}/")
    if len(segments) > MAX_SEGMENTS or sum(map(len, segments)) > MAX_PATH_CHARS:
        return UrlClassification(None, "too deep or too long")
    if _repeats(segments):
        return UrlClassification(None, "its segments repeat")
    return None


def _repeats(segments: tuple[str, ...]) -> bool:
    """Return True if segments repeat because of broken relative links: /a/b/a/b. Numbers may repeat: /2011/11/11/."""
    named = [segment for segment in segments if not segment.isdigit()]
    if any(named.count(segment) > 2 for segment in named):
        return True
    pairs = list(pairwise(named))
    return any(pairs[i] == pairs[i + 2] for i in range(len(pairs) - 2))


def _by_query(parts: UrlParts, shape: PathShape) -> UrlClassification | None:
    """Classify a URL by its parameters; None if they say nothing."""
    if not parts.query:
        return None
    values = parameters_of(parts.query)
    held = next((values[name] for name in values if name in words.PATH_PARAMETERS), "")
    if "/" in held and (inner := _by_path(shape_of(held), "")).kind == "article":
        return UrlClassification("article", f"a path as parameter, with {inner.why}")
    number = number_of_article(values, shape.name, shape.ending)
    if number and (
        shape.ending or len(shape.segments) < 2 or shape.segments[-1] in words.ARTICLE_SEGMENTS | words.NEWS_SEGMENTS
    ):
        return UrlClassification("article", f"?{number}=number")
    if number is None and view_of(values) in words.ARTICLE_SEGMENTS and _listed_parameter(parts.query, shape):
        return UrlClassification("article", f"?view={view_of(values)} and a number")  # as Joomla writes it
    if variant := next((name for name in values if name in words.VARIANT_PARAMETERS), None):
        return UrlClassification(None, f"?{variant}=")
    turning = [name for name in values if name in words.PAGINATION_WORDS and values[name].isdigit()]
    judged = _by_path(shape, "")
    if turning and judged.kind == "article":
        return UrlClassification(None, "a further page of an article")
    if turning and judged.kind == "section":
        return UrlClassification("section", FURTHER_PAGE)
    if judged.kind == "section" and not words.REFERRER_PARAMETERS.issuperset(values):
        return UrlClassification(None, LIST_WITH_PARAMETERS)
    return None


def _by_path(shape: PathShape, anchor_text: str) -> UrlClassification:
    segments = shape.segments
    if not segments or (len(segments) == 1 and re.fullmatch(r"[a-z]{2}(?:[-_][a-z]{2})?", segments[0])):
        return UrlClassification("section", FRONT_PAGE)
    date = _date_kind(shape)
    if date == "archive":
        return UrlClassification(None, "an archive by date")
    list_word = next(
        (segment for segment in (*segments[:-1], shape.name) if segment in words.TAG_AND_AUTHOR_SEGMENTS), None
    )
    named_below = list_word is not None and _is_named_below(shape, list_word)
    if (
        list_word
        and date != "day"
        and not named_below
        and not (_article_number(shape) and _longer_name_words(shape) > 3)
    ):
        return UrlClassification(None, f"/{list_word}/")
    evidence = date and "a date, then a name"
    evidence = evidence or _list_page(shape) or _article_number(shape) or _article_segment(shape) or _long_name(shape)
    service = next((segment for segment in (*segments[:-1], shape.name) if segment in words.SERVICE_SEGMENTS), None)
    if evidence == FURTHER_PAGE:
        return UrlClassification(None if service else "section", f"/{service}/" if service else evidence)
    if service and (not evidence or shape.name in words.SERVICE_SEGMENTS):
        return UrlClassification(None, f"/{service}/")
    if evidence:
        return UrlClassification("article", evidence)
    if is_headline(anchor_text) and (shape.words > 1 or shape.ending or len(segments) > 2 or _has_digit(shape.name)):
        return UrlClassification("article", "a headline as link text")
    if _is_section(shape):
        return UrlClassification("section", SHORT_NAMES)
    return UrlClassification(None, "no known shape", known=False)


def _is_named_below(shape: PathShape, list_word: str) -> bool:
    """Return True for a name of three words two segments below a word of lists: /topics/gadgets/best-electric-scooter.

    A tag or an author is one segment below it.
    """
    below = shape.segments[shape.segments.index(list_word) + 1 :] if list_word in shape.segments else ()
    return len(below) > 1 and shape.words > 2 and not words.PAGINATION_WORDS & set(SEPARATOR.split(shape.name))


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _date_kind(shape: PathShape) -> str | None:
    """Return "day" or "month" for a date followed by a name, "archive" for a date alone, None for none or a year."""
    segments = shape.segments
    for at, segment in enumerate(segments):
        end = at == len(segments) - 1
        if YEAR.fullmatch(segment):
            length = 1
            if at + 1 < len(segments) and (MONTH.fullmatch(segments[at + 1]) or segments[at + 1] in words.MONTH_NAMES):
                length = 3 if at + 2 < len(segments) and DAY.fullmatch(segments[at + 2]) else 2
            rest = segments[at + length :]
            if not rest and at and _word_count(segments[at - 1]) > 4:
                return "day" if length == 3 else "month"  # /five-inspiring-women-of-sport/2022/12/29/
            if not rest:
                # /2024/ and /2024/03/ are archives; /olympics/2024/ is a section of its own.
                return "archive" if length > 1 or at == 0 else None
            if rest[0] in ("page", "seite", "pagina") or all(map(SHORT_NUMBER.fullmatch, rest)):
                return "archive"
            if length > 1:
                return "day" if length == 3 else "month"
            # The day may come later, or in the name: /2024/breakpoint-hilfe/.
            return _day_in(rest) or ("month" if shape.words > 1 else None)
        if match := WHOLE_DAY.search(segment) or WHOLE_MONTH.search(segment):
            alone = match[0] == (shape.name if end else segment)
            if alone and end:
                return "archive"
            if alone or shape.words > 3 or not end:
                return "day" if WHOLE_DAY.search(segment) else "month"
    return None


def _day_in(segments: tuple[str, ...]) -> str | None:
    return "day" if any(WHOLE_DAY.search(segment) for segment in segments) else None


def _list_page(shape: PathShape) -> str | None:
    """Return the reason if this is a further page of a list, /politics/page/2/ or /politics/2/; else None."""
    segments = shape.segments
    if len(segments) < 2 or not SHORT_NUMBER.fullmatch(segments[-1]) or segments[-2].isdigit():
        return None
    if _is_numbered_post(shape):
        return None
    if segments[-2] in words.PAGINATION_WORDS:
        return FURTHER_PAGE
    before = PathShape(segments[:-1], segments[-2], "", _word_count(segments[-2]))
    if len(segments) <= 3 and _is_section(before) and segments[-2] not in words.ARTICLE_SEGMENTS:
        return FURTHER_PAGE
    return None


def _article_number(shape: PathShape) -> str | None:
    """Return "a number" if one of the last two segments holds an article number; else None."""
    for segment in (shape.name, *shape.segments[-2:-1]):
        if NUMBER.search(segment) or HEXADECIMAL.search(segment) or CODE.fullmatch(segment):
            return "a number"
    return None


def _article_segment(shape: PathShape) -> str | None:
    """Return the reason if a segment such as /article/ precedes a name or a number; else None."""
    for marker in shape.segments[:-1]:
        if marker in words.ARTICLE_SEGMENTS and (shape.words > 1 or _has_digit(shape.name) or len(shape.name) > 11):
            return f"/{marker}/"
        if marker in words.NEWS_SEGMENTS and shape.words > 2:
            return f"/{marker}/ and a name"
    return "/archives/ and a number" if _is_numbered_post(shape) else None


def _is_numbered_post(shape: PathShape) -> bool:
    """Return True for /archives/123, as WordPress numbers posts; small numbers are pages of a list."""
    is_number = shape.name.isdigit() and len(shape.name) > 2 and not YEAR.fullmatch(shape.name)
    return is_number and shape.segments[-2:-1] == ("archives",)


def _long_name(shape: PathShape) -> str | None:
    """Return the reason if the name is that of an article: four words, two and .html, or many non-ASCII letters."""
    if shape.words > 3 or _longer_name_words(shape) > 4:
        return "a long name"
    if shape.ending and shape.words > 1:
        return f"a name and .{shape.ending}"
    if len(BEYOND_ASCII.findall(shape.name)) >= (8 if IDEOGRAPHS.search(shape.name) else 16):
        return "a long name"
    return None


def _longer_name_words(shape: PathShape) -> int:
    """Return the words of the longer of the last two segments, as some URLs end in a code: /long-name/ar-BBWZedJ."""
    return max(shape.words, *(map(_word_count, shape.segments[-2:-1]) if len(shape.segments) > 1 else (0,)))


def _is_section(shape: PathShape) -> bool:
    """Return True for few segments, each of at most three words and without a long number."""
    if len(shape.segments) > MAX_SECTION_SEGMENTS:
        return False
    return all(
        _word_count(segment) <= 3 and len(segment) <= 40 and not re.search(r"\d{5}", segment)
        for segment in (*shape.segments[:-1], shape.name)
    )


def is_headline(text: str) -> bool:
    """Return True if a link's text reads like a headline: five words, or twelve letters of a script without spaces."""
    text = text.strip()
    if len(text) > 300:
        return False
    return (len(text.split()) >= 5 and len(text) >= 25) or len(IDEOGRAPHS.findall(text)) >= 12
