"""Classify an article: genre, origin, agency credits, dateline, paywall, rights.

Part of extraction, and may import the same. Start reading at `genre` or `origin`.
"""
