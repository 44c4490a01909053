"""Tell errors of one record from errors of the run: the first cost that record, the second end the import."""

from __future__ import annotations

import logging
import sqlite3

from pipelines.core.errors import MorgueError

logger = logging.getLogger("morgue.importing")

MAX_ERROR_CHARS = 200  # of the text of an error


class ReaderStopped(Exception):
    """Say that the reader thread is to end."""


# Errors of the archive, the machine or the user's wish. Any other error that is raised while a record is handled is
# taken for a fault of this record: it is reported as damaged, and the import goes on.
ERRORS_OF_THE_RUN = (MorgueError, OSError, sqlite3.Error, MemoryError, ReaderStopped)


def unexpected(error: Exception) -> str:
    """Return what to say of a record that a library, or our code, stumbles over. Raises an error of the run again."""
    if isinstance(error, ERRORS_OF_THE_RUN):
        raise error
    about = {"error": repr(error)}
    logger.debug("an unexpected error about a record: %(error)s", about, exc_info=error)
    text = " ".join(str(error).split())[:MAX_ERROR_CHARS]
    return f"cannot be handled: {type(error).__name__}" + (f" ({text})" if text else "")
