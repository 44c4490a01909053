"""Turn a page into an article, or into the reason why it has none.

Pure: bytes in, values out, no archive and no network. May import core. Start reading at `extract`. Worker processes
call `entry`, and `explain` records how a page is read.
"""
