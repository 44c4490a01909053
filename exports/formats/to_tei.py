"""Write a TEI P5 corpus: a header that says where each article is from, and its paragraphs.

Guidelines: https://tei-c.org/release/doc/tei-p5-doc/en/html/CC.html (chapter 15, language corpora).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from exports import Row
from exports.formats.xml_text import element

name = "tei"
media_type = "application/tei+xml"
suffix = ".xml"
fixed_columns = True

START = """<?xml version="1.0" encoding="utf-8"?>
<teiCorpus xmlns="http://www.tei-c.org/ns/1.0">
<teiHeader>
<fileDesc>
<titleStmt><title>Articles of news sites</title></titleStmt>
<publicationStmt><p>Exported by Newsmorgue.</p></publicationStmt>
<sourceDesc><p>Pages of news sites, as recorded in WARC files.</p></sourceDesc>
</fileDesc>
</teiHeader>
"""
END = "</teiCorpus>\n"
UNKNOWN_LANGUAGE = "und"  # ISO 639-2: undetermined


def article(row: Row) -> Iterator[str]:
    """Yield the lines of an article: its header by chapter 2 of the guidelines, and its text."""
    title = element("title", row["title"] or row["url"])
    authors = [element("author", author) for author in row["authors"] or ()]
    day = row["published"]
    date = element("date", day, when=day) if day else element("date", "unknown")
    language = row["language"] or UNKNOWN_LANGUAGE
    yield f'<TEI xml:id="a{row["id"]}r{row["revision"]}" xml:lang="{language}">'
    yield "<teiHeader>"
    yield "<fileDesc>"
    yield f"<titleStmt>{title}{''.join(authors)}</titleStmt>"
    yield "<publicationStmt>"
    yield element("publisher", row["publisher"] or row["site_name"] or row["source"] or "unknown")
    yield element("idno", row["warc_record_id"] or "", type="WARC-Record-ID")
    for signal in row["rights"] or ():
        yield f"<availability>{element('p', signal)}</availability>"
    yield "</publicationStmt>"
    yield "<sourceDesc><bibl>"
    yield title + "".join(authors)
    yield element("publisher", row["publisher"] or row["site_name"] or row["source"] or "unknown")
    yield date
    yield element("ptr", target=row["canonical_url"] or row["url"])
    if row["captured"]:
        yield element("date", row["captured"], type="captured", when=row["captured"])
    yield "</bibl></sourceDesc>"
    yield "</fileDesc>"
    yield "<profileDesc>"
    yield f"<langUsage>{element('language', language, ident=language)}</langUsage>"
    if terms := [element("term", term) for term in (row["section"], *(row["tags"] or ())) if term]:
        yield f"<textClass><keywords>{''.join(terms)}</keywords></textClass>"
    yield "</profileDesc>"
    yield "</teiHeader>"
    yield "<text><body>"
    if row["title"]:
        yield element("head", row["title"])
    paragraphs = [element("p", line) for line in (row["text"] or "").split("\n") if line.strip()]
    yield from paragraphs or ["<p/>"]  # the body of a text is never empty
    yield "</body></text>"
    yield "</TEI>\n"


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the header of the corpus, then a TEI element for each row; return the number of rows."""
    out.write(START.encode())
    count = 0
    for row in rows:
        out.write("\n".join(article(row)).encode("utf-8", "replace"))
        count += 1
    out.write(END.encode())
    return count
