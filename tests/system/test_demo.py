"""Test what `demo.py` does with its argument, before it does anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.command import ROOT, environment


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [("--help", 0, "usage: demo.py"), ("nonsense", 2, "'nonsense' is not an address"), ("http://[x", 2, "is not")],
)
def test_argument_that_is_no_address_leaves_the_archive_alone(word, code, said, tmp_path):
    """Only a good address replaces the archive that the last demo made."""
    kept = tmp_path / "demo-archive" / ".made-by-the-demo"
    kept.parent.mkdir()
    kept.touch()
    done = subprocess.run(
        [sys.executable, ROOT / "demo.py", word],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, kept.exists()) == (code, True)
    assert said in done.stdout + done.stderr
