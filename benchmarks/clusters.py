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
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from pathlib import Path

from clusters_pairs import COPIES, KnownPair, RealText, cut_inside, desk_edit, filled_form, known_pairs, stubs
from quality_data import DataFolder, read_bytes

from pipelines.clusters.candidates import MAX_POSTINGS, candidates
from pipelines.clusters.comparison import comparison
from pipelines.clusters.grouping import CopyPair, clusters
from pipelines.clusters.pairing import NearArticle, compared_pairs, is_worth_keeping
from pipelines.clusters.shingles import shingles, tokens
from pipelines.clusters.signature import signature
from pipelines.clusters.verdict import COPIES as COPY_KINDS
from pipelines.clusters.verdict import pair_kind

SCHEMA = """
CREATE TABLE text_signatures (article_id INTEGER PRIMARY KEY, shingles INTEGER NOT NULL, rows INTEGER NOT NULL) STRICT;
CREATE TABLE text_shingles (hash INTEGER NOT NULL, article_id INTEGER NOT NULL, PRIMARY KEY (hash, article_id))
  STRICT, WITHOUT ROWID;
"""


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


# -- a small archive, filed one article after the other ----------------------------------------------------------------


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


def file_all(rows: list[tuple[int, str, str, str]]) -> tuple[list[CopyPair], float, int, Counter[str]]:
    """File articles one by one; return pairs of copies, CPU seconds, articles compared, bytes of the tables."""
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    text_of = {number: text for number, _, text, _ in rows}
    source_of = {number: source for number, source, _, _ in rows}
    rows_of: dict[int, int] = {}
    pairs: list[CopyPair] = []
    compared, kinds = 0, Counter[str]()
    start = time.process_time()
    for number, source, text, _ in rows:
        made = signature(text)
        postings = [
            [one for (one,) in db.execute(
                "SELECT article_id FROM text_shingles WHERE hash = ? LIMIT ?", (hash_, MAX_POSTINGS))]
            for hash_ in made.hashes
        ]  # fmt: skip
        near = candidates(postings, len(made.hashes), rows_of)
        own = NearArticle(number, source, text)
        for pair in compared_pairs(own, [NearArticle(one, source_of[one], text_of[one]) for one in near]):
            compared += 1
            kinds[pair.kind] += 1
            if is_worth_keeping(pair):
                pairs.append(pair)
        rows_of[number] = len(made.hashes)
        db.execute("INSERT INTO text_signatures VALUES (?, ?, ?)", (number, made.shingles, len(made.hashes)))
        db.executemany("INSERT INTO text_shingles VALUES (?, ?)", [(hash_, number) for hash_ in made.hashes])
    return pairs, time.process_time() - start, compared, kinds


def measure_archive(texts: list[RealText], half: str, ms: float, missed: bool) -> None:
    """Print precision and recall of pairs in one cluster, and the cost of an article against reading its page."""
    rows = archive_of(texts, half)
    pairs, seconds, compared, kinds = file_all(rows)
    truth = {number: name for number, _, _, name in rows}
    said = {frozenset((a, b)) for cluster in clusters(pairs) for a in cluster for b in cluster if a < b}
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
    print(f"{compared / len(rows):.1f} compared an article: {dict(kinds)}")
    cost = 1000 * seconds / len(rows)
    start = time.process_time()
    for _, _, text, _ in rows:
        signature(text)
    signing = 1000 * (time.process_time() - start) / len(rows)
    print(f"signature {signing:.2f} ms, each comparison {(cost - signing) * len(rows) / max(1, compared):.2f} ms")
    print(f"cost {cost:.2f} CPU ms an article; reading its page {ms:.1f} ms: {100 * cost / ms:.1f} %")


def measure_pages(pages: list[RealText], ms: float) -> None:
    """Print what is found among the real pages as they are, and the cost where no, or one in five, is a copy."""
    rows = [(number, f"source {number % 40}", one.text, one.id) for number, one in enumerate(pages, 1)]
    found, seconds, compared, kinds = file_all(rows)
    print(f"real pages as they are: {compared} compared of {len(rows)}: {dict(kinds)}; "
          f"{100 * 1000 * seconds / len(rows) / ms:.1f} % of reading")  # fmt: skip
    for pair in found:
        print(f"   {pair.kind}: {pages[pair.article - 1].id} and {pages[pair.other - 1].id}")
    chance = random.Random(7)
    copied = [COPIES[chance.choice(sorted(COPIES))](one, chance.choice(pages), chance) for one in pages[::4]]
    rows += [(len(rows) + at, f"source {at % 40}", text, "") for at, text in enumerate(copied, 1)]
    _, seconds, compared, _ = file_all(rows)
    print(f"one in five a copy: {compared / len(rows):.2f} compared an article, "
          f"{100 * 1000 * seconds / len(rows) / ms:.1f} % of reading")  # fmt: skip


# -- other methods --------------------------------------------------------------------------------------------------


def word_set(text: str) -> list[str]:
    """Return the shingles that every method is given: three words, as the libraries' own examples have."""
    return sorted(set(shingles(tokens(text), 3)))


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
