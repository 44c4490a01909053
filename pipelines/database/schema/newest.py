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
)
TRIGGERS = "72df27ecc0c695c26ad2685ce0636faa202fc8d0883ee693e41d0dd6974896d5"  # SHA-256
