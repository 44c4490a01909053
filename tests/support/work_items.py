"""Functions that tests run as items of work. Those that take a folder note there that they ran."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any


def squared(number: int) -> int:
    """Return the square; no number gives a square of 13."""
    if number == 13:
        raise ValueError("13 is not squared")
    return number * number


def once_alone(about: dict[str, Any]) -> int:
    """Die or hang at the first attempt, as `about["how"]` says, and return the process id at the second."""
    mark = Path(about["folder"]) / f"tried-{about['name']}"
    first = not mark.exists()
    with mark.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if first and about["how"] == "die":
        os.kill(os.getpid(), 9)
    if about["how"] == "always die" or (first and about["how"] == "hang"):
        time.sleep(600) if about["how"] == "hang" else os.kill(os.getpid(), 9)
    if first and about["how"] == "slow":
        time.sleep(about["seconds"])
    return os.getpid()


def parent_of(_sign: int) -> int:
    """Return the id of the process that gave this one the item: the Dask worker."""
    return os.getppid()


def by_process_id(signs: list[int]) -> list[int]:
    """Return how near items are to this worker: those of sign 1 to the highest process id, of -1 to the lowest."""
    return [sign * os.getpid() for sign in signs]


def tidy(folder: str) -> None:
    """Hang, and note that the end was clean."""
    try:
        (Path(folder) / "begun").write_text(str(os.getpid()))
        time.sleep(600)
    finally:
        (Path(folder) / "tidied").write_text("")
