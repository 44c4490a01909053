"""Move what belongs to sites from one archive to another, with its WARC records, and let the first one give it up.

May import what works on archives (core, warc, database, extraction, archive, session, takedown) and the layout of
fleets. Start reading at `belongings` (which rows move), then `arrival` (into an archive) and `departure` (out of one).
"""
