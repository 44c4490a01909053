"""Exchanges as WARC records: what each becomes, and how the file alone gives the capture back."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.core.items import Exchange
from pipelines.warc.exchange import capture_of, records_of, write_exchange
from pipelines.warc.http_message import entity_body
from pipelines.warc.record import digest
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.exchanges import ALL, CHUNKED, CHUNKED_HEAD, CUT, NO_ANSWER, NOT_EVEN_SENT, NOT_HTTP, PLAIN, STARTED
from tests.support.external_tools import faults
from tests.support.warc_files import read_block, walk


@pytest.mark.parametrize("name", ALL)
def test_capture_can_be_read_back_from_the_file(tmp_path: Path, name: str) -> None:
    """The capture that `write_exchange` returns equals the one in the file: a database can be rebuilt from it."""
    writer = WarcWriter(WarcStorage(tmp_path), info={"software": "x"})
    capture = write_exchange(ALL[name], writer)
    writer.close()
    read = [capture_of(member, capture.file) for member in walk(tmp_path / capture.file)]
    assert [one for one in read if one is not None] == [capture]
    assert capture.time == STARTED
    assert capture.kind == "article"
    assert capture.status == ALL[name].status


@pytest.mark.parametrize("name", ["plain", "chunked", "cut", "odd"])
def test_response_block_is_the_bytes_received(tmp_path: Path, name: str) -> None:
    """The block of a response record is what came over the wire, byte for byte; so is that of the request."""
    exchange = ALL[name]
    writer = WarcWriter(WarcStorage(tmp_path), info={})
    capture = write_exchange(exchange, writer)
    block = read_block(tmp_path / capture.file, capture.offset, capture.length)
    writer.close()
    assert block == exchange.response
    blocks = {found.headers.get("WARC-Type"): found.block for found in walk(tmp_path / capture.file)}
    assert blocks["request"] == exchange.request
    assert capture.block_digest == digest(exchange.response)
    assert capture.payload_digest == digest(entity_body(exchange.response))


def test_response_and_request_share_fields_and_name_each_other() -> None:
    """They are one event: one date, one address, one protocol."""
    response, request = records_of(PLAIN, warcinfo_id="<urn:uuid:0>")
    for one, other in ((response, request), (request, response)):
        fields = one.fields
        assert fields.get("WARC-Target-URI") == "https://example.org/a?b=c"
        assert fields.get("WARC-Date") == "2026-03-04T05:06:07.000089Z"
        assert fields.get("WARC-IP-Address") == "192.0.2.1"
        assert fields.get("WARC-Warcinfo-ID") == "<urn:uuid:0>"
        assert fields.all("WARC-Protocol") == ["http/1.1", "tls/1.3"]
        assert fields.get("WARC-Cipher-Suite") == "TLS_AES_128_GCM_SHA256"
        assert fields.all("WARC-Concurrent-To") == [other.fields.get("WARC-Record-ID")]
        assert fields.get("WARC-Block-Digest") == digest(one.block)
        assert fields.get("Content-Type") == f"application/http;msgtype={fields.get('WARC-Type')}"
    assert response.fields.get("WARC-Payload-Digest") == digest(b"<p>hello")
    assert response.fields.get("WARC-Truncated") is None


@pytest.mark.parametrize(
    ("said", "value"),
    [("omit", None), ("entity", digest(b"hello")), ("stored", digest(CHUNKED.response[len(CHUNKED_HEAD) :]))],
)
def test_payload_digest_of_chunked_response_follows_the_setting(said: str, value: str | None) -> None:
    """The field follows the chosen convention."""
    response = records_of(CHUNKED, warcinfo_id=None, chunked_payload_digest=said)[0]
    assert response.fields.get("WARC-Payload-Digest") == value


def test_cut_response_has_truncated_field() -> None:
    """Section 5.13: WARC-Truncated. The reason for people is on one line."""
    response = records_of(CUT, warcinfo_id=None)[0]
    assert response.fields.get("WARC-Truncated") == "disconnect"
    assert response.fields.get("Morgue-Error") == "closed before WARC-Type: response"
    assert response.fields.all("WARC-Type") == ["response"]


@pytest.mark.parametrize(
    ("exchange", "types"),
    [
        (NO_ANSWER, ["metadata", "request"]),
        (NOT_EVEN_SENT, ["metadata"]),
        (NOT_HTTP, ["metadata", "request", "metadata"]),
    ],
    ids=["no answer", "not even sent", "not http"],
)
def test_failed_exchange_becomes_a_metadata_record(exchange: Exchange, types: list[str]) -> None:
    """It says why, and the request is kept beside it."""
    records = records_of(exchange, warcinfo_id=None)
    assert [one.fields.get("WARC-Type") for one in records] == types
    assert records[0].block.startswith(f"fetch-error: {exchange.error}\r\n".encode())
    assert (records[0].fields.get("WARC-Protocol") is None) == (not exchange.request)


def test_bytes_that_are_no_http_are_kept_in_a_metadata_record() -> None:
    """After the record that says why, and the request."""
    rubbish = records_of(NOT_HTTP, warcinfo_id=None)[2]
    assert rubbish.block == NOT_HTTP.response
    assert rubbish.fields.get("Content-Type") == "application/octet-stream"


def test_mime_is_without_parameters(tmp_path: Path) -> None:
    """`Text/HTML; charset=x` is text/html."""
    writer = WarcWriter(WarcStorage(tmp_path), info={})
    assert write_exchange(PLAIN, writer).mime == "text/html"
    assert write_exchange(CHUNKED, writer).mime is None
    writer.close()


@pytest.mark.parametrize("url", ["http://x/\r\nWARC-Type: response", "http://x/a b", "http://x/\u00e4\x00"])
def test_line_break_in_url_cannot_forge_a_field(tmp_path: Path, url: str) -> None:
    """It is encoded in WARC-Target-URI, and the capture has the same address."""
    writer = WarcWriter(WarcStorage(tmp_path), info={})
    capture = write_exchange(replace(NOT_EVEN_SENT, url=url, kind="a\r\nb: c"), writer)
    writer.close()
    (_, found) = walk(tmp_path / capture.file)
    assert found.headers.all("WARC-Type") == ["metadata"]
    assert found.headers.get("WARC-Target-URI") == capture.url
    assert capture.url.isascii()
    assert "\n" not in capture.url
    assert " " not in capture.url


def checked(path: Path) -> dict[str, int]:
    """Exit codes of the checkers that everybody has, payload digests included."""
    tools = {"warcio": ("check",), "fastwarc": ("check", "-p", "-q")}
    commands = {name: [Path(sys.executable).parent / name, *words, path] for name, words in tools.items()}
    return {name: subprocess.run(words, capture_output=True).returncode for name, words in commands.items()}


@pytest.mark.parametrize("chunked", ["omit", "stored"])
def test_checkers_find_no_fault_in_any_kind_of_exchange(tmp_path: Path, chunked: str) -> None:
    """gzip, warcio (check, index) and FastWARC accept a file that holds every kind of exchange."""
    writer = WarcWriter(WarcStorage(tmp_path), info={"software": "x"})
    for exchange in ALL.values():
        write_exchange(exchange, writer, chunked_payload_digest=chunked)
    writer.close()
    (path,) = tmp_path.iterdir()
    warcio = Path(sys.executable).parent / "warcio"
    assert faults(path) == []
    listed = subprocess.run([warcio, "index", path], check=True, capture_output=True, text=True).stdout
    assert len(listed.splitlines()) == len(list(walk(path)))


def test_checkers_reject_the_standards_digest_of_a_chunked_response(tmp_path: Path) -> None:
    """When this fails, look at docs/decisions/0004-payload-digest.md again."""
    writer = WarcWriter(WarcStorage(tmp_path), info={"software": "x"})
    for exchange in ALL.values():
        write_exchange(exchange, writer, chunked_payload_digest="entity")
    writer.close()
    assert checked(*tmp_path.iterdir()) == {"warcio": 1, "fastwarc": 1}
