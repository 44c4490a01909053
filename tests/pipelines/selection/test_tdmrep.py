"""tdmrep.json: which rule holds for an address, and which file holds for a day."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest

from pipelines.core.errors import MorgueError
from pipelines.selection.tdmrep import TDMREP_PATH, TdmFiles, parse_rules, reservation_of
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import HTML, PAPER, Writing, exchange


def file(*pairs: tuple[str, object]) -> bytes:
    return json.dumps([{"location": location, "tdm-reservation": value} for location, value in pairs]).encode()


CASES = {
    "all": ([("/", 1)], "/a/b", True),
    "a folder": ([("/directory-a/", 1)], "/directory-a/x.pdf", True),
    "another folder": ([("/directory-a/", 1)], "/directory-b/x.pdf", None),
    "the first of two": ([("/open/", 0), ("/", 1)], "/open/x", False),
    "the first, though a longer one follows": ([("/", 1), ("/open/", 0)], "/open/x", True),
    "a star": ([("/b/*.jpg", 0)], "/b/c/d.jpg?x=1", False),
    "a star, not there": ([("/b/*.jpg", 0)], "/b/c/d.png", None),
    "the end": ([("/news$", 1)], "/news", True),
    "behind the end": ([("/news$", 1)], "/news/1", None),
    "a star and the end": ([("/*.pdf$", 1)], "/a.pdf.pdf", True),
    "a star, not at the end": ([("/*.pdf$", 1)], "/a.pdf?x", None),
    "one thing cannot be found twice": ([("/a*a$", 1)], "/a", None),
    "the query": ([("/*?print=1", 1)], "/story?print=1", True),
    "capitals differ": ([("/News/", 1)], "/news/", None),
    "escaped or not": ([("/stra%c3%9fe/", 1)], "/straße/1", True),
    "needlessly escaped": ([("/%6Eews/", 1)], "/news/1", True),
    "an escaped slash is none": ([("/a%2Fb", 1)], "/a/b", None),
    "a dollar is escaped": ([("/foo-%24", 1)], "/foo-$", True),
    "a star is escaped": ([("/foo-%2A", 1)], "/foo-bar", None),
    "as text": ([("/", "1")], "/", True),
    "a value that is none": ([("/", 2), ("/", 1)], "/", None),
    "true is no number": ([("/", True)], "/", None),
    "a rule without location": ([("", 1)], "/", None),
}  # fmt: skip


ALL, NONE = file(("/", 1)), file(("/", 0))


@pytest.mark.parametrize("case", CASES)
def test_first_matching_rule_holds(case):
    """TDMRep, "TDM File on the Origin Server": in sequence, case sensitive, patterns as in robots.txt."""
    pairs, path, meant = CASES[case]
    assert reservation_of(parse_rules(file(*pairs)), PAPER + path) is meant


@pytest.mark.parametrize(
    "body", [b"", b"<html>not found", b"[1, null, [], \"x\"]", b"\xff\xfe", b"1" * 5000],
    ids=["empty", "a page", "no objects", "no text", "a number"],
)  # fmt: skip
def test_response_that_is_no_tdmrep_file_reserves_nothing(body):
    """It may be a page that says 404 with status 200, or anything else."""
    assert not parse_rules(body)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'\xef\xbb\xbf [{"location": "/", "tdm-reservation": 1},]', ALL[:20]],
    ids=["deep", "a comma too many", "half of it"],
)  # fmt: skip
def test_malformed_tdmrep_file_is_reported(body):
    """It may reserve everything."""
    with pytest.raises(MorgueError):
        parse_rules(body)


def test_rule_outside_a_list_counts():
    """A site that forgot the brackets is understood."""
    assert reservation_of(parse_rules(b'{"location": "/", "tdm-reservation": 1}'), PAPER) is True


def test_hostile_pattern_takes_bounded_time():
    """Stars are looked for once each."""
    many = parse_rules(file(("/" + "*a" * 20_000 + "b$", 1)))
    start = time.process_time()
    assert reservation_of(many, PAPER + "/" + "a" * 50_000) is None
    assert time.process_time() - start < 2


JSON = b"200 OK\nContent-Type: application/json\nContent-Length: %d"
WHEN = "2026-03-%02dT12:00:00.000000Z"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """On days of March: 2 all reserved, 4 nothing, 6 not there, 8 an error, 9 broken off and forbidden, 10 moved,
    11 a page, 12 as on 4."""
    to = Writing(tmp_path_factory.mktemp("tdmrep") / "archive")

    def keep(day: int, head: bytes, body: bytes = b"", url: str = PAPER + TDMREP_PATH) -> None:
        to.keep(f"{day} {url}", exchange(url, day, head, body, "tdmrep"))

    keep(2, JSON % len(ALL), ALL)
    keep(4, JSON % len(NONE), NONE)
    keep(6, b"404 Not Found")
    keep(8, b"503 Service Unavailable")
    to.keep("9", exchange(PAPER + TDMREP_PATH, 9, JSON % 99, ALL[:5], "tdmrep"))
    to.db.execute("UPDATE captures SET error = 'the answer broke off' WHERE time LIKE '2026-03-09%'")
    keep(9, b"403 Forbidden")
    keep(11, HTML % 9, b"<html>we ")  # a page that asks for consent
    keep(10, b"302 Found\nLocation: //rights.example/tdm.json")
    keep(10, JSON % len(ALL), ALL, "https://rights.example/tdm.json")
    to.revisit("12", exchange(PAPER + TDMREP_PATH, 12, b"304 Not Modified"), f"4 {PAPER + TDMREP_PATH}")
    keep(1, b"302 Found\nLocation: /.well-known/tdmrep.json", url="https://loop.example" + TDMREP_PATH)
    keep(1, HTML % 9, b"not found", url="https://soft.example" + TDMREP_PATH)
    keep(1, JSON % len(ALL), ALL, url="https://damaged.example" + TDMREP_PATH)
    for spelled in (
        "http://UP.example",
        "http://port.example:80",
        "http://bücher.example",
        "http://b%C3%BCcher2.example",
    ):
        keep(1, JSON % len(ALL), ALL, url=spelled + TDMREP_PATH)
    to.writer.close()
    to.db.commit()
    to.db.close()
    damaged = to.archive.captures["1 https://damaged.example" + TDMREP_PATH]
    with (to.archive.warc / damaged.file).open("r+b") as warc:
        warc.seek(damaged.offset + damaged.length // 2)
        warc.write(b"\0\0\0\0")
    return to.archive


@pytest.mark.parametrize(
    ("day", "meant"),
    [(1, True), (2, True), (3, True), (5, False), (7, None), (8, None), (9, None), (11, True), (13, False)],
)  # fmt: skip
def test_newest_file_until_the_day_holds(archive, day, meant):
    """Before the first file, the first holds. Errors are skipped, redirects and 304 followed."""
    with closing(archive.open()) as db:
        assert TdmFiles(db, WarcStorage(archive.warc)).reserved(PAPER + "/story", WHEN % day) is meant


@pytest.mark.parametrize("host", ["loop.example", "soft.example", "unknown.example", "www.paper.example"])
def test_missing_file_reserves_nothing(archive, host):
    """A redirect in a circle, a page instead of JSON and no capture count as missing; another host is not asked."""
    with closing(archive.open()) as db:
        assert TdmFiles(db, WarcStorage(archive.warc)).reserved(f"https://{host}/story", WHEN % 20) is None


@pytest.mark.parametrize("host", ["up.example", "port.example", "bücher.example", "xn--bcher2-3ya.example"])
def test_host_is_the_same_in_every_spelling(archive, host):
    """An import brings addresses as others wrote them."""
    with closing(archive.open()) as db:
        assert TdmFiles(db, WarcStorage(archive.warc)).reserved(f"http://{host}/story", WHEN % 20) is True


def test_unreadable_file_is_reported(archive):
    """It may reserve everything: the caller has to decide."""
    with closing(archive.open()) as db, pytest.raises(MorgueError):
        TdmFiles(db, WarcStorage(archive.warc)).reserved("https://damaged.example/story", WHEN % 20)
