"""`morgue reextract`: read archived pages again, with the current extractor and rules."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from crawler.cli.archive_options import filter_options
from crawler.cli.common_options import common_options, folder_of, overrides_of
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from crawler.cli.output import BOLD, GREEN, RED, RESET, supports_style
from pipelines.core.items import Article, NothingToRead
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database.edits.difference import NOISE_IN_WORDS
from pipelines.database.filters import ArticleFilters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import Config
    from pipelines.database.edits.chains import ChainRow, NoiseRevision
    from pipelines.rebuild.reextract import RevisionChange
    from pipelines.rebuild.reread import RereadPage

MAX_PAGES_NAMED = 20  # pages without an article that the summary names


@click.command()
@click.option("--diff", "only_show", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--all", "everything", is_flag=True, help="Every article, also those that this version read before.")
@filter_options
@work_options
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context, only_show: bool, everything: bool, filters: ArticleFilters) -> int:
    """Read archived pages again with the current extractor and rules.

    Use it after an upgrade; or, with --all, after you changed a [[rule]] in sources/*.toml. Nothing is fetched. Without
    --all, it reads only articles that another version of the extractor read, and, if extract.comments is "separate",
    articles whose readers' comments were never looked for. If the text differs now, the new text
    replaces the old one in the same revision, because the paper edited nothing. The old text is kept in the table
    `readings`, with the name of the extractor that read it.

    A consent wall, login page or error page that an older version filed as a state of an article is taken back: the
    article has the text from before again. The captures stay, and `morgue show` names the time.

    Then it takes out revisions that are no edits: only a counter, an age ("3 hours ago") or a line of the site's
    template changed, or the site shows two texts in turn. They become sightings of the revision before them; their
    texts are kept in `readings`, and no capture is touched. Later revisions get smaller numbers.

    If it is interrupted, run the same command again: it goes on where it stopped. Exit code 1: a page gives no text
    any more; the archive keeps its old text.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import asyncio

    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import load

    config = load(folder_of(ctx), overrides_of(ctx))
    with StepProgress() as steps:
        counts = asyncio.run(run(config, filters, steps, only_show=only_show, everything=everything))
    for line in counts.lines(only_show=only_show):
        click.echo(plain(line))
    return 1 if counts.nothing else 0


class ReextractCounts:
    """Count what was read and what changed."""

    def __init__(self) -> None:
        self.read = self.changed = 0
        self.fields: dict[str, int] = {}
        self.nothing: list[tuple[str, str]] = []  # URL, why
        self.taken_back: Counter[str] = Counter()  # kind of what stood in the place of an article -> revisions
        self.noise: Counter[str] = Counter()  # revisions that are no edits, by the kind of noise

    def count(self, read: RereadPage, change: RevisionChange | None, kind: str | None) -> None:
        """Count one more revision. `change`: None if it reads as before; `kind`: None for a state of an article."""
        self.read += 1
        if kind is not None:
            self.taken_back[kind] += 1
            return
        if not isinstance(read.outcome, Article):
            self.nothing.append((read.row["url"], read.outcome.reason))
        if change is not None:
            self.changed += 1
            for name in change.before:
                self.fields[name] = self.fields.get(name, 0) + 1

    def lines(self, *, only_show: bool) -> Iterator[str]:
        """Yield the lines of the summary."""
        word = "would change" if only_show else "changed"
        yield f"{counted(self.read, 'revision')} read again, {self.changed:,} {word}"
        if self.fields:
            most = sorted(self.fields.items(), key=lambda item: (-item[1], item[0]))
            yield "  " + ", ".join(f"{name} {number:,}" for name, number in most)
        for kind, number in self.taken_back.most_common():
            taken = "would be taken back" if only_show else "taken back"
            yield f"{counted(number, 'revision')} {taken}, in the place of an article: {kind}"
        if self.noise:
            number = self.noise.total()
            were = "would be" if only_show else verb(number, "was", "were")
            they = verb(number, "it is no edit", "they are no edits")
            yield f"{counted(number, 'revision')} {were} taken out, because {they}:"
            for kind, of_kind in self.noise.most_common():
                yield f"  {of_kind:,}: {NOISE_IN_WORDS[kind]}"
        for url, why in self.nothing[:MAX_PAGES_NAMED]:
            yield f"no article any more, left unchanged: {url}: {why}"
        if len(self.nothing) > MAX_PAGES_NAMED:
            yield f"and {len(self.nothing) - MAX_PAGES_NAMED:,} more"


async def run(
    config: Config, filters: ArticleFilters, steps: StepProgress, *, only_show: bool, everything: bool
) -> ReextractCounts:
    """Read the revisions again; show the changes, or write them into the database."""
    from contextlib import closing

    from crawler.engine.extraction_workers import extraction_workers
    from crawler.engine.open_archive import open_archive_writer
    from pipelines.bucket.opening import warc_storage
    from pipelines.database import readings, selection
    from pipelines.database.connection import connect
    from pipelines.database.edits import chains
    from pipelines.extraction.extract import extractor
    from pipelines.rebuild import reextract
    from pipelines.rebuild.reread import reread, reread_one

    counts = ReextractCounts()
    archive_writer = None if only_show else open_archive_writer(config)
    workers = extraction_workers(config)
    sources = {name: own.source for name, own in config.sources.items()}
    comments = config.extract.comments == "separate"
    try:
        with closing(connect(config.folder.database)) as db:
            which = selection.article_selection(db, None, filters)
            ids = readings.select_revisions(
                db, which.condition(), which.values, None if everything else extractor(), comments=comments
            )
            while ids:
                steps("reading", counts.read, total := counts.read + len(ids))
                rows = readings.revisions(db, ids, comments=comments)
                found = reread(db, warc_storage(config.folder.path), rows, sources, workers)
                ids = []  # of articles whose newest revision is taken back: the one before it counts again
                async for read in found:
                    change = reextract.change_of(db, read)
                    if archive_writer is not None:
                        filed = await archive_writer.do(reextract.file_reading, archive_writer.db, read, change)
                        kind, again = filed
                        ids += [] if again is None else [again]
                    else:
                        kind = reextract.kind_of(db, read)
                    counts.count(read, change, kind)
                    if archive_writer is None and kind is not None:
                        click.echo(f"{plain(read.row['url'])}: taken back, {kind} in the place of the article\n")
                    elif archive_writer is None and change is not None:
                        show(change)
                    steps("reading", counts.read, total)
                if archive_writer is not None:
                    archive_writer.commit()  # so that `db` sees which revisions are the newest now
            edited = readings.edited_articles(db, which.condition(), which.values)
            template: tuple[int | None, Callable[[str], bool]] | None = None
            for done, (article_id, source_id) in enumerate(edited, 1):
                if template is None or template[0] != source_id:
                    template = source_id, chains.source_template(db, source_id)
                chain = chains.chain_of(db, article_id)
                noise = list(chains.noise_in(article_id, chain, template[1]))
                last = None
                if noise and noise[-1].revision_id == chain[-1]["id"]:
                    row = next(readings.revisions(db, [noise[-1].kept_id]))
                    last = await reread_one(db, warc_storage(config.folder.path), row, sources, workers)
                    if isinstance(last.outcome, NothingToRead):
                        counts.nothing.append((last.row["url"], last.outcome.reason))
                        continue
                counts.noise.update(one.noise for one in noise)
                if archive_writer is None:
                    show_noise(chain, noise)
                elif noise:
                    await archive_writer.do(reextract.take_out_noise, archive_writer.db, article_id, noise, last)
                else:
                    await archive_writer.do(chains.describe, archive_writer.db, article_id)
                steps("comparing revisions", done, len(edited))
    except BaseException:  # an interruption, too: what is written by now is kept, if the bucket of a shard answers
        if archive_writer is not None:
            archive_writer.storage.wait_no_more()
        raise
    finally:
        workers.kill()
        if archive_writer is not None:
            archive_writer.close()
    return counts


def show(change: RevisionChange) -> None:
    """Print one change."""
    from pipelines.rebuild.reextract import in_words

    red, green, bold, reset = (RED, GREEN, BOLD, RESET) if supports_style(sys.stdout) else ("", "", "", "")
    click.echo(f"{bold}{plain(change.url)}{reset}  article {change.article_id}, revision {change.number}")
    for name in change.before:
        if name != "text":
            click.echo(f"{red}- {name}: {plain(in_words(name, change.before[name]))}{reset}")
            click.echo(f"{green}+ {name}: {plain(in_words(name, change.after[name]))}{reset}")
    for line in change.diff():
        colour = {"-": red, "+": green}.get(line[:1], "")
        click.echo(f"{colour}{plain(line)}{reset}")
    click.echo()


def show_noise(chain: Sequence[ChainRow], found: Sequence[NoiseRevision]) -> None:
    """Print the revisions of an article that would be taken out."""
    for one in found:
        why = NOISE_IN_WORDS[one.noise]
        click.echo(f"article {one.article_id}, revision {one.number} of {len(chain)}: no edit: {why}")
