"""After damage: every record that can be read is read, each lost one is named, and the search costs linear work."""

from __future__ import annotations

import gzip
import io
import struct
from typing import Any

import pytest

from pipelines.importing import foreign_records, record_search
from pipelines.importing.foreign_records import read_records
from pipelines.importing.record_search import DamagedRecord, RecordSearch
from pipelines.importing.unpacking import UnpackedStream
from tests.support.foreign import address, answer, gz, page, record, response

RECORDS = [response(number) for number in range(10)]
DAMAGED = (3, 4, 5)
SOUND = [address(number) for number in range(10) if number not in DAMAGED]


def read(data: bytes) -> tuple[list[str | None], list[DamagedRecord]]:
    """Return the addresses of the records in a stream, and what could not be read."""
    damages: list[DamagedRecord] = []
    found = read_records(UnpackedStream(io.BytesIO(data)), lambda fields: True, damages.append)
    return [one.fields.get("WARC-Target-URI") for one in found], damages


def zstd(records: list[bytes]) -> bytes:
    """Return a frame for each record, with a checksum."""
    module = pytest.importorskip("backports.zstd")
    options = {module.CompressionParameter.checksum_flag: 1}
    return b"".join(module.compress(one, options=options) for one in records)


def zstd_in_one_piece(records: list[bytes]) -> bytes:
    return zstd([b"".join(records)])


def gzip_in_one_piece(records: list[bytes]) -> bytes:
    return gzip.compress(b"".join(records), mtime=0)


def arc_record(number: int, *, date: str = "20240309120000", columns: str = "") -> bytes:
    """Return a record of an ARC file; `columns`: between media type and length, with a space after each."""
    block = answer(page(number))
    return f"{address(number)} 192.0.2.7 {date} text/html {columns}{len(block)}\n".encode() + block + b"\n"


def arc_header(line: bytes = b"") -> bytes:
    """Return the record that begins an ARC file; `line`: its first line, if another than it should be."""
    block = b"1 0 Theirs\nURL IP-address Archive-date Content-type Archive-length\n\n"
    return (line or b"filedesc://theirs.arc 0.0.0.0 20240309120000 text/plain %d" % len(block)) + b"\n" + block + b"\n"


def flipped(member: bytes) -> bytes:
    at = len(member) // 2
    return member[:at] + bytes([member[at] ^ 0x10]) + member[at + 1 :]


def flipped_early(member: bytes) -> bytes:
    return member[:14] + bytes([member[14] ^ 0x10]) + member[15:]


def zeroed(member: bytes) -> bytes:
    return member[:20] + bytes(60) + member[80:]


def cut(member: bytes) -> bytes:
    return member[: len(member) // 3]


@pytest.mark.parametrize("wrong", [flipped, flipped_early, zeroed, cut])
@pytest.mark.parametrize("packed", [gz, zstd])
def test_damaged_neighbours_in_members_are_so_many_damages(packed, wrong):
    """Each with the offset of its member, and the bytes up to the next; together they are all bytes that were lost."""
    members = [packed([one]) for one in RECORDS]
    for number in DAMAGED:
        members[number] = wrong(members[number])
    starts = [sum(map(len, members[:number])) for number in range(11)]
    urls, damages = read(b"".join(members))
    assert urls == SOUND
    assert [one.offset for one in damages] == [starts[number] for number in DAMAGED]
    assert [one.skipped_bytes for one in damages] == [len(members[number]) for number in DAMAGED]


def test_address_of_a_damaged_member_is_named_if_it_can_be_read():
    """Its head comes before the damage."""
    members = [gzip.compress(one, mtime=0) for one in RECORDS]
    members[3], members[4] = flipped(members[3]), flipped(members[4])
    assert read(b"".join(members))[1][1].url == address(4)


def without_version(one: bytes) -> bytes:
    return one.replace(b"WARC/1.0", b"WXRC/1.0")


def without_length(one: bytes) -> bytes:
    return one.replace(b"Content-Length:", b"Content-Lxngth:")


def with_short_length(one: bytes) -> bytes:
    return one.replace(b"\r\nContent-Length: ", b"\r\nContent-Length: 3\r\nX-Length: ", 1)


def with_zeros(one: bytes) -> bytes:
    return bytes(100) + one[100:]


def with_many_lines(one: bytes) -> bytes:
    return one.replace(b"WARC-Type", b"a: b\r\n" * 3000 + b"WARC-Type", 1)


@pytest.mark.parametrize("packed", [b"".join, gzip_in_one_piece, zstd_in_one_piece])
@pytest.mark.parametrize("wrong", [without_version, without_length, with_short_length, with_zeros, with_many_lines])
def test_damaged_neighbours_without_members_are_so_many_damages(packed, wrong):
    """In a plain WARC file, and in one that is compressed as one piece."""
    records = [wrong(one) if number in DAMAGED else one for number, one in enumerate(RECORDS)]
    urls, damages = read(packed(records))
    assert urls == SOUND
    assert len(damages) == len(DAMAGED)
    assert sum(one.skipped_bytes for one in damages) == pytest.approx(sum(len(records[at]) for at in DAMAGED), abs=8)


@pytest.mark.parametrize("packed", [b"".join, gz, gzip_in_one_piece, zstd_in_one_piece])
def test_damaged_end_of_a_file_is_so_many_damages(packed):
    """No record comes after them."""
    records = [without_version(one) if number > 6 else one for number, one in enumerate(RECORDS)]
    urls, damages = read(packed(records))
    assert (urls, len(damages)) == ([address(number) for number in range(7)], 3)


def with_no_time(one: bytes) -> bytes:
    return one.replace(b"20240309120000", b"20249999999999")


def with_no_date(one: bytes) -> bytes:
    return one.replace(b"20240309120000", b"March")


def with_letters_for_length(one: bytes) -> bytes:
    return one.replace(b"text/html ", b"text/html x", 1)


def with_negative_length(one: bytes) -> bytes:
    return one.replace(b"text/html ", b"text/html -", 1)


def without_scheme(one: bytes) -> bytes:
    return b"%%%" + one[3:]


@pytest.mark.parametrize("packed", [b"".join, gz, gzip_in_one_piece, zstd])
@pytest.mark.parametrize(
    "wrong", [with_no_time, with_no_date, with_letters_for_length, with_negative_length, without_scheme]
)
def test_damaged_neighbours_in_an_arc_file_are_so_many_damages(packed, wrong):
    """However it is stored; the records after them are read."""
    lines = [wrong(arc_record(number)) if number in DAMAGED else arc_record(number) for number in range(10)]
    urls, damages = read(packed([arc_header(), *lines]))
    assert (urls[1:], len(damages)) == (SOUND, len(DAMAGED))


@pytest.mark.parametrize(
    "line",
    [
        b"filedesc:// - - - 80",
        b"filedesc://horsy|\\\\hello a.b.c.d blue_monday gif\\image one",
        b"filedesc://theirs.arc 0.0.0.0 20240309120000 text/plain -1",
        b"filedesc:theirs",
        b"filedesc://theirs.arc\t0.0.0.0\t20240309120000\ttext/plain\t76",
    ],
)
@pytest.mark.parametrize("packed", [b"".join, gz, gzip_in_one_piece, zstd, zstd_in_one_piece])
def test_strange_first_line_does_not_cost_an_arc_file(packed, line):
    """The records after it are read."""
    urls, damages = read(packed([arc_header(line), *map(arc_record, range(10))]))
    assert [url for url in urls if url and url.startswith("http")] == [address(number) for number in range(10)]
    assert len(damages) <= 1


def test_first_line_without_a_date_is_no_damage():
    """The record that begins a file holds no capture, so nothing needs the date."""
    header = arc_header(b"filedesc:// - - - %d" % (len(arc_header()) - len(arc_header().partition(b"\n")[0]) - 2))
    urls, damages = read(header + arc_record(1))
    assert (urls[1:], damages) == ([address(1)], [])


def test_file_of_both_versions_of_arc_is_read():
    """The columns of each line decide."""
    records = [arc_record(1), arc_record(2, columns="200 - - 123 theirs.arc "), arc_record(3)]
    assert read(arc_header() + b"".join(records)) == (
        [*read(arc_header())[0], *(address(number) for number in (1, 2, 3))],
        [],
    )


def test_arc_line_in_a_damaged_body_of_a_warc_file_is_not_taken_for_a_record():
    """The records of one file have one format."""
    forged = record("response", address(1), answer(b"\n" + arc_record(7)), length=5)
    assert read(b"".join([response(0), forged, response(2)]))[0] == [address(0), address(2)]


def test_break_of_one_piece_says_how_much_is_lost():
    """Nothing after it can be unpacked; how much that is is known."""
    data = gzip_in_one_piece([response(number, more="x" * number) for number in range(300)])
    _urls, damages = read(data[:4000] + bytes(50) + data[4050:])
    assert "compressed bytes from there on are not read" in damages[-1].why


def test_record_in_a_later_block_is_found():
    """In a file that was compressed in blocks of equal size, where records and members do not begin together."""
    whole = b"".join(response(number) for number in range(60))
    blocks = [gzip.compress(whole[at : at + 5000], mtime=0) for at in range(0, len(whole), 5000)]
    blocks[3] = flipped(blocks[3])
    urls, damages = read(b"".join(blocks))
    assert urls[-1] == address(59)
    assert (len(urls) > 50, len(damages)) == (True, 1)


class CountingFile(io.BytesIO):
    """Count the bytes that are read."""

    bytes_read = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


class CountingSearch(RecordSearch):
    """Count the places that are judged."""

    judged = 0

    def _judge(self, data: bytes, at: int, end: int) -> Any:
        self.judged += 1
        return super()._judge(data, at, end)


def cluster(tail: bytes) -> bytes:
    """Return sixty members, each inside the one before it, that all go on with the same tail."""
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999999999\r\n\r\n"
    size, parts = 15 + len(head), []
    for left in range(60, 0, -1):
        length = left * size - 15
        parts.append(b"\x1f\x8b\x08\0\0\0\0\0\0\3" + struct.pack("<BHH", 0, length, length ^ 0xFFFF) + head)
    return b"".join(parts) + tail


BROKEN = without_length(response(0))
STORED_BLOCK = struct.pack("<BHH", 0, 60000, 60000 ^ 0xFFFF) + bytes(60000)
HOSTILE = {
    "versions, one piece": lambda n: gzip.compress(response(1) + BROKEN + b"\nWARC/1" * (2000 * n)),
    "heads without end": lambda n: gzip.compress(response(1) + BROKEN + b"\nWARC/1.0\r\nA:" * (1000 * n)),
    "lost heads": lambda n: gzip.compress(response(1) + BROKEN + b"\nWARC-Date:" * (1000 * n)),
    "records that never end": lambda n: BROKEN + response(1, length=10**9)[:400] * (100 * n),
    "empty records": lambda n: BROKEN + b"WARC/1.0\r\nWARC-Type: x\r\n\r\n\r\n" * (500 * n),
    "arc lines": lambda n: arc_header() + (b"http:" + b" 20240309120000 a" * 300 + b"\n") * (30 * n),
    "arc records that never end": lambda n: arc_header() + b"http://x 1.1.1.1 20240309120000 a 99999999\n" * (400 * n),
    "arc lines in members": lambda n: gz([b"http:" + b" 20240309120000 a" * 300 + b"\n"] * (30 * n)),
    "beginnings of members": lambda n: gz([response(1)]) + b"\x1f\x8b\x08\0\0\0\0\0\0\3" * (2000 * n),
    "broken members": lambda n: gz([response(1)]) + gz([response(2)])[:90] * (200 * n),
    "members of a byte": lambda n: gz([bytes([char]) for char in b"WARC/1.0\r\n" + b"a: b\r\n" * (200 * n)]),
    "empty members": lambda n: gz([b""] * (1000 * n)) + gz([response(1)]),
    "members in members": lambda n: b"".join([cluster(STORED_BLOCK)] * n),
    "line breaks": lambda n: gzip.compress(response(1) + b"\r\n" * (20_000 * n)),
    "header lines": lambda n: b"WARC/1.0\r\n" + b"a: b\r\n" * (20_000 * n) + b"\r\n" + response(1),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_work_of_a_hostile_file_grows_with_its_size(monkeypatch, make):
    """Bytes read, unpacked and looked at, and places judged: four times the file costs about four times the work."""
    monkeypatch.setattr(record_search, "MAX_REREAD_BYTES", 1 << 20)  # else files of tests would stay below it
    work: list[int] = []
    made: list[CountingSearch] = []
    monkeypatch.setattr(foreign_records, "RecordSearch", lambda source: made.append(CountingSearch(source)) or made[-1])
    for size in (4, 16):
        file = CountingFile(make(size))
        stream = UnpackedStream(file)
        for _ in read_records(stream, lambda fields: False, lambda damage: None):
            pass
        search = made[-1]
        work.append(file.bytes_read + stream.unpacked + search.probed_bytes + search.reread_bytes + 100 * search.judged)
    assert work[1] < 5 * work[0] + 4_000_000
    assert work[1] < 60 * len(make(16)) + 8_000_000
