"""Test that a WACZ is held against what it says of itself, and its zip is read without trusting the directory."""

from __future__ import annotations

import datetime
import io
import json
import struct
import zipfile
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from pipelines.importing.containers import RecordStream, leads_out, record_streams
from pipelines.importing.wacz_package import PackageCheck, check_package
from tests.support.foreign import gz, response, sha256, wacz, with_package

PARTS = {"archive/data.warc.gz": gz([response(1)]), "pages/pages.jsonl": b"{}\n"}
KEY = ec.generate_private_key(ec.SECP384R1())
PACKAGE_HASH = sha256(with_package(PARTS)["datapackage.json"])


def checked(tmp_path: Path, data: bytes) -> PackageCheck | None:
    path = tmp_path / "theirs.wacz"
    path.write_bytes(data)
    return check_package(path, lambda: None)


def public_key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """Return a public key as ArchiveWeb.page writes it."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return b64encode(key.public_key().public_bytes(encoding, form)).decode()


def signature(key: ec.EllipticCurvePrivateKey = KEY, of: str = PACKAGE_HASH, *, raw: bool = True) -> str:
    """Return a signature as browsers write it (`raw`), or as DER."""
    der = key.sign(of.encode(), ec.ECDSA(hashes.SHA256()))
    size = (key.key_size + 7) // 8
    return b64encode(b"".join(one.to_bytes(size, "big") for one in decode_dss_signature(der)) if raw else der).decode()


def certificate(domain: str) -> str:
    """Return a certificate of a domain by KEY, signed by itself."""
    name, today = x509.Name([]), datetime.datetime(2024, 3, 9)
    names = x509.SubjectAlternativeName([x509.DNSName(domain)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(today).not_valid_after(today + datetime.timedelta(90))
    made = builder.add_extension(names, critical=True).sign(KEY, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_parts_as_stated_are_counted(tmp_path):
    """Sizes and hashes agree, and nothing is signed."""
    check = checked(tmp_path, wacz(with_package(PARTS)))
    assert (check.parts, check.problems, check.signature) == (2, [], "none")


def test_zip_without_datapackage_is_not_judged(tmp_path):
    """It is no WACZ, but a zip of WARC files. Other files are none either."""
    assert checked(tmp_path, wacz(PARTS)) is None
    assert checked(tmp_path, gz([response(1)])) is None
    assert checked(tmp_path, wacz(with_package(PARTS))[:-30]) is None


def changed(**more: bytes | None) -> dict[str, bytes]:
    """Return the members of a sound WACZ with some of them replaced, added or (None) removed."""
    named = {"warc": "archive/data.warc.gz", "pages": "pages/pages.jsonl", "package": "datapackage.json",
             "digest": "datapackage-digest.json", "extra": "archive/extra.warc.gz"}  # fmt: skip
    found = {**with_package(PARTS), **{named[name]: data for name, data in more.items()}}
    return {name: data for name, data in found.items() if data is not None}


def package(resources: object) -> dict[str, bytes]:
    return changed(package=json.dumps({"resources": resources}).encode(), digest=None)


WRONG = {
    "another WARC": (changed(warc=gz([response(2)])), "archive/data.warc.gz: its hash is sha256:"),
    "part that is missing": (changed(pages=None), "pages/pages.jsonl: is listed and not in the zip"),
    "WARC that is not listed": (
        changed(extra=gz([response(2)])),
        "archive/extra.warc.gz: datapackage.json does not list",
    ),
    "another datapackage.json": (changed(package=b'{"resources": []}'), "datapackage.json is not what"),
    "no JSON": (changed(package=b"{"), "datapackage.json is damaged"),
    "JSON in JSON": (changed(package=b"[" * 100_000), "datapackage.json is damaged"),
    "no object": (changed(package=b"[]"), "datapackage.json is damaged"),
    "no resources": (package(None), "lists no resources"),
    "resource without a path": (package([{"hash": "x"}, 7]), "a resource without a path"),
    "resource without a hash": (package([{"path": "pages/pages.jsonl"}]), "states no hash of a known kind"),
    "unknown hash": (package([{"path": "pages/pages.jsonl", "hash": "crc:1"}]), "states no hash of a known kind"),
    "wrong size": (
        package([{"path": "pages/pages.jsonl", "hash": sha256(b"{}\n"), "bytes": 4}]),
        "pages/pages.jsonl: it has 3 bytes, datapackage.json says 4",
    ),
    "digest of another file": (changed(digest=b'{"path": "x", "hash": 7}'), "is about another file"),
    "damaged digest": (changed(digest=b"\xff"), "datapackage-digest.json is damaged"),
}


@pytest.mark.parametrize(("members", "said"), WRONG.values(), ids=WRONG)
def test_part_that_is_not_as_stated_is_named(tmp_path, members, said):
    """Whatever is in datapackage.json."""
    check = checked(tmp_path, wacz(members))
    assert any(said in problem for problem in check.problems), check.problems


@pytest.mark.parametrize(
    "stated",
    [
        {"hash": sha256(b"{}\n")},
        {"hash": sha256(b"{}\n").upper().replace("SHA256", "SHA-256")},
        {"stats": {"hash": sha256(b"{}\n")[7:], "hashing": "sha256", "bytes": 3}},
        {"hash": "8a80554c91d9fca8acb82f023de02f11"},
    ],
    ids=["sha256", "other spelling", "stats of old versions", "md5 without a label"],
)
def test_hash_is_read_in_each_form_that_occurs(tmp_path, stated):
    """Of Frictionless data packages and of WACZ 1.0."""
    members = package([{"path": "pages/pages.jsonl", **stated}])
    del members["archive/data.warc.gz"]
    check = checked(tmp_path, wacz(members, zipfile.ZIP_DEFLATED))
    assert (check.parts, check.problems) == (1, [])


RSA = public_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))
OTHER = ec.generate_private_key(ec.SECP256R1())
SIGNED = {
    "by a browser": ({"publicKey": public_key(KEY), "signature": signature()}, "sound"),
    "as DER": ({"publicKey": public_key(KEY), "signature": signature(raw=False)}, "sound"),
    "by another curve": ({"publicKey": public_key(OTHER), "signature": signature(OTHER)}, "sound"),
    "by a certificate": (
        {"domain": "Paper.example", "domainCert": certificate("paper.example"), "signature": signature(raw=False)},
        "sound",
    ),
    "by a certificate of another domain": (
        {"domain": "evil.example", "domainCert": certificate("paper.example"), "signature": signature(raw=False)},
        "wrong",
    ),
    "by another key": ({"publicKey": public_key(KEY), "signature": signature(OTHER)}, "wrong"),
    "of another text": ({"publicKey": public_key(KEY), "signature": signature(of="sha256:0")}, "wrong"),
    "no base 64": ({"publicKey": public_key(KEY), "signature": "\u00e4"}, "wrong"),
    "no signature": ({"publicKey": public_key(KEY)}, "wrong"),
    "of another datapackage.json": ({"hash": "sha256:0", "publicKey": public_key(KEY), "signature": "x"}, "wrong"),
    "RSA": ({"publicKey": RSA, "signature": signature()}, "not judged"),
    "no key": ({"signature": signature()}, "not judged"),
    "key that is none": ({"publicKey": "AAAA", "signature": signature()}, "not judged"),
    "certificate that is none": ({"domainCert": "x", "signature": signature()}, "not judged"),
}


@pytest.mark.parametrize(("signed", "verdict"), SIGNED.values(), ids=SIGNED)
def test_signature_is_held_against_its_key(tmp_path, signed, verdict):
    """A wrong one is a problem; one that cannot be judged is not."""
    check = checked(tmp_path, wacz(with_package(PARTS, **{"hash": PACKAGE_HASH, **signed})))
    assert check.signature == verdict, check
    assert len(check.problems) == (verdict == "wrong")
    assert dict(check.fields)["package-signature"].startswith(verdict)


def streams(tmp_path: Path, data: bytes) -> tuple[list[RecordStream], list[tuple]]:
    path = tmp_path / "theirs.wacz"
    path.write_bytes(data)
    told: list[tuple] = []
    return list(record_streams(path, lambda *damage: told.append(damage))), told


def repeated(data: bytes, times: int) -> bytes:
    """Return a zip of one member whose directory names that member so many times."""
    end = data.rfind(b"PK\5\6")
    start = struct.unpack("<I", data[end + 16 : end + 20])[0]
    entries, count = data[start:end] * times, min(times, 0xFFFF)
    return data[:start] + entries + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(entries), start, 0)


def test_member_that_is_named_many_times_is_read_once(tmp_path):
    """Else a small file would be unpacked for hours."""
    found, told = streams(tmp_path, repeated(wacz({"a.warc.gz": gz([response(1)])}), 2000))
    assert [one.member for one in found] == ["a.warc.gz"]
    assert len(told) == 11
    assert told[-1][2].startswith("1,989 more entries")


def test_member_inside_another_is_refused(tmp_path):
    """A zip that is stored in a zip does not lend its members to the outer directory."""
    data = bytearray(wacz({"a.warc.gz": gz([response(1)]), "b.warc.gz": gz([response(2)])}))
    at = data.rfind(b"PK\1\2")
    data[at + 42 : at + 46] = struct.pack("<I", 60)
    found, told = streams(tmp_path, bytes(data))
    assert [one.member for one in found] == ["a.warc.gz"]
    assert told == [("b.warc.gz", 60, "lies inside another member, a.warc.gz")]


def test_directory_of_millions_of_entries_is_not_read(tmp_path):
    """The file is searched for records instead."""
    found, told = streams(tmp_path, repeated(wacz({"a.warc.gz": gz([response(1)])}), 100_000))
    assert [one.member for one in found] == [""]
    assert "directory of the zip cannot be read" in told[0][2]


def test_unreadable_member_is_named_with_the_reason(tmp_path):
    """Encrypted, or compressed by a method that we do not know."""
    data = bytearray(wacz({"a.warc.gz": gz([response(1)]), "b.warc.gz": gz([response(2)])}))
    first = data.find(b"PK\1\2")
    second = data.rfind(b"PK\1\2")
    data[first + 8] |= 1
    data[second + 10] = 14
    found, told = streams(tmp_path, bytes(data))
    assert found == []
    assert [why for _member, _offset, why in told] == [
        "is encrypted",
        "is compressed by a method that cannot be read (number 14, lzma)",
    ]


def test_same_name_twice_is_read_twice_and_said(tmp_path):
    """No record is lost, but nobody knows which of the two was meant."""
    out = io.BytesIO(wacz(with_package(PARTS)))
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("archive/data.warc.gz", gz([response(2)]))
    found, _told = streams(tmp_path, out.getvalue())
    assert [one.member for one in found] == ["archive/data.warc.gz"] * 2
    assert "archive/data.warc.gz: is in the zip more than once" in checked(tmp_path, out.getvalue()).problems


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("archive/a.warc.gz", False),
        ("a..b/c...warc", False),
        ("", False),
        ("../a.warc", True),
        ("a/../../b.warc", True),
        ("/etc/a.warc", True),
        ("\\\\host\\a.warc", True),
        ("C:\\a.warc", True),
        ("a\\..\\b.warc", True),
    ],
)
def test_name_that_leads_out_of_a_folder_is_recognised(name, wanted):
    """By the rules of Unix and of Windows."""
    assert leads_out(name) is wanted
