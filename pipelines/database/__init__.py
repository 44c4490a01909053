"""Define the SQLite database, write its rows and answer questions about them; know no WARC.

May import core. Start reading at `descriptions` (what is in it), then `store` (rows in) and `queries` (answers out).
"""
