"""Read an archive from Python: search, count, tables for pandas, captures. Read-only.

Part of exports, and may import the same, but no format: `exports` itself imports it. Start reading at `archive`.
"""
