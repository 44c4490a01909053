"""Hold the parts of a WACZ against what its datapackage.json says of them, and that against its signature.

Specifications: WACZ 1.1.1 (https://specs.webrecorder.net/wacz/1.1.1/) and WACZ Signing and Verification 0.1.0. Whose a
key is, and what certificates and time stamps are worth, is not judged: that needs knowledge from outside of the file.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pipelines.core.errors import os_errors
from pipelines.core.input_files import open_input
from pipelines.importing.containers import (
    SUFFIXES,
    UNREADABLE_ZIP,
    container_kind,
    member_stream,
    printable,
    zip_members,
)
from pipelines.importing.unpacking import ContainerDamage

PACKAGE, PACKAGE_DIGEST = "datapackage.json", "datapackage-digest.json"
MAX_JSON_BYTES = 1 << 22  # takes twenty times that memory at worst
MAX_PARTS = 10_000
MAX_UNPACKED_BYTES = 1 << 30  # of all parts that are compressed; WARC files in a WACZ are not
MAX_PROBLEMS = 100  # that are named; further ones are counted
HASHES = ("md5", "sha1", "sha256", "sha384", "sha512")
READ_BYTES = 1 << 20

Signature = Literal["sound", "wrong", "not judged", "none"]


@dataclass(slots=True)
class PackageCheck:
    """Hold what the check of one WACZ showed."""

    file: str
    parts: int = 0  # parts whose size and hash are as datapackage.json says
    problems: list[str] = field(default_factory=list)  # sentences without the file's name
    more_problems: int = 0  # that are not named
    signature: Signature = "none"
    signature_note: str = ""  # why, or by which key

    def problem(self, text: str) -> None:
        """Add a problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(printable(text))
        else:
            self.more_problems += 1

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The result as fields of the record about the imported file."""
        more = [("package-problem", f"{self.more_problems} more")] if self.more_problems else []
        return [
            ("package-parts-as-stated", str(self.parts)),
            *(("package-problem", text) for text in self.problems),
            *more,
            ("package-signature", f"{self.signature}{f' ({self.signature_note})' * bool(self.signature_note)}"),
        ]


def check_package(path: Path, go_on: Callable[[], object]) -> PackageCheck | None:
    """Check a WACZ; None if it has no datapackage.json. `go_on` is called from time to time, and may raise.

    Raises MorgueError if the file cannot be read.
    """
    check = PackageCheck(printable(path.name))
    with os_errors(str(path)), open_input(path) as file:
        if container_kind(file.read(16)) != "zip":
            return None
        size = file.seek(0, 2)
        try:
            members = zip_members(file, size, lambda *_: None)
        except UNREADABLE_ZIP:
            return None  # the reader of its records says so
        by_name = {info.filename: info for info in reversed(members)}
        if PACKAGE not in by_name:
            return None
        package = _read(file, by_name[PACKAGE], size)
        stated = _object(package)
        if stated is None:
            check.problem(f"{PACKAGE} is damaged, or larger than {MAX_JSON_BYTES:,} bytes")
            return check
        _check_parts(check, file, size, members, stated.get("resources"), go_on)
        if PACKAGE_DIGEST in by_name:
            _check_digest(check, package or b"", _object(_read(file, by_name[PACKAGE_DIGEST], size)))
    return check


def _read(file: BinaryIO, info: zipfile.ZipInfo, size: int) -> bytes | None:
    """Return what a member holds; None if it cannot be read or is too large."""
    try:
        data = member_stream(file, info, size).read(MAX_JSON_BYTES + 1)
    except ContainerDamage:
        return None
    return data if len(data) <= MAX_JSON_BYTES else None


def _object(data: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check_parts(
    check: PackageCheck,
    file: BinaryIO,
    size: int,
    members: list[zipfile.ZipInfo],
    resources: object,
    go_on: Callable[[], object],
) -> None:
    """Hold each resource against its size and hash, and see that all files with records are listed once."""
    listed: dict[str, dict[str, Any]] = {}
    for one in resources if isinstance(resources, list) else []:
        if isinstance(one, dict) and isinstance(one.get("path"), str):
            listed.setdefault(one["path"], one)
        else:
            check.problem(f"{PACKAGE}: a resource without a path")
    if not listed:
        check.problem(f"{PACKAGE} lists no resources")
    if len(listed) > MAX_PARTS:
        check.problem(f"{PACKAGE} lists {len(listed):,} resources; only {MAX_PARTS:,} are held against it")
    by_name: dict[str, zipfile.ZipInfo] = {}
    for info in members:
        if by_name.setdefault(info.filename, info) is not info:
            check.problem(f"{info.filename}: is in the zip more than once")
        elif info.filename.lower().endswith(SUFFIXES[:-1]) and info.filename not in listed:
            check.problem(f"{info.filename}: {PACKAGE} does not list it")
    unpacked = 0
    for name, stated in list(listed.items())[:MAX_PARTS]:
        if name not in by_name:
            check.problem(f"{name}: is listed and not in the zip")
            continue
        info = by_name[name]
        unpacked += info.file_size if info.compress_type != zipfile.ZIP_STORED else 0
        if unpacked > MAX_UNPACKED_BYTES:
            check.problem(f"{name}: is not judged: the parts unpack to more than {MAX_UNPACKED_BYTES:,} bytes")
            continue
        try:
            why = _difference(_pieces(member_stream(file, info, size), info.file_size, go_on), stated)
        except ContainerDamage as damage:
            why = str(damage)
        if why:
            check.problem(f"{name}: {why}")
        else:
            check.parts += 1


def _pieces(stream: BinaryIO, limit: int, go_on: Callable[[], object]) -> Iterator[bytes]:
    """Yield what a stream holds, and no more than a piece beyond `limit` bytes."""
    read = 0
    while read <= limit and (piece := stream.read(READ_BYTES)):
        go_on()
        read += len(piece)
        yield piece


def _difference(pieces: Iterator[bytes], stated: dict[str, Any]) -> str:
    """Return how bytes differ from what is stated of them; "" if they do not."""
    older = stated.get("stats")  # where py-wacz had them at first
    stated = {**(older if isinstance(older, dict) else {}), **stated}
    label, _, value = str(stated.get("hash") or "").rpartition(":")
    name = (label or str(stated.get("hashing") or "md5")).lower().replace("-", "")
    if not value or name not in HASHES:
        return f"{PACKAGE} states no hash of a known kind"
    state, length = hashlib.new(name, usedforsecurity=False), 0
    for piece in pieces:
        state.update(piece)
        length += len(piece)
    if state.hexdigest() != value.lower():
        return f"its hash is {name}:{state.hexdigest()}, {PACKAGE} says {name}:{value[:128]}"
    if stated.get("bytes") not in (None, length):
        return f"it has {length:,} bytes, {PACKAGE} says {str(stated['bytes'])[:20]}"
    return ""


def _check_digest(check: PackageCheck, package: bytes, stated: dict[str, Any] | None) -> None:
    """Hold datapackage.json against the hash in datapackage-digest.json, and that against its signature."""
    if stated is None:
        check.problem(f"{PACKAGE_DIGEST} is damaged")
        return
    actual = f"sha256:{hashlib.sha256(package).hexdigest()}"
    if stated.get("path") != PACKAGE:
        check.problem(f"{PACKAGE_DIGEST} is about another file: {str(stated.get('path'))[:80]!r}")
    if stated.get("hash") != actual:
        check.problem(f"{PACKAGE} is not what {PACKAGE_DIGEST} says: its hash is {actual}")
    signed = stated.get("signedData")
    if signed is None:
        return
    if not isinstance(signed, dict) or not all(isinstance(signed.get(name), str) for name in ("hash", "signature")):
        check.signature, check.signature_note = "wrong", "signedData lacks its hash or its signature"
    elif signed["hash"] != actual:
        check.signature, check.signature_note = "wrong", f"it is of another {PACKAGE}"
    else:
        check.signature, check.signature_note = _signature(signed)
        check.signature_note = printable(check.signature_note)
    if check.signature == "wrong":
        check.problem(f"the signature is wrong: {check.signature_note}")


def _signature(signed: dict[str, Any]) -> tuple[Signature, str]:
    """Return if a signature is sound, and by which key, or why not."""
    try:
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        return "not judged", "the module cryptography is not installed"
    domain = ""
    try:
        if isinstance(signed.get("publicKey"), str):
            key: Any = serialization.load_der_public_key(b64decode(signed["publicKey"], validate=True))
        elif isinstance(signed.get("domainCert"), str):
            certificate = x509.load_pem_x509_certificate(signed["domainCert"].encode())
            key, domain = certificate.public_key(), str(signed.get("domain"))
            if domain.lower() not in _names(certificate):
                return "wrong", f"the certificate is not one of {domain[:253]}"
        else:
            return "not judged", "it names neither a public key nor a certificate"
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        return "not judged", f"its key cannot be read ({type(error).__name__})"
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return "not judged", f"its key is of another kind ({type(key).__name__})"
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        signature = _der_signature(b64decode(signed["signature"], validate=True), (key.key_size + 7) // 8)
        key.verify(signature, signed["hash"].encode(), ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        return "wrong", "it was not made of this hash with this key"
    certified = f"by a certificate of {domain}, whose chain and time stamp are not judged"
    who = certified if domain else "by an anonymous key"
    return "sound", f"{who}, sha256:{hashlib.sha256(der).hexdigest()}"


def _der_signature(signature: bytes, number_bytes: int) -> bytes:
    """Return a signature as DER; browsers (WebCrypto) write the two numbers one after the other."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if len(signature) != 2 * number_bytes:
        return signature
    return encode_dss_signature(
        int.from_bytes(signature[:number_bytes], "big"), int.from_bytes(signature[number_bytes:], "big")
    )


def _names(certificate: Any) -> list[str]:
    """Return the host names of a certificate, lower case. Raises ValueError."""
    from cryptography import x509

    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    names = [str(one.value).lower() for one in common]
    try:
        more = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    return names + [name.lower() for name in more.value.get_values_for_type(x509.DNSName)]
