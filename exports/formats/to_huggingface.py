"""Write a folder that `datasets.load_dataset(FOLDER)` loads: Parquet, a dataset card and Croissant metadata.

Card: https://huggingface.co/docs/hub/datasets-cards. Croissant 1.0: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from exports import Content, ExportInfo, Row
from exports.dataset import columns as meanings
from exports.folder_output import FolderOutput
from exports.formats import to_parquet
from exports.formats.croissant import croissant
from exports.formats.to_markdown import yaml_value
from exports.row_choice import COPY, UNDATED

name = "huggingface"
media_type = "application/vnd.apache.parquet"
suffix = ""
reads = ("source", "language", "rights", "header_rights", "published_day", "captured")
refused_splits = {"all": "which `datasets` takes for all splits together"}

ONLY_SPLIT = "train"  # as `datasets` calls a dataset that is not divided
CARD_NAME = "README.md"
CROISSANT_NAME = "croissant.json"
MAX_NAMED = 50  # sources or languages in a table of the card; further ones are counted together
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M"))
UNKNOWN = "unknown"
NOTHING_RESERVED = "Nothing was left out for reserved rights: no row that was selected had them."
WITHOUT_VALUE = {  # filters -> what they leave out besides
    frozenset(("language",)): "Articles whose language was not recognised are not in it.",
}
NOT_JUDGED = "No row was left out for reserved rights, because that was not asked for."
COLLECTED = """## How it was collected

Pages of news sites were fetched over HTTP and recorded in WARC files. The articles were read from these records."""
RECORD_COLUMNS = ("warc_file", "warc_offset", "warc_record_id")  # which name the record of a row
RIGHTS_COLUMNS = ("rights", "header_rights")
NOTHING_TO_LOAD = "## Load it\n\nThere is nothing to load: no article was selected, and the folder has no Parquet file."
LOADING = """## Load it

```python
from datasets import load_dataset

articles = load_dataset("path/of/this/folder")
```"""


class Census:
    """Count what the card says of the rows: sources, languages, days, signals on use."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()  # by split
        self.sources: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.signals: Counter[str] = Counter()  # rows that have a signal, by signal
        self.days: list[str] = []  # the first and the last day of publication
        self.undated = 0
        self.last_capture = ""

    def watch(self, split: str, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the same rows and count them."""
        for row in rows:
            self.rows[split] += 1
            self.sources[row["source"] or UNKNOWN] += 1
            self.languages[row["language"] or UNKNOWN] += 1
            self.signals.update({*(row["rights"] or ()), *(row["header_rights"] or ())})
            if (day := row["published_day"]) is not None:
                self.days = [min(day, *self.days[:1]), max(day, *self.days[1:])] if self.days else [day, day]
            else:
                self.undated += 1
            self.last_capture = max(self.last_capture, row["captured"] or "")
            yield row


def fill(content: Content, folder: FolderOutput) -> dict[str, Any]:
    """Write data/SPLIT.parquet for each part that has rows, then the card and the Croissant file.

    `datasets` refuses to load a split without rows, and with it all others. So such a split has no file.
    """
    census, files, columns, about = Census(), {}, content.columns, content.about
    for part, rows in content.parts:
        split = part or ONLY_SPLIT
        census.rows[split] = 0
        waiting = iter(rows)
        if (first := next(waiting, None)) is None:
            continue
        path = f"data/{split}.parquet"
        with folder.open(path) as out:
            to_parquet.write(census.watch(split, chain([first], waiting)), out, columns)
        files[split] = (path, folder.digests[path])
    folder.add(CARD_NAME, card(census, files, columns, about).encode("utf-8", "replace"))
    described = croissant(about["archive"], _summary(census, about), files, columns, census.last_capture[:10] or None)
    folder.add(CROISSANT_NAME, json.dumps(described, ensure_ascii=False, indent=2).encode() + b"\n")
    return {"card": CARD_NAME, "croissant": CROISSANT_NAME}


def card(
    census: Census, files: Mapping[str, tuple[str, str]], columns: Sequence[str], about: ExportInfo
) -> str:  # fmt: skip
    """Return the dataset card: YAML front matter, and what a person wants to know before using the dataset."""
    total = census.rows.total()
    size = next((words for limit, words in SIZES if total < limit), "n>10M")
    front: dict[str, Any] = {
        "pretty_name": f"News articles from {about['archive']}",
        "language": sorted(code for code in census.languages if code != UNKNOWN),
        "license": "other",
        "size_categories": [size],
        "tags": ["news", "croissant"],
    }
    if files:
        parts = [{"split": split, "path": path} for split, (path, _) in files.items()]
        front["configs"] = [{"config_name": "default", "data_files": parts}]
    sections = [
        "---\n" + "".join(f"{key}: {yaml_value(value)}\n" for key, value in front.items()) + "---",
        f"# {front['pretty_name']}",
        _summary(census, about),
        LOADING if files else NOTHING_TO_LOAD,
        "## Splits\n\n" + _table(("split", "rows"), census.rows.items()) + _split_words(census, about),
        COLLECTED + _named(RECORD_COLUMNS, columns, " {} of a row {} the record that it was read from."),
        "## What was selected and left out\n\n" + _selection(about),
        "## Rights and licence\n\nThe texts belong to their authors and publishers, and this dataset gives no licence "
        "for them."
        + _named(RIGHTS_COLUMNS, columns, " {} of a row {} what its page and HTTP headers say on use.", "keep")
        + ("\n\n" + _table(("signal", "rows"), _common(census.signals)) if census.signals else ""),
        "## Sources\n\n" + _table(("source", "rows"), _common(census.sources)),
        "## Languages\n\n" + _table(("language", "rows"), _common(census.languages)),
        "## Fields\n\n" + _fields(columns),
    ]
    return "\n\n".join(sections) + "\n"


def _summary(census: Census, about: ExportInfo) -> str:
    what = "revisions of articles" if about.get("revisions") == "all" else "articles"
    days = f", published from {census.days[0]} to {census.days[1]}" if census.days else ""
    days += f" ({census.undated:,} without a date)" if census.undated else ""
    sources = len(census.sources)
    return f"{census.rows.total():,} {what} of {sources:,} source{'' if sources == 1 else 's'}{days}."


def _named(names: Sequence[str], columns: Sequence[str], sentence: str, word: str = "name") -> str:
    """Return a sentence about those of `names` that are columns; "" if none is."""
    there = [f"`{name}`" for name in names if name in columns]
    if not there:
        return ""
    subject = ", ".join(there[:-1]) + " and " + there[-1] if len(there) > 1 else there[0]
    return sentence.format(subject, word if len(there) > 1 else f"{word}s")


def _fields(columns: Sequence[str]) -> str:
    """Return the table of columns, and the names of those that were left out."""
    explained = meanings()
    table = _table(("field", "meaning"), ((f"`{name}`", explained[name]) for name in columns))
    missing = ", ".join(f"`{name}`" for name in explained if name not in columns)
    return table + (f"\n\nLeft out of what is known of each article: {missing}." if missing else "")


def _split_words(census: Census, about: ExportInfo) -> str:
    if not about.get("split"):
        return ""
    empty = ", ".join(f"`{split}`" for split, rows in census.rows.items() if not rows)
    return (f"\n\nA split without rows cannot be loaded, and has no file: {empty}." if empty else "") + (
        f"\n\nDivided at random by article (`{about['split']}`, seed {about['seed']}): all revisions of an article, "
        "and all copies of a text that were found, are in the same split."
    )


def _selection(about: ExportInfo) -> str:
    given = {"query": about.get("query")} | dict(about.get("filters", {}))
    given |= {name: about.get(name) for name in ("sample", "dedupe")}
    used = {name: value for name, value in given.items() if value not in (None, [], False)}
    if "sample" in used:
        used["seed of the sample"] = about["seed"]
    lines = [f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in used.items()]
    selected = "\n".join(lines) or "Everything that the archive holds was selected."
    paragraphs, left_out = [selected], Counter[str](about.get("left_out", {}))
    paragraphs += [sentence for names, sentence in WITHOUT_VALUE.items() if used.keys() & names]
    if left_out:
        paragraphs.append(_table(("left out", "rows"), _common(left_out)))
    if not used.keys() & {"without_reserved", "without_signals"}:
        paragraphs.append(NOT_JUDGED)
    elif not left_out.keys() - {COPY, UNDATED}:
        paragraphs.append(NOTHING_RESERVED)
    return "\n\n".join(paragraphs)


def _plain(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "yes" if value is True else str(value)
    return f"`{' '.join(text.split()).replace('`', ' ')}`"


def _common(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    yield from ordered[:MAX_NAMED]
    if rest := ordered[MAX_NAMED:]:
        yield f"{len(rest):,} others", sum(count for _, count in rest)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(str(cell).replace("|", r"\|").split()) for cell in line) + " |" for line in lines
    )
