"""Know how a fleet is laid out: an archive of many archives, its shards, each of which owns the sites given to it.

Pure but for reading and writing `fleet.toml`; knows no database. May import core. Start reading at `layout`.
"""
