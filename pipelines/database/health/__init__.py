"""Read how well each source is watched, and keep what the owner was told of it. Policy is in `crawler.health`.

May import core and the modules of database. Start reading at `facts` (the values).
"""
