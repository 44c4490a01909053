"""Read our exports with other people's libraries, in the environment of `make tools`, where this file is run.

`python dataset_readers.py FOLDER` prints what each reader found, as JSON; for one that is not installed its name under
"missing". FOLDER: as tests/exports/formats/test_readers.py makes it. No test runs it twice: imports take seconds.
"""

import json
import sys
from pathlib import Path


def read_by_pandas(folder):
    import pandas

    parquet, csv = pandas.read_parquet(folder / "a.parquet"), pandas.read_csv(folder / "a.csv")
    lines = pandas.read_json(folder / "a.jsonl.gz", lines=True)
    return {
        "rows": [len(parquet), len(csv), len(lines)],
        "columns": [list(table.columns) == list(parquet.columns) for table in (csv, lines)],
        "texts": [list(table["text"]) == list(parquet["text"]) for table in (csv, lines)],
        "days": [str(pandas.to_datetime(table["published_day"]).min().date()) for table in (parquet, csv, lines)],
        "captured": str(parquet["captured"].dtype),
        "by source": pandas.read_parquet(folder / "parts" / "data").groupby("source", observed=True).size().to_dict(),
        "excel": list(pandas.read_csv(folder / "excel.csv").columns[:1]),
        "metadata": len(pandas.read_csv(folder / "txt" / "metadata.csv")),
    }


def read_by_polars(folder):
    import polars

    tables = [
        polars.read_parquet(folder / "a.parquet"),
        polars.scan_parquet(folder / "parts" / "data", hive_partitioning=True).collect(),
        polars.read_csv(folder / "a.csv", infer_schema_length=None),
        polars.read_ndjson(folder / "a.jsonl.gz", infer_schema_length=None),
    ]
    return {
        "rows": [table.height for table in tables],
        "ids": [sorted(table["id"].to_list()) == list(range(1, 40)) for table in tables],
        "authors": tables[0]["authors"].to_list()[4],
    }


def read_by_duckdb(folder):
    import duckdb

    ask = lambda sql: duckdb.sql(sql).fetchall()  # noqa: E731
    files = [f"'{folder}/a.parquet'", f"read_csv('{folder}/a.csv')", f"read_json('{folder}/a.jsonl.gz')"]
    parts = f"'{folder}/parts/data/**/*.parquet'"
    return {
        "rows": [ask(f"SELECT count(*) FROM {file}")[0][0] for file in [*files, parts]],
        "texts": [ask(f"SELECT md5(string_agg(text ORDER BY id)) FROM {file}") for file in files],
        "shimbun": ask(f"SELECT count(*) FROM {parts} WHERE source = 'shimbun' AND month = '2024-02'")[0][0],
        "authors": ask(f"SELECT authors[1] FROM '{folder}/a.parquet' WHERE id = 5")[0][0],
    }


def read_by_datasets(folder):
    import datasets

    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(str(folder / "hf"), cache_dir=str(folder / "cache"))
    other = datasets.load_dataset(str(folder / "empty split"), cache_dir=str(folder / "cache"))
    return {
        "rows": {name: split.num_rows for name, split in loaded.items()},
        "empty split": {name: split.num_rows for name, split in other.items()},
        "authors": next(row["authors"] for split in loaded.values() for row in split if row["id"] == 5),
        "captured": str(loaded["train"].features["captured"].dtype),
    }


def read_by_mlcroissant(folder):
    import mlcroissant

    described = mlcroissant.Dataset(jsonld=str(folder / "hf" / "croissant.json"))
    issues = described.metadata.ctx.issues
    rows = list(described.records("train"))
    return {
        "errors": sorted(issues.errors),
        "warnings": sorted(issues.warnings),
        "rows": len(rows),
        "url": rows[0]["train/url"].decode(),
    }


READERS = {
    "pandas": read_by_pandas,
    "polars": read_by_polars,
    "duckdb": read_by_duckdb,
    "datasets": read_by_datasets,
    "mlcroissant": read_by_mlcroissant,
}


def main() -> None:
    """Print what all of them found."""
    found = {}
    for name, read in READERS.items():
        try:
            found[name] = read(Path(sys.argv[1]))
        except ModuleNotFoundError as error:
            found[name] = {"missing": error.name}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
