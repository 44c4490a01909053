"""Look a new site over for `morgue add`, and make rules for it in `morgue sample`.

May import core, warc, database, extraction, archive, session and takedown of pipelines, and config, discovery, http and
middleware of crawler. Start reading at `probe`.
"""
