"""Define the kinds of findings, with what to do about each, and the report of a verification."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_LISTED_FINDINGS = 1000  # of one kind in one file; further ones are counted

RESTORE = "restore the file from a copy, then run `morgue verify` again"
REBUILD = "`morgue rebuild` makes a new database from the WARC files"
RESTORE_OR_LOSE_RECORD = (
    "restore the file from a copy. Without a copy only this record is lost: keep the file, `morgue rebuild` reads all "
    "other records in it"
)
NEXT_STEPS = {
    # files
    "missing": "put the file back into warc/ from a copy; without a copy its records are lost",
    "never arrived": "`morgue crawl` gives it up, and fetches its pages again. If that machine comes back, take the "
    "file from its warc/ and `morgue import` it here",
    "extra": "if this archive wrote it, `morgue rebuild` lists it; if not, move it out of warc/ and `morgue import` it",
    "swapped": "give the files their own names back, or restore them from a copy",
    "size": RESTORE,
    "sha256": RESTORE,
    "changed": "restore the file from a copy made before the damage, and repeat the removal. Without a copy keep the "
    "file: the records named here are lost, all others can be read",
    "counts": "the bytes are as listed, so the manifest is wrong: `morgue rebuild` writes a new one",
    "no manifest": "`morgue rebuild` writes one; until then only what is inside the files can be checked",
    "bad manifest": "restore manifest.jsonl from a copy, or let `morgue rebuild` write a new one",
    "left open": "a crash left it; the next `morgue crawl` repairs it",
    "set aside": "a crawl set it aside because nothing in it could be read; restore the file from a copy, or delete it",
    "shard file": "delete it; `morgue --shard K restore` writes it again, also if it has nothing else to do",
    "unreadable": "check the disk and the permissions of the file, then run `morgue verify` again",
    # records
    "damaged": RESTORE_OR_LOSE_RECORD,
    "torn": "the file was cut off: restore it from a copy; without a copy the records after the cut are lost",
    "block digest": RESTORE_OR_LOSE_RECORD,
    "payload digest": RESTORE_OR_LOSE_RECORD,
    "bad digest": "the program that wrote the record made a mistake, or a bit flipped: restore the file from a copy",
    "bad record": "the program that wrote the record broke the standard, or a bit flipped: restore the file from a "
    "copy",
    "gzip header": RESTORE,
    "twice": (
        "delete neither file, because each may hold records that are nowhere else. If one of them is also `extra` or "
        "`swapped`, it is the copy: do what is said there. If neither is, both may stay"
    ),
    "link": "the record that it names is in a file that is missing or damaged: restore that file",
    "revisit": "one of the two records has changed: restore the files of both from a copy",
    # the database
    "no database": REBUILD,
    "bad database": f"keep the file; {REBUILD}",
    "half upgraded": "wait for the upgrade, or run `morgue upgrade` if it was stopped",
    "wrong database": f"no command writes with it. If it is an older copy, `morgue restore` brings it up to date; else "
    f"put the right one back, or {REBUILD}",
    "no row": (
        f"{REBUILD}. Rows that were lost in a crash, or on a failing disk, come back by themselves: with the next "
        "`morgue crawl`, or for imported records with the same `morgue import`"
    ),
    "no record": f"restore the file from a copy; without a copy {REBUILD}, without this capture",
    "row differs": f"if the record has no finding of its own, the row is wrong: {REBUILD}",
    "dangling": REBUILD,
    "text": f"if the change is yours, undo it; if not, {REBUILD}, and reads every text from its record again",
    "journal": f"if the change is yours, undo it; if not, {REBUILD}",
    "schema": f"undo the change if it is yours; if not, {REBUILD}",
    "index": REBUILD,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold one thing that is wrong."""

    file: str  # from the archive's folder: "warc/NAME", "manifest.jsonl", "morgue.db"
    offset: int | None  # bytes from the start of the file to the record; None: the file as a whole
    kind: str  # a key of NEXT_STEPS
    what: str  # for people

    @property
    def next_step(self) -> str:
        """Next step for the user."""
        return NEXT_STEPS[self.kind]

    @property
    def place(self) -> str:
        """File and offset, for people."""
        return self.file if self.offset is None else f"{self.file} at byte {self.offset}"


@dataclass(slots=True)
class Findings:
    """Collect findings; count those of a kind in a file that are too many to list.

    A swapped file of a gigabyte must not fill the memory with findings.
    """

    listed: list[Finding] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (file, kind): all of them

    def add(self, finding: Finding) -> None:
        """Add one finding."""
        key = finding.file, finding.kind
        self.counts[key] += 1
        if self.counts[key] <= MAX_LISTED_FINDINGS:
            self.listed.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add several findings."""
        for finding in findings:
            self.add(finding)

    def merge(self, other: Findings) -> None:
        """Add the findings of a part of the work, also those that it only counted."""
        known = Counter((finding.file, finding.kind) for finding in other.listed)
        self.extend(other.listed)
        self.counts.update(other.counts - known)

    def of_kind(self, kind: str) -> int:
        """Return the number of findings of a kind, listed or not."""
        return sum(count for (_, one), count in self.counts.items() if one == kind)

    @property
    def unlisted(self) -> dict[tuple[str, str], int]:
        """Number of findings that are not in `listed`, by (file, kind)."""
        known = Counter((finding.file, finding.kind) for finding in self.listed)
        return dict(self.counts - known)


@dataclass(slots=True)
class VerificationReport:
    """Hold the result of a verification."""

    quick: bool
    files: int = 0  # WARC files
    records: int = 0  # whole ones that were read; 0 with `quick`
    captures: int = 0  # records that are captures; with `quick`: rows
    bytes: int = 0  # of the WARC files
    undigested: int = 0  # records without a block digest that could be checked
    writing: list[str] = field(default_factory=list)  # files that a living process writes; checked as far as they went
    left_out: tuple[str, ...] = ()  # sentences: what was not checked
    not_ours: tuple[str, ...] = ()  # tables, views and indexes of others in the database: no findings
    seconds: float = 0.0  # that it took
    findings: Findings = field(default_factory=Findings)

    @property
    def well(self) -> bool:
        """True if nothing was found."""
        return not self.findings.counts
