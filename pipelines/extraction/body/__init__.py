"""Decide which blocks of a page are the text of its article.

Part of extraction, and may import the same. Start reading at `blocks`, then `classifier`. `features` describes
blocks with numbers, `model` scores them with the trees of `model.json`, and `training` makes that file.
"""
