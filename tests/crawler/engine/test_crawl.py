"""Test how a run ends, by its counts."""

import pytest

from crawler.engine.crawl import outcome_of
from pipelines.session.crawl_stats import CrawlStats

OK, BAD, SILENT, NOT_ASKED = (3, 3, 0), (3, 3, 1), (3, 0, 1), (0, 0, 1)  # exchanges, answers, troubles of a source


@pytest.mark.parametrize(
    ("sources", "has_internal_error", "word", "exit_code"),
    [
        ([], False, "done", 0),
        ([OK, OK], False, "done", 0),
        ([OK, BAD], False, "partly failed", 1),
        ([OK, SILENT], False, "partly failed", 1),
        ([SILENT, SILENT], False, "nothing reachable", 3),
        ([OK], True, "partly failed", 1),
        ([SILENT], True, "partly failed", 1),
        ([NOT_ASKED], False, "partly failed", 1),
    ],
)
def test_outcome_of_a_run_follows_from_answers_and_troubles(sources, has_internal_error, word, exit_code):
    """A run fails in part if one source has trouble, and fails as a whole only if no server that was asked answered."""
    stats = CrawlStats()
    for number, (exchanges, answers, troubles) in enumerate(sources):
        for exchange in range(exchanges):
            stats.exchanged(answered=exchange < answers)
        for _ in range(troubles):
            stats.trouble(f"source {number}", "HTTP 500")
    outcome = outcome_of(stats, has_internal_error=has_internal_error)
    assert (outcome.word, outcome.exit_code, outcome.error) == (word, exit_code, None)
