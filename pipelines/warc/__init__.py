"""Read and write the WARC format and the WARC files of an archive; know no database.

May import core. Start reading at `record` (one record), then `storage` (files), `writer` and `reader`.
"""
