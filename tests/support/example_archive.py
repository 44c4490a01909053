"""Build the archive of the examples in docs/schema.md: three papers in a week of March 2024, with edits. No WARC files.

The real store files it, so its rows are what a crawl would have written.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

from pipelines.core.items import Article, Capture, Page, Reading, Source
from pipelines.database.clusters.upkeep import work_off
from pipelines.database.connection import open_database
from pipelines.database.store import ArticleStore

PAPERS = {
    "gazette": Source("gazette", "https://gazette.example/", "The Harbour Gazette", "en"),
    "courrier": Source("courrier", "https://courrier.example/", "Le Courrier", "fr"),
    "chronicle": Source("chronicle", "https://chronicle.example/", "The Island Chronicle", "en"),
}
FERRY = (
    "The ferry between the harbour and the island stopped on Monday after its engine failed.\n"
    "The company said that {passengers} passengers were taken off. {cause}\n"
    "Boats of the fishermen bring bread and post to the island until the ferry sails again."
)
FLOOD = (
    "The river rose by a metre in one night and flooded the lower streets of the town.\n"
    "The mayor asked people to stay away from the bridge. The water is expected to fall by Friday."
)
# When it was seen, paper, address, headline, authors, published, text; the same address again is a later look.
LOOKS: tuple[tuple[str, str, str, str, tuple[str, ...], str | None, str], ...] = (
    ("2024-03-04T09:00", "gazette", "ferry", "Ferry stops after engine fails", ("Anna Berg",), "2024-03-04",
     FERRY.format(passengers="forty", cause="No cause is known.")),
    ("2024-03-04T09:05", "gazette", "council", "Council votes on new quay", ("Anna Berg", "Ben Ode"), "2024-03-03",
     "The council votes on the new quay on Thursday.\nIt would cost nine million and take three years to build."),
    ("2024-03-04T10:00", "courrier", "bac", "Le bac de l’île est en panne", ("Zoé Marchand",), "2024-03-04",
     "Le bac qui relie le port à l’île est en panne depuis lundi.\nLes pêcheurs portent le pain et le courrier."),
    ("2024-03-05T09:00", "gazette", "ferry", "Ferry stops after engine fails", ("Anna Berg",), "2024-03-04",
     FERRY.format(passengers="sixty", cause="No cause is known.")),
    ("2024-03-05T09:05", "gazette", "flood", "River floods lower town", ("Ben Ode",), "2024-03-05", FLOOD),
    ("2024-03-05T10:00", "courrier", "crue", "La crue envahit la ville basse", ("Zoé Marchand",), "2024-03-05",
     "La rivière a monté d’un mètre en une nuit et inonde les rues basses de la ville.\nLe maire ferme le pont."),
    ("2024-03-06T09:00", "gazette", "flood-agency", "Flood: what to do", (), "2024-03-06",
     "Move what you need to the upper floor and listen to the radio.\nDo not drive through water on the road."),
    ("2024-03-06T09:05", "gazette", "tides", "Tide tables for the harbour", (), None,
     "High water is at six in the morning and at half past six in the evening.\nLow water follows six hours later."),
    ("2024-03-07T09:00", "gazette", "ferry", "Ferry fuel was watered, company admits", ("Anna Berg", "Ben Ode"),
     "2024-03-04", FERRY.format(passengers="sixty", cause="Water was found in the fuel, the company admits.")),
    ("2024-03-07T10:00", "courrier", "quai", "Le nouveau quai divise le conseil", ("Marc Noël",), "2024-03-07",
     "Le conseil vote jeudi sur le nouveau quai du port.\nIl coûterait neuf millions, et trois ans de travaux."),
    ("2024-03-08T09:00", "gazette", "flood", "River falls, bridge stays shut", ("Ben Ode",), "2024-03-05",
     FLOOD.replace("is expected to fall by Friday",
                   "is falling, and the bridge stays shut until engineers have seen it")),
    ("2024-03-08T11:00", "chronicle", "mainland", "Floods on the mainland", (), "2024-03-06", FLOOD),
)  # fmt: skip
LANGUAGES = {"gazette": "en", "courrier": "fr", "chronicle": "en"}
SECTIONS = {"ferry": "Harbour", "bac": "Port", "tides": "Harbour", "quai": "Port", "council": "Politics"}
ORIGINS = {"flood-agency": "Coast Press Agency"}
MODIFIED = {"ferry": "2024-03-04T08:30:00+00:00"}  # what the page says, however often the text changes


def build_example(folder: Path) -> Path:
    """Make the archive in a new folder; return the folder."""
    folder.mkdir(parents=True)
    (folder / "morgue.toml").touch()
    db = open_database(folder / "morgue.db")
    store = ArticleStore(db)
    db.execute("BEGIN")
    sources = {name: store.source(source, watched=True) for name, source in PAPERS.items()}
    crawl = store.begin_crawl("crawl", "newsmorgue")
    for number, (time, paper, path, *values) in enumerate(LOOKS):
        url = f"{PAPERS[paper].url}{path}"
        capture = store.capture(_capture(number, url, time, 200), crawl, sources[paper])
        store.file(
            Reading(Page(url, b"", capture=capture), _article(url, paper, path, *values), 1.0), sources[paper], url
        )
    url = f"{PAPERS['gazette'].url}council"
    gone = store.capture(_capture(len(LOOKS), url, "2024-03-08T09:05", 404), crawl, sources["gazette"])
    store.note_state(url, "404", gone, sources["gazette"])
    db.execute(
        "INSERT INTO source_health (source_id, kind, status, since, evidence, last_seen) VALUES (?, ?, ?, ?, ?, ?)",
        (sources["courrier"], "silent", "warn", "2024-03-08T00:00:00Z", "no new article for 1 day; usual: 18 hours",
         "2024-03-08T10:00:00Z"),
    )  # fmt: skip
    work_off(db)
    db.execute("COMMIT")
    db.close()
    return folder


def _capture(number: int, url: str, time: str, status: int) -> Capture:
    record = f"<urn:uuid:{UUID(int=number)}>"
    when = datetime.fromisoformat(f"{time}:00+00:00")
    return Capture(None, url, when, status, "text/html", "a.warc.gz", number * 1000, 1000, record, "response", None,
                   f"sha1:{number}", "article")  # fmt: skip


def _article(
    url: str, paper: str, path: str, title: str, authors: tuple[str, ...], published: str | None, text: str
) -> Article:
    known = {
        "url": url, "title": title, "authors": authors, "published": published, "text": text, "tags": (), "rights": (),
        "published_raw": published, "published_from": "json-ld" if published else None, "kind": "article",
        "word_count": len(text.split()), "language": LANGUAGES[paper], "section": SECTIONS.get(path, "News"),
        "origin": ORIGINS.get(path), "modified": MODIFIED.get(path), "found_in": {},
        "extractor": "newsmorgue (example)",
    }  # fmt: skip
    return Article(**dict.fromkeys(Article.__dataclass_fields__) | known)
