"""`morgue show`, as a user runs it."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from crawler.commands.show import set_lines
from pipelines.core.terminal import width
from tests.support import capture_archive
from tests.support.article_archive import WARC_FILE, build, rows
from tests.support.command import command_line, environment, morgue
from tests.support.external_tools import faults


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("show") / "archive")


def output(folder, *args) -> bytes:
    done = subprocess.run(command_line("-C", folder, "show", *args), env=environment(), capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_text_shows_the_article_and_its_provenance(folder):
    """Headline, byline, dates, text; then record, digests, extractor, revisions."""
    text = output(folder, "https://courier.example/2024/article-1").decode()
    assert text.startswith("Climate summit opens, then closes\nBy Anna Berg · Published 2024-01-05T09:30:00+01:00")
    assert "\nDelegates went home.\n\nThe climate stays.\n" in text
    for proof in (WARC_FILE, "offset ", "<urn:uuid:00000000-0000-4000-8000-000000000040>", "sha1:", "sha256:",
                  "newsmorgue 0.1.0 (test)", "revision 2 of 2", "1: 2024-01-05T10:00:00Z"):  # fmt: skip
        assert proof in text


SET = (
    ("The boats run from May:", "p"), ("- from the quay, if the wind", "u1"), ("  - east", "u2"), ("- west", "u1"),
    ("if it is calm", "u1+"), ("Pos Club   P", "c"), ("1  East    4", "c+"), ("end", "c"), ("East |  | 0", "t"),
    ("West | 1 | 2", "t+"), ("Roses", "qv"), ("red", "qv+"), ("Tulips", "v"), ("No.", "q"), ("Yes.", "q+"),
)  # fmt: skip
SET_LINES = [
    "The boats run from May:", "", "- from the quay, if the", "  wind", "  - east", "- west", "", "if it is calm", "",
    "Pos Club   P", "1  East    4", "", "end", "", "East |  | 0", "West | 1 | 2", "", "Roses", "red", "", "Tulips", "",
    "No.", "", "Yes.",
]  # fmt: skip


def test_lines_are_set_as_their_kinds_ask_for():
    """Paragraphs are apart. Items, rows, verse and code are close, and columns and empty cells keep their spaces."""
    row = {"text": "\n".join(line for line, _ in SET), "line_kinds": " ".join(kind for _, kind in SET)}
    assert list(set_lines(row, 25)) == ["", *SET_LINES]


LIVE = {
    "kind": "live blog",
    "origin": "Straitsnet",
    "origin_url": "https://straits.example/lamp",
    "dateline": "KRAVIN",
    "publisher": "Island Review",
    "issn": "1234-5679",
    "access": "paywall",
    "access_evidence": "line: " + "This article is for subscribers. " * 5 + "\x1b[31m",
    "rights": json.dumps(["robots: noarchive", "tdm-reservation: 1"]),
    "comments": json.dumps(["First!\nAnd last.", "\x1b]0;owned\x07 I knew that lamp when it was a candle. " * 3]),
    "found_in": json.dumps({"title": "h1", "origin": "line"}),
}


@pytest.fixture
def live(tmp_path):
    """Return an archive with an article (number 3) that has every label."""
    folder = build(tmp_path / "archive")
    with closing(sqlite3.connect(folder / "morgue.db")) as db:
        db.execute(f"UPDATE articles SET {', '.join(f'{name} = :{name}' for name in LIVE)} WHERE id = 3", LIVE)
        db.commit()
    return folder


def test_labels_are_printed_below_the_text(live):
    """Origin, dateline, publisher, access with its evidence, rights; unknown ones are not printed."""
    env = environment() | {"COLUMNS": "60"}
    text = subprocess.run(command_line("-C", live, "show", "3"), capture_output=True, text=True, env=env).stdout
    facts = text.splitlines()[1]
    assert facts.startswith("Live blog · Published 2023-12-31")
    foot = text.partition("─" * 60)[2]
    assert re.search(
        r"\ntags +one, tag 3\ndateline +KRAVIN\norigin +Straitsnet, https://straits.example/lamp\n"
        r"publisher +Island Review, ISSN 1234-5679\naccess +paywall: line: This article is for [^\n]*\n {11}\w",
        foot,
    ), foot
    assert re.search(r"\nrights +robots: noarchive\n +tdm-reservation: 1\narticle +3, revision 1 of 1\n", foot)
    assert all(width(line) <= 60 for line in foot.partition("article ")[0].splitlines())
    plain = output(live, "4").decode()
    assert "Article ·" not in plain
    assert not re.search(r"^(origin|dateline|access|rights) ", plain, re.MULTILINE)


@pytest.fixture
def told(folder, tmp_path):
    """Lines of an article that says this of itself, by `morgue show`."""

    def told(**said):
        own = build(tmp_path / "archive")
        with closing(sqlite3.connect(own / "morgue.db")) as db:
            db.execute(f"UPDATE articles SET {', '.join(f'{name} = :{name}' for name in said)} WHERE id = 3", said)
            db.commit()
        return output(own, "3").decode().splitlines()

    return told


def test_issn_without_a_publisher_is_called_issn(told):
    """It is not called a publisher."""
    text = told(publisher=None, issn="1234-5679")
    assert "ISSN       1234-5679" in text
    assert not any(line.startswith("publisher") for line in text)


def test_description_at_the_start_of_the_text_is_printed_once(told):
    """So is a description that repeats the headline; any other is printed."""
    text = told(description="All seals return!", text="All seals return.\nThey came by ferry.", title="Seals")
    assert [line for line in text if "seals return" in line] == ["All seals return."]


def test_description_of_its_own_is_printed_above_the_text(told):
    """A reader sees the standfirst before the text."""
    text = told(description="All seals return!", text="They came by ferry.", title="Seals")
    assert text.index("All seals return!") < text.index("They came by ferry.")


@pytest.mark.parametrize(
    ("modified", "shown"),
    [("2024-01-05T09:30:00+01:00", False), ("2024-01-05T08:30:00Z", False), ("2024-01-05T10:00:00Z", True)],
)
def test_modified_equal_to_published_is_not_printed(told, modified, shown):
    """Equal times in two zones count as equal."""
    assert ("modified " in told(published="2024-01-05T09:30:00+01:00", modified=modified)[1]) is shown


def test_section_equal_to_the_kind_is_printed_once(told):
    """Opinion in the section Opinion."""
    assert told(kind="opinion", section="Opinion")[1].count("Opinion") == 1


def test_kept_comments_are_printed_apart(live):
    """Below the text, indented, counted, disarmed; the text of the article ends before them."""
    text = output(live, "3").decode()
    article, _, comments = text.partition("── 2 readers' comments ──\n\n")
    assert "and change with it." in article
    assert comments.startswith("  First!\n  And last.\n\n")
    said = comments.partition("─" * 20)[0]
    assert "candle" in said
    assert all(line.startswith("  ") for line in said.splitlines() if line)
    assert not set(text) & set("\x1b\x9b\x07")
    assert "readers' comment" not in output(live, "4").decode()


def test_json_says_where_each_field_was_found(live):
    """Everything as it is in the archive, lists as lists."""
    row = json.loads(output(live, "3", "--format", "json"))
    assert row["found_in"] == {"title": "h1", "origin": "line"}
    assert row["rights"] == ["robots: noarchive", "tdm-reservation: 1"]
    assert row["comments"][0] == "First!\nAnd last."


def test_text_fits_the_terminal_and_is_disarmed(folder):
    """Lines fit in any script, and no control sequence of the page is printed."""
    for number in range(1, 10):
        done = subprocess.run(command_line("-C", folder, "show", str(number)), capture_output=True, text=True,
                              env=environment() | {"COLUMNS": "60"}, check=True)  # fmt: skip
        text = done.stdout.split("─")[0]
        assert all(width(line) <= 60 for line in text.splitlines())
        assert not set(done.stdout) & set("\x1b\x9b\x07\u202e\u2028")


def test_earlier_revision_is_shown_as_it_was(folder):
    """Its own text, its own record."""
    first = json.loads(output(folder, "1", "--revision", "1", "--format", "json"))
    newest = json.loads(output(folder, "1", "--format", "json"))
    assert (first["title"], newest["title"]) == ("Climate summit opens", "Climate summit opens, then closes")
    assert first["warc_offset"] != newest["warc_offset"]
    assert [state["revision"] for state in newest["revisions"]] == [1, 2]
    assert [state["warc_offset"] for state in newest["revisions"]] == [
        first["warc_offset"],
        newest["warc_offset"],
    ]
    assert b"then closes" not in output(folder, "1", "--revision", "1", "--format", "html")
    assert b"then closes" in output(folder, "1", "--format", "html")


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_revision_is_dated_by_its_own_captures(copy):
    """From its first capture to its last: not as long as the article is known."""
    with sqlite3.connect(copy / "morgue.db") as db:
        query = "SELECT id, capture_id FROM revisions WHERE article_id = 1 ORDER BY number"
        (earlier, first), (later, second) = db.execute(query).fetchall()
        (other,) = db.execute("SELECT id FROM captures WHERE id NOT IN (?, ?) LIMIT 1", (first, second)).fetchone()
        for capture, minutes in (first, "00"), (other, "30"):
            db.execute("UPDATE captures SET time = ? WHERE id = ?", (f"2024-01-05T10:{minutes}:00.123456Z", capture))
        db.execute("DELETE FROM sightings")
        seen = [(first, earlier), (other, earlier), (second, later)]
        db.executemany("INSERT INTO sightings (capture_id, revision_id) VALUES (?, ?)", seen)
        db.execute("UPDATE articles SET last_seen = '2024-02-02T02:02:02Z' WHERE id = 1")
    assert b"2024-01-05T10:00:00Z to 2024-01-05T10:30:00Z\n" in output(copy, "1", "--revision", "1")
    assert b"Z to 2024-02-02T02:02:02Z\n" in output(copy, "1")


def test_lost_revision_is_reported(copy):
    """A rebuild leaves out a revision that no WARC file holds any more; the others keep their numbers."""
    with sqlite3.connect(copy / "morgue.db") as db:
        db.execute("DELETE FROM sightings")
        db.execute("DELETE FROM revisions WHERE article_id = 1 AND number = 1")
    assert b"revision 2 of 2 (1 lost)" in output(copy, "1")
    done = morgue("-C", copy, "show", "1", "--revision", "1")
    assert done.returncode == 8
    assert "is lost" in done.stderr
    assert "morgue rebuild" in done.stderr


def test_html_is_the_page_as_captured(folder):
    """Chunk framing and content coding undone, every byte as the server meant it."""
    row = rows()[5]
    page = f"<html><h1>{row['title']}</h1><p>{row['text']}</p><!-- 6 --></html>"
    assert output(folder, "6", "--format", "html") == page.encode()


def test_warc_is_the_record_byte_for_byte(folder):
    """One gzip member, as it is in the file; also while that is still being written."""
    article = json.loads(output(folder, "6", "--format", "json"))
    start, end = article["warc_offset"], article["warc_offset"] + article["warc_length"]
    whole = folder / "warc" / WARC_FILE
    member = output(folder, "6", "--format", "warc")
    assert member == whole.read_bytes()[start:end]
    assert article["warc_record_id"].encode() in gzip.decompress(member)
    being_written = whole.with_name(WARC_FILE + ".open")
    whole.rename(being_written)
    try:
        assert output(folder, "6", "--format", "warc") == member
        assert output(folder, "6", "--format", "html").startswith(b"<html>")
    finally:
        being_written.rename(whole)


def test_binary_output_to_a_terminal_is_refused(folder):
    """The error says how to redirect it (exit code 2)."""
    ours, theirs = os.openpty()
    done = subprocess.run(command_line("-C", folder, "show", "6", "--format", "warc"), env=environment(),
                          stdout=theirs, stderr=subprocess.PIPE, text=True)  # fmt: skip
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert "> 6.warc.gz" in done.stderr


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["40"], 8, "no such number (they go up to 39)"),
        (["https://nowhere.example/"], 8, "morgue search"),
        (["https://courier.example/w1"], 8, "failed (HTTP 503 five times)"),
        (["1", "--revision", "3"], 8, "the article has 2 revisions"),
        (["2", "--revision", "2"], 8, "the article has 1 revision"),
        (["1", "--revision", "0"], 2, "--revision"),
        (["1", "--format", "pdf"], 2, "'text', 'markdown', 'json', 'html', 'body', 'warc'"),
        (["1", "--captures", "--format", "markdown"], 2, "captures are no text"),
        (["1", "--capture", "1"], 2, "name one thing to show"),
        (["1", "--captures", "--revision", "1"], 2, "name one thing to show"),
        (["--capture", "41"], 8, "no such number (they go up to 40)"),
        ([], 2, "URL-or-NUMBER"),
        (["https://courier.example/w1", "--captures"], 8, "failed (HTTP 503 five times)"),
    ],
)
def test_mistake_has_cause_cure_and_exit_code(folder, args, code, words):
    """The words are plain, and each kind of mistake has its exit code."""
    done = morgue("-C", folder, "show", *args)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_missing_record_is_reported(tmp_path):
    """If a WARC file is missing or cut, the text still shows; html and warc say what is wrong and what to do."""
    folder = build(tmp_path)
    path = folder / "warc" / WARC_FILE
    path.write_bytes(path.read_bytes()[:300])
    for form in ("html", "warc"):
        done = morgue("-C", folder, "show", "1", "--format", form)
        assert (done.returncode, done.stdout) == (7, "")
        assert WARC_FILE in done.stderr
        assert "\n  restore the file from a copy; `morgue verify` names all that is damaged" in done.stderr
    path.unlink()
    done = morgue("-C", folder, "show", "1", "--format", "html")
    assert done.returncode == 8
    assert "no such WARC file\n  put it back there from a copy; `morgue verify` names all" in done.stderr
    done = morgue("-C", folder, "show", "1")
    assert done.returncode == 0
    assert "\n           this file is missing: restore it from a copy (`morgue verify`" in done.stdout


def test_imported_article_names_its_file_and_offset(tmp_path):
    """Text, JSON and each revision have them."""
    folder = build(tmp_path)
    with closing(sqlite3.connect(folder / "morgue.db")) as db:
        db.execute("UPDATE captures SET imported = 'a@b.wacz!archive/data.warc.gz@1234' WHERE id = 2")
        db.commit()
    assert "\nimported   from a@b.wacz!archive/data.warc.gz, offset 1234\n" in morgue("-C", folder, "show", "2").stdout
    told = json.loads(morgue("-C", folder, "show", "2", "--format", "json").stdout)
    assert told["imported"] == told["revisions"][0]["imported"] == "a@b.wacz!archive/data.warc.gz@1234"
    assert json.loads(morgue("-C", folder, "show", "3", "--format", "json").stdout)["imported"] is None
    assert "imported" not in morgue("-C", folder, "show", "3").stdout


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Return an archive of every kind of exchange."""
    archive = capture_archive.build(tmp_path_factory.mktemp("kinds") / "archive")
    (archive.folder / "morgue.toml").touch()
    return archive


NO_ARTICLES = {
    "feed": ("https://paper.example/feed", ["as feed", "HTTP 200, application/rss+xml", "payload    sha1:"], b"<rss/>"),
    "robots": ("https://paper.example/robots.txt", ["as robots", "HTTP 200, text/plain"], b"User-agent: *\n"),
    "gone": ("https://paper.example/Straße/東京", ["HTTP 404, text/html"], b"<p>no"),
    "copy": (capture_archive.COPY, ["repeats    same body as <urn:uuid:"], capture_archive.LIT),
}


@pytest.mark.parametrize("name", NO_ARTICLES)
def test_url_without_an_article_shows_its_captures(kinds, name):
    """Time, status, place of the record, digest, and how to get the bytes; those are what the server sent."""
    url, words, body = NO_ARTICLES[name]
    kept = kinds.captures[name]
    text = output(kinds.folder, url).decode()
    place = f"record     {kept.file}, offset {kept.offset}, length {kept.length}\n           {kept.record_id}\n"
    for said in (f"capture    {kept.id}, of ", place, f"show --capture {kept.id} --format body > FILE", *words):
        assert said in text
    told = json.loads(output(kinds.folder, url, "--format", "json"))
    assert (told["article"], [row["id"] for row in told["captures"]]) == (None, [kept.id])
    assert output(kinds.folder, url, "--format", "body") == body
    assert output(kinds.folder, "--capture", str(kept.id), "--format", "body") == body
    record = gzip.decompress(output(kinds.folder, "--capture", str(kept.id), "--format", "warc"))
    assert kept.record_id.encode() in record


def test_independent_readers_accept_the_warc_of_a_revisit(kinds, tmp_path):
    """The body has no chunks: readers disagree on the payload digest of a chunked one."""
    capture = kinds.captures["not modified"]
    (tmp_path / "proof.warc.gz").write_bytes(output(kinds.folder, "--capture", str(capture.id), "--format", "warc"))
    assert faults(tmp_path / "proof.warc.gz") == []


@pytest.mark.parametrize(("name", "of"), [("not modified", "edited"), ("light again", "light")])
def test_warc_of_a_revisit_includes_the_record_with_the_body(kinds, name, of):
    """Two gzip members, byte for byte."""
    own, original = kinds.captures[name], kinds.captures[of]
    written = output(kinds.folder, "--capture", str(own.id), "--format", "warc")
    members = [(kinds.folder / "warc" / one.file).read_bytes()[one.offset : one.offset + one.length]
               for one in (own, original)]  # fmt: skip
    assert written == b"".join(members)


def test_failed_fetch_has_a_reason_and_no_body(kinds):
    """Both captures of the address; the record can be had all the same."""
    text = output(kinds.folder, "https://paper.example/down").decode()
    assert "2 captures:\n" in text
    assert "\nfailed     refused\n" in text
    assert "--format body" not in text
    done = morgue("-C", kinds.folder, "show", "https://paper.example/down", "--format", "body")
    assert (done.returncode, done.stdout) == (8, "")
    assert "there was no response: not HTTP\n  for its record: morgue show --capture" in done.stderr
    assert b"WARC-Type: metadata" in gzip.decompress(
        output(kinds.folder, "https://paper.example/down", "--format", "warc")
    )


def test_redirect_names_its_target(kinds):
    """The text has the status and the address to which it leads."""
    number = kinds.captures["redirect"].id
    text = output(kinds.folder, "--capture", str(number)).decode()
    assert f"\nanswer     HTTP 301\nredirects  {capture_archive.CRANE}\n" in text


def test_captures_of_an_article_are_those_of_all_its_addresses(kinds):
    """They are in the order of time, with those that confirm the text."""
    told = json.loads(output(kinds.folder, "1", "--captures", "--format", "json"))
    assert told["article"] == 1
    names = {kinds.captures[name].id: name for name in kinds.captures}
    assert [names[row["id"]] for row in told["captures"]] == ["crane", "edited", "not modified"]
    text = output(kinds.folder, capture_archive.CRANE, "--captures").decode()
    assert text.startswith(f"{capture_archive.CRANE}: article 1\n3 captures:\n")
    assert "repeats    not modified since <urn:uuid:" in text


def test_only_the_newest_of_many_captures_are_shown(kinds, tmp_path):
    """The text says how many there are; JSON has all."""
    folder = shutil.copytree(kinds.folder, tmp_path / "archive")
    with closing(sqlite3.connect(folder / "morgue.db")) as db:
        names = (row[1] for row in db.execute("PRAGMA table_info(captures)"))
        row = ", ".join(name for name in names if name not in ("id", "record_id", "time"))
        for n in range(30):
            db.execute(
                f"INSERT INTO captures (record_id, time, {row}) SELECT ?, ?, {row} FROM captures WHERE kind = 'feed'"
                " LIMIT 1",
                (f"<urn:{n}>", f"2026-04-{n + 1:02}T00:00:00Z"),
            )
        db.commit()
    text = output(folder, "https://paper.example/feed").decode()
    assert "31 captures; the 10 newest (--format json lists all):" in text
    assert (text.count("\ncapture "), "2026-04-30" in text, "2026-04-20" in text) == (10, True, False)
    assert len(json.loads(output(folder, "https://paper.example/feed", "--format", "json"))["captures"]) == 31


LISTINGS = {  # kind, state, last visit, next visit: what `show` says
    "planned": (("front", "waiting", None, "2026-11-30T03:00:00Z"),
                "this is a front page (it lists articles), not an article; not visited yet; "
                "next visit 2026-11-30T03:00:00Z"),
    "visited": (("section", "waiting", "2026-11-28T03:00:00Z", "2026-11-29T03:00:00Z"),
                "this is a section page (it lists articles), not an article; last visited 2026-11-28T03:00:00Z; "
                "next visit 2026-11-29T03:00:00Z"),
    "given up": (("feed", "failed", "2026-11-28T03:00:00Z", None),
                 "this is a feed, not an article: failed; last visited 2026-11-28T03:00:00Z"),
}  # fmt: skip


@pytest.mark.parametrize("captured", [False, True], ids=["without captures", "with captures"])
@pytest.mark.parametrize("name", LISTINGS)
def test_address_of_a_listing_is_named_as_one_with_its_visits(tmp_path, name, captured):
    """It does not say that no article was read from it, as if one had been expected."""
    folder, (values, said) = build(tmp_path), LISTINGS[name]
    with closing(sqlite3.connect(folder / "morgue.db")) as db:
        db.execute(
            """INSERT INTO frontier (url_key, url, host, kind, state, last_visit, next_visit, priority, depth, found)
               VALUES ('//listing.example/', 'https://listing.example/', 'listing.example:443', ?, ?, ?, ?, 1, 0,
                       '2026-11-01')""",
            values,
        )
        db.execute(
            """INSERT INTO captures (url, time, kind, status, file, offset, length, record_id, record_type)
               SELECT 'https://listing.example/', time, ?, 200, file, offset, length, '<urn:listing>', 'response'
                 FROM captures WHERE ? LIMIT 1""",
            (values[0], captured),
        )
        db.commit()
    done = morgue("-C", folder, "show", "listing.example")
    assert done.returncode == (0 if captured else 8)
    assert said in done.stdout + done.stderr
    assert "no article was read" not in done.stdout + done.stderr
