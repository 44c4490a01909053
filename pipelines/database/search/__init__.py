"""Find and count the articles that match what a user asks. Read-only.

Part of database, and may import the same. Start reading at `hits`: `ranking` has their order, `snippets` the passages.
`counts` has the numbers, with `place_counts` for those by day. `facets` counts by more keys, `attention` over time.
"""
