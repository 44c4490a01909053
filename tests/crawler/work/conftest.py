"""Share one Dask cluster among the tests that do it no harm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.dask_cluster import DaskCluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Return a running cluster of two workers."""
    running = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield running
    running.close()
