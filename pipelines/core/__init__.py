"""Provide values and helpers that know nothing of archives: items, errors, URLs, times, locks, workers.

Imports no other package of ours. Start reading at `items`.
"""
