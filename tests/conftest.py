"""Share what tests of several folders need."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import make_archive


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new archive, to be copied."""
    return make_archive(tmp_path_factory.mktemp("empty") / "archive")


@pytest.fixture
def archive(empty: Path, tmp_path: Path) -> Path:
    """Return a new archive of the test's own."""
    return Path(shutil.copytree(empty, tmp_path / "archive"))
