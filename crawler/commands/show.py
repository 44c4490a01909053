"""`morgue show`: one article, and where it comes from."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from crawler.asking import standard_output, the_database
from crawler.cli import folder_option, setting_option, the_folder
from exports import table
from pipelines import queries
from pipelines.counted import counted
from pipelines.errors import NotFound, QueryError, os_errors


@click.command()
@click.argument("wanted", metavar="URL-or-NUMBER")
@click.option("--format", "form", type=click.Choice(("text", "json", "html", "warc")), default="text",
              show_default=True, help="html: the page as captured; warc: its record.")  # fmt: skip
@click.option("--revision", type=click.IntRange(min=1), metavar="N", help="An earlier state: 1 is the first seen.")
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, wanted: str, form: str, revision: int | None) -> None:
    """Show one article with its provenance: by address, or by the number that `morgue search` shows.

    html and warc write bytes: redirect them into a file.
    """
    with the_database(ctx) as db:
        row = queries.article(db, wanted)
        states = list(queries.revisions(db, row["id"]))
        row = _at(row, states, revision)
        data = None if form in ("text", "json") else _bytes(db, the_folder(ctx).warc, row, form)
    if data is not None:
        with standard_output() as out:
            out.write(data)
    elif form == "text":
        with standard_output():
            for line in text(row, states, min(table.columns_of(sys.stdout), 100)):
                click.echo(line)
    else:
        left_out = ("text", "description", "authors", "modified")  # --revision N shows them
        row["revisions"] = [{name: state[name] for name in state if name not in left_out} for state in states]
        with standard_output():
            click.echo(json.dumps(row, ensure_ascii=False, indent=2))

def _at(row: queries.Row, states: list[queries.Row], number: int | None) -> queries.Row:
    """The article as it stood in a revision. What revisions do not keep (byline, tags, ...) is the newest."""
    if number is None or number == row["revision"]:
        return row
    for state in states:
        if state["revision"] == number:
            return row | {name: value for name, value in state.items() if name in row} | {"word_count": None}
    have = f"it has {len(states)}" if len(states) != 1 else "it has one"
    raise NotFound(f"revision {number} of article {row['id']}", have, "without --revision it is the newest")


def text(row: queries.Row, states: list[queries.Row], room: int) -> Iterator[str]:
    """The article for reading, and below a line what proves it."""
    bold, dim, reset = (table.BOLD, table.DIM, table.RESET) if table.styled(sys.stdout) else ("", "", "")
    for line in table.wrap(table.plain(row["title"] or "(no headline)"), room):
        yield bold + line + reset
    published = row["published"] or f"unknown; first seen {row['first_seen']}"
    facts = [
        row["kind"] != "article" and row["kind"].capitalize(), row["byline"],
        f"Published {published}", not unchanged(row) and f"modified {row['modified']}",
        row["source"] or row["site_name"], key(row["section"]) != key(row["kind"]) and row["section"], row["language"],
    ]  # fmt: skip
    yield from table.wrap(table.plain(" · ".join(fact for fact in facts if fact)), room)
    yield table.plain(row["url"])
    if row["description"] and key(row["description"]) not in (key(row["title"]), key(row["text"].partition("\n")[0])):
        yield ""
        yield from table.wrap(table.plain(row["description"]), room)
    for paragraph in table.plain(row["text"]).split("\n"):
        yield ""
        yield from table.wrap(paragraph, room)
    yield from comments(row, room, dim, reset)
    yield ""
    yield dim + "─" * min(room, 60) + reset
    for name, value in about(row):
        for line in table.wrap(table.plain(value), room - 11):
            yield f"{dim}{name:<10}{reset} {line}"
            name = ""
    for name, value in provenance(row, states):
        yield f"{dim}{name:<10}{reset} {table.plain(value)}"


def key(text: str | None) -> str:
    """A text without what two printings of it differ in."""
    return "".join(filter(str.isalnum, (text or "").casefold()))


def unchanged(row: queries.Row) -> bool:
    """Does the page name no other moment for its last change than for its publication?"""
    from datetime import datetime

    published, modified = row["published"], row["modified"]
    if not modified or modified == published:
        return True
    try:
        return datetime.fromisoformat(published or "") == datetime.fromisoformat(modified)
    except (ValueError, TypeError):  # a day beside a moment says less
        return False


def comments(row: queries.Row, room: int, dim: str, reset: str) -> Iterator[str]:
    """What readers wrote below it, where that was kept, apart from the text."""
    said = row["comments"] or ()
    if said:
        yield ""
        heading = counted(len(said), "readers' comment")
        yield f"{dim}── {heading} ──{reset}"
    for comment in said:
        yield ""
        for paragraph in table.plain(comment).split("\n"):
            yield from (f"  {line}" for line in table.wrap(paragraph, room - 2))


def about(row: queries.Row) -> Iterator[tuple[str, str]]:
    """What the page says of itself, where it says anything: by whom, from where, for whom."""
    issn = row["issn"] and f"ISSN {row['issn']}"
    published_by = row["publisher"] and ", ".join(filter(None, (row["publisher"], issn)))
    origin = ", ".join(filter(None, (row["origin"], row["origin_url"])))
    access = ": ".join(filter(None, (row["access"], row["access_evidence"])))
    alone = not row["publisher"] and row["issn"]
    told = (("tags", ", ".join(row["tags"])), ("dateline", row["dateline"]), ("origin", origin),
            ("publisher", published_by), ("ISSN", alone), ("access", access))  # fmt: skip
    yield from ((name, value) for name, value in told if value)
    for number, signal in enumerate([*row["rights"], *row["header_rights"]]):
        yield "" if number else "rights", signal


def provenance(row: queries.Row, states: list[queries.Row]) -> Iterator[tuple[str, str]]:
    """Where the text was read from, by what, and what else the archive has of it."""
    yield "article", f"{row['id']}, revision {row['revision']} of {len(states)}"
    yield "captured", row["captured"]
    yield "record", f"{row['warc_file']}, offset {row['warc_offset']}, length {row['warc_length']}"
    yield "", row["warc_record_id"]
    yield "payload", row["payload_digest"] or "no digest"
    yield "text", f"sha256:{row['text_digest']}"
    yield "read by", row["extractor"]
    yield "seen", f"{row['first_seen']} to {row['last_seen']}"
    if len(states) > 1:
        yield "revisions", ", ".join(f"{state['revision']}: {state['seen']}" for state in states)


def _bytes(db: sqlite3.Connection, folder: Path, row: queries.Row, form: str) -> bytes:
    """The record, or the page in it. Raises QueryError, NotFound, ArchiveDamaged, MorgueError."""
    if form == "html":
        from pipelines.playback import answer

        return answer(db, folder, row).body
    if sys.stdout.isatty():
        raise QueryError("--format warc", "is binary, and this is a terminal",
                         f"morgue show {row['id']} --format warc > {row['id']}.warc.gz")  # fmt: skip
    return member(folder, row)


def member(folder: Path, row: queries.Row) -> bytes:
    """The gzip member of the record, byte for byte. Raises NotFound, ArchiveDamaged."""
    from pipelines.warcread import OPEN, read_member

    path = folder / Path(row["warc_file"]).name
    read_member(path, row["warc_offset"], row["warc_length"])  # it must be one whole member
    with os_errors(str(path)):
        if not path.exists():  # still being written
            path = path.with_name(path.name + OPEN)
        with path.open("rb") as file:
            file.seek(row["warc_offset"])
            return file.read(row["warc_length"])
