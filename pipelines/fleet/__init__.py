"""Know what a fleet is: many archives, its shards, that are run and read as one. Pure.

May import core. Start reading at `numbers`.
"""
