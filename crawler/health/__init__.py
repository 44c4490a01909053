"""Judge how well each source is watched, and tell the owner of each change once.

May import what engine may, and engine. Start reading at `reasons` (what is wrong), then `told_changes` (what of it is
news) and `notify` (where it is told). The queries are in `pipelines.database.health`.
"""
