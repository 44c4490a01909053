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
)
TRIGGERS = "c88a50fb6d86f42c8c13fac3246e6164782722f2baca2a28fcb4d2ebed2ae268"  # SHA-256
