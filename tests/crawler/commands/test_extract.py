"""`morgue extract`, as a user runs it: rows in, rows out, in order, whatever the pages are."""

import gzip
import json
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from pipelines.core import timestamps
from pipelines.core.items import Article, Capture, NothingToRead, Page
from pipelines.extraction.extract import read
from tests.support.command import ROOT, run_command

PAGES = ROOT / "tests" / "pages"
KEYS = ["id", *(field.name for field in fields(Article))]


def morgue(*arguments: str, stdin: bytes = b"", cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run `morgue extract` with these arguments."""
    return run_command("extract", *arguments, stdin=stdin, cwd=cwd)


def rows(done: subprocess.CompletedProcess) -> list[dict]:
    """Return the objects on standard output."""
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def test_file_gives_one_object(tmp_path):
    """Every field of an article, id and ms, in a stable order, outside any archive."""
    done = morgue(str(PAGES / "german.html"), "--url", "https://gezeitenblatt.example/a/1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    (row,) = rows(done)
    assert list(row) == [*KEYS, "date", "ms"]
    assert (row["title"], row["authors"], row["url"]) == (
        "Fähre fährt nach der Tide",
        ["Wiebke Lüders", "Jan Petersen"],
        "https://gezeitenblatt.example/a/1",
    )
    assert "ä" in done.stdout.decode("utf-8")
    assert row["ms"] >= 0


@pytest.mark.slow
def test_standard_input_and_gzip_are_read(tmp_path):
    """ "-" is standard input; gzip is recognised by its bytes and not by its name."""
    page = (PAGES / "blocks.html").read_bytes()
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(page))
    done = morgue("-", "page.html.gz", stdin=page, cwd=tmp_path)
    one, two = rows(done)
    assert (one["id"], two["id"]) == ("-", "page.html.gz")
    assert one["text"] == two["text"] != ""
    assert one["url"] is None


@pytest.mark.slow
def test_manifest_gives_its_rows_in_its_order(tmp_path):
    """Many pages on several workers and in this process: the same rows, in the order of the manifest."""
    names = [path.stem for path in sorted(PAGES.glob("*.html"))] * 8
    for name in set(names):
        (tmp_path / f"{name}.html.gz").write_bytes(gzip.compress((PAGES / f"{name}.html").read_bytes()))
    lines = [{"id": number, "url": None, "html": f"{name}.html.gz"} for number, name in enumerate(names)]
    (tmp_path / "pages.jsonl").write_text("\n\n".join(map(json.dumps, lines)))
    many, one = (rows(morgue("--manifest", str(tmp_path / "pages.jsonl"), "--jobs", jobs)) for jobs in ("3", "1"))
    assert [row["id"] for row in many] == [str(number) for number in range(len(names))]
    assert all(row.pop("ms") >= 0 for row in many + one)
    assert many == one


@pytest.mark.slow
def test_comments_are_a_field_of_their_own_on_request(tmp_path):
    """In every form of row, and the text is the same with and without them."""
    said = "My grandfather mended that pier twice, and was paid for it once."
    comments = f"<div id='comments'><ol class='comment-list'><li class='comment'><p>{said}</p></li></ol></div>"
    page = (PAGES / "island-review.html").read_text(encoding="utf-8").replace("</article>", f"</article>{comments}")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    (dropped,) = rows(morgue("page.html", cwd=tmp_path))
    assert dropped["comments"] is None
    assert dropped["text"] != ""
    for arguments in (("--comments", "separate"), ("--comments", "separate", "--explain", "--format", "jsonl")):
        (kept,) = rows(morgue("page.html", *arguments, cwd=tmp_path))
        assert (kept["comments"], kept["text"]) == ([said], dropped["text"])
    assert b"1 readers' comment " in morgue("page.html", "--comments", "separate", "--explain", cwd=tmp_path).stdout
    done = morgue("page.html", "--comments", "keep", cwd=tmp_path)
    assert (done.returncode, b"'drop', 'separate'" in done.stderr) == (2, True)


def test_page_without_an_article_has_a_reason(tmp_path):
    """Text is empty, the rest unknown, reason and detail are there; the exit code is 0: this is no error."""
    (tmp_path / "picture.html").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = morgue("picture.html", cwd=tmp_path)
    (row,) = rows(done)
    assert list(row) == [*KEYS, "reason", "detail", "date", "ms"]
    assert (row["reason"], row["text"], row["title"], row["authors"]) == ("not HTML", "", None, [])
    assert done.returncode == 0


def test_reason_for_a_file_names_no_server(tmp_path):
    """The media type of a server is mentioned only where there was a server."""
    picture = b"\x89PNG\r\n\x1a\n" + bytes(99)
    (tmp_path / "picture.html").write_bytes(picture)
    assert rows(morgue(str(tmp_path / "picture.html")))[0]["detail"] == "PNG"
    capture = Capture(None, "https://a.example/", timestamps.now(), 200, "text/html", "a.warc.gz", 0, 9, "<urn:uuid:0>",
                      "response", None, None, "page")  # fmt: skip
    served = read(Page("https://a.example/", picture, "text/html", capture))
    assert served == NothingToRead("not HTML", "PNG, served as text/html")


def test_unreadable_file_is_a_row_and_exit_code_1(tmp_path):
    """The other pages are read all the same."""
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08 this is no gzip")
    done = morgue("missing.html", "broken.gz", ".", str(PAGES / "blocks.html"), cwd=tmp_path)
    assert done.returncode == 1
    missing, broken, folder, good = rows(done)
    assert missing["reason"] == broken["reason"] == folder["reason"] == "unreadable file"
    assert missing["detail"] == "missing.html: No such file or directory"
    assert good["text"]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("{", "not JSON"),
        ("[1]", 'has no "html"'),
        ('{"id": 1}', 'has no "html"'),
        ('{"html": "a", "url": 1}', '"url" is neither'),
    ],
)
def test_malformed_manifest_is_named_with_its_line(tmp_path, line, cause):
    """Exit code 2, before any page is read, with the cure."""
    (tmp_path / "pages.jsonl").write_text(f'{{"html": "a.html"}}\n{line}\n')
    done = morgue("--manifest", "pages.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"pages.jsonl:2: {cause}" in done.stderr.decode()


@pytest.mark.parametrize("arguments", [(), ("a.html", "--manifest", str(Path(__file__))), ("--jobs", "0", "a.html")])
def test_wrong_usage_is_exit_code_2(arguments):
    """Nothing to read, two things to read, no worker to read it."""
    assert morgue(*arguments).returncode == 2


@pytest.mark.slow
def test_date_is_the_day_of_published():
    """As the page's own clock has it; null where none is known."""
    undated = b"<html><body><p>" + b"The tide came in twice that day, as it does, and went out twice. " * 9
    one, two = rows(morgue(str(PAGES / "german.html"), "-", "--format", "jsonl", stdin=undated))
    assert (one["published"], one["date"]) == ("2024-05-06T08:30:00+02:00", "2024-05-06")
    assert (two["published"], two["date"]) == (None, None)


def test_explain_prints_fields_and_blocks_for_people():
    """The fields with what won, the page with what was dropped by which rule; several pages one after another; no
    colours."""
    done = morgue("--explain", str(PAGES / "german.html"), "missing.html")
    text = done.stdout.decode("utf-8")
    assert done.returncode == 1
    assert "\x1b" not in text
    assert "Fähre fährt nach der Tide" in text
    assert "newsletter" in text
    assert "No article: unreadable file (missing.html: No such file or directory)" in text
    assert text.index("german.html") < text.index("PAGE") < text.index("missing.html")


@pytest.mark.slow
def test_explain_as_json_has_every_candidate_and_block(tmp_path):
    """With the row of the page; one a line, or one array; for a manifest too."""
    (tmp_path / "pages.jsonl").write_text(json.dumps({"html": str(PAGES / "german.html")}) + "\n")
    (line,) = rows(morgue("--explain", "--manifest", "pages.jsonl", "--format", "jsonl", cwd=tmp_path))
    (item,) = json.loads(morgue("--explain", str(PAGES / "german.html"), "--format", "json").stdout)
    assert line["candidates"] == item["candidates"] != {}
    assert line["blocks"] == item["blocks"] != []
    assert [key for key in line if key not in (*KEYS, "date")] == ["candidates", "blocks"]
    title = next(claim for claim in item["candidates"]["title"] if claim["chosen"])
    assert title["value"] == item["title"]
    assert set(title) == {"source", "raw", "value", "chosen", "why"}
    assert {"text", "place", "rule", "why"} == set(item["blocks"][0])
    assert {block["rule"] for block in item["blocks"]} >= {None, "newsletter"}


@pytest.mark.slow
def test_json_is_one_array(tmp_path):
    """Of one page, of several, of none."""
    (tmp_path / "none.jsonl").write_text("")
    page = str(PAGES / "german.html")
    for arguments, pages in (((page,), 1), ((page, page, page), 3), (("--manifest", str(tmp_path / "none.jsonl")), 0)):
        assert len(json.loads(morgue(*arguments, "--format", "json").stdout)) == pages


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (("a.html", "--format", "text"), "--format text needs --explain"),
        (("--explain", "--manifest", str(Path(__file__))), "needs --format jsonl"),
        (("a.html", "--all"), "--all needs --explain"),
        (("a.html", "--explain", "--all", "--format", "json"), "--all needs --explain"),
        (("a.html", "b.html", "--url", "https://paper.example/a"), "--url is the address of one FILE"),
        (("a.html", "--url", "paper.example/a"), "is no web address"),
        (("https://paper.example/a",), "`morgue crawl --urls` fetches"),
    ],
)
def test_contradictory_options_give_exit_code_2_and_the_cure(arguments, cure):
    """Exit code 2 and the cure."""
    done = morgue(*arguments)
    assert done.returncode == 2
    assert cure in " ".join(done.stderr.decode().split())
