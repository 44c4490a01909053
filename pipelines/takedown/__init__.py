"""Remove pages, sections or sites from WARC files and database, and remember what was removed.

May import core, warc, database, extraction, archive. Start reading at `targets`, then `remove`.
"""
