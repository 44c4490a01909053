"""Read what users type to select articles: queries, days and periods, values of filters. Pure; knows no database.

Part of database, and may import the same. Start reading at `parser` (the grammar); `tokens` splits a query before it,
`conditions` makes FTS5 and SQL of its tree, `phrases` an FTS5 expression of each word, `spelling` the spellings of it.
`days` reads periods, `values` what options and fields have in common.
"""
