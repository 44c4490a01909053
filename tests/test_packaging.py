"""Test the wheel that is installed, built from this very tree."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

from tests.support.command import ROOT, environment

pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built without network: the build backend is installed, not fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    done = subprocess.run(build, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_wheel_holds_the_three_top_level_packages_only(wheel):
    """No tests, no docs, no archive that was left in the tree; every module, and the files that the code reads."""
    names = wheel.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"crawler", "pipelines", "exports"}
    there = {
        str(path.relative_to(ROOT))
        for room in ("crawler", "pipelines", "exports")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there <= set(names)
    assert {"crawler/sources/_template.toml", "pipelines/extraction/body/model.json"} <= set(names)
    assert {"pipelines/extraction/languages/en.txt", "pipelines/extraction/languages/mul.txt"} <= set(names)


def test_wheel_installs_the_command(wheel):
    """`morgue` is one entry point."""
    (entry,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert wheel.read(entry).decode().split("\n")[:2] == ["[console_scripts]", "morgue = crawler.cli.main:main"]


def test_wheel_works_without_the_checkout(wheel, tmp_path):
    """Unpacked as pip does it: a new archive is made and understood, a page is read."""
    wheel.extractall(tmp_path / "installed")
    env = environment() | {"PYTHONPATH": str(tmp_path / "installed")}
    lines = (f"<p>The council met and agreed to mend bridge number {n} before the winter.</p>" for n in range(9))
    (tmp_path / "page.html").write_text(f"<html><body>{''.join(lines)}</body></html>", encoding="utf-8")
    for args in (["init", "archive"], ["-C", "archive", "schedule", "--cron"], ["extract", "page.html"]):
        done = subprocess.run(
            [sys.executable, "-m", "crawler", *args], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
    assert "agreed to mend" in done.stdout
