"""Say what the newest schema is, so that `connection` opens a database that has it without the migrations.

Made from the migrations by `make docs`.
"""

MIGRATIONS = (
    "m001_first",
    "m002_reading",
    "m003_archive",
    "m004_journal",
    "m005_noting",
    "m006_health",
    "m007_declared_digests",
    "m008_disallowed_again",
    "m009_read_digests",
    "m010_scheduled",
    "m011_search_index",
    "m012_clusters",
    "m013_views",
    "m014_article_days",
    "m015_view_of_copies",
    "m016_marked_words",
    "m017_language_declared",
    "m018_line_kinds",
    "m019_page_parts",
    "m020_shards",
)
TRIGGERS = "63577ad3fcecd5ac92d02d8125dab3b596116f7361dbc18d025653a566f66902"  # SHA-256
