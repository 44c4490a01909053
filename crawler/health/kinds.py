"""List the kinds of reasons for which a source or the archive is not well. docs/health.md has a section for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.core.timestamps import stamp

OK, WARN, BAD = "ok", "warn", "bad"
PAUSED = "paused"  # by its owner: nothing is asked for, and nothing is said of it
RANK = {PAUSED: 0, OK: 0, WARN: 1, BAD: 2}
ARCHIVE = "(archive)"  # the name under which the archive itself is listed; no source can have it
ARCHIVE_ID = 0  # in the place of the number of a source
BROKEN_FILE = "broken file"  # the kind of reason that is said also of a source that is paused
UNTOLD = "messages fail"  # the kind of reason that is found when a message is sent

# What to do about each kind; {name} is the source. Kinds of the archive itself come last.
NEXT_STEPS = {
    "host down": "open the site in a browser; if it has moved, put the new address into sources/{name}.toml",
    "refused": "raise crawl.delay in sources/{name}.toml and set operator.contact; ask the site to let you in",
    "robots": "read the site's robots.txt; ask its owner, or stop watching it: morgue sources remove {name}",
    "consent wall": "look at a page of it: morgue show URL; ask the site for access without the wall",
    "paywall": "look at a page of it: morgue show URL; ask the site for access",
    "login page": "look at a page of it: morgue show URL; ask the site for access",
    "error page": "open some of its articles in a browser; if they are there, ask the site for access",
    "dead listing": "correct its address in sources/{name}.toml; morgue sources check {name} --ask tries it",
    "no listing": "if it has moved, correct sources/{name}.toml; morgue sources check {name} --ask tries it",
    "moved listing": "put the new address into sources/{name}.toml",
    "stale sitemap": "open it; if the site no longer keeps it, take it out of sources/{name}.toml",
    "outrun": "run the timer each 5 minutes (morgue schedule --every 5m) or morgue watch; add section pages",
    "no articles": "morgue crawl {name} -vv says why addresses are left out; correct `sites` or `include` in its file",
    "silent": "open the site: is it still published? Then morgue crawl {name} -v",
    "few articles": "morgue crawl {name} -v, and compare with the site: is a feed missing in sources/{name}.toml?",
    "fields": "morgue sample URL saves a page of it; write a [[rule]] for the new design into sources/{name}.toml",
    "nothing to read": "morgue crawl {name} -v names the pages; exclude them, or write a [[rule]]",
    "duplicates": "morgue crawl {name} -v names the pages; see docs/add-a-source.md",
    "shared listing": "take it out of one of the two files; morgue sources check names both",
    BROKEN_FILE: "correct that file; morgue sources check says what is wrong in it",
    "clock": "set the clock of this machine (timedatectl); then run morgue crawl",
    "settings": "correct morgue.toml; a morgue watch that is running goes on with the settings from before",
    "disk": "free space, or move the archive to a larger disk",
    "no pass": "is the timer (systemctl --user list-timers, crontab -l) or morgue watch running? Then morgue log",
    "offline": "check the network of this machine; then run morgue crawl",
    "lost files": "restore the WARC files from a backup; morgue verify names them",
    "bucket": "see that its server is up, and that the keys of access are in the environment; then run morgue ship",
    "spool": "run morgue ship: it says why they are not shipped",
    "snapshot": "run morgue ship: it makes a copy, or says why it cannot",
    "lease": "if that machine is gone, run morgue crawl here: it takes the shard over",
    "never arrived": "morgue crawl gives them up, and fetches their pages again",
    "outdated copy": "move all but morgue.toml out of the shard's folder, to keep WARC files that are only here; then "
    "morgue --shard K rebuild",
    UNTOLD: "mend the command or address, and try it: morgue health --notify TARGET --test",
}
OF_HEAD = ("never arrived", "outdated copy")  # what only the bucket can say
OF_BUCKET = ("bucket", "spool", "snapshot", "lease", *OF_HEAD)
OF_ARCHIVE = ("clock", "settings", "disk", "no pass", "offline", "lost files", *OF_BUCKET, UNTOLD)
# Kinds that only a crawl can see. Other commands go by what it noted.
OF_CRAWL = frozenset(("lost files",))
OF_SOURCE_FILES = frozenset((BROKEN_FILE, "shared listing"))  # cannot be seen if morgue.toml has a mistake
# What keeps everything of a source away explains its silence; the consequences are not told as well.
CAUSES = ("host down", "refused", "robots", "consent wall", "login page", "error page", "no articles", BROKEN_FILE)
# Kinds as which one sickness shows itself in turn: the next one is no new sickness, and the one before is not over.
FAMILIES = (
    ("host down", "refused", "robots", "consent wall", "paywall", "login page", "error page"),
    ("dead listing", "no listing", "moved listing"),
    ("silent", "few articles"),
    ("bucket", "snapshot", "lease"),
)
BY_DAYS = ("few articles", "fields", "nothing to read", "duplicates")  # judged by whole days, of which one may differ
LISTING_KINDS_OF_TROUBLE = ("dead listing", "no listing")
CONSEQUENCES = ("silent", "few articles", "fields", "nothing to read", "duplicates", *LISTING_KINDS_OF_TROUBLE)


@dataclass(frozen=True, slots=True)
class HealthReason:
    """Say what is wrong with a source, since when, and what shows it."""

    kind: str  # a key of NEXT_STEPS
    status: str  # warn, bad
    since: datetime
    evidence: str
    step: str = ""  # what to do in this very case; empty: what NEXT_STEPS says of the kind

    def next_step(self, name: str) -> str:
        """Return what the user can do about it."""
        return self.step or NEXT_STEPS[self.kind].replace("{name}", name)


def hidden_by(reasons: Sequence[HealthReason]) -> tuple[str, ...]:
    """Return the kinds that these reasons explain: one sickness is told once."""
    if any(one.kind in CAUSES and one.status == BAD for one in reasons):
        return CONSEQUENCES
    if any(one.kind == "bucket" for one in reasons):
        return OF_HEAD
    return ("few articles",) if any(one.kind == "silent" for one in reasons) else ()


@dataclass(frozen=True, slots=True)
class SourceVerdict:
    """Hold all that is wrong with one source, or with the archive."""

    source_id: int
    name: str
    reasons: tuple[HealthReason, ...] = ()
    lasting: frozenset[str] = frozenset()  # kinds that are not over, if they were noted before
    is_away: bool = False  # the machine has no network or no right time: nothing can be said of the source
    is_paused: bool = False
    paused_since: datetime | None = None  # as a crawl noted it
    paused_until: str | None = None  # ISO day; None: until it is resumed

    @property
    def is_archive(self) -> bool:
        """Return True for the verdict on the archive, or on a shard, itself."""
        return self.source_id == ARCHIVE_ID

    def is_unjudged(self, kind: str) -> bool:
        """Return True for a kind on which there is no verdict now: it neither began nor ended."""
        if kind == BROKEN_FILE:
            return False
        return self.is_away or self.is_paused or kind in hidden_by(self.reasons)

    @property
    def status(self) -> str:
        if self.is_paused and not self.reasons:
            return PAUSED
        return max((reason.status for reason in self.reasons), key=RANK.__getitem__, default=OK)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict for programs."""
        return {
            "name": self.name,
            "status": self.status,
            "paused_since": stamp(self.paused_since) if self.paused_since is not None else None,
            "paused_until": self.paused_until,
            "reasons": [
                {
                    "kind": reason.kind,
                    "status": reason.status,
                    "since": stamp(reason.since),
                    "evidence": reason.evidence,
                    "next_step": reason.next_step(self.name),
                }
                for reason in self.reasons
            ],
        }


def worst_first(found: Iterable[SourceVerdict]) -> list[SourceVerdict]:
    """Return verdicts in the order in which people read them: the archive's, then the ill sources."""
    return sorted(found, key=lambda one: (not one.is_archive, -RANK[one.status]))
