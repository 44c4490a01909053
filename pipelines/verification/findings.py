"""What a verification may find: each kind with what to do about it. Words only; `verify` and its kin do the looking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST = 1000  # findings of one kind in one file that are listed; more are counted

RESTORE = "restore the file from a copy, then run `morgue verify` again"
REBUILD = "`morgue rebuild` makes the database anew from the WARC files"
RECORD = (
    "restore the file from a copy; without one this record is lost, and only it: keep the file, "
    "`morgue rebuild` reads all the others"
)
NEXT = {
    # files
    "missing": "put the file back into warc/ from a copy; without one, its records are lost",
    "extra": "if this archive wrote it, `morgue rebuild` lists it; if not, move it out of warc/ and `morgue import` it",
    "swapped": "give the files their own names back, or restore them from a copy",
    "size": RESTORE,
    "sha256": RESTORE,
    "changed": "restore the file from a copy of before the damage, and remove again what was taken out; without one "
    "keep it: the records that are named are lost, all others can be read",
    "counts": "the bytes are as listed, so it is the manifest that errs: `morgue rebuild` writes it anew",
    "no manifest": "`morgue rebuild` writes one; until then only what is inside the files can be checked",
    "bad manifest": "restore manifest.jsonl from a copy, or let `morgue rebuild` write it anew",
    "left open": "left open by a crash; the next `morgue crawl` mends it",
    "set aside": "a crawl put it aside, nothing in it could be read; restore the file from a copy, or remove it",
    "unreadable": "check the disk and the permissions of the file, then run `morgue verify` again",
    # records
    "damaged": RECORD,
    "torn": "the file was cut off; restore it from a copy; without one, the records behind the cut are lost",
    "block digest": RECORD,
    "payload digest": RECORD,
    "bad digest": "what wrote the record wrote no digest, or a bit flipped: restore the file from a copy",
    "bad record": "what wrote the record broke the standard, or a bit flipped: restore the file from a copy",
    "gzip header": RESTORE,
    "twice": (
        "delete neither of the files, each may hold records that are nowhere else: one that is also `extra` or "
        "`swapped` is the copy, do what is said there; if none is, both may stay"
    ),
    "link": "the record that it names is in a file that is missing or damaged: restore that one",
    "revisit": "one of the two records is not what it was: restore the file of either from a copy",
    # the database
    "no database": REBUILD,
    "bad database": f"keep the file; {REBUILD}",
    "wrong database": f"no command writes with it: {REBUILD}; or put the right one back",
    "no row": (
        f"{REBUILD}. Only rows that a crash or a failing disk took come back by themselves: with the next "
        "`morgue crawl`, those of an import with the same `morgue import`"
    ),
    "no record": f"restore the file from a copy; if it is lost, {REBUILD}, without this capture",
    "row differs": f"if the record has no finding of its own, the row errs: {REBUILD}",
    "dangling": REBUILD,
    "index": REBUILD,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    file: str  # from the archive's folder: "warc/NAME", "manifest.jsonl", "morgue.db"
    offset: int | None  # bytes from the start of the file to the record; None: the file as a whole
    kind: str  # a key of NEXT
    what: str  # for people

    @property
    def next_step(self) -> str:
        """What to do about it, for people."""
        return NEXT[self.kind]

    @property
    def place(self) -> str:
        """File and offset, for people."""
        return self.file if self.offset is None else f"{self.file} at byte {self.offset}"


@dataclass(slots=True)
class Findings:
    """Findings as they come, at most MOST of a kind in a file: a swapped file of a gigabyte must not fill memory."""

    listed: list[Finding] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (file, kind): all of them

    def add(self, finding: Finding) -> None:
        """One more."""
        key = finding.file, finding.kind
        self.counts[key] += 1
        if self.counts[key] <= MOST:
            self.listed.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Several more."""
        for finding in findings:
            self.add(finding)

    def merge(self, other: Findings) -> None:
        """Those of a part of the work, counted ones included."""
        known = Counter((finding.file, finding.kind) for finding in other.listed)
        self.extend(other.listed)
        self.counts.update(other.counts - known)

    def of_kind(self, kind: str) -> int:
        """How many of a kind there are, listed or not."""
        return sum(count for (_, one), count in self.counts.items() if one == kind)

    @property
    def unlisted(self) -> dict[tuple[str, str], int]:
        """(file, kind) and how many more there are than `listed` holds."""
        known = Counter((finding.file, finding.kind) for finding in self.listed)
        return dict(self.counts - known)
