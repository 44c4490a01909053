"""Write a TEI P5 corpus: a header that says where each article is from, and its text with headings, lists, tables.

Guidelines: https://tei-c.org/release/doc/tei-p5-doc/en/html/CC.html (chapter 15, language corpora).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

from exports import Row
from exports.formats.to_urls import KEPT
from exports.formats.xml_text import element, text_of
from exports.line_kinds import HEADINGS, KindOfLine, bare_item, cells, lines_of, runs

name = "tei"
media_type = "application/tei+xml"
suffix = ".xml"
fixed_columns = True

DAY_CHARS = 10  # of an ISO date without a time
START = """<?xml version="1.0" encoding="utf-8"?>
<teiCorpus xmlns="http://www.tei-c.org/ns/1.0">
<teiHeader>
<fileDesc>
<titleStmt><title>Articles of news sites</title></titleStmt>
<publicationStmt>
<authority>Exported by Newsmorgue</authority>
<availability status="unknown"><p>The texts belong to their authors and publishers.</p></availability>
</publicationStmt>
<sourceDesc><p>Pages of news sites, as recorded in WARC files.</p></sourceDesc>
</fileDesc>
<encodingDesc><projectDesc>
<p>A program read headline, authors, dates and text out of each page. A paragraph, heading, list, table, quotation or
line of verse is one of the page, as far as that is known.</p>
</projectDesc></encodingDesc>
</teiHeader>
"""
END = "</teiCorpus>\n"
UNKNOWN_LANGUAGE = "und"  # ISO 639-2: undetermined
LANGUAGE = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # of XML Schema: the type of xml:lang


def article(row: Row) -> Iterator[str]:
    """Yield the lines of an article: its header by chapter 2 of the guidelines, and its text."""
    title = row["title"] or row["url"]
    authors = "".join(element("author", author) for author in row["authors"] or ())
    language = row["language"] if LANGUAGE.fullmatch(row["language"] or "") else UNKNOWN_LANGUAGE
    publisher = element("publisher", row["publisher"] or row["site_name"] or row["source"] or "unknown")
    published = _date(row["published"]) or "<date>unknown</date>"
    revision = str(row["revision"])
    words = str(row["word_count"] or 0)
    yield f'<TEI xml:id="a{row["id"]}r{revision}" xml:lang="{language}">'
    yield "<teiHeader>"
    yield "<fileDesc>"
    yield f"<titleStmt>{element('title', title)}{authors}</titleStmt>"
    yield f"<editionStmt>{element('edition', f'revision {revision}', n=revision)}</editionStmt>"
    yield f"<extent>{element('measure', f'{words} words', unit='words', quantity=words)}</extent>"
    yield "<publicationStmt>"
    yield publisher + published
    if row["warc_record_id"]:
        yield element("idno", row["warc_record_id"], type="WARC-Record-ID")
    yield '<availability status="unknown">'
    yield element("p", "The text belongs to its authors and its publisher.")
    for signal in (*(row["rights"] or ()), *(row["header_rights"] or ())):
        yield element("p", f"The page says: {signal}")
    yield "</availability>"
    yield "</publicationStmt>"
    yield "<sourceDesc><bibl>"
    yield element("title", title, level="a") + authors
    if row["site_name"]:
        yield element("title", row["site_name"], level="j")
    yield publisher + published
    if row["issn"]:
        yield element("idno", row["issn"], type="ISSN")
    yield element("ptr", target=quote(row["canonical_url"] or row["url"], safe=KEPT, errors="surrogatepass"))
    if captured := _date(row["captured"], type="captured"):
        yield captured
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
    yield from _body(row)
    yield "</body></text>"
    yield "</TEI>\n"


def _body(row: Row) -> Iterator[str]:
    """Yield the lines of a text as elements. A heading begins a division (chapter 4); the body is never empty."""
    is_open, is_empty = False, True
    for run in runs(lines_of(row)):
        if run[0].kind in HEADINGS:
            yield from ["<p/>"] if is_empty and is_open else []
            yield ("</div>\n" if is_open else "") + "<div>" + element("head", run[0].text, rend=run[0].kind)
            is_open = is_empty = True
        else:
            yield _block(run)
            is_empty = False
    if is_empty:
        yield "<p/>"
    if is_open:
        yield "</div>"


def _block(run: Sequence[KindOfLine]) -> str:
    """Return lines that belong together as one element: chapters 3 (lists, quotations, verse) and 14 (tables)."""
    kind = run[0].kind
    if kind in ("t", "th"):
        return f"<table>{''.join(map(_row, run))}</table>"
    if kind in ("u", "o"):
        return _list(run)
    if kind == "v":
        return f"<lg>{''.join(element('l', line.text) for line in run)}</lg>"
    if kind == "c":
        ends = ["<lb/>" if line.goes_on else "<lb/><lb/>" for line in run[1:]]
        text = "".join(end + text_of(line.text) for end, line in zip(("", *ends), run, strict=True))
        return f'<ab rend="preformatted" xml:space="preserve">{text}</ab>'
    if kind in ("q", "qv"):
        return f"<quote>{''.join(_quoted(run))}</quote>"
    return "".join(element("p", line.text) for line in run)


def _quoted(run: Sequence[KindOfLine]) -> Iterator[str]:
    """Yield the paragraphs and the lines of verse of a quotation, each stanza as a group."""
    before = ""
    for line in run:
        is_verse, was_verse = line.kind == "qv", before == "qv"
        yield "</lg>" * (was_verse and not (is_verse and line.goes_on))
        yield "<lg>" * (is_verse and not (was_verse and line.goes_on))
        yield element("l" if is_verse else "p", line.text)
        before = line.kind
    yield "</lg>" * (before == "qv")


def _row(line: KindOfLine) -> str:
    start = '<row role="label">' if line.kind == "th" else "<row>"
    return f"{start}{''.join(element('cell', cell) for cell in cells(line))}</row>"


def _list(run: Sequence[KindOfLine]) -> str:
    """Return a list with its inner lists, each within the item before it."""
    parts: list[str] = []
    level = 0
    for line in run:
        mark, text = bare_item(line)
        if line.goes_on and parts:
            parts.append(f"<lb/>{text_of(text)}")
            continue
        wanted = min(line.level, level + 1)
        parts.append("</item></list>" * (level - wanted) + "</item>" * (wanted <= level))
        if wanted > level:
            parts.append('<list rend="numbered">' if line.kind == "o" else '<list rend="bulleted">')
        level = wanted
        number = mark.rstrip(".") if line.kind == "o" else None
        parts.append(element("item", text, n=number).removesuffix("</item>"))
    return "".join(parts) + "</item></list>" * level


def _date(text: str | None, **attributes: str) -> str | None:
    """Return a date of ours as an element whose `when` is a date or time of XML Schema; None for what is neither."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    when = time.date().isoformat() if len(text or "") <= DAY_CHARS else time.isoformat()
    return element("date", text, when=when, **attributes)


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the header of the corpus, then a TEI element for each row; return the number of rows."""
    out.write(START.encode())
    count = 0
    for row in rows:
        out.write("\n".join(article(row)).encode("utf-8", "replace"))
        count += 1
    out.write(END.encode())
    return count
