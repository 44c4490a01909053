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
)
TRIGGERS = "3f23453921b6bbada9b5529bdd5a8a8a41904e31419fe83398c0a9f4c182109d"  # SHA-256
