"""Test when a pass is too long ago: by the habit of the timer, and by what `morgue watch` says of itself."""

from __future__ import annotations

import pytest

from crawler.health.kinds import BAD, WARN
from crawler.health.last_pass import no_pass
from crawler.health.watch_state import watch_of
from pipelines.database.health.facts import WatchFacts
from tests.support.health_cases import NOW, ago, archive


def watch(state, since, next_pass=None, *, is_alive=True):
    return WatchFacts(state, "no space left on device", ago(hours=since), 7, next_pass, is_alive)


IDLE = tuple(ago(hours=30, minutes=n) for n in range(9, 0, -1))  # nothing fell due since


@pytest.mark.parametrize(("facts", "expected"), [
    (archive(starts=IDLE, watch=watch("waiting", 30, ago(hours=-18))), []),
    (archive(starts=IDLE, watch=watch("waiting", 30, ago(minutes=10))), []),
    (archive(starts=IDLE, watch=watch("crawling", 30)), []),
    (archive(starts=IDLE, watch=watch("waiting", 30, ago(hours=2))), [(BAD, "stop process 7")]),
    (archive(starts=IDLE, watch=watch("paused", 30)), [(BAD, "see to what hinders it")]),
    (archive(watch=watch("locked", 5)), [(WARN, "see to what hinders it")]),
    (archive(watch=watch("paused", 1)), []),
    (archive(starts=IDLE[:1], watch=watch("waiting", 30, ago(hours=29), is_alive=False)),
     [(BAD, "start morgue watch again")]),
    (archive(starts=IDLE, watch=watch("crawling", 30.01, is_alive=False)), [(BAD, "start morgue watch again")]),
    (archive(starts=(), watch=watch("crawling", 5, is_alive=False)), [(WARN, "start morgue watch again")]),
    (archive(starts=IDLE, watch=watch("waiting", 30, ago(hours=-1), is_alive=False)), []),
    (archive(watch=watch("waiting", 30, ago(hours=29), is_alive=False)), []),
    (archive(watch=watch("stopped", 30, is_alive=False)), []),
    (archive(starts=IDLE, watch=watch("stopped", 30, is_alive=False)), [(BAD, "start morgue watch again")]),
])  # fmt: skip
def test_watch_that_died_or_hangs_is_named_and_one_that_waits_is_not(facts, expected):
    """With what to do in that case; passes of a timer after the death of a watch speak for themselves."""
    reason = no_pass(facts, NOW)
    found = [reason] if reason is not None else []
    assert [
        (one.status, one.next_step("(archive)")[: len(step)]) for one, (_, step) in zip(found, expected, strict=True)
    ] == expected


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"state": 1, "reason": null, "since": "soon", "pid": 7, "next_pass": 3}']
)
def test_status_file_that_is_damaged_says_nothing(tmp_path, text):
    """A watch that starts again writes it anew."""
    (tmp_path / "watch.json").write_text(text)
    assert watch_of(tmp_path) is None
