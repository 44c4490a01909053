"""Measure what exports cost: `python benchmarks/export.py [--articles 20000] [--keep DIR]`.

Fill an archive with generated articles (search_corpus.py), then write all of them as jsonl, csv and parquet: by `morgue
export`, and by the shortest programs that do it with the same columns in the same run. The plain program leaves JSON
columns as text and protects nobody from formulas; the equal one gives the same bytes as `morgue export` (for Parquet,
the same table), which is checked. Each is a process of its own. CPU time is its user and system time, less that of the
same program without a row. `--keep DIR` keeps the archive, and copies a database that `search.py --keep DIR` filled
with as many articles: `--articles 1000000 --keep DIR --runs 1` needs some 30 GB of disk. Exit code 1 if an aim is
missed; 77 without pyarrow and orjson.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import common
from common import MB, Check, measure, morgue_command, morgue_env, new_archive, show_checks, show_table, skip, workshop

from exports import column_types
from exports.dataset import columns
from exports.formats import to_csv, to_jsonl, to_parquet
from pipelines.database.connection import JSON_COLUMNS, open_database
from pipelines.database.queries import ARTICLE_COLUMNS, FROM_ARTICLES, chosen_columns

AIM_SHARE = 0.9  # of the speed of a program that gives the same output
AIM_MEMORY_MB = 500
SOURCES = 500
RUNS = 3  # of each program; the median counts
BATCH_ROWS = 5000  # of a row group of Parquet
COMPARED = ("morgue", "equal output")  # programs whose files are compared
NOTHING = "2999"  # a day from which on there is no article
# What pages say beside title and text. The generator has only what searches need.
DETAILS = """
    UPDATE articles SET authors = json_array(substr(byline, 4)), canonical_url = url,
           description = substr(text, 1, 160),
           tags = json_array('tag ' || (id % 900), 'tag ' || (id % 31)), section = 'section ' || (id % 12),
           site_name = 'Paper ' || source_id, publisher = 'Publisher ' || source_id, image = url || '/photo.jpg',
           published = published || 'T09:30:00+01:00', published_raw = published, published_from = 'json-ld',
           rights = CASE id % 5 WHEN 0 THEN '["robots: max-image-preview:large"]' ELSE '[]' END,
           found_in = CASE id % 3 WHEN 0 THEN '{"title":"og","published":"json-ld","authors":"json-ld"}'
                                  ELSE '{"title":"h1","published":"time","authors":"byline"}' END"""
KEYS = tuple(columns())
SELECT = f"SELECT {chosen_columns(ARTICLE_COLUMNS, KEYS)} FROM {FROM_ARTICLES} WHERE {{}} ORDER BY a.id"
BARE_SELECT = "SELECT * FROM articles a WHERE {}"


@dataclass(slots=True)
class Figures:
    """Hold what one program took for one format."""

    cpu: float  # seconds, less those of a run without rows
    start: float  # seconds of a run without rows
    wall: float  # seconds
    peak: int  # bytes


def kept_archive(folder: Path, articles: int) -> Path:
    """Return the archive with so many articles that is kept in a folder; make it if it is not there.

    A database that `search.py --keep` has filled there is copied instead of filled again.
    """
    archive, half = folder / f"export-{articles}", folder / f"export-{articles}.half"
    if archive.exists():
        return archive
    shutil.rmtree(half, ignore_errors=True)  # of a run that was stopped
    folder.mkdir(parents=True, exist_ok=True)
    fill(new_archive(folder, half.name) / "morgue.db", articles, folder / f"{articles}-{SOURCES}.db")
    half.rename(archive)
    return archive


def fill(path: Path, articles: int, filled: Path | None = None) -> None:
    """Write the articles into a new database, or copy those of a database that is `filled`; add the details."""
    import search

    if filled is not None and search.Archive(filled, articles).note.exists():
        with closing(sqlite3.connect(f"{filled.as_uri()}?mode=ro", uri=True)) as source:
            path.unlink()
            source.execute("VACUUM INTO ?", (str(path),))
    else:
        search.fill(search.Archive(path, articles), SOURCES)
    with closing(open_database(path)) as db:
        db.execute(DETAILS)
        db.execute("DELETE FROM changes")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# -- the programs that `morgue export` is compared with; each runs in a process of its own --------------


def rows_of(path: str, sql: str, where: str) -> sqlite3.Cursor:
    return sqlite3.connect(path).execute(sql.format(where))


def jsonl_plain(path: str, out: Path, where: str, sql: str = SELECT) -> None:
    from orjson import dumps

    cursor = rows_of(path, sql, where)
    names = [column[0] for column in cursor.description]
    with out.open("wb") as file:
        for row in cursor:
            file.write(dumps(dict(zip(names, row, strict=True))) + b"\n")


def jsonl_bare(path: str, out: Path, where: str) -> None:
    jsonl_plain(path, out, where, BARE_SELECT)


def jsonl_equal(path: str, out: Path, where: str) -> None:
    from orjson import dumps, loads

    with out.open("wb") as file:
        for row in rows_of(path, SELECT, where):
            values = dict(zip(KEYS, row, strict=True))
            for name in JSON_COLUMNS:
                if (text := values.get(name)) is not None:
                    values[name] = loads(text)
            line = dumps(values)
            if not line.isascii():
                text = line.decode()
                for sign, escaped in to_jsonl.LINE_ENDS.items():
                    text = text.replace(sign, escaped)
                line = text.encode()
            file.write(line + b"\n")


def csv_plain(path: str, out: Path, where: str) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(KEYS)
        writer.writerows(rows_of(path, SELECT, where))


def csv_equal(path: str, out: Path, where: str) -> None:
    def decoded(row: tuple[Any, ...]) -> Iterator[Any]:
        for name, value in zip(KEYS, row, strict=True):
            if value is not None and name in JSON_COLUMNS:
                value = json.loads(value)
                value = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else "; ".join(value)
            risky = isinstance(value, str) and to_csv.is_formula(value) and not to_csv.NUMBER.fullmatch(value)
            yield f"'{value}" if risky else value

    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(KEYS)
        writer.writerows(map(decoded, rows_of(path, SELECT, where)))


def parquet_plain(path: str, out: Path, where: str) -> None:
    import pyarrow
    from pyarrow import parquet

    kinds = {name: pyarrow.int64() for name in column_types.NUMBERS}
    shape = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in KEYS])
    _write_parquet(path, out, where, shape, parquet, pyarrow, lambda name, values: values)


def parquet_equal(path: str, out: Path, where: str) -> None:
    import pyarrow
    from pyarrow import parquet

    def converted(name: str, values: list[Any]) -> list[Any]:
        if name in column_types.LISTS:
            return [None if value is None else json.loads(value) for value in values]
        if name in (*column_types.TIMES, *column_types.DAYS):
            return pyarrow.array(values, pyarrow.string()).cast(column_types.arrow_schema([name]).types[0])
        return values

    _write_parquet(path, out, where, column_types.arrow_schema(KEYS), parquet, pyarrow, converted)


def _write_parquet(path: str, out: Path, where: str, shape: Any, parquet: Any, arrow: Any, of: Callable) -> None:
    cursor = rows_of(path, SELECT, where)
    with parquet.ParquetWriter(out, shape, compression="zstd", compression_level=to_parquet.ZSTD_LEVEL) as writer:
        while rows := cursor.fetchmany(BATCH_ROWS):
            columns = zip(shape, zip(*rows, strict=True), strict=True)
            arrays = [arrow.array(of(field.name, list(values)), field.type) for field, values in columns]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=shape), row_group_size=BATCH_ROWS)


PROGRAMS = {
    "jsonl": {
        "morgue": None, "equal output": jsonl_equal, "plain": jsonl_plain, "select *": jsonl_bare,
        "sqlite-utils": "--nl",
    },
    "csv": {"morgue": None, "equal output": csv_equal, "plain": csv_plain, "sqlite-utils": "--csv"},
    "parquet": {"morgue": None, "equal output": parquet_equal, "plain": parquet_plain},
}  # fmt: skip


def command_of(form: str, name: str, archive: Path, out: Path, *, empty: bool) -> list[str]:
    """Return the command line of a program, with or without rows."""
    program, database = PROGRAMS[form][name], str(archive / "morgue.db")
    where = "a.id < 0" if empty else "1"
    if program is None:
        chosen = ["--since", NOTHING] if empty else []
        return [*morgue_command(), "-C", str(archive), "export", form, str(out), "--force", *chosen]
    if isinstance(program, str):
        command = [sys.executable, "-m", "sqlite_utils", "query", database, SELECT.format(where), program]
        return ["sh", "-c", 'out=$1; shift; exec "$@" > "$out"', "sh", str(out), *command]
    return [sys.executable, __file__, "--one", program.__name__, database, str(out), where]


def figures_of(form: str, name: str, archive: Path, out: Path, runs: int) -> Figures:
    """Run a program several times with and without rows."""

    def run(*, empty: bool) -> common.Run:
        done = measure(
            command_of(form, name, archive, out, empty=empty), folder=out.parent, env=morgue_env(), timeout=7200
        )
        if done.code:
            sys.exit(f"{form}, {name}: exit code {done.code}: {done.output}")
        return done

    start = median(run(empty=True).cpu for _ in range(runs))
    done = [run(empty=False) for _ in range(runs)]
    cpu = median(one.cpu for one in done)
    return Figures(cpu - start, start, median(one.wall for one in done), max(one.peak for one in done))


def is_equal(form: str, ours: Path, theirs: Path) -> bool:
    """Return whether two files are the same bytes, or for Parquet the same table."""
    if form == "parquet":
        from pyarrow import parquet

        pairs = zip(*(parquet.ParquetFile(path).iter_batches(BATCH_ROWS) for path in (ours, theirs)), strict=True)
        return all(one.equals(other) for one, other in pairs)
    with ours.open("rb") as one, theirs.open("rb") as other:
        while (part := one.read(io.DEFAULT_BUFFER_SIZE * 128)) == other.read(io.DEFAULT_BUFFER_SIZE * 128):
            if not part:
                return True
    return False


def main() -> None:
    """Print the tables."""
    if sys.argv[1:2] == ["--one"]:
        name, path, out, where = sys.argv[2:]
        globals()[name](path, Path(out), where)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--formats", default=",".join(PROGRAMS))
    parser.add_argument(
        "--keep", metavar="DIR", help="keep the archive in DIR, and use what is there, also of search.py"
    )
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    if missing := [name for name in ("pyarrow", "orjson") if find_spec(name) is None]:
        skip(f"not installed: {', '.join(missing)} (pip install 'newsmorgue[parquet,fast]')")
    checks, measured = [], {}
    with workshop() as folder:
        archive = kept_archive(Path(given.keep).resolve() if given.keep else folder, given.articles)
        with closing(sqlite3.connect(archive / "morgue.db")) as db:
            (articles,) = db.execute("SELECT count(*) FROM articles").fetchone()
        print(f"{articles:,} articles, {(archive / 'morgue.db').stat().st_size / MB:,.0f} MB")
        for form in given.formats.split(","):
            found = {}
            for name in PROGRAMS[form]:
                out = folder / f"{name}.{form}"
                found[name] = figures_of(form, name, archive, out, given.runs)
                if name not in COMPARED:  # a million articles are some GB
                    out.unlink()
            ours = found["morgue"]
            share = found["equal output"].cpu / ours.cpu
            same = is_equal(form, folder / f"morgue.{form}", folder / f"equal output.{form}")
            for name in COMPARED:
                (folder / f"{name}.{form}").unlink()
            print(f"\n{form}")
            show_table(
                ("program", "rows/CPU s", "us a row", "morgue's speed / its", "CPU s", "start", "wall s", "peak MB"),
                [
                    [
                        name, f"{articles / one.cpu:.0f}", f"{one.cpu / articles * 1e6:.1f}",
                        f"{one.cpu / ours.cpu:.2f}", f"{one.cpu:.2f}", f"{one.start:.2f}", f"{one.wall:.2f}",
                        f"{one.peak / MB:.0f}",
                    ]
                    for name, one in found.items()
                ],
            )  # fmt: skip
            fast, small = share >= AIM_SHARE, ours.peak <= AIM_MEMORY_MB * MB
            checks += [
                Check(f"{form}: at least {AIM_SHARE} of the speed for the same output", fast, f"{share:.2f}"),
                Check(f"{form}: the same output", same, ""),
                Check(f"{form}: at most {AIM_MEMORY_MB} MB", small, f"{ours.peak / MB:.0f} MB"),
            ]
            measured |= {f"{form}, {name}": asdict(one) for name, one in found.items()}
    print()
    common.write_json(given.json, measured)
    sys.exit(0 if show_checks(checks) else 1)


if __name__ == "__main__":
    main()
