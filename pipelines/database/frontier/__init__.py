"""Read and write the table `frontier`: the crawler's queue of URLs, as rows. Policy is in `crawler.frontier`.

May import core and the modules of database. Start reading at `rows` (the values), then `table` (the questions).
"""
