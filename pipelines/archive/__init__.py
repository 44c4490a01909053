"""Write WARC files and database together, by one process; read captures back through both.

May import core, warc, database, extraction. Start reading at `writer`, then `group_commit` and `crash_recovery`.
"""
