"""Print the papers of the simulated month: what a server answers for an address at a time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from html import escape

from tests.support.journal_server import NOT_FOUND, Resource
from tests.support.month.papers import (
    CONSENT,
    DAY,
    FEED_GONE,
    FEED_HTML,
    FORBIDDEN,
    HOUR,
    PAYWALL,
    REDESIGN,
    ROBOTS,
    UNAVAILABLE,
    Article,
    Paper,
)

START = datetime(2026, 3, 9, tzinfo=UTC)  # a Monday; Europe changes to summer time in the month that follows
SECTIONS = ("politics", "culture", "sport")
TELLING = re.compile(r"-(\d{6})(?:\.html)?$")  # the article's number at the end of its address
FIRST_NUMBER = 100_000  # added to an article's number in its address
SITEMAP_ENTRIES, NEWS_DAYS = 400, 2

WHO = """The council|A committee of residents|The harbour office|The museum|Its director|A spokeswoman for the ministry
The opposition|A group of teachers|The orchestra|The federation of farmers|A researcher of the university|The court
The owner of the mill|A former minister|The choir|The regional railway|An inspector|The fire brigade|The publisher
The mayor of the island|The clinic|The union of drivers|A neighbour|The football club|The electricity board""".replace(
    "\n", "|"
).split("|")
DID = """rejected|has welcomed|wants to examine|spoke at length about|has postponed|paid for|criticised|is preparing
presented|asked for more time to discuss|withdrew its support for|will vote again on|has found faults in|published
gave up|had long demanded|cannot afford|took over|described in detail|compared other towns with""".replace(
    "\n", "|"
).split("|")
WHAT = """the plan for the old bridge|a report on drinking water|the new timetable of the ferries|repairs to the roof
the sale of the northern meadows|a concert series in the cathedral|the budget for schools|rules for new buildings
an exhibition of early maps|the merger of two hospitals|the price of heating|a tunnel below the market square
the harvest of this spring|the appeal of three fishermen|a law on short leases|the rescue of the theatre
the transfer of its goalkeeper|the search for a new site|a grant for young translators|the dyke in the west""".replace(
    "\n", "|"
).split("|")
WHEN = """on Monday evening|after two years of dispute|in front of some forty listeners|without giving reasons
against the advice of engineers|at a meeting behind closed doors|for the third time|to the surprise of many
as had been expected for weeks|during a visit to the coast|by a narrow majority|late at night""".replace(
    "\n", "|"
).split("|")


def sentence(paper: Paper, *what: object) -> str:
    chance = paper.random("words", *what)
    number = chance.randrange(20, 9000)
    ending = chance.choice(
        ("", f", which concerns {number} households", f" and named a sum of {number} thousand euros")
    )
    return f"{chance.choice(WHO)} {chance.choice(DID)} {chance.choice(WHAT)} {chance.choice(WHEN)}{ending}."


@lru_cache(maxsize=50_000)
def title_of(paper: Paper, article: Article, state: int) -> str:
    """Return the headline after so many edits."""
    latest = max((n for n in range(1, state + 1) if article.edits[n - 1].title), default=0)
    chance = paper.random("title", article.number, latest)
    return f"{chance.choice(WHO)} {chance.choice(DID)} {chance.choice(WHAT)}"


def paragraphs(paper: Paper, article: Article, state: int) -> list[str]:
    """Return the paragraphs after so many edits. The edits are in the first half, so that they are on page one."""
    count = paper.random("length", article.number).randrange(6, 11)
    texts = [[sentence(paper, article.number, n, m) for m in range(3)] for n in range(count)]
    for number, edit in enumerate(article.edits[:state], 1):
        if not edit.title:
            chance = paper.random("edit", article.number, number)
            where = texts[chance.randrange(count // 2)]
            new = sentence(paper, article.number, "edit", number)
            if chance.random() < 0.5:
                where.append(new)
            else:
                where[chance.randrange(len(where))] = new
    return [" ".join(text) for text in texts]


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def path_of(paper: Paper, article: Article, time: float) -> str:
    """Return the path of an article by then: of the first headline, or of the newest in a paper that moves."""
    state = article.state_at(time) if paper.moving else 0
    name = f"{slug(title_of(paper, article, state))}-{FIRST_NUMBER + article.number}"
    if paper.moving:
        return f"/{SECTIONS[article.number % 3]}/{name}.html"
    return f"/{START + timedelta(seconds=article.published):%Y/%m/%d}/{name}"


def article_at(paper: Paper, path: str) -> Article | None:
    """Return the article that a path is an address of: its own, an older one, its AMP twin, its second page."""
    match = TELLING.search(path.partition("?")[0])
    number = int(match[1]) - FIRST_NUMBER if match else 0
    return paper.articles[number - 1] if 1 <= number <= len(paper.articles) else None


def modified(article: Article, time: float) -> float:
    """Return the date of change that the paper declares: silent edits leave it as it was."""
    return max(
        (edit.time for edit in article.edits if edit.time <= time and not edit.silent), default=article.published
    )


def iso(time: float) -> str:
    return (START + timedelta(seconds=time)).isoformat()


class Press:
    """Answer for all papers at the time that `clock` says."""

    def __init__(self, papers: list[Paper], clock: Callable[[], float]) -> None:
        self.papers = {paper.host: paper for paper in papers}
        self.by_name = {paper.name: paper for paper in papers}
        self.clock = clock

    def resolve(self, _scheme: str, host: str, target: str) -> Resource:
        paper, time = self.papers.get(host), self.clock()
        if paper is None:
            return NOT_FOUND
        found = self.answer(paper, target, time)
        return replace(found, validators=paper.validators)

    def answer(self, paper: Paper, target: str, time: float) -> Resource:
        path = target.partition("?")[0]
        if paper.ill(UNAVAILABLE, time):
            return Resource(b"Busy", status=503)
        if path == "/robots.txt":
            return self.robots(paper, time)
        if paper.ill(FORBIDDEN, time):
            return Resource(b"<title>Access denied</title><h1>Access denied</h1>", status=403)
        listing = self.listing(paper, path, time)
        if listing is not None:
            return listing
        article = article_at(paper, path)
        if article is None or article.published > time:
            return NOT_FOUND
        if paper.ill(CONSENT, time):
            return page(paper, "We value your privacy", CONSENT_TEXT)
        if time >= article.gone:
            return gone(paper, article)
        own = path_of(paper, article, time)
        if path not in (own, "/amp" + own):
            return Resource(b"", status=301, location=f"http://{paper.host}{own}")
        return self.article(paper, article, time, amp=path.startswith("/amp/"), second="page=2" in target)

    # -- listings ---------------------------------------------------------------------------------------------

    def robots(self, paper: Paper, time: float) -> Resource:
        lines = ["User-agent: *", "Disallow: /" if paper.ill(ROBOTS, time) else "Disallow: /private/"]
        lines += [f"Sitemap: http://{paper.host}/sitemap.xml"] if paper.sitemap else []
        return Resource("\n".join([*lines, ""]).encode(), "text/plain")

    def listing(self, paper: Paper, path: str, time: float) -> Resource | None:
        """Return front page, section, feed or sitemap; None if the path is none of them."""
        if path == "/":
            return self.front(paper, time)
        if path.strip("/") in SECTIONS:
            own = [one for one in paper.out_at(time, 60) if SECTIONS[one.number % 3] == path.strip("/")]
            return page(paper, path.strip("/").title(), self.links(paper, own[:15], time)) if paper.sections else None
        if paper.feed != "none" and path in ("/feed.xml", "/rss/new.xml"):
            return self.feed(paper, path, time)
        if path == "/news-sitemap.xml" and paper.news_sitemap:
            young = [one for one in paper.out_at(time) if one.published > time - NEWS_DAYS * DAY]
            return self.sitemap(paper, young, time, news=True)
        if path == "/sitemap.xml" and paper.sitemap:
            return self.sitemap(paper, paper.out_at(time, SITEMAP_ENTRIES), time, news=False)
        return None

    def front(self, paper: Paper, time: float) -> Resource:
        if paper.ill(CONSENT, time):
            return page(paper, "We value your privacy", CONSENT_TEXT)
        named = "/rss/new.xml" if paper.ill(FEED_GONE, time) else "/feed.xml"
        kind = "atom" if paper.feed == "atom" else "rss"
        head = "" if paper.feed == "none" else f'<link rel="alternate" type="application/{kind}+xml" href="{named}">'
        most = 12 if paper.sections else 4 if paper.feed != "none" else 0
        nav = "".join(f'<a href="/{name}/">{name.title()}</a> ' for name in SECTIONS) if paper.sections else ""
        newest = paper.out_at(time, most) if most else ()
        return page(paper, f"Paper {paper.name}", f"<nav>{nav}</nav>{self.links(paper, newest, time)}", head)

    def links(self, paper: Paper, articles: list[Article] | tuple[Article, ...], time: float) -> str:
        return "".join(
            f'<h2><a href="{path_of(paper, one, time)}">{title_of(paper, one, one.state_at(time))}</a></h2>'
            for one in articles
        )

    def feed(self, paper: Paper, path: str, time: float) -> Resource:
        if paper.ill(FEED_GONE, time) == (path == "/feed.xml"):
            return NOT_FOUND
        if paper.ill(FEED_HTML, time):
            return page(paper, "Our feeds have moved", "<p>Please see our new apps for readers of this paper.</p>")
        entries = []
        for one in paper.out_at(time, paper.entries):
            title = escape(title_of(paper, one, one.state_at(time)))
            link = f"http://{paper.host}{path_of(paper, one, time)}"
            if paper.feed == "atom":
                updated = iso(int(time) if paper.always_now else modified(one, time))
                dates = f"<published>{iso(one.published)}</published><updated>{updated}</updated>"
                entries.append(f'<entry><title>{title}</title><id>{link}</id><link href="{link}"/>{dates}</entry>')
            else:
                date = format_datetime(START + timedelta(seconds=one.published), usegmt=True)
                entries.append(f"<item><title>{title}</title><link>{link}</link><pubDate>{date}</pubDate></item>")
        if paper.feed == "atom":
            text = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{paper.name}</title>{"".join(entries)}</feed>'
            return Resource(text.encode(), "application/atom+xml")
        text = f'<rss version="2.0"><channel><title>{paper.name}</title>{"".join(entries)}</channel></rss>'
        return Resource(text.encode(), "application/rss+xml")

    def sitemap(
        self, paper: Paper, articles: list[Article] | tuple[Article, ...], time: float, *, news: bool
    ) -> Resource:
        entries = []
        for one in articles:
            more = f"<lastmod>{iso(modified(one, time))}</lastmod>"
            if news:
                title = escape(title_of(paper, one, one.state_at(time)))
                about = f"<n:publication_date>{iso(one.published)}</n:publication_date><n:title>{title}</n:title>"
                name = f"<n:publication><n:name>{paper.name}</n:name><n:language>en</n:language></n:publication>"
                more += f"<n:news>{name}{about}</n:news>"
            entries.append(f"<url><loc>http://{paper.host}{path_of(paper, one, time)}</loc>{more}</url>")
        spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        spaces += ' xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"' if news else ""
        return Resource(f"<urlset {spaces}>{''.join(entries)}</urlset>".encode(), "application/xml")

    # -- articles ---------------------------------------------------------------------------------------------

    def article(self, paper: Paper, article: Article, time: float, *, amp: bool, second: bool) -> Resource:
        state, chance = article.state_at(time), paper.random("page", article.number)
        title = title_of(paper, article, state)
        texts = paragraphs(paper, article, state)
        if article.original:
            model = self.by_name.get(article.original[0])
            if model is not None:
                texts = paragraphs(model, model.articles[article.original[1] - 1], 0)
        half = (len(texts) + 1) // 2
        if article.pages > 1:
            texts = texts[half:] if second else texts[:half]
        wall = paper.ill(PAYWALL, time)
        texts = texts[:2] if wall else texts
        body = [f"<p>{text}</p>" for text in texts]
        own = f"http://{paper.host}{path_of(paper, article, time)}"
        if wall:
            body.append('<div class="paywall"><p>Subscribe to continue reading this article.</p></div>')
        age = (time - article.published) / HOUR
        if paper.counter:
            views = chance.randrange(100, 900) + int(age * 6) * chance.randrange(5, 60)
            body.insert(2, f'<p class="views">Read {views:,} times</p>')
        if paper.widgets:
            ad = hashlib.md5(f"{int(time / 300)}".encode(), usedforsecurity=False).hexdigest()
            body.insert(
                3, f'<div class="ad" id="ad-{ad[:6]}"><a href="http://ads.example/{ad}">Advertisement</a></div>'
            )
            body.append(f'<div class="share">{int(age * 3)} shares</div>')
            body.append(f'<div class="comments"><a href="#comments">{int(age * 2)} comments</a></div>')
            body.append(f"<aside><h3>Related</h3>{self.links(paper, paper.out_at(time, 4), time)}</aside>")
            body.insert(0, f'<p class="age"><time datetime="{iso(article.published)}">{int(age)} hours ago</time></p>')
        head = f'<link rel="canonical" href="{own}"><meta property="og:type" content="article">'
        if article.amp and not amp:
            head += f'<link rel="amphtml" href="http://{paper.host}/amp{path_of(paper, article, time)}">'
        if article.pages > 1 and not second:
            head += f'<link rel="next" href="{own}?page=2">'
            body.append('<a class="next" href="?page=2">Next page</a>')
        facts = {
            "@context": "https://schema.org", "@type": "NewsArticle", "headline": title,
            "datePublished": iso(article.published), "dateModified": iso(modified(article, time)),
            "author": {"@type": "Person", "name": chance.choice(("Ada Brandt", "Jon Sayer", "Mira Kohl", "Piet Vos"))},
            **({"isAccessibleForFree": False} if wall else {}),
        }  # fmt: skip
        head += f'<script type="application/ld+json">{json.dumps(facts)}</script>'
        if paper.ill(REDESIGN, time):
            story = f'<section class="story-body" itemprop="articleBody">{"".join(body)}</section>'
            text = f'<div class="story-wrap">{story}</div>'
        else:
            text = f'<article class="content">{"".join(body)}</article>'
        return page(paper, title, text, head)


CONSENT_TEXT = (
    "<div class='consent-wall' id='cookie-consent'><p>We and our 842 partners store and access information on your "
    "device, such as cookies, and process personal data. Please accept to continue to the site.</p>"
    "<p>You can change your choice at any time in our privacy centre. We use your data for personalised advertising "
    "and content, measurement of advertising and content, audience research and the development of services.</p>"
    "<button>Accept all</button> <button>Manage options</button></div>"
)
MISSING_TEXT = "<p>The page that you are looking for could not be found. It may have been moved or deleted.</p>"


def page(paper: Paper, title: str, body: str, head: str = "") -> Resource:
    top = (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{title} - Paper {paper.name}</title>{head}"
    )
    foot = "<footer><a href='/imprint'>Imprint</a> <a href='/contact'>Contact</a></footer>"
    return Resource(f"{top}</head><body><h1>{title}</h1>{body}{foot}</body></html>".encode())


def gone(paper: Paper, article: Article) -> Resource:
    """Return what is at the address of an article that vanished."""
    if article.gone_kind == "front page":
        return Resource(b"", status=302, location=f"http://{paper.host}/")
    found = page(paper, "Page not found", MISSING_TEXT)
    return found if article.gone_kind == "soft 404" else Resource(found.body, status=int(article.gone_kind))
