"""Measure how well copies of a text are found, against pages that only look alike, and what that costs.

Needs the pages of quality_data (NEWSMORGUE_PAGES). The pairs are built by the rules of clusters_pairs out of the texts
that the extractor reads from these pages. Limits were chosen on half of the pages (`--half dev`); `test` is the other.

    python benchmarks/clusters.py [--half dev|test] [--texts FILE] [--methods] [--missed]

`--texts`: keep what is read in this file, because reading takes a minute. `--methods`: compare with MinHash LSH (rensa,
datasketch) and SimHash, as far as they are installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from clusters_pairs import COPIES, KnownPair, RealText, cut_inside, desk_edit, filled_form, known_pairs, stubs
from quality_data import DataFolder, read_bytes

from pipelines.clusters import pairing
from pipelines.clusters.comparison import TextComparison, comparison
from pipelines.clusters.shingles import shingles, tokens
from pipelines.clusters.signature import signature
from pipelines.clusters.verdict import COPIES as COPY_KINDS
from pipelines.clusters.verdict import pair_kind
from pipelines.database.clusters.upkeep import work_off_all
from pipelines.database.connection import open_database

EQUAL_NOTICES = 1_000


def read_texts(kept: Path | None) -> list[tuple[RealText, float]]:
    """Return the text of each page, with the CPU milliseconds that reading it took."""
    if kept and kept.exists():
        rows = list(map(json.loads, kept.read_text(encoding="utf-8").splitlines()))
        return [(RealText(row["id"], row["text"], row["language"]), row["ms"]) for row in rows]
    from pipelines.core.items import Article, Page
    from pipelines.extraction.entry import warm_up
    from pipelines.extraction.extract import timed_read

    warm_up()
    data, out = DataFolder.found(), []
    for record in (record for name in data.names() for record in data.records(name)):
        reading = timed_read(Page(record["url"] or "", read_bytes(data, record), "text/html"))
        if isinstance(found := reading.outcome, Article):
            out.append((RealText(record["id"], found.text, found.language), reading.ms))
    if kept:
        lines = [json.dumps(one._asdict() | {"ms": ms}) + "\n" for one, ms in out]
        kept.write_text("".join(lines), encoding="utf-8")
    return out


def without_repeats(texts: list[RealText]) -> list[RealText]:
    """Return the texts that share few lines with an earlier one: some pages are in two of the sets."""
    seen: set[str] = set()
    kept = []
    for one in texts:
        lines = {line for line in one.lines if len(line) >= 60}
        if len(lines & seen) < 0.3 * max(1, len(lines)):
            kept.append(one)
        seen |= lines
    return kept


def of_half(base: str, half: str) -> bool:
    """Return whether a page belongs to a half, by its id. Salted: the sets themselves are halved by such a hash."""
    return int(hashlib.sha256(f"clusters {base}".encode()).hexdigest(), 16) % 2 == (half == "test")


def judge_pairs(pairs: Iterable[KnownPair], missed: bool) -> None:
    """Print for each rule how many pairs are judged right, and the precision and recall over all."""
    right: dict[str, list[bool]] = defaultdict(list)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    counts: Counter[tuple[bool, bool]] = Counter()
    for pair in pairs:
        measured = comparison(pair.text, pair.other)
        kind = pair_kind(measured)
        said = kind in COPY_KINDS
        counts[pair.is_copy, said] += 1
        right[pair.rule].append(said == pair.is_copy)
        kinds[pair.rule][kind] += 1
        if missed and said != pair.is_copy:
            print("  wrong:", pair.rule, pair.base, kind, measured)
    print(f"{'rule':34} {'pairs':>5} {'right':>7}  judged as")
    for rule, results in right.items():
        said_as = ", ".join(f"{kind} {number}" for kind, number in kinds[rule].most_common())
        print(f"{rule:34} {len(results):5} {100 * statistics.fmean(results):6.1f}%  {said_as}")
    print(f"precision {counts[True, True] / (counts[True, True] + counts[False, True]):.4f}  "
          f"recall {counts[True, True] / (counts[True, True] + counts[True, False]):.4f}")  # fmt: skip


# -- a small archive, filed and compared in a database ----------------------------------------------------------------


def archive_of(texts: list[RealText], half: str) -> list[tuple[int, str, str, str]]:
    """Return the articles of an archive, shuffled: (id, source, text, name of the cluster it belongs to)."""
    bases = [one for one in texts if of_half(one.id, half) and len(one.text) >= 600]
    elsewhere = [one for one in texts if not of_half(one.id, half) and len(one.text) >= 600]
    chance, rows = random.Random(3), []
    for base in bases:
        other = chance.choice(elsewhere)  # what a paper adds of its own is not in the archive
        rows.append((f"real {base.id}", base.text, base.id))
        if chance.random() < 0.6:  # the others are met once
            for rule in chance.sample(sorted(COPIES), chance.randrange(1, 5)):
                rows.append((f"paper {chance.randrange(40)}", COPIES[rule](base, other, chance), base.id))
        if chance.random() < 0.5:
            mixed = desk_edit(0.25)(base._replace(text=cut_inside(base, other, chance)), other, chance)
            rows.append((f"paper {chance.randrange(40)}", mixed, base.id))
    for number, base in enumerate(bases[:150]):
        rows.append(("walled", stubs(base, bases[-1], chance)[0], f"stub {number}"))
        form = ("weather en", "weather de", "market en", "table en", "horoscope en", "weather zh")[number % 6]
        rows.append((form, filled_form(form, chance), f"form {number}"))
    for number in range(30):  # digests: the whole of five short texts
        five = [" ".join(one.lines)[:700] for one in chance.sample(bases, 5)]
        rows.append((f"paper {number}", "\n".join(five), f"digest {number}"))
    chance.shuffle(rows)
    return [(number, *row) for number, row in enumerate(rows, 1)]


class FiledArchive(NamedTuple):
    """Hold what filing articles into a database and comparing them came to."""

    pairs: list[tuple[int, int, str]]  # article, older article, kind, of the pairs that are kept
    clusters: list[set[int]]
    seconds: float  # CPU, of comparing
    compared: int
    bytes_added: int  # to the database file by the tables of copies


def file_all(rows: list[tuple[int, str, str, str]]) -> FiledArchive:
    """File the rows of articles in a database on disk, as large as a real one's, and compare them in groups."""
    with tempfile.TemporaryDirectory() as folder, closing(open_database(Path(folder) / "morgue.db")) as db:
        sources = {name: number for number, name in enumerate(sorted({row[1] for row in rows}), 1)}
        insert(db, "sources", [
            {"id": number, "name": name, "url": f"https://{number}.example/", "added": "2026-01-01T00:00:00Z"}
            for name, number in sources.items()
        ])  # fmt: skip
        insert(db, "captures", [
            {"id": 1, "url": "https://1.example/", "time": "2026-01-01T00:00:00.000000Z", "kind": "article",
             "file": "a", "offset": 0, "length": 1, "record_id": "a", "record_type": "response"}
        ])  # fmt: skip
        insert(db, "articles", [
            {"id": number, "place": number, "url_key": f"//a.example/{number}", "source_id": sources[source],
             "url": f"https://a.example/{number}", "authors": "[]", "tags": "[]", "text": text, "word_count": 1,
             "kind": "article", "extractor": "test", "text_digest": str(number), "capture_id": 1, "revision": 1,
             "first_seen": "2026-01-01T00:00:00Z", "last_seen": "2026-01-01T00:00:00Z"}
            for number, source, text, _ in rows
        ])  # fmt: skip
        compared, measure = 0, pairing.token_comparison

        def counted(here: list[str], there: list[str]) -> TextComparison:
            nonlocal compared
            compared += 1
            return measure(here, there)

        before = size_of(db)
        pairing.token_comparison = counted
        start = time.process_time()
        try:
            work_off_all(db, lambda done, total: None)
        finally:
            pairing.token_comparison = measure
        seconds = time.process_time() - start
        pairs = db.execute("SELECT other_id, article_id, kind FROM article_pairs").fetchall()
        groups: dict[int, set[int]] = defaultdict(set)
        for article, cluster in db.execute("SELECT article_id, cluster_id FROM cluster_members"):
            groups[cluster].add(article)
        return FiledArchive(pairs, list(groups.values()), seconds, compared, size_of(db) - before)


def insert(db: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows that have the same columns, in one transaction."""
    marks = ", ".join("?" * len(rows[0]))
    db.execute("BEGIN")
    db.executemany(f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({marks})", [[*row.values()] for row in rows])
    db.execute("COMMIT")


def size_of(db: sqlite3.Connection) -> int:
    """Return the bytes of the pages of a database that are in use."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def measure_archive(texts: list[RealText], half: str, ms: float, missed: bool) -> None:
    """Print precision and recall of pairs in one cluster, and the cost of an article against reading its page."""
    rows = archive_of(texts, half)
    made = file_all(rows)
    truth = {number: name for number, _, _, name in rows}
    said = {frozenset((a, b)) for cluster in made.clusters for a in cluster for b in cluster if a < b}
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, name in truth.items():
        by_name[name].append(number)
    true = {frozenset((a, b)) for group in by_name.values() for a in group for b in group if a < b}
    if missed:
        for one in list(said - true):
            print("  not one story:", [(rows[n - 1][1], rows[n - 1][3]) for n in one])
    print(f"archive of {len(rows)} articles: pairs in one cluster: true {len(true)}, found {len(said & true)}, "
          f"wrong {len(said - true)}; precision {len(said & true) / max(1, len(said)):.4f}, "
          f"recall {len(said & true) / len(true):.4f}")  # fmt: skip
    print(cost_of("archive of copies, forms and stubs", made, len(rows), ms))


def cost_of(what: str, made: FiledArchive, articles: int, ms: float) -> str:
    """Return the cost of an article beside reading its page, in CPU time and in bytes."""
    cost, size = 1000 * made.seconds / articles, made.bytes_added / articles
    return (f"{what}: {made.compared / articles:.2f} compared an article, {cost:.2f} CPU ms, "
            f"{100 * cost / ms:.1f} % of reading its page ({ms:.1f} ms), {size:.0f} bytes")  # fmt: skip


def measure_pages(pages: list[RealText], ms: float) -> None:
    """Print what is found among the real pages as they are, and the cost with no, few, and only equal copies."""
    rows = [(number, f"source {number % 40}", one.text, one.id) for number, one in enumerate(pages, 1)]
    made = file_all(rows)
    print(cost_of("real pages as they are", made, len(rows), ms))
    for article, older, kind in made.pairs:
        print(f"   {kind}: {pages[article - 1].id} and {pages[older - 1].id}")
    chance = random.Random(7)
    copied = [COPIES[chance.choice(sorted(COPIES))](one, chance.choice(pages), chance) for one in pages[::4]]
    rows += [(len(rows) + at, f"source {at % 40}", text, "") for at, text in enumerate(copied, 1)]
    print(cost_of("one in five a copy", file_all(rows), len(rows), ms))
    notice = min((one for one in pages if len(one.text) >= 600), key=lambda one: len(one.text))
    same = [(number, "one source", notice.text, "") for number in range(1, EQUAL_NOTICES + 1)]
    print(cost_of(f"{EQUAL_NOTICES} equal notices of one source", file_all(same), len(same), ms))


# -- other methods --------------------------------------------------------------------------------------------------


def word_set(text: str) -> list[str]:
    """Return the shingles that every method is given: three words, as the libraries' own examples have."""
    return sorted(one.decode("utf-8", "surrogatepass") for one in set(shingles(tokens(text), 3)))


def simhash_bands(text: str) -> list[Hashable]:
    """Return four bands of 16 bits of a 64-bit SimHash (Manku et al. 2007: at most three bits differ)."""
    sums = [0] * 64
    for one in word_set(text):
        value = int.from_bytes(hashlib.blake2b(one.encode(), digest_size=8).digest(), "big")
        for bit in range(64):
            sums[bit] += 1 if value >> bit & 1 else -1
    value = sum(1 << bit for bit in range(64) if sums[bit] > 0)
    return [(band, value >> 16 * band & 0xFFFF) for band in range(4)]


def methods() -> dict[str, Callable[[str], list[Hashable]]]:
    """Return for each method the function that gives the keys of a text; two texts with one key are candidates."""
    found: dict[str, Callable[[str], list[Hashable]]] = {
        "sampled shingles, 1 of 16": lambda text: list(signature(text).hashes),
        "SimHash 64, 4 bands": simhash_bands,
    }
    try:
        from rensa import RMinHash
    except ImportError:
        print("rensa is not installed: left out")
    else:

        def rensa_bands(size: int, text: str) -> list[Hashable]:
            made = RMinHash(num_perm=128, seed=42)
            made.update(word_set(text))
            values = made.digest()
            return [(start, *values[start : start + size]) for start in range(0, 128, size)]

        found["rensa MinHash 128, 32 bands of 4"] = partial(rensa_bands, 4)
        found["rensa MinHash 128, 64 bands of 2"] = partial(rensa_bands, 2)
    try:
        from datasketch import MinHash
    except ImportError:
        print("datasketch is not installed: left out")
    else:

        def datasketch_bands(text: str) -> list[Hashable]:
            made = MinHash(num_perm=128)
            made.update_batch([one.encode() for one in word_set(text)])
            values = made.hashvalues.tolist()
            return [(band, *values[4 * band : 4 * band + 4]) for band in range(32)]

        found["datasketch MinHash 128, 32 bands of 4"] = datasketch_bands
    return found


def compare_methods(pairs: list[KnownPair], texts: list[RealText]) -> None:
    """Print for each method which share of the copies have a key in common, and the cost and rows of a text."""
    copies = [pair for pair in pairs if pair.is_copy]
    for name, keys in methods().items():
        start, rows = time.process_time(), 0
        places: dict[Hashable, list[int]] = defaultdict(list)
        for number, one in enumerate(texts):
            for key in set(keys(one.text)):
                places[key].append(number)
                rows += 1
        cost = 1000 * (time.process_time() - start) / len(texts)
        by_chance = len({(a, b) for group in places.values() for a in group for b in group if a < b}) / len(texts)
        met: dict[str, list[bool]] = defaultdict(list)
        for pair in copies:
            met[pair.rule].append(not set(keys(pair.text)).isdisjoint(keys(pair.other)))
        print(f"{name}: {cost:.2f} ms and {rows / len(texts):.0f} rows a text, {by_chance:.2f} pairs of unlike pages")
        print("   met:", ", ".join(f"{rule} {100 * statistics.fmean(found):.0f} %" for rule, found in met.items()))


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("dev", "test"), default="test")
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--methods", action="store_true")
    parser.add_argument("--missed", action="store_true", help="print each pair that is judged wrong")
    options = parser.parse_args()
    read = read_texts(options.texts)
    texts = without_repeats([one for one, _ in read])
    print(f"{len(read)} pages read, {len(texts)} different texts")
    pairs = [pair for pair in known_pairs(texts) if of_half(pair.base, options.half)]
    if options.methods:
        compare_methods(pairs, texts)
        return
    judge_pairs(pairs, options.missed)
    measure_pages([one for one, _ in read], statistics.fmean(ms for _, ms in read))
    measure_archive(texts, options.half, statistics.fmean(ms for _, ms in read), options.missed)


if __name__ == "__main__":
    main()
