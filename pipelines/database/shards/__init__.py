"""Read the databases of several archives, the shards of a fleet, as one. Read-only.

Numbers of rows are unique in a fleet, so one selection of articles holds for every shard. Start reading at `databases`;
`merged_places` has the order of matches, `merged_counts` their numbers over time, and `relevance` makes ranks of shards
comparable.
"""
