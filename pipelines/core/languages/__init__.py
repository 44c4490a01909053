"""Know what differs between languages: which scripts put no spaces between words.

Part of core, and may import the same. Start reading at `spaced_runs`.
"""
