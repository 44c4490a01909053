"""Fuzz briefly: reading a changed file ends, and says where it is damaged. `benchmarks/` has a longer one."""

from __future__ import annotations

import random

import pytest

from pipelines.importing.containers import record_streams
from pipelines.importing.foreign_records import read_records
from pipelines.importing.record_search import DamagedRecord
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream
from tests.support import foreign_mutations as mutations

FILES_PER_FORM = 40


@pytest.mark.parametrize("form", mutations.FORMS)
def test_changed_file_is_read_to_its_end(tmp_path, form):
    """Each damage has a place in the file, and no more bytes are passed over than it has."""
    rng = random.Random(form)
    for _ in range(FILES_PER_FORM):
        path = tmp_path / form
        path.write_bytes(
            mutations.damaged(rng, mutations.FORMS[form](mutations.numbered_records(rng.randrange(1, 12))))
        )
        for part in record_streams(path, lambda *_: None):
            damages: list[DamagedRecord] = []
            try:
                stream = UnpackedStream(part.stream, part.name)
            except ContainerDamage:
                continue
            for _found in read_records(stream, lambda fields: True, damages.append):
                pass
            limit = max(path.stat().st_size, stream.unpacked)
            assert all(0 <= one.offset <= limit and 0 <= one.skipped_bytes <= limit for one in damages)
