"""Decide which blocks of a page are the text of its article.

Part of extraction, and may import the same. Start reading at `blocks`, then `classifier`; `model` evaluates the trees
of `model.json`.
"""
