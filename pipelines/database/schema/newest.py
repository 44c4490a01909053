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
    "m015_view_of_copies",
)
TRIGGERS = "3e22bcca210f29abb4d17ee3b6b5de0a37852a06d03f1161e8b66a75064f406f"  # SHA-256
