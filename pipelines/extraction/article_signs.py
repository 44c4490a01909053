"""Judge whether a page that was fetched for its links is an article as well: by what it is, not by its address.

An article shows all of this: a headline, a stretch of running text that no headline of another story interrupts, more
of it than its links to other stories would need to make a list, and a declaration, a date or an author. The less it
says about itself, the longer its text must be. In doubt it is a list, which would be edited at each visit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from pipelines.core.urls import same_site
from pipelines.extraction.body.blocks import HEADING_TAGS, TextBlock
from pipelines.extraction.body.classifier import BlockDecision
from pipelines.extraction.fields.metadata import PageMetadata
from pipelines.extraction.languages.tables import phrases
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.characters import UNSPACED_LETTER
from pipelines.extraction.page.declared import DeclaredMetadata
from pipelines.extraction.page.running_text import is_front

# Types (schema.org) of a page that lists, or says who somebody is or how to reach them.
OTHER_TYPES = frozenset(
    ("CollectionPage", "SearchResultsPage", "ProfilePage", "ContactPage", "AboutPage", "CheckoutPage", "Blog")
)
TITLE_JOINT = re.compile(r"\s+(?:&|\+|/|and|und|et|y|e|en|i|og|och|и|та)\s+", re.IGNORECASE)  # "Imprint & contact"
NOT_OF_WORDS = re.compile(r"[\W_]+")
MIN_PROSE_CHARS, MIN_PROSE_UNSPACED = 50, 20  # of a block that is running text and no label
MAX_PROSE_LINKS = 0.5  # share of link text in it
TEASER_LINKS = 0.9  # share of link text in a block that is a link and nothing else
MIN_TEASER_WORDS, MIN_TEASER_CHARS = 4, 20  # of a link that may be the headline of another story
MAX_REPEATS = 2  # of one line; "Read more" is more frequent, and is between the entries of a list
MAX_POSTS = 2  # linked headings with running text after them; more are the posts of a blog
MAX_LINKS_LOOKED_AT = 3  # of a block
MIN_ENTRIES = 3  # blocks that begin with the headline of another story: then such blocks are entries of a list
MIN_CARDS = 4  # headings with one block of text each, which have MIN_CARD_SHARE of the text
MIN_CARD_SHARE = 0.6
MAX_CARD_WORDS, MAX_SIGNED_CARD_WORDS = 80, 45  # of such a block, on average; the sections of an article are longer
PRINTED_DATES = ("time", "url")  # places of a date that a list has, too
FOUND_DATES = ("script", "htmldate", "feed")  # places that say nothing about the page


class RunningText(NamedTuple):
    """Hold the longest stretch of running text of a page, or how long it must be."""

    words: int
    blocks: int
    words_per_teaser: int  # for each headline of another story on the page


DECLARED = RunningText(50, 2, 3)  # as an article, by the node of the page in JSON-LD
DATED_OR_SIGNED = RunningText(100, 2, 10)  # by a date for machines, or an author
PRINTED = RunningText(150, 3, 25)  # a date is printed
SILENT = RunningText(250, 5, 25)  # it says nothing about itself


def shows_article(page: DeclaredMetadata, fields: PageMetadata, decisions: Sequence[BlockDecision]) -> bool:
    """Return True if a page that may be a list is an article. `decisions`: on all blocks of it, in page order."""
    if not fields.title or is_front(page.url):
        return False
    is_declared = _declares_itself(page)
    least = needed(fields, is_declared=is_declared)
    if not is_declared:
        types = {kind for node in page.nodes for kind in jsonld.types(node)}
        if types & OTHER_TYPES or is_service(fields.title, page.url) or _shows_cards(decisions, fields.title, least):
            return False
    return _runs_on(decisions, page.url, least, is_declared=is_declared)


def needed(fields: PageMetadata, *, is_declared: bool) -> RunningText:
    """Return how long the running text of a page must be, by what the page says about itself."""
    if is_declared:
        return DECLARED
    if fields.authors or (fields.published and fields.published_from not in (*PRINTED_DATES, *FOUND_DATES)):
        return DATED_OR_SIGNED
    return PRINTED if fields.published_from in PRINTED_DATES else SILENT


def _declares_itself(page: DeclaredMetadata) -> bool:
    """Return True if a node of the page is an article with its address or its headline.

    A list may have the node of a story that it links. An og:type is set by templates, for lists as well.
    """
    node = page.article
    addresses = {jsonld.same_address(page.url), jsonld.same_address(page.canonical)} - {"-", ""}
    at = {jsonld.same_address(jsonld.text(node.get(key), "@id", "url")) for key in ("url", "@id", "mainEntityOfPage")}
    titles = {jsonld.same_words(words) for words in [*page.headlines, *page.meta(("og:title", "twitter:title"))]}
    headline = jsonld.same_words(jsonld.text(node.get("headline")))
    return bool(node) and (bool(at & addresses) or headline in titles - {""})


def _runs_on(decisions: Sequence[BlockDecision], url: str, least: RunningText, *, is_declared: bool) -> bool:
    counts = Counter(decision.block.text for decision in decisions)
    begins = {id(one.block) for one in decisions if _begins_with_headline(one.block, url)}
    entries = begins if len(begins) >= MIN_ENTRIES else set()
    words = blocks = most_words = most_blocks = teasers = posts = 0
    after_linked_heading = False
    for decision in decisions:
        block = decision.block
        is_link = block.linked >= TEASER_LINKS * len(block.text) and _leads_to_another_page(block, url)
        if is_link and block.container.tag in HEADING_TAGS:
            after_linked_heading = True
        if (is_link and is_headline(block.text)) or id(block) in entries:
            teasers, words, blocks = teasers + 1, 0, 0
        elif counts[block.text] > MAX_REPEATS:
            words = blocks = 0
        elif decision.rule is None and is_prose(block):
            posts += after_linked_heading
            after_linked_heading = False
            words, blocks = words + _words(block.text), blocks + 1
            most_words, most_blocks = max(most_words, words), max(most_blocks, blocks)
    is_blog = posts > MAX_POSTS and not is_declared
    is_long = most_words >= max(least.words, least.words_per_teaser * teasers) and most_blocks >= least.blocks
    return is_long and not is_blog


def _shows_cards(decisions: Sequence[BlockDecision], title: str, least: RunningText) -> bool:
    """Return True if nearly all text of a page is in cards: a heading and one short paragraph each.

    They may have no link that HTML shows, or only their pictures have one. An article that is dated or signed may be a
    list of the best things: its headings are names, and those of cards are the headlines of stories.
    """
    is_signed = least is DATED_OR_SIGNED
    parts: list[list[int]] = [[]]  # words of each block of text after a heading; first those before all headings
    for decision in decisions:
        block = decision.block
        if block.container.tag in HEADING_TAGS:
            if block.text != title and (is_headline(block.text) or not is_signed):
                parts.append([])
        elif decision.rule is None and is_prose(block):
            parts[-1].append(_words(block.text))
    cards = [part[0] for part in parts[1:] if len(part) == 1]
    most = MAX_SIGNED_CARD_WORDS if is_signed else MAX_CARD_WORDS
    is_most = sum(cards) >= MIN_CARD_SHARE * sum(map(sum, parts))
    return len(cards) >= MIN_CARDS and is_most and sum(cards) <= most * len(cards)


def _begins_with_headline(block: TextBlock, url: str) -> bool:
    """Return True if the first words of a block are a link to another story, and further words follow it."""
    if not block.linked or block.linked >= TEASER_LINKS * len(block.text):
        return False
    for link in _links(block):
        text = " ".join("".join(link.itertext()).split())
        if text and block.text.startswith(text):
            return is_headline(text) and _leads_away(link.get("href"), url)
    return False


def _leads_to_another_page(block: TextBlock, url: str) -> bool:
    """Return False if the link that a block is leads to another site, or to a place on the same page."""
    return all(_leads_away(link.get("href"), url) for link in _links(block))


def _links(block: TextBlock) -> Iterator[Any]:
    """Return the links within a block; that around it if there are none."""
    element = block.container.element
    found = list(islice(element.iter("a"), MAX_LINKS_LOOKED_AT))
    return iter(found or islice(element.iterancestors("a"), 1))


def _leads_away(href: str | None, url: str) -> bool:
    """Return True unless a link leads to another site, or stays on its page. One without an address is for scripts."""
    address = (href or "").strip()
    if address.startswith("#") and address != "#":
        return False
    return not address.lower().startswith(("http:", "https:", "//")) or same_site(urljoin(url, address), url)


def is_prose(block: TextBlock) -> bool:
    """Return True for a block of sentences, some of it in links perhaps."""
    is_long = len(block.text) >= MIN_PROSE_CHARS or len(UNSPACED_LETTER.findall(block.text)) >= MIN_PROSE_UNSPACED
    return is_long and block.linked <= MAX_PROSE_LINKS * len(block.text)


def is_headline(text: str) -> bool:
    """Return True if the text of a link is long enough for the headline of a story."""
    is_spaced = len(text) > MIN_TEASER_CHARS and len(text.split()) >= MIN_TEASER_WORDS
    return is_spaced or len(UNSPACED_LETTER.findall(text)) >= MIN_TEASER_CHARS // 2


def _words(text: str) -> int:
    """Return about how many words a block has; two letters of a script without spaces are one."""
    return max(len(text.split()), len(UNSPACED_LETTER.findall(text)) // 2)


def is_service(title: str, url: str) -> bool:
    """Return True for a page about the publisher and its services, by its title or the last segment of its path."""
    name = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2].partition(".")[0]
    parts = map(_as_segment, TITLE_JOINT.split(title))
    known = _service_titles()
    return not known.isdisjoint((_as_segment(name), _as_segment(title))) or known.issuperset(parts)


def _as_segment(title: str) -> str:
    """Return a title as it would be in a path: "Über uns" as "über-uns"."""
    return NOT_OF_WORDS.sub("-", title.casefold()).strip("-")


@cache
def _service_titles() -> frozenset[str]:
    """Return the names of pages about the publisher and its services, as they are in paths."""
    return frozenset(map(_as_segment, (*phrases("url.service"), *phrases("url.utility"))))
