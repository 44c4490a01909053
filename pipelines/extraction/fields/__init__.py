"""Choose the value of each metadata field among the claims of a page: title, authors, dates, site name.

Part of extraction, and may import the same. Start reading at `precedence` (which claim wins) and `candidates` (how).
"""
