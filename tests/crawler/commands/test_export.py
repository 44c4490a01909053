"""`morgue export`, as a user runs it."""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from pipelines.database import queries
from tests.support.article_archive import build, database, insert, rows, undate
from tests.support.bucket_archive import lose_bucket
from tests.support.capture_archive import build as captured_archive
from tests.support.command import command_line, environment, morgue, run_command, start


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("export") / "archive")


def test_undated_articles_are_counted_as_such(folder, tmp_path):
    """Their day is null; --since leaves them out and says how many."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    with contextlib.closing(sqlite3.connect(copy / "morgue.db")) as db, db:
        undate(db, 2)
    done = morgue("-C", copy, "export", "jsonl", "a.jsonl", "--source", "courier,shimbun", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "a.jsonl.manifest.json").read_text())["undated"] == 1
    days = {row["id"]: row["published_day"] for row in map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())}
    assert (days[1], days[2], days[6]) == ("2024-01-05", None, "2024-02-01")
    done = morgue("-C", copy, "export", "csv", "-", "--since", "2024-02")
    assert "1 undated article left out by --since or --until; --undated finds it." in done.stderr
    shown = morgue("-C", copy, "search", "climate", "--since", "2024-01-05").stdout
    assert shown.endswith(" s\n1 undated article left out by --since or --until; --undated finds it.\n")
    assert "2  undated     courier  Cup final tonight" in morgue("-C", copy, "search", "cup", "--undated").stdout


def test_manifest_and_card_count_what_lacks_a_day(folder, tmp_path):
    """`left_out` of the manifest, a row of the card, and the line about the dataset."""
    pytest.importorskip("pyarrow")
    copy = shutil.copytree(folder, tmp_path / "copy")
    with contextlib.closing(sqlite3.connect(copy / "morgue.db")) as db, db:
        undate(db, 2, 3)
    done = morgue("-C", copy, "export", "huggingface", "out", "--since", "2020", cwd=tmp_path)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["left_out"] == {"without a day of publication": 2}
    assert "| without a day of publication | 2 |" in (tmp_path / "out" / "README.md").read_text()
    assert done.stderr.splitlines()[0] == "2 undated articles left out by --since or --until; --undated finds them."
    assert f"out: {manifest['rows']} articles (2 undated left out), " in done.stderr


def test_sample_of_more_articles_than_there_are_has_all_of_them(folder, tmp_path):
    """And says so."""
    done = morgue(
        "-C", folder, "export", "jsonl", "a.jsonl", "--sample", "1000000", "--source", "shimbun", cwd=tmp_path
    )
    there = len((tmp_path / "a.jsonl").read_text().splitlines())
    assert f"--sample 1,000,000: there are only {there} articles to draw from, and the sample has all" in done.stderr
    again = morgue("-C", folder, "export", "jsonl", "-", "--sample", str(there), "--source", "shimbun")
    assert again.stderr == ""


def test_dataset_has_a_manifest_beside_it(folder, tmp_path):
    """It says what was asked for, of which archive, when, by which software, and the digest of the file."""
    done = morgue("-C", folder, "export", "jsonl", "all.jsonl", "--query", "trade", "--since", "2022-03",
                  "--source", "gazette", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0
    assert done.stdout == ""
    data = (tmp_path / "all.jsonl").read_bytes()
    manifest = json.loads((tmp_path / "all.jsonl.manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(data).hexdigest()
    assert manifest["software"].startswith("newsmorgue ")
    assert manifest["archive"] == "archive"
    assert manifest["query"] == "trade"
    assert manifest["filters"] == {
        "source": ["gazette"],
        "since": "2022-03-01",
        "until": None,
        "language": [],
        "seen_since": None,
        "seen_until": None,
        "undated": False,
        "without_reserved": False,
        "without_signals": [],
    }
    assert manifest["left_out"] == {}
    assert manifest["created"].endswith("Z")
    assert str(folder) not in json.dumps(manifest), "where it was made is nobody's business"
    assert f"{manifest['rows']} articles" in done.stderr
    ids = [json.loads(line)["id"] for line in data.splitlines()]
    assert len(ids) == manifest["rows"] > 5


def test_rows_have_the_article_and_its_provenance(folder, tmp_path):
    """Every field as it is in the archive."""
    morgue("-C", folder, "export", "jsonl", tmp_path / "all.jsonl")
    found = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().split("\n")[:-1]]
    assert [set(row) for row in found] == [set(queries.ARTICLE_KEYS)] * 39
    for row, kept in zip(found[1:], rows()[1:], strict=True):
        for name in ("id", "url", "title", "byline", "text", "language", "published", "text_digest"):
            assert row[name] == kept[name]
        assert row["authors"] == json.loads(kept["authors"])
        assert row["warc_record_id"].endswith(f"{row['id']:012}>")


def test_split_makes_a_file_with_a_manifest_for_each_part(folder, tmp_path):
    """Together they have all articles, and only the columns that were asked for."""
    done = morgue("-C", folder, "export", "jsonl", "a.jsonl", "--split", "train=.8,test=.2", "--seed", "3",
                  "--fields", "id,title", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = []
    for name in ("train", "test"):
        rows = [json.loads(line) for line in (tmp_path / f"a-{name}.jsonl").read_text().splitlines()]
        manifest = json.loads((tmp_path / f"a-{name}.jsonl.manifest.json").read_text())
        assert (manifest["part"], manifest["seed"], manifest["rows"]) == (name, 3, len(rows))
        assert [column["name"] for column in manifest["columns"]] == ["id", "title"] == list(rows[0])
        found += [row["id"] for row in rows]
    assert sorted(found) == list(range(1, 40))
    assert len(os.listdir(tmp_path)) == 4


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_repeated_export_is_the_same_bytes(folder, tmp_path, form):
    """Only `created` in the manifest differs. Plain and compressed files hold the same."""
    for name in ("one", "two", "three.gz"):
        assert morgue("-C", folder, "export", form, tmp_path / name).returncode == 0
    one = (tmp_path / "one").read_bytes()
    assert one == (tmp_path / "two").read_bytes() == gzip.decompress((tmp_path / "three.gz").read_bytes())
    piped = run_command("-C", folder, "export", form, "-")
    assert piped.stdout == one
    assert piped.stderr == b""


def test_csv_is_safe_unless_raw(folder, tmp_path):
    """The manifest says whether the apostrophe is there."""
    for name, option in (("safe.csv", []), ("raw.csv", ["--raw"])):
        morgue("-C", folder, "export", "csv", tmp_path / name, *option)
        with (tmp_path / name).open(newline="", encoding="utf-8") as file:
            title = next(row["title"] for row in csv.DictReader(file) if row["id"] == "3")
        manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text())
        assert title.startswith("=" if option else "'=")
        assert manifest["raw"] is bool(option)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["xlsx", "a.xlsx"], 2, "formats: atom, bulk, cdxj, csv"),
        (["csv", "there.csv"], 2, "--force"),
        (["csv", "none/a.csv"], 2, "the folder does not exist"),
        (["csv", "."], 2, "not an ordinary file"),
        (["csv", "a.csv", "--since", "never"], 2, "--since 'never'"),
        (["csv", "a.csv", "--query", "-x"], 2, "what to leave out"),
        (["csv", "a.csv", "--stem"], 2, "no effect without --query"),
        (["csv", "a.csv", "--source", "nobody"], 8, "source nobody"),
        (["csv"], 2, "OUT"),
        (["csv", "a.csv", "--host", "paper.example"], 2, "select captures"),
        (["json", "a.json"], 2, "did you mean jsonl?"),
        (["xlsx", "a.xlsx"], 2, "did you mean csv --excel?"),
        (["csv", "a.csv", "--limit", "5"], 2, "--sample"),
        (["jsonl", "a.jsonl", "--fields", "id,titel"], 2, "did you mean title?"),
        (["atom", "a.atom", "--fields", "id"], 2, "fields of its own"),
        (["txt", "-"], 2, "name a folder"),
        (["csv", "a.csv", "--partition", "source"], 2, "export parquet"),
        (["parquet", "a", "--partition", "year"], 2, "say source,month"),
        (["csv", "a.csv", "--seed", "3"], 2, "neither is given"),
        (["warc", "a.warc.gz", "--sample", "3"], 2, "writes captures"),
        (["csv", "a.jsonl"], 2, "call it a.csv, or export jsonl"),
        (["jsonl", "a.jsonl", "cup"], 2, "say --query cup to select"),
        (["jsonl", "a.jsonl", "the", "cup final", "--query", "in"], 2, "say --query 'in the cup final' to select"),
        (["jsonl", "a.jsonl", "--sample", "0"], 2, "--sample"),
        (["sqlite", "a", "--split", "a=1"], 2, "writes one archive"),
        (["sqlite", "a", "--revisions", "all", "--without-reserved"], 2, "copies whole articles"),
        (["warc", "a.warc"], 2, "call it a.warc.gz"),
        (["wacz", "a.wacz.gz"], 2, "cannot be compressed"),
        (["cdxj", "a.cdxj", "--raw"], 2, "--raw"),
        (["urls", "a.txt", "--raw"], 2, "no effect on urls"),
        (["parquet", "a.parquet", "--raw"], 2, "no effect on parquet"),
        (["warc", "a.warc.gz", "--host", "https://paper.example/"], 2, "--host"),
        (["warc", "a.warc.gz", "--source", "nobody"], 8, "source nobody"),
    ],
)
def test_mistake_is_reported_before_anything_is_written(folder, tmp_path, args, code, words):
    """Cause, cure and exit code; the folder is as it was."""
    (tmp_path / "there.csv").write_text("mine")
    done = morgue("-C", folder, "export", *args, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr
    assert os.listdir(tmp_path) == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_empty_selection_gives_an_empty_dataset(folder, tmp_path):
    """The message says so, but it is no error: some nights bring no articles to a program that runs every night."""
    done = morgue("-C", folder, "export", "csv", tmp_path / "none.csv", "--since", "2030")
    assert done.returncode == 0
    assert done.stderr.startswith("No match.\n  Without --since there would be 39 matches.\n")
    assert json.loads((tmp_path / "none.csv.manifest.json").read_text())["rows"] == 0
    assert (tmp_path / "none.csv").read_text().startswith("id,source,url")


@pytest.mark.parametrize(("form", "name"), [("csv", "a.csv"), ("txt", "a")])
def test_empty_dataset_helps_and_gives_way(folder, tmp_path, form, name):
    """It has the advice of a search, and the corrected command replaces it; a dataset with articles stays."""
    for query, code, words in (
        ("clmate", 0, "In this archive: climate (2)."), ("climate", 0, f"{name}: 2 articles"),
        ("climate", 2, "exists already"),
    ):  # fmt: skip
        done = morgue("-C", folder, "export", form, name, "--query", query, cwd=tmp_path)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr


def test_empty_dataset_that_was_written_into_stays(folder, tmp_path):
    """Its checksum tells."""
    for _ in range(2):
        done = morgue("-C", folder, "export", "csv", "a.csv", "--since", "2030", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    with (tmp_path / "a.csv").open("a") as file:
        file.write("mine")
    done = morgue("-C", folder, "export", "csv", "a.csv", cwd=tmp_path)
    assert "a.csv: exists already" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_export_leaves_no_file(tmp_path, number):
    """Ctrl-C and SIGTERM: exit code 130, no traceback, neither the file nor its temporary one."""
    folder, out = tmp_path / "archive", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    (folder / "morgue.toml").touch()
    db = database(folder / "morgue.db")
    row = rows()[0]
    insert(db, "sources", name="courier", url="https://courier.example/", added="2024")
    capture = {"url": "x", "time": "2024", "kind": "article", "file": "x", "offset": 0, "length": 0}
    insert(db, "captures", **capture, record_id="x", record_type="response")
    for n in range(4000):
        insert(db, "articles", **row | {"id": n + 1, "url_key": str(n), "text": "word " * 2000, "capture_id": 1})
    db.commit()
    db.close()
    process = start("-C", folder, "export", "jsonl", out / "all.jsonl.gz")
    until = time.monotonic() + 30
    while not os.listdir(out) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    assert [name for name in os.listdir(out) if name.endswith(".part")], "too late to stop it"
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert os.listdir(out) == []


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    return captured_archive(tmp_path_factory.mktemp("captured") / "archive")


@pytest.mark.parametrize(
    ("name", "unpack"),
    [("all.warc.gz", gzip.decompress), ("all.wacz", bytes), ("all.cdxj", bytes), ("all.cdxj.gz", gzip.decompress)],
)
def test_export_of_captures_has_a_manifest_beside_it(captured, tmp_path, name, unpack):
    """It has what was asked for, what came of it, and the digest of the file. A line sums it up."""
    done = morgue("-C", captured.folder, "export", name.split(".")[1], name, "--host", "other.example",
                  "--since", "2026-03-05", "--url", "http://www.other.example:8080/*", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text())
    data = (tmp_path / name).read_bytes()
    assert (manifest["sha256"], manifest["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert manifest["filters"]["host"] == ["other.example"]
    assert manifest["filters"]["since"] == "2026-03-05"
    assert (manifest["captures"], manifest["added_for_revisits"]) == (4, 1)
    assert manifest["first_capture"] == "2026-03-01T05:06:07.000089Z"
    assert "1 capture added: revisits refer to it" in done.stderr
    assert f"{name}: 4 captures" in done.stderr
    assert str(captured.folder) not in json.dumps(manifest)
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"{name}.manifest.json"])
    assert unpack(data)


def test_export_of_captures_into_a_pipe_is_the_same_file(captured, tmp_path):
    """Nothing is printed."""
    command = command_line("-C", captured.folder, "export", "cdxj", "-")
    piped = subprocess.run(command, env=environment(), capture_output=True)
    morgue("-C", captured.folder, "export", "cdxj", tmp_path / "a.cdxj")
    assert piped.stdout == (tmp_path / "a.cdxj").read_bytes()
    assert piped.stderr == b""


def test_damage_is_named_and_gives_exit_code_1(tmp_path):
    """The file is written without what cannot be read, which its manifest names."""
    archive = captured_archive(tmp_path / "archive")
    crane = archive.captures["crane"]
    with (archive.warc / crane.file).open("r+b") as file:
        file.seek(crane.offset + crane.length // 2)
        file.write(b"\0\0\0\0")
    done = morgue("-C", archive.folder, "export", "warc", tmp_path / "a.warc.gz")
    assert done.returncode == 1
    assert f"damaged: {crane.file} at byte {crane.offset}" in done.stderr
    assert "1 capture left out" in done.stderr
    manifest = json.loads((tmp_path / "a.warc.gz.manifest.json").read_text())
    assert (manifest["captures"], manifest["left_out_damaged"]) == (len(archive.captures) - 1, 1)


@pytest.mark.parametrize("name", ["off.warc.gz", "off.wacz"])
def test_bucket_that_does_not_answer_ends_an_export_of_captures(captured, tmp_path, monkeypatch, name):
    """That is no damage of one record after the other; nothing is left of the file."""
    copy = shutil.copytree(captured.folder, tmp_path / "copy")
    lose_bucket(copy, monkeypatch)
    (tmp_path / "out").mkdir()
    done = morgue("-C", copy, "export", name.split(".")[1], tmp_path / "out" / name)
    assert (done.returncode, list((tmp_path / "out").iterdir())) == (11, []), done.stderr
    assert "s3://morgue-tests/gone/warc/" in done.stderr
    assert "cannot be reached" in done.stderr
    assert "damaged" not in done.stderr


def test_stem_exports_other_forms_of_a_word(folder):
    """A search finds the same forms."""
    exact, stemmed = (morgue("-C", folder, "export", "urls", "-", "--query", "climates", *more).stdout.splitlines()
                      for more in ((), ("--stem",)))  # fmt: skip
    assert exact == []
    assert len(stemmed) > 1
