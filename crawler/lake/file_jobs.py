"""Find the pages in one file of a lake, record by record, as `morgue import` finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from crawler.config.models import SourceConfig
from crawler.onboarding.owners import SourceOwners
from pipelines.importing.adopt import OTHER_HOST, OTHER_TIME, ImportFilter
from pipelines.importing.containers import OnZipDamage, RecordStream, printable
from pipelines.importing.foreign_records import ForeignRecord, read_records
from pipelines.importing.grouping import DAMAGED, TOO_LARGE, RecordGrouping
from pipelines.importing.job import DamageLocation, ImportJob, ImportReport
from pipelines.importing.pipeline import classify
from pipelines.importing.record_errors import unexpected
from pipelines.importing.record_search import DamagedRecord
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream
from pipelines.warc.record import WarcFields

REPEATS = "revisit, whose page is read where its response lies"
NO_REQUEST = "request"
MISINDEXED = "another record is here than the CDXJ index says: make the index again"


@dataclass(frozen=True, slots=True)
class NoSources:
    """Stand for an archive without source files: addresses are judged by their shape alone."""

    sources: Mapping[str, SourceConfig] = field(default_factory=dict)


@dataclass(slots=True)
class FileJobs:
    """Read the streams of one file and yield what holds a page. `report` counts the rest."""

    streams: Callable[[OnZipDamage], Iterator[RecordStream]]
    address: str
    wanted: ImportFilter
    by_index: bool = False  # the streams hold only what an index says is wanted
    report: ImportReport = field(default_factory=ImportReport)
    lengths: dict[tuple[str, int], int] = field(default_factory=dict)  # (member, offset) -> stored bytes of a record
    _reason: str = ""  # for which the current record is skipped

    def jobs(self) -> Iterator[ImportJob]:
        """Yield each exchange with a page to be read, in the order of the file."""
        owners = SourceOwners(NoSources())
        for part in self.streams(lambda _, offset, why: self._damage(offset, why)):
            try:
                stream = UnpackedStream(part.stream, part.name)
            except ContainerDamage as damage:
                self._damage(0, str(damage))
                continue
            yield from self._jobs_in(stream, part, owners)

    def _jobs_in(self, stream: UnpackedStream, part: RecordStream, owners: SourceOwners) -> Iterator[ImportJob]:
        grouping = RecordGrouping(
            lambda found: TOO_LARGE if found.too_large else self._reason,
            lambda reason: self.report.passed.update([reason]),
            lambda found, why: self._damage(found.offset, why, url=found.fields.get("WARC-Target-URI") or ""),
            self.wanted.excludes_type,
            lambda: self.wanted.mismatched or stream.is_checked,
        )
        for group in grouping.groups(self._records(stream, part)):
            job = ImportJob(None, self.address, part.member, group, block=group.answer.block or b"")
            try:
                classify(job, owners)
            except Exception as error:  # noqa: BLE001 one record must not end the reading of the others
                self._damage(group.answer.offset, unexpected(error))
                continue
            if job.page is not None:
                yield job
            elif job.unread is not None:
                self.report.nothing[job.unread] += 1
            elif job.left_out is not None:
                self.report.by_shape[job.left_out] += 1

    def _records(self, stream: UnpackedStream, part: RecordStream) -> Iterator[ForeignRecord]:
        """Yield the records of a stream. Once the next one is known, so is the length of the one before."""
        before: int | None = None

        def on_damage(damage: DamagedRecord) -> None:
            nonlocal before
            before = None
            self._damage(damage.offset, damage.why, damage.skipped_bytes, damage.url)

        for found in read_records(stream, self._is_wanted, on_damage, part.place):
            self.report.records += 1
            if self.by_index:
                yield found
                continue
            if before is not None and found.offset > before:
                self.lengths[part.member, before] = found.offset - before
            before = found.offset if found.block is not None else None
            yield found
        if before is not None:
            end = stream.offset if stream.in_one_piece or not stream.compression else stream.stored_offset
            self.lengths[part.member, before] = end - before

    def _is_wanted(self, fields: WarcFields) -> bool:
        kind = (fields.get("WARC-Type") or "").lower()
        try:
            skipped = {"request": NO_REQUEST, "revisit": REPEATS}.get(kind) or self.wanted.reason_to_skip(fields)
        except Exception as error:
            raise ContainerDamage(unexpected(error)) from error
        if self.by_index and skipped in (OTHER_HOST, OTHER_TIME):
            raise ContainerDamage(MISINDEXED)
        self._reason = skipped or ""
        return not self._reason

    def _damage(self, offset: int, why: str, skipped_bytes: int = 0, url: str = "") -> None:
        self.report.damage(DamageLocation(self.address, offset, why, skipped_bytes, printable(url)))
        if not skipped_bytes and url:
            self.report.passed[DAMAGED] += 1
