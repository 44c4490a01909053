"""Reading other people's files: every record that is whole, each with its place, whatever is wrong beside it."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from bisect import bisect_right
from itertools import accumulate

import pytest

from pipelines.importing.containers import container_kind, record_streams
from pipelines.importing.foreign_records import ForeignRecord, parse_warc_date, read_records
from pipelines.importing.record_heads import fields_of, warc_date_of
from pipelines.importing.record_search import DamagedRecord
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream
from tests.support.foreign import address, an_id, answer, arc, gz, page, record, response, wacz, warcinfo

RECORDS = [warcinfo(), *(response(number, WARC_Warcinfo_ID=an_id("theirs")) for number in range(12))]
URLS = [None, *(address(number) for number in range(12))]
FORMS = {"gzip": gz(RECORDS), "plain": b"".join(RECORDS), "one piece": gzip.compress(b"".join(RECORDS), mtime=0)}


def read(data: bytes, wanted=lambda fields: True, named: str = "") -> tuple[list[ForeignRecord], list[DamagedRecord]]:
    """Return the records of a stream, and what could not be read."""
    damages: list[DamagedRecord] = []
    try:
        return list(read_records(UnpackedStream(io.BytesIO(data), named), wanted, damages.append)), damages
    except ContainerDamage as damage:
        return [], [DamagedRecord(0, str(damage))]


def urls(found: list[ForeignRecord]) -> list[str | None]:
    return [one.fields.get("WARC-Target-URI") for one in found]


def zstd(datas: list[bytes], dictionary: bytes = b"") -> bytes:
    """Return one frame for each record; with a dictionary in front, as warc-zstd has it."""
    module = pytest.importorskip("backports.zstd")
    known = module.ZstdDict(dictionary, is_raw=False) if dictionary else None
    front = b"\x5d\x2a\x4d\x18" + len(dictionary).to_bytes(4, "little") + dictionary if dictionary else b""
    return front + b"".join(module.compress(data, zstd_dict=known) for data in datas)


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_every_record_is_read_whole(data):
    """Compressed record by record, in one piece, or not at all."""
    found, damages = read(data)
    assert urls(found) == URLS
    assert [one.block for one in found[1:]] == [answer(page(number)) for number in range(12)]
    assert damages == []


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_unwanted_record_is_skipped(data):
    """Without its block, at the same place."""
    found, damages = read(data)
    some, more = read(data, lambda fields: fields.get("WARC-Target-URI") in (URLS[3], URLS[9]))
    assert [one.offset for one in some] == [one.offset for one in found]
    assert [one.block for one in some if one.block is not None] == [found[3].block, found[9].block]
    assert damages == more == []


def test_zstd_is_read_with_and_without_a_dictionary():
    """Frames of one record each, and the dictionary frame that warc-zstd puts first."""
    module = pytest.importorskip("backports.zstd")
    trained = module.train_dict([bytes([n]) * 9 + one for n in range(20) for one in RECORDS], 4096).dict_content
    for data in (zstd(RECORDS), zstd(RECORDS, trained)):
        found, damages = read(data)
        assert (urls(found), damages) == (URLS, [])


def test_offset_of_a_record_is_that_of_its_member():
    """A record of a compressed file is found again by its offset alone."""
    data = FORMS["gzip"]
    for one in read(data)[0]:
        assert urls(read(data[one.offset :])[0])[0] == one.fields.get("WARC-Target-URI")


def test_flipped_bit_costs_one_record():
    """Anywhere in a compressed file; the damage is reported with the place of that record."""
    data, rng = bytearray(FORMS["gzip"]), random.Random(7)
    starts = [one.offset for one in read(bytes(data))[0]]
    for _ in range(150):
        at = rng.randrange(len(data))
        data[at] ^= 4
        found, damages = read(bytes(data), named=".warc.gz")
        data[at] ^= 4
        hit = starts[bisect_right(starts, at) - 1]
        lost = set(starts) - {one.offset for one in found}
        assert lost in ({hit}, set())
        assert [damage.offset for damage in damages] == sorted(lost)
        if not lost:
            assert at - hit < 10  # time, system and flags in a gzip header are protected by nothing


def test_cut_costs_the_record_that_it_cuts():
    """At either end of a compressed file."""
    data, rng = FORMS["gzip"], random.Random(8)
    ends = list(accumulate(len(gzip.compress(one, mtime=0)) for one in RECORDS))
    for _ in range(60):
        cut = rng.randrange(1, len(data))
        found, damages = read(data[:cut], named=".warc.gz")
        assert urls(found) == URLS[: bisect_right(ends, cut)]
        assert len(damages) == (cut not in ends)
        behind, damages = read(data[cut:], named=".warc.gz")
        assert urls(behind) == URLS[bisect_right([0, *ends], cut - 1) :], cut


def test_broken_head_costs_one_record_of_a_plain_file():
    """The next is found by how a record begins."""
    broken = [one if at != 4 else one.replace(b"WARC/1.0", b"WXRC/1.0") for at, one in enumerate(RECORDS)]
    found, damages = read(b"".join(broken))
    assert urls(found) == URLS[:4] + URLS[5:]
    assert [damage.offset for damage in damages] == [sum(map(len, RECORDS[:4]))]


def in_one_piece(records: list[bytes]) -> bytes:
    """Compress all records as one member."""
    return gzip.compress(b"".join(records))


@pytest.mark.parametrize(
    ("packed", "length", "urls_read"),
    [
        pytest.param(gz, 10, URLS, id="gzip, too short"),
        pytest.param(gz, 5_000_000, URLS, id="gzip, too long"),
        pytest.param(b"".join, 10, URLS, id="plain, too short"),
        pytest.param(b"".join, 5_000_000, URLS, id="plain, too long"),
        pytest.param(in_one_piece, 10, URLS, id="one piece, too short"),
        pytest.param(in_one_piece, 5_000_000, URLS[:4], id="one piece, too long"),
    ],
)
def test_wrong_content_length_costs_one_record(packed, length, urls_read):
    """But in one piece, where there is no way back, a length that is too long loses what it covers."""
    wrong = response(99, length=length, WARC_Warcinfo_ID=an_id("theirs"))
    datas = [*RECORDS[:4], wrong, *RECORDS[4:]]
    found, damages = read(packed(datas))
    assert urls(found) == urls_read
    assert len(damages) == 1


def test_warc_in_a_damaged_body_is_not_taken_for_records():
    """A page may hold WARC records of its own, compressed too; where records name their warcinfo, so must the next."""
    forged = gz([record("response", "https://forged.example/", answer(b"forged"), WARC_Warcinfo_ID="<urn:uuid:other>")])
    held = record("response", URLS[5], answer(forged * 3), WARC_Warcinfo_ID=an_id("theirs"))
    member = bytearray(gzip.compress(held, compresslevel=0, mtime=0))
    member[-6] ^= 1
    found, damages = read(gz(RECORDS[:4]) + bytes(member) + gz(RECORDS[4:]))
    assert urls(found) == URLS
    assert len(damages) == 1


QUIRKS = {
    "WARC/0.18": response(1, version=b"WARC/0.18"),
    "WARC/1.1": response(1, version=b"WARC/1.1"),
    "heads that end in LF": response(1, eol=b"\n"),
    "id without brackets": response(1, record_id="urn:uuid:11111111-2222-3333-4444-555555555555"),
    "fields in lower case": response(1).replace(b"WARC-T", b"warc-t").replace(b"Content-Length", b"content-length"),
    "address in brackets": response(1).replace(address(1).encode(), f"<{address(1)}>".encode()),
    "folded field": response(1, WARC_Filter="one\r\n  two"),
    "fourteen digits": response(1, WARC_Date="20240309120000"),
    "no line breaks behind it": response(1).removesuffix(b"\r\n\r\n"),
    "eight line breaks behind it": response(1) + b"\r\n" * 6,
}


@pytest.mark.parametrize("one", QUIRKS.values(), ids=QUIRKS)
@pytest.mark.parametrize("packed", [gz, b"".join], ids=["gzip", "plain"])
def test_known_quirk_costs_nothing(one, packed):
    """What tools have written in twenty years is read: address, date, id and block."""
    datas = [warcinfo(), one, response(2)]
    found, damages = read(packed(datas))
    assert len(found) == 3
    assert damages == []
    assert found[1].fields.get("WARC-Target-URI") == address(1)
    assert found[1].block == answer(page(1))
    assert parse_warc_date(found[1].fields.get("WARC-Date") or "").isoformat() == "2024-03-09T12:00:00+00:00"
    assert (found[1].fields.get("WARC-Record-ID") or "")[:10] == "<urn:uuid:"


def test_record_without_content_length_ends_with_its_member():
    """In a plain file its end is unknown, and it counts as damaged."""
    datas = [warcinfo(), response(1, length=None), response(2)]
    found, damages = read(gz(datas))
    assert (found[1].block, len(found), damages) == (answer(page(1)), 3, [])
    found, damages = read(b"".join(datas))
    assert (urls(found), len(damages)) == ([None, address(2)], 1)


@pytest.mark.parametrize("compressed", [True, False])
def test_arc_record_becomes_a_response(compressed):
    """With the address, date and peer of its line, and an id that is derived from them and the block."""
    captures = [(address(number), answer(page(number))) for number in range(3)]
    lookup = ("dns:paper.example", b"2024 paper.example. 192.0.2.7\n")
    found, damages = read(arc([*captures, lookup], compressed=compressed))
    assert damages == []
    assert urls(found)[1:4] == [url for url, _ in captures]
    assert [one.block for one in found[1:4]] == [block for _, block in captures]
    assert found[1].fields.get("WARC-Date") == "2024-03-09T12:00:00Z"
    assert found[1].fields.get("WARC-IP-Address") == "192.0.2.7"
    again, _ = read(arc(captures[1:], compressed=not compressed))
    ids = [one.fields.get("WARC-Record-ID") for one in found[1:4]]
    assert len(set(ids)) == 3
    assert [one.fields.get("WARC-Record-ID") for one in again[1:]] == ids[1:]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x1f\x8b\x08", b"WARC/1.0", b"WARC/1.0\r\n\r\n", b"\x28\xb5\x2f\xfd",
                                  b"\x5d\x2a\x4d\x18\xff\xff\xff\xff", b"PK\x03\x04", bytes(100)],
                         ids=["nothing", "line breaks", "gzip magic", "version", "empty head", "zstd magic",
                              "huge dictionary", "zip magic", "zeros"])  # fmt: skip
def test_file_without_records_gives_none(data):
    """At most a damage is reported, never an exception."""
    found, _ = read(data)
    assert [one for one in found if one.block] == []


def test_random_bytes_are_damage():
    """Whatever they look like at first."""
    rng = random.Random(3)
    for start in (b"\x1f\x8b\x08\x00", b"WARC/1.0\r\n", b"filedesc://x 0.0.0.0 20240309120000 text/plain 7\n", b""):
        found, damages = read(start + rng.randbytes(30_000))
        assert damages
        assert len(found) <= 1


def members(tmp_path, data: bytes):
    """(member, addresses) of each stream in a file, and damages."""
    path = tmp_path / "theirs.wacz"
    path.write_bytes(data)
    told: list = []
    found = [
        (
            part.member,
            urls(list(read_records(UnpackedStream(part.stream, part.name), lambda fields: True, told.append))),
        )
        for part in record_streams(path, lambda *damage: told.append(damage))
    ]
    return found, told


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_warc_files_of_a_wacz_are_streams(tmp_path, method):
    """Wherever they are in it; nothing else is."""
    data = wacz({"archive/a.warc.gz": FORMS["gzip"], "indexes/index.cdx.gz": gzip.compress(b"x"),
                 "pages/pages.jsonl": b"{}", "b.warc": FORMS["plain"]}, method)  # fmt: skip
    assert members(tmp_path, data) == ([("archive/a.warc.gz", URLS), ("b.warc", URLS)], [])


@pytest.mark.parametrize(
    ("method", "counts"),
    [(zipfile.ZIP_STORED, {12}), (zipfile.ZIP_DEFLATED, range(4, 13))],
    ids=["stored", "deflated"],
)
def test_flipped_bit_in_a_wacz_costs_one_stored_record(tmp_path, method, counts):
    """Though the checksum of the member is wrong then. In a deflated member it may cost what follows."""
    data = bytearray(wacz({"archive/a.warc.gz": FORMS["gzip"]}, method))
    data[len(data) // 2] ^= 1
    ((_, found),), told = members(tmp_path, bytes(data))
    assert len(told) >= 1
    assert len(found) in counts


def test_wacz_without_its_end_is_searched(tmp_path):
    """Its directory is at the end; what was downloaded of it is read all the same."""
    data = wacz({"archive/a.warc.gz": FORMS["gzip"], "archive/b.warc.gz": gz([response(50)])})
    ((_, found),), told = members(tmp_path, data[:-120])
    assert found == [*URLS, address(50)]
    assert "directory" in told[0][2]


def test_kind_of_a_file_follows_from_its_first_bytes():
    """Not from its name."""
    for data in (*FORMS.values(), arc([], compressed=False), arc([])):
        assert container_kind(data[:16]) == "records"
    assert container_kind(wacz({"a": b""})[:16]) == "zip"
    assert container_kind(b"a.warc.gz\nb.warc.gz\n") is None


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ("2024", "2024-01-01T00:00:00+00:00"),
        ("2024-03", "2024-03-01T00:00:00+00:00"),
        ("2024-03-09", "2024-03-09T00:00:00+00:00"),
        ("2024-03-09T12:00:00.123456789Z", "2024-03-09T12:00:00.123456+00:00"),
        ("2024-03-09T13:00:00+01:00", "2024-03-09T12:00:00+00:00"),
        ("2024-03-09T12:00:00", "2024-03-09T12:00:00+00:00"),
    ],
)
def test_date_of_any_precision_is_read(date, wanted):
    """WARC 1.1, section 5.4, and what else is met."""
    assert parse_warc_date(date).isoformat() == wanted


def test_malformed_date_is_refused():
    """By ValueError, or by ContainerDamage in an ARC line."""
    with pytest.raises(ValueError, match="yesterday"):
        parse_warc_date("yesterday")
    with pytest.raises(ContainerDamage):
        warc_date_of("20241399000000")


def test_head_without_an_end_does_not_run_into_the_next_record():
    """Each member is read by itself where records begin with members."""
    found, damages = read(gz([warcinfo(), b"WARC/1.0\r\nWARC-Type: response\r\n", response(1)]))
    assert (urls(found), len(damages)) == ([None, address(1)], 1)


def test_record_may_run_across_members():
    """As in files compressed in blocks of equal size."""
    whole = b"".join(RECORDS)
    found, damages = read(gz(whole[at : at + 700] for at in range(0, len(whole), 700)))
    assert (urls(found), damages) == (URLS, [])


def test_head_is_read_whatever_its_date_is():
    """A year is a date, and junk stays junk."""
    for date in ("2024", "20249999999999", "yesterday"):
        found, damages = read(gz([response(1, WARC_Date=date)]))
        assert (found[0].fields.get("WARC-Date"), damages) == (date, [])


def test_fields_keep_case_order_and_repetitions():
    """As written; names are matched without case."""
    fields = fields_of(b"WARC/1.0\r\nwarc-TYPE: response\r\nX: 1\r\nX: 2\r\nno colon\r\n\r\n")
    assert [*fields] == [("warc-TYPE", "response"), ("X", "1"), ("X", "2")]
    assert fields.get("WARC-Type") == "response"
