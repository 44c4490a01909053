"""Test what every format guarantees, and what each makes of values that are hard for it."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from importlib.util import find_spec

import pytest

import exports
from exports import dataset
from exports.formats import to_csv
from pipelines.core.errors import ConfigError
from pipelines.selection.captures import CaptureFilter, CaptureSelection
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import ABOUT, build
from tests.support.command import ROOT

HARD = {
    "text": "One\ntwo, \"three\"; 'four'\r\n\u2028five\x85six\tseven",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "people": ["Zoé Ångström", "@handle", "東京 太郎"],
    "nobody": [],
    "unknown": None,
    "empty": "",
    "number": -5,
    "emoji": "👩\u200d🚀 é e\u0301",
    "script": "ar قمة he שלום",
}


# An article whose every field is there, as far as it is one that is hard.
ARTICLE = dict.fromkeys(dataset.columns()) | {
    "id": 7, "source": "courier", "url": "https://courier.example/7?a=1&b=é", "title": HARD["formula"],
    "authors": HARD["people"],
    "tags": ["<b>", "]]>"], "rights": ["robots: noarchive"], "header_rights": [], "found_in": {"title": "h1"},
    "text": "One <two> & three\x00\n\u2028four", "published": "2024-01-05", "language": "en",
    "published_day": "2024-01-05",
    "captured": "2024-01-05T10:00:00.123456Z", "revision": 1, "word_count": 4, "text_digest": "0" * 64,
}  # fmt: skip
ROWS = [name for name in exports.format_names() if hasattr(exports.load_format(name), "write")]
NEEDS_PYARROW = pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")


def written(form: str, rows, columns=tuple(HARD), **options) -> bytes:
    out = io.BytesIO()
    count = exports.load_format(form).write(iter(rows), out, list(columns), **options)
    assert count == len(rows)
    return out.getvalue()


def test_every_file_to_name_is_a_format():
    """An unknown format is answered with the names of those that exist."""
    assert {"csv", "jsonl", "warc", "wacz", "cdxj"} <= set(exports.format_names())
    assert {"csv", "jsonl"} <= set(ROWS)
    with pytest.raises(ConfigError, match=r"format 'xls': unknown format\n.*csv, huggingface, jsonl"):
        exports.load_format("xls")
    with pytest.raises(ConfigError):
        exports.load_format("../csv")


@pytest.mark.parametrize("form", [n for n in exports.format_names() if hasattr(exports.load_format(n), "pack")])
def test_format_of_captures_keeps_the_protocol(tmp_path, form):
    """Name, media type and suffix; no captures are no error, and counted; the file stays open."""
    module = exports.load_format(form)
    assert module.name == form
    assert "/" in module.media_type
    assert module.suffix.startswith(".")
    archive = build(tmp_path / "archive")
    out = io.BytesIO()
    with (
        closing(archive.open()) as db,
        CaptureSelection(db, WarcStorage(archive.warc), CaptureFilter(hosts=("nobody.example",))) as selection,
    ):
        said = module.pack(selection, out, ABOUT)
    assert not out.closed
    assert {said[key] for key in ("captures", "added_for_revisits", "revisits_without_response")} == {0}


@pytest.mark.parametrize(
    "form", [pytest.param(name, marks=NEEDS_PYARROW) if name == "parquet" else name for name in ROWS]
)
def test_format_of_articles_keeps_the_protocol(form):
    """Name, media type and suffix; no rows are no error; same rows, same bytes; the file stays open."""
    module = exports.load_format(form)
    assert module.name == form
    assert "/" in module.media_type
    assert module.suffix.startswith(".")
    columns = list(ARTICLE)
    assert written(form, [], columns) == written(form, [], columns)
    assert written(form, [ARTICLE] * 3, columns) == written(form, [ARTICLE] * 3, columns)
    out = io.BytesIO()
    module.write(iter([ARTICLE]), out, columns)
    assert not out.closed


def test_documented_example_is_a_format():
    """docs/add-an-export.md: its code runs as printed there, and keeps the protocol."""
    page = (ROOT / "docs" / "add-an-export.md").read_text(encoding="utf-8")
    example: dict = {}
    exec(page.split("```python\n")[1].split("```")[0], example)
    out = io.BytesIO()
    rows = [{"title": "One", "published_day": "2024-01-01", "text": "a\nb"}, {"title": None, "text": "c"}]
    assert example["write"](iter(rows), out, ["title"]) == 2
    assert out.getvalue() == b"One\n2024-01-01\na\nb\n\f\nc\n\f\n"
    assert (example["name"], example["suffix"]) == ("onefile", ".txt")


def test_jsonl_gives_back_every_value():
    """One line for each row, whichever characters a reader takes for line ends; nothing is lost."""
    data = written("jsonl", [HARD, HARD]).decode()
    assert len(data.splitlines()) == 2
    assert [json.loads(line) for line in data.splitlines()] == [HARD, HARD]
    assert list(json.loads(data.splitlines()[0])) == list(HARD)
    assert "Zoé" in data, "readable, not escaped"


def test_csv_follows_rfc_4180():
    """CRLF ends, a header even without rows, quotes doubled; values come back as text, lists joined."""
    assert written("csv", []) == ",".join(HARD).encode() + b"\r\n"
    data = written("csv", [HARD], raw=True).decode()
    assert data.endswith("\r\n")
    assert not data.startswith("\ufeff")
    header, row = csv.reader(io.StringIO(data, newline=""))
    assert header == list(HARD)
    back = dict(zip(header, row, strict=True))
    assert back["text"] == HARD["text"]
    assert back["people"] == "Zoé Ångström; @handle; 東京 太郎"
    assert (back["nobody"], back["unknown"], back["empty"], back["number"]) == ("", "", "", "-5")


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1 for a headline", "-2+3", "@SUM(A1)", "\t=1", "\rx", "\tx", "  =1", "\n=1", "\u00a0=1",
     "\u200b=1", "\ufeff@x", "＝1", "＋x", "－x", "＠x", "-", "+49 30 1234", "- said the mayor", "-5a",
     "\r=x"],
)  # fmt: skip
def test_csv_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    """OWASP, CSV injection: by default; `raw` leaves the data as it is."""
    assert to_csv.cell(cell, raw=False) == "'" + cell
    assert to_csv.cell(cell, raw=True) == cell


@pytest.mark.parametrize(
    "cell",
    [
        "-5",
        "+3.25",
        "-1,000.5",
        "-1e9",
        "1=1",
        "a-b",
        "",
        "plain",
        " 5",
        "'=1",
        "“=1”",
        "2024-01-01",
        None,
        -5,
    ],
)
def test_csv_cell_that_no_spreadsheet_runs_is_unchanged(cell):
    """Plain numbers, and signs in the middle."""
    assert to_csv.cell(cell, raw=False) == cell


def test_csv_list_that_begins_like_a_formula_gets_an_apostrophe():
    """The beginning of the cell counts, not that of the list."""
    assert to_csv.cell(["@handle", "x"], raw=False) == "'@handle; x"
    assert to_csv.cell(["x", "@handle"], raw=False) == "x; @handle"


LOOK_ALIKES = ["−", "﹢", "﹣", "﹦", "﹫", "⁺", "⁻", "₊", "⁼", "–", "‑", "＝", "＋", "－", "＠"]
UNSEEN = (
    "\u034f", "\u061c", "\u115f", "\u180e", "\u202e", "\u3164", "\ufeff", "\u200b", "\x00", "\x1b", "\u2800",
    "\ufe0f", "\U000e0020", "\u2060", "\u00a0", "\u3000",
)  # fmt: skip


@pytest.mark.parametrize("sign", LOOK_ALIKES)
def test_csv_cell_with_a_sign_that_looks_like_that_of_a_formula_gets_an_apostrophe(sign):
    """Small, full-width and superscript forms, and other minus signs."""
    assert to_csv.cell(f"{sign}1+1", raw=False) == f"'{sign}1+1"


@pytest.mark.parametrize("unseen", UNSEEN)
def test_csv_cell_with_a_formula_after_what_nobody_sees_gets_an_apostrophe(unseen):
    """A spreadsheet may skip invisible characters. Before a word they change nothing."""
    assert to_csv.cell(f"{unseen} {unseen}=1+1", raw=False) == f"'{unseen} {unseen}=1+1"
    assert to_csv.cell(f"{unseen}word", raw=False) == f"{unseen}word"


@pytest.mark.parametrize("columns", [tuple(HARD), ("text",), ("unknown",), ("people", "number")])
def test_csv_is_what_the_module_csv_writes(columns):
    """We write the same bytes, only faster. A lone empty cell is quoted."""
    rows = [HARD, dict.fromkeys(HARD), HARD | {"text": 'a,b"c', "people": ["x", 'y"'], "number": 2.5, "emoji": "\r"}]
    expected = io.StringIO(newline="")
    writer = csv.writer(expected, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[to_csv.cell(row[column], raw=False) for column in columns] for row in rows])
    assert written("csv", rows, columns) == expected.getvalue().encode()
