"""Keep in the folder of a fleet what is being moved, so that the same command goes on after a kill."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.core import safe_open
from pipelines.core.errors import ArchiveDamaged, ArchiveLocked, ConfigError, os_errors

PLAN_NAME = "fleet.moving.toml"
MAX_PLAN_BYTES = 100_000
LOCK_NAME = "fleet.lock"  # held while rows move
COPYING, TAKING_OUT = "copying", "taking out"  # steps of a move


@dataclass(frozen=True, slots=True)
class MovingPlan:
    """Say what is under way: a split of archives into a new fleet, or the move of a site to another shard."""

    what: tuple[str, ...]  # of a split: states of the archives; of a move: the site
    shards: tuple[int, ...]  # of a split: how many; of a move: from which, to which
    id: str = ""  # of a split: of the new fleet
    step: str = COPYING
    done: tuple[int, ...] = field(default=())  # of a split: shards that are finished

    def write(self, folder: Path) -> None:
        """Write the plan in one step. Raises MorgueError."""
        path = folder / PLAN_NAME
        with os_errors(str(path)):
            with safe_open.draft(path) as draft:
                draft.write(self._text().encode())
            safe_open.sync_folder(folder)

    def _text(self) -> str:
        texts = ", ".join(f'"{text}"' for text in self.what)
        return (
            "# Written by morgue while it moves rows; it is deleted at the end.\n"
            f'what = [{texts}]\nshards = {[*self.shards]}\nid = "{self.id}"\nstep = "{self.step}"\n'
            f"done = {[*self.done]}\n"
        )

    def is_sound(self) -> bool:
        """Return False for a plan that is neither of a split nor of a move."""
        if self.id:
            return len(self.shards) == 1
        return len(self.what) == 1 and len(self.shards) == 2 and self.step in (COPYING, TAKING_OUT)

    def of_move(self) -> str:
        """Return which site moves."""
        return f"{self.what[0]} is being moved from shard {self.shards[0]} to {self.shards[-1]}"

    def cure_of_move(self) -> str:
        """Return what ends a move."""
        return f"morgue fleet move {self.what[0]} --to {self.shards[-1]}"

    def with_done(self, shard: int) -> MovingPlan:
        """Return the plan after a shard was finished."""
        return replace(self, done=(*self.done, shard))


def plan_in(folder: Path) -> MovingPlan | None:
    """Return the plan in a folder, or None if nothing is being moved. Raises ArchiveDamaged, MorgueError."""
    path = folder / PLAN_NAME
    with os_errors(str(path)):
        try:
            data = safe_open.read_bytes(path, MAX_PLAN_BYTES)
        except FileNotFoundError:
            return None
    try:
        values: Mapping[str, Any] = tomllib.loads(data.decode())
        plan = MovingPlan(
            tuple(map(str, values["what"])), tuple(map(int, values["shards"])), str(values["id"]), str(values["step"]),
            tuple(map(int, values["done"])),
        )  # fmt: skip
        if not plan.is_sound():
            raise ValueError("neither a split nor a move")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        cure = "put back a copy of it; without one, docs/splitting.md says what to write into it"
        raise ArchiveDamaged(str(path), "does not say what is being moved", cure) from error
    return plan


def end_plan(folder: Path) -> None:
    """Note that all is moved. Raises MorgueError."""
    with os_errors(str(folder / PLAN_NAME)):
        (folder / PLAN_NAME).unlink(missing_ok=True)


def must_be_still(folder: Path, shard: int | None = None) -> None:
    """Raise ArchiveLocked if rows of a shard (None: of any) move, or did when the move was stopped. Raises MorgueError.

    What a crawl brought in between would be taken out without a copy, or be replaced by what was there before.
    """
    plan = plan_in(folder)
    if plan is None:
        return
    if plan.id:
        cause, cure = "is being made", "wait for it; if it was stopped, give the same `morgue fleet split` again"
        raise ArchiveLocked(str(folder), cause, cure)
    if shard is None or shard in plan.shards:
        cure = f"wait for it; if it was stopped, finish it: {plan.cure_of_move()}"
        raise ArchiveLocked(str(folder), plan.of_move(), cure, is_suspicious=True)


def must_be_going_on(plan: MovingPlan | None, site: str, target: int, folder: Path) -> None:
    """Raise ConfigError if something else than this move was under way in a fleet, and was stopped."""
    if plan is None or (not plan.id and (plan.what, plan.shards[-1]) == ((site,), target)):
        return
    if plan.id:
        raise ConfigError(
            str(folder), "is being made, and that was stopped", "give the same `morgue fleet split` again"
        )
    raise ConfigError(str(folder), f"{plan.of_move()}, and that was stopped", f"finish it first: {plan.cure_of_move()}")
