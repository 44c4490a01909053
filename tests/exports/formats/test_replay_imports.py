"""pywb replays what was imported: revisits of every profile and digest, by the index that we write."""

from __future__ import annotations

import base64
import hashlib
from contextlib import closing

import pytest

from crawler.config.archive_folder import ArchiveFolder
from pipelines.database.connection import connect
from tests.support.command import make_archive
from tests.support.foreign import address, answer, gz, page, record
from tests.support.import_runs import bring
from tests.support.pywb import collect, get, serve_collections

PROFILE = "http://netpreserve.org/warc/{}/revisit/{}"
SAME, AGNOSTIC = "identical-payload-digest", "uri-agnostic-identical-payload-digest"
HTML, CHUNKED = b"Content-Type: text/html", b"Transfer-Encoding: chunked"


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def chunks(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


# name: (stored body of the original, its further header, its digest, the digest of the revisit, version, profile)
REVISITS = {
    "plain": (bytes, HTML, sha1, sha1, "1.0", SAME),
    "WARC 1.1": (bytes, HTML, sha1, sha1, "1.1", SAME),
    "uri-agnostic": (bytes, HTML, sha1, sha1, "1.0", AGNOSTIC),
    "sha256": (bytes, HTML, *[lambda data: "sha256:" + hashlib.sha256(data).hexdigest()] * 2, "1.1", SAME),
    "md5": (bytes, HTML, *[lambda data: "md5:" + hashlib.md5(data).hexdigest()] * 2, "1.0", AGNOSTIC),
    "two spellings": (bytes, HTML, sha1, lambda data: "sha1:" + hashlib.sha1(data).hexdigest(), "1.0", SAME),
    "chunked, stored": (chunks, CHUNKED, *[lambda data: sha1(chunks(data))] * 2, "1.0", SAME),
    "chunked, entity": (chunks, CHUNKED, sha1, sha1, "1.0", SAME),
    "only the revisit has a digest": (bytes, HTML, None, sha1, "1.0", SAME),
    "another algorithm": (bytes, HTML, None, lambda data: "sha256:" + hashlib.sha256(data).hexdigest(), "1.1", SAME),
    "no digest": (bytes, HTML, None, None, "1.0", AGNOSTIC),
}


def records_of(number: int, name: str) -> list[bytes]:
    """Return a response, and a revisit of it at another address five hours later."""
    stored, header, of_original, of_revisit, version, profile = REVISITS[name]
    body = page(number)
    original = {"WARC_Payload_Digest": of_original(body)} if of_original else {}
    revisit = {"WARC_Payload_Digest": of_revisit(body)} if of_revisit else {}
    return [
        record("response", address(number, "a.example"), answer(stored(body), HTML, header), **original),
        record("revisit", address(number, "b.example"), answer(b"", HTML, header), at=5, **revisit,
               Content_Type="application/http; msgtype=response", WARC_Profile=PROFILE.format(version, profile),
               WARC_Refers_To_Target_URI=address(number, "a.example"), WARC_Refers_To_Date="2024-03-09T12:00:00Z"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    """Serve an archive of imported revisits by pywb: its files by our index, and our WACZ. Yield (host, port)."""
    folder = tmp_path_factory.mktemp("imports")
    archive = ArchiveFolder(make_archive(folder / "archive"))
    ending, _ = bring(archive.path, gz(one for number, name in enumerate(REVISITS) for one in records_of(number, name)))
    assert ending.word == "done"
    with closing(connect(archive.database)) as db:
        collect(folder, db, archive.warc)
    with serve_collections(folder) as place:
        yield place


@pytest.mark.slow
@pytest.mark.parametrize("collection", ["wacz", "own"])
@pytest.mark.parametrize("name", REVISITS)
def test_pywb_replays_an_imported_revisit(replay, collection, name):
    """It shows the body of the original at the address and time of the revisit."""
    number = list(REVISITS).index(name)
    status, shown = get(replay, f"/{collection}/20240309170000id_/{address(number, 'b.example')}")
    assert (status, shown) == (200, page(number))
