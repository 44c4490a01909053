"""Check WARC files, manifest, records and database against each other.

May import core, warc, database, extraction, archive. Start reading at `verify`.
"""
