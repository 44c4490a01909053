"""Hold what `morgue` does on a fleet: a command runs for each shard that it is about. May import anything.

Start reading at `each_shard`; `routes` says which shards a command is about.
"""
