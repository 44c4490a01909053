"""Open the archives of a fleet, its shards, as one archive. Part of exports, and may import the same.

Questions are merged in `pipelines.database.shards`; `Archive` uses `connections` if a folder is a fleet.
"""
