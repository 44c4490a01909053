"""Know what differs between languages: their scripts and frequent words, and which put no spaces between words.

Part of core, and may import the same. Start reading at `spaced_runs`. `lazy_patterns` is here because the largest
patterns are made of words.
"""
