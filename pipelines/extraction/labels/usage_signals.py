"""Collect what a page says about the use of its text: signals as sent, never judged.

A meta for robots counts if it limits use (noarchive, noai, max-snippet:160), not if it only repeats what is allowed
anyway (index, follow, max-snippet:-1). Everything about text and data mining or a licence counts. HTTP headers are not
part of the page and are not read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.etree import XPath

from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata

MAX_SIGNALS = 30  # of one page
MAX_VALUE_CHARS = 500

# Directives that limit what may be done with a page that was fetched (Google's and Bing's lists; noai is DeviantArt's).
LIMITS = re.compile(
    r"\b(?:noindex|none|noarchive|nocache|nosnippet|noimageindex|notranslate|noai|noimageai|noml|notrain"
    r"|unavailable_after|max-snippet\s*:\s*\d|max-image-preview\s*:\s*none|max-video-preview\s*:\s*\d)",
    re.IGNORECASE,
)
# Metas for robots. The pattern must not match "contentid" of some publishing systems.
ROBOTS = re.compile(r"robots|\S*bot(?:-news|-image|-video|-extended)?|slurp|teoma|bytespider|baiduspider|yandex")
# Robots that collect text for language models: every directive for them is a signal.
FOR_MODELS = frozenset(
    ("gptbot", "ccbot", "google-extended", "applebot-extended", "anthropic-ai", "claudebot", "claude-web", "cohere-ai",
     "perplexitybot", "bytespider", "meta-externalagent", "amazonbot", "diffbot", "omgilibot", "ai2bot")
)  # fmt: skip
# Metas that are about rights. tdm-*: the TDM Reservation Protocol of the W3C's community group, section 8.
RIGHTS = frozenset(
    ("tdm-reservation", "tdm-policy", "rights", "copyright", "license", "dc.rights", "dcterms.rights",
     "dc.rights.license", "dcterms.license", "dcterms.accessrights", "dc.rights.accessrights", "dcterms.rightsholder",
     "dc.rightsholder", "rights-standard", "og:rights", "cc:license", "usage-rights")
)  # fmt: skip
RELATIONS = frozenset(("license", "copyright", "tdm-policy", "cc:license"))  # of links
# Properties of a schema.org CreativeWork.
PROPERTIES = ("license", "usageInfo", "acquireLicensePage", "conditionsOfAccess", "copyrightNotice", "copyrightHolder")
# A licence inside a figure is that of the picture.
LINKS = XPath('.//a[contains(@rel, "license")][@href][not(ancestor::figure)]')


def signals(declared: DeclaredMetadata) -> tuple[str, ...]:
    """Return the signals of metas, links and JSON-LD of a page, "name: value" as sent, each once."""
    return tuple(dict.fromkeys([*_in_metas(declared), *_in_links(declared), *_in_nodes(declared)]))[:MAX_SIGNALS]


def _in_metas(declared: DeclaredMetadata) -> Iterator[str]:
    for name, values in declared.metas.items():
        name = name.replace("dc:", "dc.").replace("dcterms:", "dcterms.")
        for value in values:
            if _counts(name, value):
                yield f"{name}: {value[:MAX_VALUE_CHARS]}"


def _in_links(declared: DeclaredMetadata) -> Iterator[str]:
    for link in (*declared.in_head("link"), *LINKS(declared.tree)):
        names = RELATIONS.intersection((link.get("rel") or "").lower().split())
        value = names and (link.get("href") or "").strip()[:MAX_VALUE_CHARS]
        if value:
            yield f"{min(names)}: {value}"


def _counts(name: str, value: str) -> bool:
    if name in RIGHTS or name in FOR_MODELS:
        return True
    return len(name) < 60 and bool(ROBOTS.fullmatch(name)) and bool(LIMITS.search(value))


def _in_nodes(declared: DeclaredMetadata) -> Iterator[str]:
    for name in PROPERTIES:
        for value in jsonld.texts(declared.article.get(name), "name", "url", "@id"):
            yield f"json-ld {name}: {' '.join(value.split())[:MAX_VALUE_CHARS]}"
