"""Write one export format per file: `to_NAME.py` is `morgue export NAME`, and the folder is the registry.

May import what `exports` may. Start reading at `to_jsonl` (articles) or `to_warc` (captures).
"""
