"""Show numbers of articles on a terminal: tables, bars and sparklines. May import anything.

Start reading at `count_table` (for `morgue count`) or `facet_bars` (for `morgue search --facet`).
"""
