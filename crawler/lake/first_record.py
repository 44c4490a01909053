"""Read the record that stored bytes begin with."""

from __future__ import annotations

import io
from typing import NamedTuple

from pipelines.importing.foreign_records import ForeignRecord, read_records
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream


class FoundRecord(NamedTuple):
    """Hold a record in bytes that were read."""

    record: ForeignRecord
    end: int  # index of the first byte after it


def first_record(data: bytes) -> FoundRecord | None:
    """Return the record that begins with these bytes; None if there is none, or if it is not whole."""
    found: ForeignRecord | None = None
    ends: list[int] = []
    try:
        stream = UnpackedStream(io.BytesIO(data))
        for record in read_records(stream, lambda _: True, lambda damage: ends.append(damage.offset)):
            if found is not None:
                ends.append(record.offset)
            if ends:
                break
            found = record
    except ContainerDamage:
        return None
    is_here = found is not None and found.offset == 0 and not stream.in_one_piece
    return FoundRecord(found, ends[0] if ends else len(data)) if is_here and found is not None else None
