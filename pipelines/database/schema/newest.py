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
)
TRIGGERS = "36674c6f2d7ac0c940d0a6f8c3c5e7401a71cd68eff6042501c090695aa41701"  # SHA-256
