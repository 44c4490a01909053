"""Measure the archive of a simulated month against the truth.

Read from the database with plain SQL and from the server's journal. What an article looked like at the moment of a
capture is asked of the papers, not of the archive.
"""

from __future__ import annotations

import json
import re
import sqlite3
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.journal_server import Exchange
from tests.support.month.pages import START, article_at
from tests.support.month.papers import CONSENT, DAY, HOUR, NAMED, PAYWALL, REDESIGN, SILENT, Article, Paper
from tests.support.month.run import Pass

VISIBLE_AGES = (1 * HOUR, 6 * HOUR, 1 * DAY, 7 * DAY)  # after the first capture: an edit that is there then is visible
KNOWABLE_AFTER = {SILENT: 1.5 * DAY}  # seconds; silence shows once it is longer than the paper's longest quiet
MAX_WAIT = 6 * HOUR  # after which the feed of a small paper has been read
MAX_BURST_PASS_SECONDS = 300  # between two passes, for a feed that is outrun within ten minutes
MAX_NAMED_SECONDS = DAY  # an illness is to be named within a day of being knowable
ERROR_TITLES = re.compile(r"We value your privacy|Page not found|Access denied|^Paper p\d\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HealthReport:
    """One answer of `morgue health --format json`."""

    at: float
    sources: list[dict[str, Any]]


@dataclass(slots=True)
class History:
    """Hold what the archive has of one article of a paper."""

    paper: Paper
    article: Article
    rows: set[int] = field(default_factory=set)  # rows of `articles`
    first: float | None = None  # first capture
    found: dict[int, float] = field(default_factory=dict)  # edit -> first capture that was filed as an edit


@dataclass(slots=True)
class Score:
    """Hold the figures of one month."""

    figures: dict[str, Any] = field(default_factory=dict)
    table: list[tuple[str, str, str, bool | None]] = field(default_factory=list)  # what, value, aim, reached
    delays: list[float] = field(default_factory=list)  # hours until an edit was seen
    captured: dict[str, list[float]] = field(default_factory=dict)  # hours from publication to capture, by paper

    def add(self, what: str, value: Any, aim: str = "", reached: bool | None = None, text: str = "") -> None:
        self.figures[what] = value
        self.table.append((what, text or str(value), aim, reached))

    @property
    def missed(self) -> list[str]:
        return [what for what, _, _, reached in self.table if reached is False]


class Scorer:
    """Compare one archive with the papers it was crawled from.

    Articles that were published after the last pass began are not asked for.
    """

    def __init__(
        self,
        archive: Path,
        papers: list[Paper],
        days: float,
        last_pass: float,
        passes: Sequence[Pass],
        journal: Sequence[Exchange],
        health: Sequence[HealthReport],
    ) -> None:
        self.papers = {paper.host: paper for paper in papers}
        self.end, self.last_pass = days * DAY, last_pass
        self.passes, self.journal, self.health = passes, journal, health
        self.database = sqlite3.connect(f"file:{archive / 'morgue.db'}?mode=ro", uri=True)
        self.database.row_factory = sqlite3.Row
        self.score = Score()
        self.false: Counter[str] = Counter()
        self.histories = {
            (paper.name, one.number): History(paper, one)
            for paper in papers
            for one in paper.articles
            if 0 <= one.published < last_pass
        }

    def rate(self) -> Score:
        self.read_revisions()
        self.rate_articles()
        self.rate_edits()
        self.rate_requests()
        self.rate_given_up()
        self.rate_messages()
        self.database.close()
        return self.score

    # -- what the archive has ---------------------------------------------------------------------------------

    def place(self, url: str) -> tuple[Paper, Article] | None:
        parts = urlsplit(url)
        paper = self.papers.get(parts.hostname or "")
        article = article_at(paper, parts.path) if paper is not None else None
        return (paper, article) if paper is not None and article is not None else None

    def read_revisions(self) -> None:
        """Follow each row of `articles` from revision to revision."""
        sql = """SELECT r.article_id, r.number, c.url, c.time FROM revisions r JOIN captures c ON c.id = r.capture_id
                 ORDER BY r.article_id, r.number"""
        last: dict[int, int] = {}  # row -> newest state that was seen in it
        for row in self.database.execute(sql):
            placed = self.place(row["url"])
            if placed is None:
                self.false["a page that is no article"] += 1
                continue
            paper, article = placed
            time = seconds(row["time"])
            history = self.histories.get((paper.name, article.number)) or History(paper, article)
            history.rows.add(row["article_id"])
            if history.first is None or time < history.first:
                history.first = time
            wall, state, before = wall_at(paper, article, time), article.state_at(time), last.get(row["article_id"])
            if before is None:
                last[row["article_id"]] = -1 if wall else state
                if len(history.rows) == 1 and not wall:
                    history.found.update((number, time) for number in range(state, state + 1) if number)
            elif wall or state <= before:
                self.false[wall or noise(paper, time)] += 1
            else:
                history.found[state] = time
                last[row["article_id"]] = state

    def rate_articles(self) -> None:
        score = self.score
        all_of = [one for one in self.histories.values() if not one.paper.noon_share]
        found = [one for one in all_of if one.rows]
        missing = Counter(one.paper.name for one in all_of if not one.rows)
        share = len(found) / max(1, len(all_of))
        score.add("articles", len(self.histories))
        score.add("articles found", share, ">= 99.5 %", share >= 0.995, f"{len(found)} = {share:.2%}{named(missing)}")
        if outrun := [one for one in self.histories.values() if one.paper.noon_share]:
            share = sum(bool(one.rows) for one in outrun) / len(outrun)
            reached = share >= 0.98 if self.pass_seconds() <= MAX_BURST_PASS_SECONDS else None
            aim = "" if reached is None else ">= 98 %"
            score.add("articles found of a feed outrun in ten minutes", share, aim, reached, f"{share:.2%}")
        all_of = list(self.histories.values())
        found = [one for one in all_of if one.rows]
        out_long = [one for one in all_of if one.article.published < self.last_pass - MAX_WAIT]
        score.figures["articles missing that were out for long"] = sum(not one.rows for one in out_long)
        twice = Counter(one.paper.name for one in all_of if len(one.rows) > 1)
        count = twice.total()
        score.add("articles filed twice", count, "0", count == 0, f"{count}{named(twice)}")
        for one in found:
            score.captured.setdefault(one.paper.name, []).append((one.first - one.article.published) / HOUR)  # type: ignore[operator]
        waits = sorted(hours for some in score.captured.values() for hours in some)
        text = f"median {statistics.median(waits):.1f} h, p95 {waits[int(len(waits) * 0.95)]:.1f} h" if waits else "-"
        score.add("publication to capture", statistics.median(waits) if waits else None, text=text)
        slow = {name: statistics.median(some) for name, some in score.captured.items()}
        text = " ".join(f"{name} {hours:.1f}" for name, hours in sorted(slow.items(), key=lambda x: -x[1])[:6])
        score.add("slowest papers, median hours", slow, text=text)
        spoiled = Counter(self.spoiled())
        score.add(
            "current text is a wall or an error",
            spoiled.total(),
            "0",
            not spoiled,
            f"{spoiled.total()}{named(spoiled)}",
        )

    def pass_seconds(self) -> float:
        """Return the usual time between two passes."""
        gaps = [after.at - before.at for before, after in pairwise(self.passes)]
        return statistics.median(gaps) if gaps else 0.0

    def spoiled(self) -> Iterable[str]:
        sql = "SELECT a.title, a.first_seen, c.url, c.time FROM articles a JOIN captures c ON c.id = a.capture_id"
        for row in self.database.execute(sql):
            placed = self.place(row["url"])
            wall = placed and wall_at(*placed, seconds(row["time"]))
            if wall == PAYWALL and placed and not placed[0].ill(PAYWALL, seconds(row["first_seen"])):
                yield PAYWALL
            elif (wall and wall != PAYWALL) or ERROR_TITLES.search(row["title"] or ""):
                yield wall or (row["title"] or "")

    def rate_edits(self) -> None:
        every = visible = seen = seen_visible = 0
        by_paper: Counter[str] = Counter()
        for one in self.histories.values():
            if one.first is None:
                continue  # counted as an article that is missing
            start, end = one.first, min(self.end, one.article.gone)
            numbers = {
                n for n, edit in enumerate(one.article.edits, 1)
                if edit.time < end and not one.paper.ill(PAYWALL, edit.time)  # the reader cannot see the others either
            }  # fmt: skip
            ages = [start + age for age in VISIBLE_AGES if start + age < min(self.end, one.article.gone)]
            shown = {one.article.state_at(time) for time in ages} & numbers
            every, visible = every + len(numbers), visible + len(shown)
            seen, seen_visible = seen + len(numbers & set(one.found)), seen_visible + len(shown & set(one.found))
            by_paper[one.paper.name] += len(shown - set(one.found))
            self.score.delays += [
                (time - one.article.edits[n - 1].time) / HOUR for n, time in one.found.items() if n in numbers
            ]
        share, part = seen / max(1, every), seen_visible / max(1, visible)
        text = f"{seen_visible}/{visible} = {part:.1%}{named(+by_paper)}"
        self.score.add("edits found, of all", share, ">= 85 %", share >= 0.85, f"{seen}/{every} = {share:.1%}")
        self.score.add("edits found, of those visible at 1h 6h 1d 7d", part, ">= 97 %", part >= 0.97, text)
        middle = statistics.median(self.score.delays) if self.score.delays else None
        reached = middle is not None and middle <= 2
        self.score.add("hours until an edit is seen, median", middle, "<= 2", reached, f"{middle or 0:.1f}")

    def rate_requests(self) -> None:
        kinds: Counter[str] = Counter()
        looks, of_month = 0, 0
        for exchange in self.journal:
            kind, placed = kind_of(exchange.target), None
            if kind == "other":
                placed = self.place(exchange.url)
                kind = "article" if placed else "other"
            if placed:
                looks += 1
                if (placed[0].name, placed[1].number) not in self.histories:
                    continue  # an article of the days before, which no article of the month has to pay for
                of_month += 1
            kinds[kind] += 1
        found = max(1, sum(bool(one.rows) for one in self.histories.values()))
        self.score.add("looks an article", of_month / found, "<= 8", of_month / found <= 8, f"{of_month / found:.2f}")
        each = sum(kinds.values()) / found
        detail = ", ".join(f"{kind} {count / found:.1f}" for kind, count in kinds.most_common())
        self.score.add("requests an article", each, "<= 12", each <= 12, f"{each:.1f} ({detail})")
        self.score.figures["requests by kind"] = dict(kinds)
        false = self.false.total() / max(1, looks)
        text = f"{self.false.total()} in {looks} looks = {false:.2%}{named(self.false)}"
        self.score.add("false edits", false, "<= 0.5 %", false <= 0.005, text)
        self.score.figures["false edits by cause"] = dict(self.false)

    def rate_given_up(self) -> None:
        """Count articles that stand at the end and that the frontier will not ask for again, though they failed."""
        up: Counter[str] = Counter()
        sql = "SELECT url FROM frontier WHERE kind = 'article' AND state IN ('failed', 'disallowed')"
        for row in self.database.execute(sql):
            placed = self.place(row["url"])
            if placed and placed[1].gone > self.end and not any(one.at(self.end) for one in placed[0].illnesses):
                up[placed[0].name] += 1
        self.score.add("pages given up though they stand", up.total(), "0", not up, f"{up.total()}{named(up)}")

    # -- what the owner hears ---------------------------------------------------------------------------------

    def rate_messages(self) -> None:
        mails = [one for one in self.passes if one.output.strip()]
        self.score.add("mails of crawl --quiet", len(mails), "<= 30", len(mails) <= 30)
        told: dict[str, Any] = {}
        for paper in self.papers.values():
            for illness in paper.illnesses:
                if illness.kind not in NAMED or illness.begins > self.end - DAY:
                    continue
                knowable = illness.begins + KNOWABLE_AFTER.get(illness.kind, 0.0)
                about = [one.at for one in mails if mentions(one.output, paper) and one.at >= illness.begins]
                by_health = [one.at for one in self.health if one.at >= illness.begins and status(one, paper) != "ok"]
                first = min((time for time in about + by_health), default=None)
                told[f"{paper.name} {illness.kind}"] = {
                    "hours": None if first is None else (first - knowable) / HOUR,
                    "messages": len(about),
                    "kinds": sorted(
                        {kind for one in self.health if one.at >= illness.begins for kind in reasons(one, paper)}
                    ),
                }
        in_time = [
            what for what, one in told.items() if one["hours"] is not None and one["hours"] * HOUR <= MAX_NAMED_SECONDS
        ]
        unnamed = [what for what in told if what not in in_time]
        text = f"{len(in_time)} of {len(told)}" + (f" (not: {', '.join(unnamed)})" if unnamed else "")
        self.score.add("illnesses named within a day", len(in_time), "all", not unnamed, text)
        most = max((one["messages"] for one in told.values()), default=0)
        text = ", ".join(f"{what}: {one['messages']}" for what, one in told.items() if one["messages"])
        self.score.add("messages an illness, most", most, "<= 3", most <= 3, f"{most} ({text or 'none at all'})")
        self.score.figures["illnesses"] = told
        alarms: dict[str, list[str]] = defaultdict(list)
        for paper in self.papers.values():
            if paper.healthy:
                alarms[paper.name] += [one.output for one in mails if mentions(one.output, paper)]
                alarms[paper.name] += [kind for one in self.health for kind in reasons(one, paper)]
        count = sum(map(len, alarms.values()))
        text = f"{count}{named({name: len(some) for name, some in alarms.items() if some})}"
        self.score.add("alarms about healthy papers", count, "0", count == 0, text)
        self.score.figures["alarms about healthy papers, texts"] = dict(alarms)
        codes = Counter(one.code for one in self.passes)
        bad = sum(count for code, count in codes.items() if code not in (0, 1, 3))
        self.score.add("passes", len(self.passes), text=f"{len(self.passes)}, exit codes {dict(codes)}")
        self.score.add("passes that broke", bad, "0", bad == 0)
        middle = statistics.median([one.wall for one in self.passes] or [0.0])
        self.score.add("seconds a pass, median", middle, text=f"{middle:.2f}")


def wall_at(paper: Paper, article: Article, time: float) -> str:
    """Return what was in the article's place at a time; "" if it was the article."""
    if paper.ill(CONSENT, time):
        return CONSENT
    if time >= article.gone:
        return article.gone_kind
    return PAYWALL if paper.ill(PAYWALL, time) else ""


def noise(paper: Paper, time: float) -> str:
    """Return what most likely made the page look edited."""
    if paper.ill(REDESIGN, time):
        return REDESIGN
    return "counter" if paper.counter else "widgets" if paper.widgets else f"other ({paper.name})"


def kind_of(target: str) -> str:
    path = target.partition("?")[0]
    known = {"/robots.txt": "robots.txt", "/": "front page", "/feed.xml": "feed", "/rss/new.xml": "feed"}
    known |= {"/sitemap.xml": "sitemap", "/news-sitemap.xml": "sitemap"}
    return known.get(path) or ("section" if path.count("/") == 2 and path.endswith("/") else "other")


def mentions(output: str, paper: Paper) -> bool:
    return re.search(rf"\b{paper.name}\b", output) is not None


def entry_of(report: HealthReport, paper: Paper) -> dict[str, Any]:
    return next((one for one in report.sources if one.get("name") == paper.name), {})


def status(report: HealthReport, paper: Paper) -> str:
    return str(entry_of(report, paper).get("status", "ok"))


def reasons(report: HealthReport, paper: Paper) -> list[str]:
    return [str(one.get("kind")) for one in entry_of(report, paper).get("reasons", [])]


def seconds(stamp: str) -> float:
    """Return a time of the archive in seconds of the month."""
    return (datetime.fromisoformat(stamp) - START).total_seconds()


def named(counts: dict[str, int] | Counter[str]) -> str:
    return f" ({', '.join(f'{name}: {count}' for name, count in sorted(counts.items()))})" if counts else ""


def write_figures(score: Score, path: str | None) -> None:
    if path:
        data = {**score.figures, "delays in hours": score.delays, "publication to capture by paper": score.captured}
        Path(path).write_text(json.dumps(data, indent=1) + "\n")
