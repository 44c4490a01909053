"""Read what users type to select articles: queries, days and periods, values of filters. Pure; knows no database.

Part of database, and may import the same. Start reading at `parser` (the grammar); `tokens` splits a query before it,
`conditions` makes FTS5 and SQL of its tree, with `phrases` (an FTS5 expression of each word), `spelling` (how texts
spell it, too) and `index_terms` (what the index knows besides words). `days` reads periods, `values` what options and
fields have in common.
"""
