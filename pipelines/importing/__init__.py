"""Import WARC, ARC and WACZ files of other programs.

May import core, warc, database, extraction, archive, session, takedown. Start reading at `pipeline`.
"""
