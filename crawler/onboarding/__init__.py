"""Look a new site over for `morgue add`, and make rules for it in `morgue sample`.

May import core, warc, database, extraction, archive of pipelines, and exports, config, discovery, http. Start reading
at `probe`.
"""
