"""Signals on use, as the page sends them."""

import json
from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines.extraction.labels.usage_signals import MAX_SIGNALS, signals
from pipelines.extraction.page.declared import gather


def read(head: str = "", body: str = "") -> tuple[str, ...]:
    tree = html.document_fromstring(f"<html><head>{head}</head><body><h1>Bridge</h1>{body}<p>x</p></body></html>")
    return signals(gather(tree, "https://paper.example/bridge", datetime(2024, 6, 1, tzinfo=UTC)))


def meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{content}">'


CASES = {
    "no archive": (meta("robots", "index, follow, noarchive"), ("robots: index, follow, noarchive",)),
    "no language models": (meta("robots", "noai, noimageai"), ("robots: noai, noimageai",)),
    "a limit of words": (meta("Googlebot", "max-snippet:160"), ("googlebot: max-snippet:160",)),
    "an end": (meta("robots", "unavailable_after: 2030-01-01"), ("robots: unavailable_after: 2030-01-01",)),
    "one robot": (meta("GPTBot", "nofollow") + meta("CCBot", "nofollow"), ("gptbot: nofollow", "ccbot: nofollow")),
    "TDMRep": (
        meta("tdm-reservation", "1") + meta("tdm-policy", "https://paper.example/tdm.json"),
        ("tdm-reservation: 1", "tdm-policy: https://paper.example/tdm.json")),
    "TDMRep, nothing reserved": (meta("tdm-reservation", "0"), ("tdm-reservation: 0",)),
    "Dublin Core": (meta("DCTERMS.rights", "All rights  reserved"), ("dcterms.rights: All rights reserved",)),
    "a licence as link": (
        '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">',
        ("license: https://creativecommons.org/licenses/by/4.0/",)),
    "each once": (meta("robots", "noarchive") * 2, ("robots: noarchive",)),
    # What must not count.
    "what is allowed anyway": (meta("robots", "index,follow,max-snippet:-1,max-image-preview:large"), ()),
    "a name that holds the word": (meta("about-robots-txt", "noarchive") + meta("bottom", "noindex"), ()),
    "an empty value": (meta("copyright", " "), ()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_signals_are_kept_as_sent(name):
    """A limit is given in the page's own words; a repetition of what is allowed anyway is no signal."""
    head, expected = CASES[name]
    assert read(head) == expected


def test_licence_of_a_picture_is_no_signal():
    """rel=license in the text counts; inside a figure it is about the picture."""
    link = '<a rel="license noopener" href="https://creativecommons.org/licenses/by/4.0/">CC</a>'
    assert read(body=f"<p>{link}</p>") == ("license: https://creativecommons.org/licenses/by/4.0/",)
    assert read(body=f"<figure>{link}</figure>") == ()


def test_schema_org_node_gives_signals():
    """License, usage and owner of the article's node."""
    node = {"@type": "NewsArticle", "license": "https://paper.example/terms", "copyrightHolder": {"name": "The Paper"}}
    script = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    assert read(script) == ("json-ld license: https://paper.example/terms", "json-ld copyrightHolder: The Paper")


def test_number_of_signals_is_bounded():
    """A field is no dump."""
    assert len(read("".join(meta("copyright", f"{number}") for number in range(1000)))) == MAX_SIGNALS
