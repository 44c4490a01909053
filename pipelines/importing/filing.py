"""The last stage of an import: a group of foreign records into WARC and rows, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace

from pipelines.core.items import Article, Capture, NothingToRead, Reading, Source
from pipelines.core.urls import host_of
from pipelines.database.revisit_lengths import PendingRevisitLengths
from pipelines.importing import adopt
from pipelines.importing.grouping import CLASH
from pipelines.importing.job import ImportJob, ImportReport, Read, SourceClassifier
from pipelines.importing.known_records import KnownRecords
from pipelines.importing.warcinfos import WarcinfoIndex
from pipelines.session.context import CrawlContext
from pipelines.warc.exchange import capture_of
from pipelines.warc.reader import StoredRecord
from pipelines.warc.record import WarcRecord, digest


class ExchangeFiling:
    """Works on the keeper's thread."""

    def __init__(self, context: CrawlContext, judge: SourceClassifier, report: ImportReport) -> None:
        self.context, self.judge, self.report = context, judge, report
        self.kept = KnownRecords(context.archive_writer)
        self._warcinfos = WarcinfoIndex(context.archive_writer)
        self._awaited: PendingRevisitLengths
        self._source_ids: dict[str, int] = {}

    def begin(self) -> None:
        """Look at what the archive holds. Before anything is filed."""
        self.kept.find_orphans()
        self._awaited = PendingRevisitLengths(self.context.store.db)

    def file(self, job: ImportJob, read: Read | None) -> None:
        """All of a group, or nothing."""
        group, store = job.group, self.context.store
        why = self.kept.why_not(adopt.record_id(group.answer), group.answer.fields)
        if why is not None:  # twice in these files
            self.report.passed[why] += len(group.records)
            return
        warcinfo_id = group.warcinfo.fields.get("WARC-Record-ID") if group.warcinfo else None
        copies = [
            adopt.adopted(found, came_from=f"{job.label}@{found.offset}", kind=job.kind, warcinfo_id=warcinfo_id,
                          refers_to=job.refers_to if found is group.answer else None)
            for found in group.records
        ]  # fmt: skip
        origin = adopt.origin(job.label.partition("!")[0], job.path.stat().st_size, job.sha256, job.member, warcinfo_id)
        noted = self.kept.holds(origin.fields.get("WARC-Record-ID") or "")
        origins = [] if noted else self._origin(job, origin)
        written = self.kept.append([*origins, *copies])
        if origins:
            self._capture(written[len(origins) - 1], None)
        for record in origins[:-1]:
            self._warcinfos.add(record)
        article = read[0] if read and isinstance(read[0], Article) else None
        url = group.answer.fields.get("WARC-Target-URI") or ""
        source = self.judge.source(url)
        source_id = self._source_id(source, url, create=article is not None)
        capture = self._capture(written[-len(copies)], source_id)
        self.report.kept += len(copies)
        if read is None or job.page is None:
            return
        name = source.name if source else host_of(job.page.url)
        page = replace(job.page, capture=capture, source_id=source_id)
        if article is not None:
            change = store.file(Reading(page, article, read[1]), source_id, "").change or "new"
            self.report.articles[change] += 1
            self.context.stats.outcome(name, change)
        elif isinstance(read[0], NothingToRead):
            self.report.articles["nothing"] += 1
            self.report.nothing[read[0].reason] += 1
            self.context.stats.outcome(name, "nothing", read[0].reason, url)

    def _origin(self, job: ImportJob, origin: WarcRecord) -> list[WarcRecord]:
        """What says where the records come from: the file's own warcinfo record, if it is not kept yet (another file
        may have brought a copy), and ours about the file."""
        warcinfo = job.group.warcinfo
        if warcinfo is None:
            return [origin]
        there = self._warcinfos.block_of(adopt.record_id(warcinfo))
        if there is not None:
            if there != digest(warcinfo.block or b""):
                self.report.passed[CLASH] += 1
            return [origin]
        came_from = f"{job.label}@{warcinfo.offset}"
        return [adopt.adopted(warcinfo, came_from=came_from, kind="import", warcinfo_id=None), origin]

    def _capture(self, written: tuple[WarcRecord, StoredRecord, str], source_id: int | None) -> Capture:
        _record, member, file = written
        capture = capture_of(member, file)
        assert capture is not None
        filed = self.context.store.capture(capture, self.context.crawl_id, source_id)
        self._awaited.filed(filed)
        return filed

    def _source_id(self, source: Source | None, url: str, *, create: bool) -> int | None:
        """The row of the source that covers an address; of a host that none covers, only if an article was read."""
        if source is None and not create:
            return None
        name = source.name if source else host_of(url)
        if name not in self._source_ids:
            db = self.context.store.db
            row = db.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
            if row is not None:
                self._source_ids[name] = row[0]
            else:
                new = source or Source(name, f"{url.partition('://')[0].lower()}://{name}/")
                self._source_ids[name] = self.context.store.source(new, watched=source is not None)
        return self._source_ids[name]
