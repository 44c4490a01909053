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
TRIGGERS = "75c2fa3ef87889e0874cd6c3d4a38acd7b4fb1cd91ab209120156b32cda44154"  # SHA-256
