"""Read and check `morgue.toml` and `sources/*.toml`, and find the archive folder.

May import core and extraction of pipelines. Start reading at `models`, where every key is declared once.
"""
