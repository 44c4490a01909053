"""Share fixtures; say at the end of a run which programs of `make tools` were missing, so that no skip is unnoticed."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.plural import counted, verb
from tests.support.command import make_archive
from tests.support.external_tools import BROUGHT_BY, missing_tools
from tests.support.new_databases import copy_new_databases
from tests.support.seaweedfs import KEY_ID, SECRET, ObjectServer


@pytest.fixture(scope="session", autouse=True)
def _new_databases() -> None:
    """Make new databases by copying: their migrations would take a third of the time of many tests."""
    copy_new_databases()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new archive, to be copied."""
    return make_archive(tmp_path_factory.mktemp("empty") / "archive")


@pytest.fixture
def archive(empty: Path, tmp_path: Path) -> Path:
    """Return a new archive of the test's own."""
    return Path(shutil.copytree(empty, tmp_path / "archive"))


@pytest.fixture(scope="session")
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """Return a running object store whose keys are in the environment, as they are for a user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_REGION", "us-east-1")
        server = ObjectServer(tmp_path_factory.mktemp("bucket"))
        yield server
        server.kill()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None, None, None]:
    """Name them with the number of tests that each would have run, after all that pytest itself says."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    missing = missing_tools(report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple))
    if missing:
        tests = sum(missing.values())
        terminalreporter.section("not tested", sep="=", yellow=True)
        terminalreporter.line(
            f"{counted(tests, 'test')} {verb(tests, 'was', 'were')} skipped, because these programs are not installed:"
        )
        for name, number in missing.items():
            terminalreporter.line(f"  {name} ({number})")
        terminalreporter.line(f"get them: {BROUGHT_BY}")
