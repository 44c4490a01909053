"""Say which topics a short line is about, and which kinds of places the names of an element speak of.

Neither decides anything: both are features that the classifier weighs. A word belongs to a topic if it begins with one
of the topic's beginnings; scripts that write no spaces are searched for them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipelines.extraction.languages import tables

# Topic -> beginnings of its words, from the sections topic.* of the word tables. The order is that of the features.
TOPICS = {
    topic: tables.phrases(f"topic.{topic.replace(' ', '-')}")
    for topic in (
        "newsletter", "subscribe", "account", "follow", "share", "read on", "picture", "rights", "comment", "advert",
        "writer", "dated", "agency", "consent", "listen", "support", "tags", "asked", "again",
    )
}  # fmt: skip

# Kind of place -> words that its ids, classes and roles have.
PLACES = {
    "body": "content body article post entry story text paragraph prose main richtext artikel articulo texte corps "
    "inhalt noticia materia nota cuerpo hentry rich long",
    "title": "title headline heading headings kicker eyebrow dachzeile",
    "lead": "lead intro standfirst summary dek subtitle chapo entradilla abstract excerpt sapo deck subhead "
    "subheadline lede bajada vorspann sommario subheading",
    "nav": "nav menu navigation navbar breadcrumb breadcrumbs submenu pagination toolbar subnav megamenu sitemap skip "
    "mega menubar menuitem",
    "footer": "footer colophon legal copyright contentinfo foot terms policy",
    "header": "header masthead topbar banner",
    "aside": "sidebar aside complementary widget rail textwidget secondary tertiary widgettitle",
    "meta": "meta date time byline author authors info published timestamp dateline updated vcard taxonomy category "
    "categories tag tags topics metadata duration read",
    "bio": "bio about profile contributor",
    "share": "share sharing social socials facebook twitter whatsapp pinterest linkedin reddit follow addtoany "
    "sharedaddy",
    "related": "related recommend recommended recommendations recirculation recirc more most popular trending latest "
    "recent teaser teasers card cards articles posts promo promos outbrain taboola readmore also similar next prev "
    "previous carousel feed swiper slide collection list listing links",
    "signup": "newsletter subscribe subscription signup register login account piano offer cta donation donate "
    "subscriber membership sign regwall",
    "comments": "comment comments reply respond thread disqus commentform",
    "ads": "advert advertisement ads sponsor sponsored dfp gpt werbung anzeige pub adslot advertising",
    "media": "caption figure figcaption credit photo image gallery video audio player slideshow media picture "
    "thumbnail legend img credits copyrights podcast",
    "embed": "embed tweet instagram consent cookie cookies external placeholder embedded oembed",
    "box": "box infobox fact facts callout note factbox toc faq table tips key",
    "quote": "quote pull pullquote blockquote",
    "control": "button btn buttons icon hidden hide invisible modal popup dialog dropdown tooltip print toggle form "
    "search input tab tabs icons",
}

UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
WORD = re.compile(r"[^\W\d_][\w'’-]*|©", re.UNICODE)
BEFORE_WORD = "0123456789_'-"  # a word has these, but does not begin with one
ASCII_RUNS = bytes(code if chr(code).isalnum() or chr(code) in BEFORE_WORD else 32 for code in range(128)).ljust(256)
# A beginning of fewer characters must be the whole word: "ap" is an agency, "apple" is a fruit.
MIN_PREFIX_CHARS = 4
_WHOLE_WORDS: dict[str, int] = {}  # word -> its topics, a bit each
_PREFIXES: dict[str, list[tuple[str, int]]] = {}  # first MIN_PREFIX_CHARS of a beginning -> (beginning, topic's bit)
_UNSPACED: list[tuple[str, int]] = []  # (word of a script without spaces, topic's bit)
for _number, _words in enumerate(TOPICS.values()):
    for _word in _words:
        if UNSPACED.search(_word):
            _UNSPACED.append((_word, 1 << _number))
        elif len(_word) < MIN_PREFIX_CHARS:
            _WHOLE_WORDS[_word] = _WHOLE_WORDS.get(_word, 0) | 1 << _number
        else:
            _PREFIXES.setdefault(_word[:MIN_PREFIX_CHARS], []).append((_word, 1 << _number))
_PLACE_BITS = {word: 1 << number for number, words in enumerate(PLACES.values()) for word in words.split()}


@lru_cache(maxsize=8192)
def topics(text: str) -> tuple[float, ...]:
    """Return a number for each of TOPICS, 1 if a word of `text` belongs to it, else 0; then how many topics do."""
    found = 0
    for word in words(text.lower()):
        if len(word) < MIN_PREFIX_CHARS:
            found |= _WHOLE_WORDS.get(word, 0)
        elif (prefixes := _PREFIXES.get(word[:MIN_PREFIX_CHARS])) is not None:
            for prefix, bit in prefixes:
                if word.startswith(prefix):
                    found |= bit
    if not text.isascii() and UNSPACED.search(text):
        for unspaced, bit in _UNSPACED:
            if unspaced in text:
                found |= bit
    return *flags(found, len(TOPICS)), float(found.bit_count())


def words(text: str) -> set[str]:
    """Return the words of a text as WORD finds them, each once."""
    if not text.isascii():
        return set(WORD.findall(text))
    runs = set(text.encode().translate(ASCII_RUNS).decode().split())  # several times as fast as the pattern
    return {word for run in runs if (word := run.lstrip(BEFORE_WORD))}


@lru_cache(maxsize=20_000)
def groups(names: frozenset[str]) -> int:
    """Return the kinds of PLACES that words of an element's names belong to, a bit each."""
    found = 0
    for name in names:
        found |= _PLACE_BITS.get(name, 0)
    return found


@lru_cache(maxsize=4096)
def flags(bits: int, count: int = len(PLACES)) -> tuple[float, ...]:
    """Return the lowest `count` of `bits` one by one, each 1 or 0: of `groups`, they are in the order of PLACES."""
    return tuple(float(bits >> number & 1) for number in range(count))
