"""Read what users type to select articles: days and periods. Pure; knows no database.

Part of database, and may import the same. Start reading at `days`.
"""
