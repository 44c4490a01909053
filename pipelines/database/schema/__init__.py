"""Define the tables of the database by migrations, and describe them.

May import core, and `pipelines.fleet` for the numbers of rows. Start reading at `descriptions` (what each table and
column means); `migrations` has what is newest.
"""

UNFINISHED = "unfinished_upgrade"  # a table that is there while an upgrade in steps is not done
