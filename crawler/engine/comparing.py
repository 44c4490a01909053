"""Compare the articles that a run has filed with others, at its end."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pipelines.database.clusters.upkeep import work_off
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.engine")

# Compared at the end of a run: a second or two, so that a backlog delays no pass; and twice what the run has filed.
MIN_COMPARED, COMPARED_FOR_EACH_FILED = 1_000, 2


async def compare_new(context: CrawlContext, filed: int, is_interrupted: Callable[[], bool]) -> None:
    """Compare the articles that wait, in groups, as far as this run may. Raises MorgueError.

    `filed`: new and edited articles of this run. After an interruption the rest waits for the next run.
    """
    most, done = max(MIN_COMPARED, COMPARED_FOR_EACH_FILED * filed), 0
    while done < most and not is_interrupted():
        group: int = await context.do(work_off, context.archive_writer.db)
        if not group:
            break
        done += group
    if done:
        logger.info("compared with others (articles: %(articles)d)", {"articles": done})
