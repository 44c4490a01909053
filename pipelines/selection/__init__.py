"""Select the captures that leave the archive, and the rights that forbid it.

May import core, warc, database, extraction, archive. Start reading at `captures`; `exclusions` leaves out what is
reserved.
"""
