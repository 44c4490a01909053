"""Parse a page: bytes to text, text to tree, and what the tree declares about itself (JSON-LD, meta, microdata).

Part of extraction, and may import the same. Start reading at `parse`, then `declared`.
"""
