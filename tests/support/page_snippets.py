"""Make pages from snippets: a test of metadata says what matters of a page, and nothing else."""

import json
from datetime import UTC, datetime

from lxml import html

from pipelines.extraction.fields import metadata
from pipelines.extraction.page.declared import DeclaredMetadata, gather

URL = "https://paper.example/politics/2024/05/06/bridge"
SEEN = datetime(2024, 6, 1, tzinfo=UTC)


def page(
    head: str = "", body: str = "", *, url: str = URL, hint: dict | None = None, lang: str = ""
) -> DeclaredMetadata:
    """Return what a page made of these parts declares."""
    text = f"<!DOCTYPE html><html {lang}><head>{head}</head><body>{body}<p>x</p></body></html>"
    tree = html.document_fromstring(text, parser=html.HTMLParser(huge_tree=True))
    return gather(tree, url, SEEN, hint)


def read(head: str = "", body: str = "", *, found: str | None = None, **parts) -> metadata.PageMetadata:
    """Return the metadata of such a page; `found` is the date that a search of the text would give."""
    return metadata.read(page(head, body, **parts), lambda _page: found)


def ld(**node) -> str:
    """Return a JSON-LD block with one article node."""
    return script(json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", **node}))


def script(text: str) -> str:
    """Return a JSON-LD block."""
    return f'<script type="application/ld+json">{text}</script>'


def meta(name: str, content: str) -> str:
    """Return a meta element, by property."""
    return f'<meta property="{name}" content="{content}">'


def assert_candidates_agree(head: str = "", body: str = "") -> None:
    """Check that of a field's candidates exactly one is chosen, with the value and source that `read` gives; none, if
    the field is empty; and that the chosen and the refused have a reason."""
    head = meta("og:site_name", "The Paper") + head
    fields = read(head, body, found="2024-05-02")
    for field, candidates in metadata.candidates(page(head, body), lambda _page: "2024-05-02").items():
        chosen = [candidate for candidate in candidates if candidate.chosen]
        value = getattr(fields, field)
        assert [candidate.value for candidate in chosen] == ([value] if value else [])
        assert [candidate.source for candidate in chosen] == (
            [fields.found_in[field]] if field in fields.found_in else []
        )
        assert all(candidate.why for candidate in candidates if candidate.chosen or candidate.value is None)
