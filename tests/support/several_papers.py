"""Make an archive of several newspapers on hosts of their own, with all that a split has to distribute."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.command import LOOPBACK, crawl, make_archive, morgue
from tests.support.http_server import Answers, answering
from tests.support.styled_paper import png
from tests.support.waiting import let_a_day_pass

HOSTS = {"north": "127.0.0.2", "south": "127.0.0.3", "east": "127.0.0.4", "west": "127.0.0.5"}
STORIES = 4
NOTICE = "The ferry does not run today. "
SAME_PAGE = b"<html><body><p>" + NOTICE.encode() * 300 + b"</p></body></html>"


def text_of(name: str, number: int, edition: int) -> str:
    """Return the text of a story."""
    return f"The {name} council met on day {number} and talked about wall {number}, for the {edition} time. " * 9


def write(answers: Answers, url: str, name: str, edition: int, cdn: str) -> None:
    """Put a paper at its addresses."""
    stories = [f"/2026/11/{number + 1:02}/{name}-story-number-{number}.html" for number in range(STORIES)]
    for number, path in enumerate(stories):
        later = edition if number == 0 else 1
        page = (
            f'<html><head><title>{name.title()} story {number}</title><link rel="stylesheet" href="/site.css">'
            f'<meta property="article:published_time" content="2026-11-{number + 1:02}T08:00:00Z"></head>'
            f"<body><article><h1>{name.title()} story {number}</h1><p>{text_of(name, number, later)}</p>"
            f'<img src="/{number}.png"><img src="{cdn}/shared.png"></article></body></html>'
        )
        answers[path] = (200, page.encode(), {})
        answers[f"/{number}.png"] = (200, png((number, 40, 40)), {"Content-Type": "image/png"})
    answers["/shared.png"] = (200, png((1, 2, 3)), {"Content-Type": "image/png"})
    answers["/site.css"] = (200, b"body { margin: 20px }", {"Content-Type": "text/css"})
    answers["/notice.html"] = (200, SAME_PAGE, {})
    items = "".join(f"<item><title>{name} {path}</title><link>{url}{path}</link></item>" for path in stories)
    rss = f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>"
    answers["/feed"] = (200, rss.encode(), {"Content-Type": "application/rss+xml"})
    front = f"<html><body><h1>{name}</h1><a href='/dead-story-of-the-day.html'>x</a></body></html>"
    answers["/"] = (200, front.encode(), {})
    answers["/robots.txt"] = (200, b"User-agent: *\nDisallow: /private\n", {"Content-Type": "text/plain"})


@contextmanager
def papers(archive: Path, hosts: dict[str, str] | None = None) -> Iterator[dict[str, Answers]]:
    """Serve the papers, and write their source files."""
    with ExitStack() as stack:
        served = {}
        for name, host in (hosts or HOSTS).items():
            answers: Answers = {}
            url, _ = stack.enter_context(answering(answers, host=host))
            served[name] = (url, answers)
        cdn = served["north"][0]
        for name, (url, answers) in served.items():
            write(answers, url, name, 1, cdn)
            parts = 'parts = "all"\npart_hosts = ["127.0.0.2"]\n'
            (archive / "sources" / f"{name}.toml").write_text(
                f'url = "{url}/"\nfeeds = ["{url}/feed"]\n[crawl]\nrecheck = ["1d"]\n[capture]\n{parts}'
            )
        yield served


def make_crawled(path: Path) -> Path:
    """Crawl the papers twice, with an edit, a takedown, pages of a list, the same bytes at two hosts, and an import."""
    archive = make_archive(path)
    with papers(archive) as served:
        crawl(archive)
        for url, _ in served.values():  # in runs of their own: the later ones refer to the first
            morgue("-C", archive, "crawl", *LOOPBACK, "--urls", "-", stdin=f"{url}/notice.html")
        for name, (url, answers) in served.items():
            write(answers, url, name, 2, served["north"][0])
        let_a_day_pass(archive)
        crawl(archive)
        for name in ("south", "west"):
            page = f"{served[name][0]}/2026/11/02/{name}-story-number-1.html"
            morgue("-C", archive, "remove", page, "--reason", "asked", "--yes")
        other = make_archive(path.with_name(f"{path.name}-other"))
        urls = "\n".join(f"{served[name][0]}/2026/11/03/{name}-story-number-2.html?v=2" for name in ("south", "east"))
        for name in ("south", "east"):
            answers = served[name][1]
            answers[f"/2026/11/03/{name}-story-number-2.html?v=2"] = answers[f"/2026/11/04/{name}-story-number-3.html"]
        morgue("-C", other, "crawl", *LOOPBACK, "--urls", "-", stdin=urls)
        morgue("-C", archive, "import", *sorted((other / "warc").glob("*.warc.gz")))
    shutil.rmtree(other)
    return archive
