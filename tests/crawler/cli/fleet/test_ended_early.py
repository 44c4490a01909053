"""Test that a command on a fleet whose own process ends, in whatever way, leaves none behind for its shards."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from crawler.cli.fleet import each_shard
from crawler.cli.fleet.shard_processes import ShardAnswer, in_processes
from pipelines.core.archive_layout import WATCH_LOCK_NAME
from pipelines.core.lock import is_held
from pipelines.fleet.layout import fleet_at
from tests.support.command import LOOPBACK, make_archive, start
from tests.support.waiting import wait_until


def is_watched(fleet: Path) -> list[bool]:
    return [is_held(fleet / "shards" / name / WATCH_LOCK_NAME) for name in ("000", "001")]


def test_killed_watch_leaves_no_shard_watched(tmp_path):
    """Nobody could stop those processes; each archive would be locked until the machine is started again."""
    fleet = make_archive(tmp_path / "fleet", "--shards=2")
    process = start("-C", fleet, "watch", *LOOPBACK)
    try:
        wait_until(lambda: all(is_watched(fleet)), 60)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    wait_until(lambda: not any(is_watched(fleet)), 30)


def test_command_ends_with_the_item_of_a_dask_worker(tmp_path):
    """The worker may be killed, and another one is to find the shard free."""
    fleet = make_archive(tmp_path / "fleet", "--shards=2")
    found = fleet_at(fleet)
    assert found is not None
    argument = {"fleet": found.id, "path": str(fleet), "shard": 1, "on": "", "words": ["watch", *LOOPBACK]}
    (tmp_path / "item.py").write_text(
        f"from crawler.cli.fleet.shard_item import run_shard\nrun_shard({json.dumps(argument)})\n"
    )
    process = start(program=(str(tmp_path / "item.py"),))
    try:
        wait_until(lambda: is_watched(fleet) == [False, True], 60)
    finally:
        process.kill()
        process.communicate(timeout=60)
    wait_until(lambda: not any(is_watched(fleet)), 30)


def test_shards_that_did_not_begin_are_interrupted(tmp_path, monkeypatch):
    """A first shard that ends well after a signal is no reason to say that all is done."""
    began = tmp_path / "began"

    def run() -> int:
        began.touch()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(0.5)
        return 0

    codes = {one.number: one.code for one in in_processes(run, [0, 1], 1, live=False)}
    assert began.exists()
    assert each_shard.exit_code(codes) == 130
    assert codes == {0: 0, 1: 130}


def test_answer_that_was_cut_short_is_named(capsys):
    """The shard was killed while it printed JSON; the others are shown."""
    done = [ShardAnswer(0, [("out", b'{"well": true}')], 0), ShardAnswer(1, [("out", b'{"we')], -9)]
    each_shard.print_json(done)
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"shards": {"000": {"well": True}}}
    assert "shard 001" in printed.err
