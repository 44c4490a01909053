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
    "m012_clusters",
)
TRIGGERS = "9a6f0513e0734a62611bbdb6dbba262da1ec30b41ec4a42bd0b20ff9804763ea"  # SHA-256
