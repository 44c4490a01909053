"""Make the database again from the WARC files, and read stored pages again with a newer extractor.

May import core, warc, database, extraction, archive, session, takedown. Start reading at `rebuild`.
"""
