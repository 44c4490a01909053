"""Remove what is not the article by named rules: comment forms, newsletter prompts, share buttons, teasers.

Part of extraction, and may import the same. Start reading at `remove`; `block_rules` and `line_rules` hold the rules.
"""
