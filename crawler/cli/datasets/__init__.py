"""Hold what `morgue export` does for articles. May import anything.

Start reading at `articles`.
"""
