"""Keep the copies of each text as rows, and answer questions about them.

`upkeep` compares the articles that are new or changed with older ones: start reading there. `regrouping` makes clusters
of what was found. `copies` and `cluster_list` only read. May import what `pipelines.database` may.
"""
