"""An import into an archive that has lost a WARC file, or a part of one, says so."""

from __future__ import annotations

import json

import pytest

from tests.support.command import make_archive, morgue
from tests.support.foreign import gz, response, warcinfo

THEIRS = gz([warcinfo(), response(1), response(2)])
LOSSES = {
    "missing": lambda path: path.unlink(),
    "different size": lambda path: path.write_bytes(path.read_bytes()[:-200]),
}


@pytest.mark.parametrize("why", LOSSES)
def test_import_into_an_archive_with_a_lost_file_warns_and_fails(tmp_path, why):
    """Whether it brings nothing or something; also with --quiet and as JSON."""
    archive, theirs, more = make_archive(tmp_path / "archive"), tmp_path / "theirs.gz", tmp_path / "more.gz"
    theirs.write_bytes(THEIRS)
    more.write_bytes(gz([response(3)]))
    assert morgue("-C", archive, "import", theirs).returncode == 0
    (kept,) = (archive / "warc").glob("*.gz")
    LOSSES[why](kept)
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
