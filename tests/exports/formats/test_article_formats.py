"""Test what is special about each format of articles, as the programs see it that read it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import sqlite3
from contextlib import closing
from importlib import resources

import feedparser
import pytest
from lxml import etree

from exports.extras import load_extra
from exports.formats import to_atom, to_bulk, to_tei
from exports.formats.article_files import file_name
from exports.formats.to_markdown import body, escape, page
from pipelines.core.errors import ConfigError
from pipelines.database import queries
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from pipelines.database.search import counts, hits
from pipelines.selection import subset
from tests.support.article_archive import build, rows
from tests.support.exporting import export

ATOM = "{http://www.w3.org/2005/Atom}"
TEI = "{http://www.tei-c.org/ns/1.0}"
# Of the second article: what a header must say of title, publication, rights and source.
DESCRIBED = {
    f"{TEI}titleStmt/{TEI}title": "Cup final tonight",
    f"{TEI}extent/{TEI}measure": "12 words",
    f"{TEI}publicationStmt/{TEI}publisher": "Courier",
    f"{TEI}publicationStmt/{TEI}date": "2024-02-29T09:30:00+01:00",
    f"{TEI}publicationStmt/{TEI}availability/{TEI}p": "The text belongs to its authors and its publisher.",
    f"{TEI}sourceDesc/{TEI}bibl/{TEI}title": "Cup final tonight",
    f"{TEI}sourceDesc/{TEI}bibl/{TEI}date[@type='captured']": "2024-03-01T00:00:00.000002Z",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("formats") / "archive")


@pytest.fixture(scope="module")
def dtd():
    """Return the DTD of TEI P5 for corpora that trafilatura has; it takes a while to read."""
    with resources.files("trafilatura").joinpath("data", "tei_corpus.dtd").open("rb") as file:
        return etree.DTD(file)


def test_urls_has_each_address_once(archive, tmp_path):
    """An article with several revisions has one line, too."""
    export(archive, "urls", tmp_path / "urls.txt", every_revision=True)
    assert (tmp_path / "urls.txt").read_text().splitlines() == [row["url"] for row in rows()]


def test_txt_has_a_file_for_each_article_and_a_table_of_them(archive, tmp_path):
    """The table names each file, and has every other field."""
    export(archive, "txt", tmp_path / "out", fields=["id", "title", "text"])
    with (tmp_path / "out" / "metadata.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    assert list(listed[0]) == ["file", "id", "title"]
    assert listed[1]["file"] == "courier/2024-02/00000002.txt"
    text = (tmp_path / "out" / listed[1]["file"]).read_text()
    assert text == "Cup final tonight\n\nFootball fills the town.\nNobody spoke of the climate; sport was all.\n"
    assert len(list((tmp_path / "out").rglob("*.txt"))) == len(listed) == 39


def test_markdown_has_its_fields_as_front_matter(archive, tmp_path):
    """Each value is JSON, which is YAML, too; the text is not there twice."""
    export(archive, "markdown", tmp_path / "out")
    page = (tmp_path / "out" / "gazette" / "2024-03" / "00000005.md").read_text()
    _, front, body = page.split("---\n", 2)
    fields = {name: json.loads(value) for name, value in (line.split(": ", 1) for line in front.splitlines())}
    assert fields["title"] == "Élections : « rien n’est joué »"
    assert fields["authors"] == ["Zoé Ångström", "Marc Noël"]
    assert "text" not in fields
    assert body.startswith("\n# Élections : « rien n’est joué »\n\nLe scrutin approche; les sondages hésitent.")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("# no heading", r"\# no heading"), ("- no item", r"\- no item"), ("1. no item", r"1\. no item"),
        ("a*b_c [d](e) <f>", r"a\*b\_c \[d\](e) \<f\>"), ("in 2024. A year", "in 2024. A year"),
        ("C# - fine", "C# - fine"), ("2.40 euros", "2.40 euros"), ("-5 degrees", "-5 degrees"),
        ("+12 %", "+12 %"), ("+ 12", r"\+ 12"), ("---", r"\---"), ("- -", r"\- -"), ("===", r"\==="), ("= 5", "= 5"),
    ],
)  # fmt: skip
def test_markdown_shows_signs_of_the_text_as_they_are(text, escaped):
    """Signs that would be markup are escaped, and others stay readable."""
    assert escape(text) == escaped


# Text and kinds of a text with everything; its Markdown.
LINES = (
    ("Where it is", "h2"), ("Two * boats:", "p"), ("3. East | 4", "o1"), ("  - in winter", "u2"),
    ("  and spring", "u2+"), ("4. West", "o1"), ("Line | Boats", "th"), ("East | ", "t+"), ("4 | 5", "t"),
    ("“No,” she said.", "q"), ("Ada", "q+"),
    ("Roses", "v"), ("red", "v+"), ("if x:", "c"), ("  go()", "c+"), ("end", "c"),
    ("He sang:", "q"), ("Violets", "qv+"), ("- blue", "qv+"), ("Tulips", "qv"), ("1.5 | - x", "t"), ("C #", "h2"), 
    ("Cost", "h3"), ("Rest", "h3"), ("a. Oak", "o1"),
)  # fmt: skip
AS_MARKDOWN = r"""# Boats

## Where it is

Two \* boats:

3. East \| 4
   - in winter

     and spring
4. West

| Line | Boats |
| --- | --- |
| East |  |

|  |  |
| --- | --- |
| 4 | 5 |

> “No,” she said.
>
> Ada

Roses\
red

```
if x:
  go()

end
```

> He sang:
>
> Violets\
> \- blue
>
> Tulips

|  |  |
| --- | --- |
| 1.5 | - x |

## C \#

### Cost

### Rest

- a. Oak"""


def structured(lines=LINES) -> dict[str, object]:
    text, kinds = "\n".join(line for line, _ in lines), " ".join(kind for _, kind in lines)
    row = dict.fromkeys(queries.ARTICLE_KEYS) | {"id": 1, "revision": 1, "url": "https://a.example/1"}
    return row | {"title": "Boats", "text": text, "line_kinds": kinds}


def test_markdown_has_the_structure_of_the_text():
    """CommonMark, with the tables of GitHub; signs of the text are escaped in all of them but code."""
    assert body(structured()) == AS_MARKDOWN


@pytest.mark.parametrize("kinds", [None, "", "p p", "x " * len(LINES), "p" * 999])
def test_lines_of_unknown_kinds_are_paragraphs(kinds):
    """Of articles that an earlier version read, and of forged rows."""
    row = structured() | {"line_kinds": kinds}
    assert body(row).split("\n\n")[1:] == [escape(line.strip()) for line, _ in LINES]


@pytest.mark.parametrize(
    "lines", [LINES, LINES[4:], LINES[22:], LINES[:1], [("x", "q+"), ("y", "t+"), ("- z", "u9")], [("", "p")]]
)
def test_tei_with_structure_is_valid(dtd, lines):
    """By the DTD but for tables; it has all words of the text, whatever line comes first."""
    out = io.BytesIO()
    to_tei.write([structured(lines)], out, ())
    tree = etree.fromstring(out.getvalue())
    words = " ".join(tree.find(f".//{TEI}text").itertext()).split()[1:]
    items = {number for number, (line, kind) in enumerate(lines) if kind[0] in "uo" and kind[-1] != "+"}
    expected = [line.split()[number in items :] for number, (line, _) in enumerate(lines)]
    assert [word for word in words if word != "|"] == [word for line in expected for word in line if word != "|"]
    for table in tree.findall(f".//{TEI}table"):  # chapter 14 is not in this DTD
        table.tag = f"{TEI}p"
        table[:] = []
    assert dtd.validate(tree), dtd.error_log.filter_from_errors()


def test_front_matter_holds_only_what_yaml_can_hold():
    """YAML 1.2.2, section 5.1, c-printable; and nothing that YAML 1.1 takes for a line end."""
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    row = dict.fromkeys(queries.ARTICLE_KEYS) | {"text": "", "title": "", "section": every, "tags": [every]}
    front = page(row, ["section", "tags"]).split("---\n")[1]
    allowed = "\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
    assert re.search(f"[^{allowed}]", front) is None
    section, tags = (json.loads(line.split(": ", 1)[1]) for line in front.splitlines())
    assert (section, tags) == (every, [every])


def test_atom_is_a_feed_that_feedparser_reads(archive, tmp_path):
    """Well-formed, although titles have control characters; every article an entry with title, link, date and text."""
    export(archive, "atom", tmp_path / "feed.atom")
    data = (tmp_path / "feed.atom").read_bytes()
    etree.fromstring(data)
    feed = feedparser.parse(data)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert len(feed.entries) == 39
    entry = feed.entries[1]
    assert (entry.title, entry.link) == ("Cup final tonight", rows()[1]["url"])
    assert entry.published == "2024-02-29T08:30:00Z"
    assert entry.content[0].value.startswith("Football fills the town.")
    assert [author.name for author in feed.entries[4].authors] == ["Zoé Ångström", "Marc Noël"]
    assert feed.feed.updated == max(one.updated for one in feed.entries)
    assert len({one.id for one in feed.entries}) == 39


def test_tei_is_a_corpus_with_a_header_for_each_article(archive, dtd, tmp_path):
    """Valid by the DTD of TEI P5 for corpora that trafilatura has; each TEI element has an id that no other has."""
    export(archive, "tei", tmp_path / "corpus.xml", every_revision=True)
    tree = etree.parse(tmp_path / "corpus.xml")
    assert dtd.validate(tree), dtd.error_log.filter_from_errors()
    texts = tree.getroot().findall(f"{TEI}TEI")
    assert len({text.get("{http://www.w3.org/XML/1998/namespace}id") for text in texts}) == len(texts) == 40
    second = texts[2]
    described = {path: second.findtext(f"{TEI}teiHeader/{TEI}fileDesc/{path}") for path in DESCRIBED}
    assert described == DESCRIBED
    paragraphs = [part.text for part in second.findall(f"{TEI}text/{TEI}body/{TEI}p")]
    assert paragraphs == ["Football fills the town.", "Nobody spoke of the climate; sport was all."]


@pytest.mark.parametrize(
    ("field", "value", "path", "attribute", "written"),
    [
        ("published", "2024-01-05", "//t:bibl/t:date[not(@type)]", "when", "2024-01-05"),
        ("published", "2024-01-05T09:30+01:00", "//t:bibl/t:date[not(@type)]", "when", "2024-01-05T09:30:00+01:00"),
        ("published", "last week", "//t:bibl/t:date[not(@type)]", "when", None),
        ("language", 'en" onload="x', "/t:TEI", "{http://www.w3.org/XML/1998/namespace}lang", "und"),
        ("language", "pt-BR", "//t:language", "ident", "pt-BR"),
        ("canonical_url", "https://x.example/a b\n<c>", "//t:ptr", "target", "https://x.example/a%20b%0A%3Cc%3E"),
    ],
)
def test_tei_attribute_has_the_type_that_tei_demands(archive, field, value, path, attribute, written):
    """Dates, languages and addresses of XML Schema, whatever a page or a forged database says."""
    with closing(connect(archive / "morgue.db")) as db:
        row = next(queries.articles(db)) | {field: value}
    text = "\n".join(to_tei.article(row)).replace("<TEI ", f'<TEI xmlns="{TEI[1:-1]}" ', 1)
    (found,) = etree.fromstring(text).getroottree().xpath(path, namespaces={"t": TEI[1:-1]})
    assert found.get(attribute) == written


@pytest.mark.parametrize("path", ["id", "title", "updated", "entry/id", "entry/title", "entry/updated"])
def test_atom_has_each_element_that_is_required_once(archive, tmp_path, path):
    """RFC 4287, 4.1.1 and 4.1.2; the id of an entry is that of its article, also after an edit."""
    export(archive, "atom", tmp_path / "feed.atom", every_revision=True)
    feed = etree.parse(tmp_path / "feed.atom").getroot()
    *entry, name = (f"{ATOM}{part}" for part in path.split("/"))
    parents = feed.findall(entry[0]) if entry else [feed]
    assert [len([one.text for one in parent.findall(name) if one.text]) for parent in parents] == [1] * len(parents)
    ids = [one.findtext(f"{ATOM}id") for one in feed.findall(f"{ATOM}entry")]
    assert (ids[0] == ids[1], len(set(ids))) == (True, 39)


def test_atom_entries_of_one_article_differ_in_their_times():
    """RFC 4287, 4.1.1. The time that the page gives itself may be the same after an edit."""
    row = dict.fromkeys(queries.ARTICLE_KEYS) | {"url": "https://a.example/", "title": "a", "text": "b"}
    states = [row | {"modified": "2024-01-01", "captured": f"2024-02-0{day}T00:00:00Z"} for day in (1, 2)]
    out = io.BytesIO()
    to_atom.for_revisions().write(states, out, [])
    feed = etree.fromstring(out.getvalue())
    times = [one.findtext(f"{ATOM}updated") for one in feed.findall(f"{ATOM}entry")]
    assert times == ["2024-02-01T00:00:00Z", "2024-02-02T00:00:00Z"]
    assert feed.findtext(f"{ATOM}updated") == times[1]


def test_bulk_has_an_action_before_each_document(archive, tmp_path):
    """Each id once, made of the address, so that a later export replaces a document; the last line ends, too.

    In an export of all revisions each id has a number, so that none of them replaces the newest state.
    """
    for name, every in (("all", True), ("latest", False)):
        export(archive, "bulk", tmp_path / name, every_revision=every, fields=["url", "title"])
    data = (tmp_path / "all").read_bytes()
    assert data.endswith(b"}\n")
    lines = [json.loads(line) for line in data.decode().split("\n")[:-1]]
    actions, documents = lines[::2], lines[1::2]
    assert all(action.keys() == {"index"} and action["index"].keys() == {"_id"} for action in actions)
    ids = [action["index"]["_id"] for action in actions]
    assert len(set(ids)) == len(ids) == 40
    assert list(documents[0]) == ["url", "title"]
    latest = [json.loads(line)["index"]["_id"] for line in (tmp_path / "latest").read_text().splitlines()[::2]]
    assert {identity.rpartition("-r")[0] for identity in ids} == set(latest)
    assert not {*latest} & {*ids}
    assert ids[:2] == [f"{latest[0]}-r1", f"{latest[0]}-r2"]
    lone = io.BytesIO()
    to_bulk.for_revisions().write([rows()[1] | {"revision": 2}], lone, ["url"])
    assert json.loads(lone.getvalue().splitlines()[0])["index"]["_id"] == f"{latest[1]}-r2", "revision 1 is left out"
    assert latest[1] == hashlib.sha256(rows()[1]["url"].encode()).hexdigest()[:32], "known to programs of others"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("../../etc", "-..-etc"), ("..", "unknown"), (".hidden", "hidden"), ("a/b\\c:", "a-b-c-"), ("", "unknown"),
        ("新聞", "新聞"), ("x\0y\n", "x-y-"), (None, "unknown"),
    ],
)  # fmt: skip
def test_file_name_stays_in_its_folder(text, expected):
    """Whatever a source or a day is in a forged database; the number makes the name unique."""
    row = {"source": text, "published_day": "2024-01-05", "id": 7, "revision": 2}
    assert file_name(row, "", ".txt", {}) == f"{expected}/2024-01/00000007.txt"
    assert file_name(row, "train", ".md", {"revisions": "all"}) == f"train/{expected}/2024-01/00000007-r2.md"
    forged = row | {"source": "courier", "published_day": text}
    assert ".." not in file_name(forged, "", ".txt", {}).split("/")


@pytest.mark.parametrize("every", [False, True])
def test_sqlite_is_an_archive_of_the_articles_that_match(archive, tmp_path, monkeypatch, every):
    """Search finds in it what it finds in the whole; nothing else is in it; no row names one that is not there.

    The captures of one run are copied in several batches.
    """
    monkeypatch.setattr(subset, "BATCH_ARTICLES", 2)
    gazette = ArticleFilters(source="gazette")
    export(archive, "sqlite", tmp_path / "out", filters=gazette, every_revision=every)
    with closing(connect(archive / "morgue.db")) as whole, closing(connect(tmp_path / "out" / "morgue.db")) as part:
        assert list(hits.search(part, "climat")) == list(hits.search(whole, "climat", gazette))
        assert list(queries.articles(part)) == list(queries.articles(whole, gazette))
        assert counts.count(part) > 5
    with closing(sqlite3.connect(tmp_path / "out" / "morgue.db")) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT name FROM sources").fetchall() == [("gazette",)]
        assert db.execute("SELECT count(*) FROM frontier").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM changes").fetchone() == (0,)


def test_sqlite_copies_more_captures_of_one_crawl_than_a_batch(archive, tmp_path, monkeypatch):
    """The crawl is copied once, although captures of several batches name it."""
    monkeypatch.setattr(subset, "BATCH_ARTICLES", 10)
    export(archive, "sqlite", tmp_path / "out", every_revision=True)
    with closing(connect(archive / "morgue.db")) as whole, closing(connect(tmp_path / "out" / "morgue.db")) as part:
        for table in ("articles", "revisions", "captures", "crawls"):
            found = [[tuple(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY id")] for db in (whole, part)]
            assert found[0] == found[1], table


def test_sqlite_has_earlier_revisions_only_if_asked(archive, tmp_path):
    """Article 1 has two."""
    for name, every in (("latest", False), ("all", True)):
        export(archive, "sqlite", tmp_path / name, every_revision=every)
    numbers = {}
    for name in ("latest", "all"):
        with closing(sqlite3.connect(tmp_path / name / "morgue.db")) as db:
            numbers[name] = [row[0] for row in db.execute("SELECT number FROM revisions WHERE article_id = 1")]
    assert numbers == {"latest": [2], "all": [1, 2]}


def test_zst_holds_the_same_as_the_plain_file(archive, tmp_path):
    """The manifest says how it is compressed."""
    zstandard = pytest.importorskip("zstandard")
    manifest = export(archive, "jsonl", tmp_path / "a.jsonl.zst")
    assert manifest["compression"] == "zstd"
    export(archive, "jsonl", tmp_path / "a.jsonl.gz")
    with zstandard.open(tmp_path / "a.jsonl.zst", "rb") as file:
        assert file.read() == gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes())


def test_jsonl_is_the_same_bytes_with_and_without_orjson(archive, monkeypatch):
    """It only saves time."""
    pytest.importorskip("orjson")
    from exports.formats import to_jsonl

    with closing(connect(archive / "morgue.db")) as db:
        found = [
            *queries.articles(db),
            {
                "text": "\u2028 \x85 \x00 \x7f é 東 \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
                "n": 2**70,
            },
        ]
    assert list(map(to_jsonl.fast_line_bytes(), found)) == list(map(to_jsonl.line_bytes, found))


def test_missing_extra_is_named(tmp_path):
    """The error has the command that installs it."""
    with pytest.raises(ConfigError, match=r"nosuchlibrary: is not installed\n  pip install 'newsmorgue\[parquet\]'"):
        load_extra("nosuchlibrary.parts", "parquet")
