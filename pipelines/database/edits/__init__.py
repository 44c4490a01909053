"""Decide what is an edit of an article and what is noise, compare two texts by words, and list edits.

Part of database, and may import the same. Start reading at `difference`, which decides; `counters` and `template_lines`
know the noise, `word_diff` compares words, `filing` judges a new reading, `chains` mends what is filed, `edit_list`
answers questions. `stand_in_evidence` finds pages that are no state of their article.
"""
