"""Find and count the articles that match what a user asks. Read-only.

Part of database, and may import the same. Start reading at `hits`; `counts` has the numbers.
"""
