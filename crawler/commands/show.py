"""`morgue show`: show one article and where it comes from."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import archive_of, standard_output
from crawler.cli.common_options import POSITIVE, common_options
from exports import article_report
from exports.line_kinds import ITEMS, bare_item, lines_of
from pipelines.core import terminal
from pipelines.core.errors import NotFound, QueryError
from pipelines.core.plural import counted
from pipelines.database import page_states, queries
from pipelines.database.clusters import cluster_list
from pipelines.database.query_language.addresses import as_given
from pipelines.database.shards.databases import Database
from pipelines.warc.storage import WarcStorage

if TYPE_CHECKING:
    from exports.python_api.archive import Archive


FORMS = ("text", "markdown", "json", "html", "body", "warc")
CLOSE = ("t", "th", "v", "qv", "c")  # kinds of lines without an empty line before one that goes on


@click.command()
@click.argument("wanted", metavar="[URL-or-NUMBER]", required=False)
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True,
              help="markdown: the text with its headings, lists and tables. html or body: what the server sent, "
                   "decoded. warc: the WARC record (if the page had not changed, also the earlier full "
                   "response).")  # fmt: skip
@click.option("--revision", type=POSITIVE, metavar="N", help="Show an earlier revision; 1 is the first.")
@click.option("--captures", "every", is_flag=True, help="List all captures of the article instead of its text.")
@click.option("--capture", type=POSITIVE, metavar="N",
              help="Show one capture, by the number that --captures and `morgue verify` print.")  # fmt: skip
@common_options
@click.pass_context
def command(
    ctx: click.Context, wanted: str | None, form: str, revision: int | None, every: bool, capture: int | None
) -> None:
    """Show one article with its provenance.

    Name it by its URL or by the number that `morgue search` prints. For a URL that is not an article (a feed,
    robots.txt, a front page, a redirect, a failed fetch), it lists the captures with time, status and WARC record.

    \b
    morgue show 12                                          article number 12
    morgue show https://paper.example/feed.xml              the captures of a feed
    morgue show 12 --format html > 12.html                  the page as captured
    morgue show 12 --captures                               every capture of the article

    The formats html (or body) and warc write bytes; redirect them into a file. For an article they give the capture
    that the text was read from, for another URL the newest response. --capture N gives any other capture. If the page
    had not changed, --format warc prints two records, which together are a valid WARC file: the "revisit" record of
    this visit and the earlier full response.
    """
    if (wanted is None) == (capture is None) or (capture and (every or revision)) or (every and revision):
        raise click.UsageError("name one thing to show: URL-or-NUMBER [--revision N | --captures], or --capture N")
    with archive_of(ctx, quickly=True) as archive:
        db = archive.database
        if capture is not None:
            _captures(archive, [archive.capture(capture).row], f"capture {capture}", "one exchange", form)
            return
        assert wanted is not None
        try:
            row = queries.article(db, wanted)
        except NotFound:
            captures = [] if wanted.isdigit() or revision else queries.captures_of(db, wanted)
            if not captures:
                raise
            _captures(archive, captures, wanted, _why_no_article(db, wanted, captures), form)
            return
        if every:
            found, why = queries.captures_of(db, str(row["id"])), f"article {row['id']}"
            _captures(archive, found, row["url"], why, form, row["id"])
            return
        states, periods = article_report.states_of(db, row), page_states.of_article(db, row["id"])
        cluster, warc = cluster_list.cluster_of(db, row["id"]), archive.shard_of(row).warc_storage
        row = article_report.as_of_revision(row, states, revision)
        report = article_report.as_dict(db, row, states) if form == "json" else None
        data = None if form in ("text", "markdown", "json") else _bytes(archive, row, form)
    if data is not None:
        with standard_output() as out:
            out.write(data)
    elif form == "markdown":
        from exports.formats.to_markdown import body

        with standard_output():
            click.echo(terminal.plain(body(row)))
    elif form == "text":
        with standard_output():
            room = min(output.terminal_width(sys.stdout), 100)
            for line in text(row, states, periods, warc, room, copies_of(row, cluster)):
                click.echo(line)
    else:
        with standard_output():
            click.echo(output.json_text(report))


def _why_no_article(db: Database, wanted: str, captures: list[queries.Row]) -> str:
    """Say why captures of an address are shown instead of an article."""
    from pipelines.database.frontier.rows import LISTINGS_IN_WORDS, NO_ARTICLE, listing_in_words

    known, kind = queries.address_state(db, as_given(wanted.strip())), captures[-1]["kind"]
    if known is not None and known.state != "removed":
        return known.why_no_article()
    return listing_in_words(kind) if kind in LISTINGS_IN_WORDS else NO_ARTICLE


def _captures(
    archive: Archive, captures: list[queries.Row], wanted: str, why: str, form: str,
    article: int | None = None,
) -> None:  # fmt: skip
    """Print captures instead of an article. Raises NotFound, QueryError, ArchiveDamaged, MorgueError."""
    from crawler.cli import capture_report

    if form == "markdown":
        raise QueryError(f"--format markdown of {wanted}", "captures are no text", "leave --format out, or give json")
    if form == "json":
        shown = output.json_text(capture_report.as_dict(wanted, why, captures, article))
        with standard_output():
            click.echo(shown)
    elif form == "text":
        dim, reset = (output.DIM, output.RESET) if output.supports_style(sys.stdout) else ("", "")
        with standard_output():
            for name, value in capture_report.lines(archive, wanted, why, captures):
                click.echo(
                    f"{dim}{name:<10}{reset} {terminal.plain(value)}" if name is not None else terminal.plain(value)
                )
    else:
        _refuse_removed_copy(archive.database, wanted)
        data = _bytes(archive, capture_report.newest_answer(captures), form)
        with standard_output() as out:
            out.write(data)


def _refuse_removed_copy(db: Database, wanted: str) -> None:
    """Raise NotFound for the address of a page that was not filed because it is a copy of one that was taken down."""
    from pipelines.takedown.register import COPY

    known = queries.address_state(db, as_given(wanted.strip()))
    if known is not None and known.last_error == COPY:
        cure = f"morgue remove {wanted} takes its capture out of the WARC files, too"
        raise NotFound(wanted, f"is a {COPY}, so it is not shown", cure)


def copies_of(row: queries.Row, cluster: queries.Row | None) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of the cluster that an article is in."""
    from crawler.cli.copies.report import origin, summary

    if cluster is not None:
        yield "copies", f"one of {summary(cluster)}; {origin(cluster)}: morgue clusters {row['id']}"


def text(
    row: queries.Row, states: list[queries.Row], periods: list[queries.Row], warc: WarcStorage, room: int,
    copies: Iterable[tuple[str, str]] = (),
) -> Iterator[str]:  # fmt: skip
    """Yield the article for reading, and below a line its provenance."""
    bold, dim, reset = (output.BOLD, output.DIM, output.RESET) if output.supports_style(sys.stdout) else ("", "", "")
    for line in terminal.wrap(terminal.plain(row["title"] or "(no headline)"), room):
        yield bold + line + reset
    published = row["published"] or f"unknown; first seen {row['first_seen']}"
    facts = [
        row["kind"] != "article" and row["kind"].capitalize(), row["byline"],
        f"Published {published}", not was_not_modified(row) and f"modified {row['modified']}",
        row["source"] or row["site_name"],
        letters_of(row["section"]) != letters_of(row["kind"]) and row["section"], row["language"],
    ]  # fmt: skip
    yield from terminal.wrap(terminal.plain(" · ".join(fact for fact in facts if fact)), room)
    yield terminal.plain(row["url"])
    if row["description"] and letters_of(row["description"]) not in (
        letters_of(row["title"]),
        letters_of(row["text"].partition("\n")[0]),
    ):
        yield ""
        yield from terminal.wrap(terminal.plain(row["description"]), room)
    yield from set_lines(row, room)
    yield from comments(row, room, dim, reset)
    yield ""
    yield dim + "─" * min(room, 60) + reset
    for name, value in (*about(row), *copies):
        for line in terminal.wrap(terminal.plain(value), room - 11):
            yield f"{dim}{name:<10}{reset} {line}"
            name = ""
    for name, value in (*provenance(row, states, warc), *article_report.instead(periods)):
        yield f"{dim}{name:<10}{reset} {terminal.plain(value)}"


def set_lines(row: queries.Row, room: int) -> Iterator[str]:
    """Yield the lines of a text, with an empty one between paragraphs. Rows, verse, code and items are set closely."""
    before = ""  # kind of the line before
    for part in lines_of(row):
        is_item = part.kind in ITEMS
        if not (before in ITEMS and not part.goes_on if is_item else before and part.goes_on and part.kind in CLOSE):
            yield ""
        hanging = len(bare_item(part)[0]) + 1 if is_item and not part.goes_on else 0
        yield from terminal.wrap_indented(terminal.plain(part.text), room, hanging)
        before = part.kind


def letters_of(text: str | None) -> str:
    """Return the letters and digits of a text, to compare two texts that differ in case or punctuation."""
    return "".join(filter(str.isalnum, (text or "").casefold()))


def was_not_modified(row: queries.Row) -> bool:
    """Return True if the page names no time of modification that differs from its time of publication."""
    from datetime import datetime

    published, modified = row["published"], row["modified"]
    if not modified or modified == published:
        return True
    try:
        return datetime.fromisoformat(published or "") == datetime.fromisoformat(modified)
    except (ValueError, TypeError):  # one has a time zone and the other has none, or one is not a date
        return False


def comments(row: queries.Row, room: int, dim: str, reset: str) -> Iterator[str]:
    """Yield the readers' comments, if they were stored."""
    texts = row["comments"] or ()
    if texts:
        yield ""
        heading = counted(len(texts), "readers' comment")
        yield f"{dim}── {heading} ──{reset}"
    for comment in texts:
        yield ""
        for paragraph in terminal.plain(comment).split("\n"):
            yield from (f"  {line}" for line in terminal.wrap(paragraph, room - 2))


def about(row: queries.Row) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of what the page says about itself: tags, origin, publisher, access, rights."""
    issn = row["issn"] and f"ISSN {row['issn']}"
    published_by = row["publisher"] and ", ".join(filter(None, (row["publisher"], issn)))
    origin = ", ".join(filter(None, (row["origin"], row["origin_url"])))
    access = ": ".join(filter(None, (row["access"], row["access_evidence"])))
    alone = not row["publisher"] and row["issn"]
    values = (("tags", ", ".join(row["tags"])), ("dateline", row["dateline"]), ("origin", origin),
              ("publisher", published_by), ("ISSN", alone), ("access", access))  # fmt: skip
    yield from ((name, value) for name, value in values if value)
    for number, signal in enumerate([*row["rights"], *row["header_rights"]]):
        yield "" if number else "rights", signal


def provenance(row: queries.Row, states: list[queries.Row], warc: WarcStorage) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of where the text was read from and by which extractor, and of the other revisions."""
    from crawler.cli.capture_report import record_lines

    shown = next(state for state in states if state["revision"] == row["revision"])
    yield "article", f"{row['id']}, {article_report.place_among(row, states)}"
    yield "captured", row["captured"]
    yield from record_lines(warc, row)
    yield "payload", row["payload_digest"] or "no digest"
    yield "text", f"sha256:{row['text_digest']}"
    yield "read by", row["extractor"]
    yield "seen", f"{shown['seen']} to {shown['last_seen']}"
    if len(states) > 1:
        for number, state in enumerate(states):
            changed = article_report.change(state)
            yield "" if number else "revisions", f"{state['revision']}: {state['seen']}" + (changed and f"  {changed}")


def _bytes(archive: Archive, row: queries.Row, form: str) -> bytes:
    """Return the record, or the page in it. Raises QueryError, NotFound, ArchiveDamaged, MorgueError."""
    if form in ("html", "body"):
        from exports.python_api.rows import CaptureRow

        return archive.body(CaptureRow(row))
    if sys.stdout.isatty():
        what = f"--capture {row['id']}" if "record_type" in row else row["id"]
        cure = f"morgue show {what} --format warc > {row['id']}.warc.gz"
        raise QueryError("--format warc", "is binary, and this is a terminal", cure)
    shard = archive.shard_of(row)
    return records(shard.connection, shard.warc_storage, row)


def records(db: sqlite3.Connection, warc: WarcStorage, row: queries.Row) -> bytes:
    """Return the record of a capture; for a revisit, followed by the record that has its body. Both are gzip members.

    If that second record is not in the archive, a warning goes to stderr. Raises NotFound, ArchiveDamaged.
    """
    from pipelines.database.captures import location_of
    from pipelines.warc.import_marks import repeated_record
    from pipelines.warc.reader import read_record, whole_member

    own = row["warc_file"], row["warc_offset"], row["warc_length"]
    fields = read_record(warc, *own).fields  # it must be one whole member
    if fields.get("WARC-Type") != "revisit":
        return whole_member(warc, *own)
    named = repeated_record(fields)
    place = location_of(db, named)
    if place is None:
        click.echo(
            f"warning: this is a revisit whose original ({named or 'not named'}) is not here; so there is no body",
            err=True,
        )
        return whole_member(warc, *own)
    return whole_member(warc, *own) + whole_member(warc, place.file, place.offset, place.length)
