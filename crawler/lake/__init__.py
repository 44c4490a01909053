"""Read the articles of WARC files where they lie, without copying them: `morgue import --in-place`.

An item is one WARC file of a folder or bucket, its output one Parquet file of readings. May import importing, exports,
work, config and onboarding, and what these may. Start reading at `lake_run`; an item is `read_file`.
"""
