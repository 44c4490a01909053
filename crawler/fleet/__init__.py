"""Look at a fleet as a whole: how its shards are. Read-only.

Part of crawler; may import the archive and crawler.config. Start reading at `status`.
"""
