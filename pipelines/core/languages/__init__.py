"""Know what differs between languages: their scripts and frequent words, and which put no spaces between words.

Part of core, and may import the same. `lazy_patterns` has nothing of its own to say on languages, but they have the largest patterns. Start
reading at `spaced_runs`.
"""
