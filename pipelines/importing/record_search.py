"""Find the next record of a stream after a damaged one, and account for what is passed over on the way.

The work is linear in the size of the stream: each place that looks like a record is looked at once, as far as the next
such place; places that only look like one are limited in number, and so are the bytes that are read twice.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pipelines.importing.record_heads import HEAD_END, MAX_HEAD_BYTES, SCHEME, WARC_START, arc_line_at, fields_of
from pipelines.importing.unpacking import GZIP_MAGIC, ZSTD_MAGIC, ContainerDamage, UnpackedStream

MAX_PROBED_BYTES = 1 << 14  # in which a record must show that it is one
GLIMPSE_BYTES = 512  # of a member, which tell whether the rest is worth a look
# Places of a file that look like a record and are none: so many, and one more for so many bytes. Honest files have few.
MAX_FALSE_STARTS, BYTES_PER_FALSE_START = 2000, 4096
# Read again, because the search begins right after the beginning of the damaged record: so many, and so many times the
# bytes read. Honest files stay far below it. Further searches begin where reading stopped.
MAX_REREAD_BYTES, MAX_REREADS = 1 << 26, 2
MAX_NOTED_DAMAGES = 1000  # of one search; the bytes of the last one cover further ones
GIVEN_UP = "the search for the next record was given up after {:,} places that only look like one; the rest is not read"
# Where a record may begin (WARC, ARC), and what is left of the beginning of one whose first line is damaged.
LOST_ARC_LINE = rb"[^ \n]{1,400}+ (?:\d{1,3}\.){3}\d{1,3} \d{12,18} "
CANDIDATE = re.compile(
    rb"(?P<warc>WARC/\d\.\d++[ \t]*+\r?\n[!-9;-~]++:)"
    rb"|\n(?=(?P<arc>(?i:[a-z][a-z0-9+.-]{1,30}+:)(?:[^ \n]*+ ){3})|(?P<lost_arc>" + LOST_ARC_LINE + rb"))"
    rb"|\n(?i:WARC-(?:Type|Record-ID|Date|Target-URI):)"
)
VERSION_LINE = re.compile(rb"WARC/\d\.\d++[ \t]*+\r?\n")
# RFC 1952, 2.3: flags that exist, the levels and systems that are defined. Hardly any other bytes look like that.
GZIP_HEADER = re.compile(rb"\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]", re.DOTALL)
UNREADABLE_HEAD = "the head of a record cannot be read"
FIELD_OF_RECORD = re.compile(rb"\nWARC-[A-Z]", re.IGNORECASE)
LOST_START = re.compile(LOST_ARC_LINE + rb"|(?s:.{0,400}?)\nWARC-(?:Type|Record-ID|Date|Target-URI):", re.IGNORECASE)

# What begins at a place: a record of this file, a record of another file (in a body), a record that cannot be read.
Verdict = Literal["record", "other", "damaged", "nothing"]
Format = Literal["WARC", "ARC"]


class DamagedRecord(NamedTuple):
    """Say where a stream cannot be read, and why."""

    offset: int  # as in ForeignRecord
    why: str
    skipped_bytes: int = 0  # from there to where reading goes on; unpacked if the stream is not one member a record
    url: str = ""  # of the record, if that much of it can be read


@dataclass(slots=True)
class RecordSearch:
    """Search one stream for records that can be read."""

    source: UnpackedStream
    warcinfo_ids: set[str] = field(default_factory=set)  # named by the records of this stream
    formats: set[Format] = field(default_factory=set)  # of these records; other ones are parts of bodies
    false_starts: int = 0
    reread_bytes: int = 0
    probed_bytes: int = 0  # unpacked or looked at in order to judge a place, in all
    is_broken: bool = False  # the last search ended where the stream cannot be unpacked

    def next_record(self, damaged: DamagedRecord, member: int, start: int) -> tuple[list[DamagedRecord], bool]:
        """Go to the next record. Return what was passed over, the damaged record first, and if one was found.

        `member`: stored offset of the damaged record's member. `start`: unpacked offset of the record.
        """
        source, found = self.source, [damaged]
        if source.at < len(source.buffer) and source.at_member and source.member != member:
            return self._measured(found, more=True), True  # the damaged record ended too early; this is the next one
        again = (source.unpacked - start) + (source.stored_offset - member)
        may_rewind = self.reread_bytes + again <= MAX_REREAD_BYTES + MAX_REREADS * source.position
        self.reread_bytes += again if may_rewind else 0
        if source.compression and not source.in_one_piece and may_rewind:
            found[0] = damaged = self._with_url(damaged, member)
        if not source.compression:
            if may_rewind:
                source.restart(start)
            self._step_over(start)
            more = self._search_unpacked(found)
            return self._measured(found, more=more), more
        if source.in_one_piece:
            self._step_over(start)
        if source.in_one_piece and self._search_unpacked(found):
            return self._measured(found, more=True), True
        broken, broken_at, noted = source.newest_member, source.stored_offset, len(found)
        more = self._search_members(member + 1 if may_rewind else max(member + 1, broken_at), found)
        if source.in_one_piece:
            del found[noted:]  # their offsets count stored bytes, all others those that are unpacked
        if not more and may_rewind and (source.in_one_piece or not self.formats):
            noted = len(found)
            more = self._search_inside_members(damaged, member, start, broken, found)
            if not more:
                del found[noted:]
        if source.in_one_piece and not more:
            lost = source.stored_offset + source.unread() - broken_at
            if lost:
                found[0] = damaged._replace(why=f"{damaged.why}; {lost:,} compressed bytes from there on are not read")
        return self._measured(found, more=more), more

    def _with_url(self, damaged: DamagedRecord, member: int) -> DamagedRecord:
        """Return the damage with the address of the record, if its head can be unpacked."""
        if damaged.url:
            return damaged
        self.source.restart(member)
        data, _ = self.source.probe()
        return damaged._replace(url=self._judge(data, 0, len(data))[1])

    def _search_inside_members(
        self, damaged: DamagedRecord, member: int, start: int, broken: int, found: list[DamagedRecord]
    ) -> bool:
        """Go to the next record of a stream in which records and members do not begin together.

        `broken`: stored offset of the last member that was unpacked. As long as no record was read, nobody knows if
        they begin together: then the search begins in the damaged member itself.
        """
        source = self.source
        self.reread_bytes += source.position - member
        if not source.in_one_piece:
            source.restart(member, start)
            self._step_over(start)
            if self._search_unpacked(found):
                source.in_one_piece, found[0] = True, damaged._replace(offset=start)
                return True
            if not self.is_broken:
                return False
            broken = source.newest_member
        magic, at = GZIP_MAGIC if source.compression == "gzip" else ZSTD_MAGIC, broken + 1
        while (place := source.search(magic, at)) is not None:
            at = place + 1
            if source.compression == "gzip" and not GZIP_HEADER.match(source.peek(10)):
                continue
            if self._is_given_up(found, place):
                return False
            if not source.probe(GLIMPSE_BYTES)[1]:
                if self._search_unpacked(found) or not self.is_broken:
                    source.in_one_piece = True
                    return source.at < len(source.buffer)
                at = source.newest_member + 1
        return False

    def _step_over(self, start: int) -> None:
        """Take the first byte of the damaged record if nothing of it was taken, so that it is not found again."""
        with suppress(ContainerDamage):
            self.source.at += self.source.offset <= start and self.source.fill(1)

    def _measured(self, found: list[DamagedRecord], *, more: bool) -> list[DamagedRecord]:
        """Return the damages with the bytes from each to the next one, or to the place where reading goes on."""
        source = self.source
        if not source.compression or source.in_one_piece:
            end = source.offset if more else source.unpacked
        else:
            end = source.member if more else source.stored_offset + source.unread()
        ends = [*(one.offset for one in found[1:]), end]
        return [one._replace(skipped_bytes=max(0, at - one.offset)) for one, at in zip(found, ends, strict=True)]

    def _note(self, found: list[DamagedRecord], offset: int, why: str, url: str) -> None:
        if len(found) < MAX_NOTED_DAMAGES:
            found.append(DamagedRecord(offset, why, url=url))

    def _is_given_up(self, found: list[DamagedRecord], at: int) -> bool:
        """Count a place that only looks like a record; return True, and say so, if there were too many."""
        self.false_starts += 1
        if self.false_starts <= MAX_FALSE_STARTS + self.source.position // BYTES_PER_FALSE_START:
            return False
        found.append(DamagedRecord(at, GIVEN_UP.format(self.false_starts)))
        return True

    def _search_members(self, at: int, found: list[DamagedRecord]) -> bool:
        """Go to the next member that begins a record, from a stored offset on. Note damaged members before it."""
        source, other, noted = self.source, None, 0
        magic = GZIP_MAGIC if source.compression == "gzip" else ZSTD_MAGIC
        while (place := source.search(magic, at)) is not None:
            at = place + 1
            verdict, why, url = self._judge_member()
            if verdict == "record":
                return True
            if verdict == "other":
                if other is None:
                    other, noted = place, len(found)
                if self.reread_bytes > MAX_REREAD_BYTES:
                    break  # it is taken at once
            elif verdict == "damaged":
                self._note(found, place, why, url)
            if self._is_given_up(found, place):
                break
        if other is None:
            return False
        # No record of this file follows: it may be put together of several files, and this is the next one.
        self.reread_bytes += source.position - other
        del found[noted:]
        source.restart(other)
        return True

    def _judge_member(self) -> tuple[Verdict, str, str]:
        """Return what the member that begins here holds; for a damaged record why, and its address if known."""
        source = self.source
        if source.compression == "gzip" and not GZIP_HEADER.match(source.peek(10)):
            return "nothing", "", ""
        data, why = source.probe(GLIMPSE_BYTES)
        self.probed_bytes += len(data)
        if why and len(data) < GLIMPSE_BYTES:
            return "damaged", why, ""
        if not (WARC_START.match(data) or SCHEME.match(data)):
            return ("damaged", UNREADABLE_HEAD, "") if LOST_START.match(data) else ("nothing", "", "")
        data, why = source.probe()
        self.probed_bytes += len(data)
        verdict, url = self._judge(data, 0, len(data))
        if verdict == "nothing" and why:
            verdict = "damaged"
        return verdict, why or UNREADABLE_HEAD, url

    def _judge(self, data: bytes, at: int, end: int) -> tuple[Verdict, str]:
        """Return what begins at an index of unpacked bytes, and its address if it is a record."""
        if not WARC_START.match(data, at):
            line = arc_line_at(data, at)
            if line is not None:
                return "record" if self.formats != {"WARC"} else "nothing", line[0].url.decode("latin-1")
            return "nothing", ""
        head = HEAD_END.search(data, at, end)
        fields = fields_of(data[at : head.start() + 1 if head else end])
        url = fields.get("WARC-Target-URI") or ""
        if head is None or fields.get("WARC-Type") is None:
            return "damaged" if FIELD_OF_RECORD.search(data, at, end) else "nothing", url
        if self.formats == {"ARC"}:
            return "nothing", url
        # A body may hold records of its own. So where the records of this file name their warcinfo record, the next one
        # must name it too.
        named = {fields.get("WARC-Warcinfo-ID"), fields.get("Morgue-Kept-In")}
        return "record" if not self.warcinfo_ids or self.warcinfo_ids & named else "other", url

    def _search_unpacked(self, found: list[DamagedRecord]) -> bool:
        """Go to the next record in what the stream unpacks to, if it can be unpacked up to there.

        Up to `source.at` everything is judged.
        """
        source, more, other, noted = self.source, True, None, 0
        self.is_broken, own_head_end = False, -1  # own: of the damaged record
        while True:
            try:
                more = more and source.fill(MAX_HEAD_BYTES if own_head_end < 0 else 2 * MAX_PROBED_BYTES)
            except ContainerDamage:
                more, self.is_broken = False, True
            if own_head_end < 0:
                head = HEAD_END.search(source.buffer, source.at, source.at + MAX_HEAD_BYTES)
                own_head_end = source.offset + (head.end() - source.at if head else MAX_PROBED_BYTES)
            candidate = CANDIDATE.search(source.buffer, source.at)
            judged_to = len(source.buffer) - (MAX_PROBED_BYTES if more else 0)
            if candidate is None or candidate.start() >= judged_to:
                if not more:
                    break
                source.at = max(source.at, judged_to) if candidate is None else candidate.start()
                continue
            source.at = candidate.start() + (candidate["warc"] is None)
            verdict, url, next_at = self._judge_candidate(candidate)
            if verdict == "record":
                return True
            if verdict == "other" and other is None:
                other, noted = source.offset, len(found)
                if not source.compression and self.reread_bytes > MAX_REREAD_BYTES:
                    return True
            elif verdict == "damaged" and source.offset >= own_head_end:
                self._note(found, source.offset, UNREADABLE_HEAD, url)
            source.at = next_at
        source.at = len(source.buffer)
        if other is None or source.compression:
            return False
        self.reread_bytes += source.position - other
        del found[noted:]
        source.restart(other)
        return True

    def _judge_candidate(self, candidate: re.Match[bytes]) -> tuple[Verdict, str, int]:
        """Return what begins at `source.at`, its address, and the index in the buffer up to which that was judged."""
        data, at = self.source.buffer, self.source.at
        following = VERSION_LINE.search(data, candidate.end(), at + MAX_PROBED_BYTES)
        end = following.start() if following else min(at + MAX_PROBED_BYTES, len(data))
        self.probed_bytes += end - at
        verdict: Verdict = "nothing"
        url = ""
        if candidate["warc"] is not None or candidate["arc"] is not None:
            verdict, url = self._judge(data, at, end)
        elif (candidate["lost_arc"] is None) != (self.formats == {"ARC"}):
            verdict = "damaged"  # this is what is left of it
        if verdict != "damaged" or candidate["lost_arc"] is not None:
            return verdict, url, candidate.end()
        head = HEAD_END.search(data, at, end)
        return verdict, url, head.end() - 1 if head else max(end - 1, candidate.end())
