"""Write one imported exchange into WARC file and database, as a whole or not at all: the last stage of an import."""

from __future__ import annotations

import logging
from dataclasses import replace

from pipelines.core.items import Article, Capture, NothingToRead, Reading, Source
from pipelines.core.urls import host_of
from pipelines.database.captures import PendingRevisitLengths
from pipelines.importing import adopt
from pipelines.importing.flaws import marked
from pipelines.importing.grouping import HEADER, ID_CLASH, reason_of_request
from pipelines.importing.job import ImportJob, ImportReport, ReadResult, SourceClassifier
from pipelines.importing.known_records import KnownRecords
from pipelines.importing.warcinfos import WarcinfoIndex
from pipelines.session.context import CrawlContext
from pipelines.takedown.register import COPY, TakedownRegister
from pipelines.warc.exchange import capture_of
from pipelines.warc.reader import StoredRecord
from pipelines.warc.record import WarcRecord, digest

logger = logging.getLogger("morgue.importing")


class ExchangeFiling:
    """File exchanges one after another. Runs on the writer's thread."""

    def __init__(self, context: CrawlContext, classifier: SourceClassifier, report: ImportReport) -> None:
        self.context, self.classifier, self.report = context, classifier, report
        self.known_records = KnownRecords(context.archive_writer)
        self._warcinfos = WarcinfoIndex(context.archive_writer)
        self.removed: TakedownRegister  # of what was taken down before this import
        self._revisit_lengths: PendingRevisitLengths
        self._source_ids: dict[str, int] = {}

    def begin(self) -> None:
        """Look at what the archive holds, before anything is filed."""
        self.known_records.look_through()
        self.removed = TakedownRegister(self.context.store.db)
        self._revisit_lengths = PendingRevisitLengths(self.context.store.db)

    def file(self, job: ImportJob, read: ReadResult | None) -> None:
        """File all records of an exchange, and the article that was read from it; or nothing, if it is known."""
        group, store = job.group, self.context.store
        # A record may occur twice in the files of this import.
        reason = self.known_records.reason_to_skip(adopt.record_id_of(group.answer), group.answer.fields)
        if reason is None and job.page is not None and job.declared is not None:
            original = self.removed.original_of(job.page.url, job.declared)
            reason = COPY if original is not None else None
        if reason is not None:
            about = {"url": group.answer.fields.get("WARC-Target-URI"), "file": job.label, "why": reason}
            logger.info("refused: %(url)s in %(file)s, %(why)s", about)
            self.report.passed[reason] += 1
            for _ in group.requests:
                self.report.passed[reason_of_request(reason)] += 1
            return
        warcinfo_id = group.warcinfo.fields.get("WARC-Record-ID") if group.warcinfo else None
        refers_to = job.original.fields.get("WARC-Record-ID") if job.original is not None else None
        copies = [
            adopt.adopted(found, came_from=f"{job.label}@{found.offset}", kind=job.kind, warcinfo_id=warcinfo_id,
                          refers_to=refers_to if found is group.answer else None)
            for found in group.records
        ]  # fmt: skip
        assert job.version is not None
        about_package = job.package.fields if job.package else ()
        name = job.label.partition("!")[0]
        import_record = adopt.import_record(name, job.version, job.member, warcinfo_id, about_package)
        is_noted = self.known_records.has_row(import_record.fields.get("WARC-Record-ID") or "")
        about_file = [] if is_noted else self._records_about_file(job, import_record)
        written = self.known_records.append(self._marked([*about_file, *copies], warcinfo_id, job.original))
        if about_file:
            self._file_capture(written[len(about_file) - 1], None)
        for record in about_file[:-1]:
            self._warcinfos.add(record)
        article = read[0] if read and isinstance(read[0], Article) else None
        url = group.answer.fields.get("WARC-Target-URI") or ""
        source = self.classifier.source(url)
        source_id = self._source_id(source, url, create=article is not None)
        capture = self._file_capture(written[-len(copies)], source_id)
        self.report.kept += len(copies)
        place = {"url": url, "file": job.label, "offset": group.answer.offset, "kind": job.kind}
        logger.debug("kept %(url)s (%(kind)s) of %(file)s, byte %(offset)d", place)
        if job.unread is not None:
            self.report.nothing[job.unread] += 1
            nothing = {"url": url, "why": job.unread}
            logger.info("skipped %(url)s: nothing to read, %(why)s", nothing)
        is_list = job.page is not None and job.page.listing and article is None
        if job.left_out is not None and article is None:
            self.report.by_shape[job.left_out] += 1
            self.report.shape_examples.setdefault(job.left_out, url)
            logger.debug("left out %(url)s: %(why)s", {"url": url, "why": job.left_out})
        if read is None or job.page is None or is_list:
            return
        name = source.name if source else host_of(job.page.url)
        page = replace(job.page, capture=capture, source_id=source_id)
        if article is not None:
            filed = store.file(Reading(page, article, read[1]), source_id, "")
            change, what = filed.change or "new", filed.state.kind if filed.state else ""
            self.report.articles[change] += 1
            self.report.instead.update([what] if what else ())
            about = {"url": page.url, "source": name, "change": change, "what": what}
            logger.info("not filed: %(url)s, %(what)s" if what else "filed %(url)s: %(change)s", about)
            self.context.stats.outcome(name, change, what, page.url if what else "")
        elif isinstance(read[0], NothingToRead):
            self.report.articles["nothing"] += 1
            self.report.nothing[read[0].reason] += 1
            nothing = {"url": url, "source": name, "why": read[0].reason}
            logger.info("skipped %(url)s: nothing to read, %(why)s", nothing)
            self.context.stats.outcome(name, "nothing", read[0].reason, url)

    def _marked(
        self, records: list[WarcRecord], warcinfo_id: str | None, original: WarcRecord | None
    ) -> list[WarcRecord]:
        """Return the records that are written together, with marks for what is wrong with them."""
        together = {record.fields.get("WARC-Record-ID") for record in records} | {warcinfo_id}

        def is_here(field: str, record_id: str) -> bool:
            if record_id in together or self.known_records.has(record_id):
                return True
            return field == "WARC-Warcinfo-ID" and self._warcinfos.block_digest(record_id) is not None

        return [marked(record, is_here, original, self.report.flaws) for record in records]

    def _records_about_file(self, job: ImportJob, import_record: WarcRecord) -> list[WarcRecord]:
        """Return the records that say where an exchange comes from, our own about the file last.

        Before it comes the file's warcinfo record, unless the archive has it: another file may have brought a copy.
        """
        warcinfo = job.group.warcinfo
        if warcinfo is None:
            return [import_record]
        known_digest = self._warcinfos.block_digest(adopt.record_id_of(warcinfo))
        if known_digest is not None:
            if known_digest != digest(warcinfo.block or b""):
                self.report.recount(HEADER, ID_CLASH)
            return [import_record]
        came_from = f"{job.label}@{warcinfo.offset}"
        return [adopt.adopted(warcinfo, came_from=came_from, kind="import", warcinfo_id=None), import_record]

    def _file_capture(self, written: tuple[WarcRecord, StoredRecord, str], source_id: int | None) -> Capture:
        _record, member, file = written
        capture = capture_of(member, file)
        assert capture is not None
        filed = self.context.store.capture(capture, self.context.crawl_id, source_id)
        self._revisit_lengths.filed(filed)
        return filed

    def _source_id(self, source: Source | None, url: str, *, create: bool) -> int | None:
        """Return the row id of the source that covers an address.

        For a host that no source covers, a row is made only if an article was read (`create`).
        """
        if source is None and not create:
            return None
        name = source.name if source else host_of(url)
        if name not in self._source_ids:
            known = self.context.store.source_id(name)
            if known is None:
                new = source or Source(name, f"{url.partition('://')[0].lower()}://{name}/")
                known = self.context.store.source(new, watched=source is not None)
            self._source_ids[name] = known
        return self._source_ids[name]
