"""Test where work runs: in processes of this machine, as a part, and what a bad item costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.work.map_items import map_items
from crawler.work.values import DIED, RAISED, TIMED_OUT, WorkPart, WorkPlace
from pipelines.core.errors import ConfigError
from tests.support.command import ROOT, environment
from tests.support.waiting import wait_until

ITEMS = "tests.support.work_items"
SQUARED, ONCE = f"{ITEMS}:squared", f"{ITEMS}:once_alone"


def test_exception_costs_its_own_item_and_is_not_tried_again():
    """All others have their results, whatever their order."""
    results = {result.item.argument: result for result in map_items(SQUARED, range(11, 15), WorkPlace(workers=2))}
    assert {number: result.value for number, result in results.items()} == {11: 121, 12: 144, 13: None, 14: 196}
    failure = results[13].failure
    assert failure is not None
    assert (failure.why, failure.detail, results[13].attempts) == (RAISED, "ValueError: 13 is not squared", 1)
    assert "in squared" in failure.trace


def test_item_that_dies_or_hangs_is_run_again(tmp_path: Path):
    """It is run a bounded number of times; then it is a failure, and the others are not touched."""
    cases = [{"folder": str(tmp_path), "name": how, "how": how} for how in ("die", "hang", "always die", "none")]
    place = WorkPlace(workers=4)
    results = {one.item.argument["how"]: one for one in map_items(ONCE, cases, place, seconds=6.0)}
    assert {how: one.attempts for how, one in results.items()} == {"die": 2, "hang": 2, "always die": 3, "none": 1}
    assert [how for how, one in results.items() if one.failure] == ["always die"]
    failure = results["always die"].failure
    assert failure is not None
    assert (failure.why, failure.detail) == (DIED, "signal 9")
    assert not any(is_alive(int(line)) for path in tmp_path.iterdir() for line in path.read_text().split())


def test_item_that_always_hangs_says_so(tmp_path: Path):
    """Its time is told, so that the user can judge whether it was too short; before it is killed, it may tidy up."""
    (result,) = map_items(f"{ITEMS}:tidy", [str(tmp_path)], WorkPlace(attempts=1), seconds=3.0)
    assert (tmp_path / "tidied").exists()
    assert result.failure is not None
    assert (result.failure.why, str(result.failure)) == (TIMED_OUT, "timed out (no end after 3 s)")


def test_parts_are_all_items_and_none_twice():
    """The number of an item is its number among all items."""
    whole = set()
    for number in range(2):
        for result in map_items(SQUARED, range(3), WorkPlace(part=WorkPart(number, 2), workers=1)):
            assert result.value == result.item.argument**2
            whole.add((number, result.item.number))
    assert whole == {(0, 0), (1, 1), (0, 2)}


@pytest.mark.parametrize("text", ["4/4", "1", "a/2", "1/0", "-1/2", "1/2/3", "²/3", ""])
def test_part_that_is_none_is_refused(text):
    """A wrong part would leave out items, and nobody would hear of it."""
    with pytest.raises(ConfigError, match="is not a part"):
        WorkPart.parsed(text)


SCRIPT = """
import sys
from crawler.work.map_items import map_items
from crawler.work.values import WorkPlace
for result in map_items("tests.support.work_items:tidy", [sys.argv[1]], WorkPlace(workers=1)):
    print(result)
"""


@pytest.mark.parametrize(("number", "is_tidy"), [(signal.SIGINT, True), (signal.SIGKILL, False)])
def test_items_end_with_the_process_that_runs_them(tmp_path: Path, number, is_tidy):
    """After Ctrl-C they end cleanly; nothing that the parent dies of leaves them behind."""
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=ROOT, env=environment(), stderr=subprocess.PIPE
    )
    begun = tmp_path / "begun"
    wait_until(lambda: begun.exists() and begun.read_text())
    parent.send_signal(number)
    _, told = parent.communicate(timeout=30)
    wait_until(lambda: not is_alive(int(begun.read_text())))
    assert (tmp_path / "tidied").exists() == is_tidy
    assert (b"KeyboardInterrupt" in told) == is_tidy


def is_alive(pid: int) -> bool:
    """Return True if a process runs."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
