"""Make a fleet of an archive, by source: the same articles under the same numbers, in several databases."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME, SETTINGS_NAME, SOURCES_FOLDER, WARC_FOLDER
from pipelines.database.clusters.upkeep import work_off_all
from pipelines.database.connection import open_database
from pipelines.fleet.layout import FleetFolder, shard_settings

OF_OTHERS = "coalesce(source_id, 0) % :shards <> :shard"
OF_OTHER_ARTICLES = "article_id NOT IN (SELECT id FROM articles)"
# What a shard does not hold; articles that belong to no source are in the first one.
DELETED = (
    f"DELETE FROM articles WHERE {OF_OTHERS}",
    "DELETE FROM revisions WHERE article_id NOT IN (SELECT id FROM articles)",
    f"DELETE FROM aliases WHERE {OF_OTHER_ARTICLES}",
    f"DELETE FROM page_states WHERE {OF_OTHERS}",
    f"""DELETE FROM captures WHERE id NOT IN (SELECT capture_id FROM revisions UNION SELECT capture_id FROM articles)
           AND ({OF_OTHERS} OR id IN (SELECT capture_id FROM all_articles))""",
    f"DELETE FROM frontier WHERE {OF_OTHERS}",
    f"DELETE FROM listings WHERE {OF_OTHERS}",
    "DELETE FROM sources WHERE id % :shards <> :shard",
    "DELETE FROM crawls WHERE id % :shards <> :shard",
    "DELETE FROM changes",
    "INSERT INTO articles_fts(articles_fts) VALUES ('rebuild')",
)


def make_fleet(archive: Path, folder: Path, shards: int) -> FleetFolder:
    """Make a fleet in `folder`; its shards have the rows of an archive, and all of its WARC files. Return it."""
    folder.mkdir(parents=True)
    shutil.copy(archive / SETTINGS_NAME, folder)
    if (archive / SOURCES_FOLDER).is_dir():
        shutil.copytree(archive / SOURCES_FOLDER, folder / SOURCES_FOLDER)
    fleet = FleetFolder(folder, "3f0e2f60-0000-4000-8000-000000000001", shards)
    fleet.write()
    for number, path in enumerate(fleet.shard_paths()):
        path.mkdir(parents=True)
        (path / SETTINGS_NAME).write_text(shard_settings(fleet, number))
        if (archive / WARC_FOLDER).is_dir():
            shutil.copytree(archive / WARC_FOLDER, path / WARC_FOLDER)
        make_shard(archive / DATABASE_NAME, path / DATABASE_NAME, number, shards)
    return fleet


def make_shard(database: Path, copy: Path, number: int, shards: int) -> None:
    """Copy a database, and delete the rows of other shards."""
    shutil.copy(database, copy)
    with closing(open_database(copy)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("CREATE TEMP TABLE all_articles AS SELECT capture_id FROM articles")
        db.execute("BEGIN")
        for sql in DELETED:
            db.execute(sql, {"shards": shards, "shard": number} if ":shard" in sql else {})
        db.execute("COMMIT")
        work_off_all(db, lambda done, total: None)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
