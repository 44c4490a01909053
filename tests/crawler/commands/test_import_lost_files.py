"""Test that an import into an archive that has lost a WARC file, or a part of one, says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.verification.verify import verify
from tests.support.command import make_archive, morgue, rows
from tests.support.foreign import address, an_id, answer, gz, record, response, warcinfo
from tests.support.warc_files import walk

THEIRS = gz([warcinfo(), response(1), response(2, record_id=an_id("last"))])


def cut_off(path: Path) -> None:
    """Cut a WARC file off within the record of the second response."""
    last = next(one for one in walk(path) if one.headers.get("WARC-Record-ID") == an_id("last"))
    path.write_bytes(path.read_bytes()[: last.offset + 100])


LOSSES = {"missing": Path.unlink, "different size": cut_off}


def lose(archive: Path, why: str) -> Path:
    """Lose the only WARC file, or its last record; return its path."""
    (kept,) = (archive / "warc").glob("*.gz")
    LOSSES[why](kept)
    return kept


@pytest.mark.parametrize("why", LOSSES)
def test_import_into_an_archive_with_a_lost_file_warns_and_fails(tmp_path, why):
    """Whether it brings nothing or something; also with --quiet and as JSON."""
    archive, theirs, more = make_archive(tmp_path / "archive"), tmp_path / "theirs.gz", tmp_path / "more.gz"
    theirs.write_bytes(THEIRS)
    more.write_bytes(gz([response(3)]))
    assert morgue("-C", archive, "import", theirs).returncode == 0
    kept = lose(archive, why)
    done = morgue("-C", archive, "import", more)
    assert done.returncode == 1
    assert f"warning: 1 WARC file does not match the manifest: {kept.name} ({why})" in done.stderr
    assert "1 WARC file does not match the manifest: run `morgue verify`\npartly failed\n" in done.stdout
    done = morgue("-C", archive, "import", "--quiet", theirs)
    assert done.returncode == 1
    assert f"{kept.name} ({why})" in done.stderr
    done = morgue("-C", archive, "import", "--format", "json", theirs)
    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"]) == (1, "partly failed")
    assert "1 WARC file does not match the manifest: run `morgue verify`" in told["notes"]


@pytest.mark.parametrize(("why", "lost"), [("missing", 2), ("different size", 1)])
def test_lost_record_comes_back_by_a_rebuild_and_an_import(tmp_path, why, lost):
    """The import alone does not bring it, and says so; it does not call it present."""
    archive, theirs = make_archive(tmp_path / "archive"), tmp_path / "theirs.gz"
    theirs.write_bytes(THEIRS)
    morgue("-C", archive, "import", theirs)
    kept, before = lose(archive, why), rows(archive, "SELECT url, title, text FROM articles ORDER BY url")
    done = morgue("-C", archive, "import", theirs)
    assert f"{lost}  skipped: lost with a WARC file of the archive" in done.stdout
    assert "without a copy, run `morgue rebuild`, then this import again" in done.stdout
    morgue("-C", archive, "rebuild")
    assert f"3 records, {lost} copied" in morgue("-C", archive, "import", theirs).stdout
    assert rows(archive, "SELECT url, title, text FROM articles ORDER BY url") == before
    assert {one.file for one in verify(archive).findings.listed} == {f"warc/{kept.name}"}


def test_revisit_of_a_lost_response_is_imported_without_a_body(tmp_path):
    """It does not end the import."""
    archive, theirs, more = make_archive(tmp_path / "archive"), tmp_path / "theirs.gz", tmp_path / "more.gz"
    theirs.write_bytes(THEIRS)
    more.write_bytes(gz([record("revisit", address(2), answer(b""), at=1, WARC_Refers_To=an_id("last"))]))
    morgue("-C", archive, "import", theirs)
    lose(archive, "missing")
    done = morgue("-C", archive, "import", more)
    assert done.returncode == 1
    assert "1 record, 1 copied" in done.stdout
    assert "1  marked: revisit whose original is not in the archive" in done.stdout
