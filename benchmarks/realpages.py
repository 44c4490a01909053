"""Put a hundred newspapers on one machine: real pages at their own addresses, the rest made up.

The pages are those of an extraction test set (`*/dev.jsonl`, see README.md); they are not part of this
repository, and `NEWSMORGUE_PAGES` says where they are. For each host we make up robots.txt, home page, RSS
feed, news sitemap and sitemaps, so that each article can be found in exactly one way, and links
that lead to nothing.

Run by itself it lists the world it would serve: `python benchmarks/realpages.py --hosts 100`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import os
import re
import ssl
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from common import ROOT, show_table, skip

from tests.support.journal_server import NOT_FOUND, Resource

PAGES = Path(os.environ.get("NEWSMORGUE_PAGES") or ROOT.parent / "shared" / "extraction")
NOWHERE = "pages.newsmorgue.test"  # for pages whose address is not known (".test" never resolves: RFC 2606)
PRIVATE = "/private-nm/"  # the section that robots.txt forbids
NOTHING = (
    "/tag/politics/",
    "/author/jane-doe/",
    "/login",
    "/calendar/2026/11/",
    "/newsletter/",
    "/search?q=harbour",
)
# A newspaper serves the same page whatever stands in these; a crawler may drop them.
TRACKING = re.compile(r"utm_\w+|ref|srcref|cmp|maca|wt_mc|dicbo|srsltid|source|fbclid|gclid|cm_sp|icid|mc_[ce]id")
PACE = 1.0  # the Crawl-delay that some hosts ask for, seconds


@dataclass(frozen=True, slots=True)
class Page:
    """One real page."""

    url: str
    file: Path  # gzipped HTML
    way: str  # how it can be found: home, feed, news, sitemap

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return quote(parts.path, safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")

    @property
    def title(self) -> str:
        words = re.sub(r"[^\w]+", " ", unquote(urlsplit(self.url).path)).split()
        return " ".join(words[-10:]) or "A story"


@dataclass(frozen=True, slots=True)
class Site:
    """One host: its real pages and the kind of house around them."""

    host: str  # as in DNS (IDNA)
    scheme: str
    pages: tuple[Page, ...]
    number: int  # decides which kinds of robots.txt and sitemap it has

    @property
    def home(self) -> str:
        return f"{self.scheme}://{self.host}/"

    @property
    def robots(self) -> str:
        return ("disallow", "crawl-delay", "missing", "two groups")[self.number % 4]

    @property
    def forbids(self) -> bool:
        return self.robots in ("disallow", "two groups")

    @property
    def maps(self) -> str:
        return ("plain", "gzip", "index", "index of gzip")[self.number // 4 % 4]

    def found_by(self, way: str) -> list[Page]:
        return [page for page in self.pages if page.way == way]


def key(target: str) -> str:
    """Return what two spellings of one address on a host have in common."""
    parts = urlsplit(target)
    query = sorted((k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.fullmatch(k))
    return quote(unquote(parts.path)) + (f"?{urlencode(query)}" if query else "")


def dns_name(host: str) -> str:
    return host.encode("idna").decode("ascii").lower()


# -- reading the test set -------------------------------------------------------------------------------


def load(folder: Path | None = None) -> dict[str, list[tuple[str, Path]]]:
    """host -> [(url, file)] of every usable row; an address that comes twice is taken once."""
    folder = folder or PAGES
    hosts: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    seen = set()
    for manifest in sorted(folder.glob("*/dev.jsonl"), key=lambda path: (rank(path.parent.name), path)):
        for line in manifest.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            url, file = address(row), folder / row["html"]
            parts = urlsplit(url)
            mark = (parts.hostname or "", key(url[url.index(parts.netloc) + len(parts.netloc) :]))
            # A page that stands at "/" would be the home page, which is ours.
            if mark in seen or mark[1] in ("", "/") or not file.exists():
                continue
            seen.add(mark)
            hosts[dns_name(mark[0])].append((url, file))
    if not hosts:
        skip(f"no pages at {folder} (set NEWSMORGUE_PAGES to the folder that holds */dev.jsonl)")
    return hosts


def rank(name: str) -> int:
    """Newspapers first: of hosts with equally many pages, those of the sets with the most news are taken."""
    return next((at for at, prefix in enumerate(("fundus", "zyte", "trafilatura")) if name.startswith(prefix)), 9)


def address(row: dict[str, str]) -> str:
    """Return the row's own URL without fragment and port, or one that we make up."""
    parts = urlsplit(row.get("url") or "")
    if parts.scheme in ("http", "https") and "." in (parts.hostname or ""):
        return parts._replace(netloc=dns_name(parts.hostname or ""), fragment="").geturl()
    slug = re.sub(r"[^a-z0-9]+", "-", row["id"].lower()).strip("-")
    return f"http://{NOWHERE}/story/{slug}"


def build(count: int, folder: Path | None = None) -> list[Site]:
    """Return the sites of the `count` hosts with the most pages."""
    hosts = load(folder)
    chosen = sorted(hosts, key=lambda host: -len(hosts[host]))[:count]  # stable: else as met
    sites = []
    for number, host in enumerate(chosen):
        schemes = Counter(urlsplit(url).scheme for url, _ in hosts[host])
        pages = tuple(
            Page(url, file, way_to(url, number + number // 4 + number // 16 + at))
            for at, (url, file) in enumerate(hosts[host])
        )
        sites.append(Site(host, schemes.most_common(1)[0][0], pages, number))
    return sites


def way_to(url: str, turn: int) -> str:
    """Ways take turns; but a bare link is a fair clue only where the address looks like an article's."""
    way = ("home", "feed", "news", "sitemap")[turn % 4]
    return "feed" if way == "home" and not speaks(url) else way


def speaks(url: str) -> bool:
    """Return True if the last part of the path is a headline or a number, as article addresses are."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return len(re.findall(r"[-_]", last)) >= 3 or bool(re.search(r"\d{5}", last))


# -- the house around the pages -------------------------------------------------------------------------


class World:
    """Every host's every address; call `resolve` to visit."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = {site.host: site for site in sites}
        self.made = {site.host: furnish(site) for site in sites}
        self.real = {(site.host, key(page.target)): page for site in sites for page in site.pages}

    def page_at(self, url: str) -> Page | None:
        """Return the real page that this URL leads to, however it is spelled."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.real.get((dns_name(parts.hostname or "x"), key(target)))

    def resolve(self, scheme: str, host: str, target: str) -> Resource:
        made = self.made.get(host, {}).get(target)
        if made:
            return made
        page = self.real.get((host, key(target)))
        return real_page(page, self.sites[host].number % 3 == 0) if page else NOT_FOUND


@lru_cache(maxsize=2048)
def real_page(page: Page, chunked: bool) -> Resource:
    packed = page.file.read_bytes()
    body = gzip.decompress(packed)
    try:
        body.decode("utf-8")
        kind = "text/html; charset=utf-8"
    except UnicodeDecodeError:
        kind = "text/html"  # the page itself says, or the reader must guess
    return Resource(body, kind, packed=packed, chunked=chunked)


def furnish(site: Site) -> dict[str, Resource]:
    """Everything on a host that we made up, by request target."""
    made = {"/": Resource(home_page(site).encode())}
    made |= {target: Resource(nothing_page(target).encode()) for target in NOTHING}
    made[secret(site)] = Resource(secret_page().encode())
    made["/feed.xml"] = xml(feed(site.found_by("feed")), "application/rss+xml; charset=utf-8")
    maps, announced = sitemaps(site)
    if site.robots != "missing":
        made["/robots.txt"] = Resource(robots_txt(site, announced).encode(), "text/plain; charset=utf-8")
    return made | maps


def secret(site: Site) -> str:
    return f"{PRIVATE}secret-report-on-the-harbour-of-house-{site.number}.html"


def robots_txt(site: Site, announced: Iterable[str]) -> str:
    lines = {
        "disallow": ["User-agent: *", f"Disallow: {PRIVATE}"],
        "crawl-delay": ["User-agent: *", f"Crawl-delay: {PACE:g}", "Disallow:"],
        "two groups": [
            "User-agent: SomeOtherBot",
            "Disallow: /",
            "",
            "User-agent: *",
            f"Disallow: {PRIVATE}",
        ],
    }[site.robots]
    return "\n".join([*lines, "", *(f"Sitemap: {url}" for url in announced), ""])


def home_page(site: Site) -> str:
    teasers = "".join(
        f'<article><h2><a href="{escape(page.url)}">{escape(page.title)}</a></h2></article>\n'
        for page in site.found_by("home")
    )
    if site.forbids:
        teasers += f'<article><h2><a href="{secret(site)}">A secret report on the harbour</a></h2></article>\n'
    aside = "".join(f'<li><a href="{target}">{target.strip("/")}</a></li>' for target in NOTHING)
    link = '<link rel="alternate" type="application/rss+xml" title="News" href="/feed.xml">'
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>{site.host}</title>{link}</head>\n"
        f"<body><nav><ul>{aside}</ul></nav>\n<main>\n{teasers}</main></body></html>\n"
    )


def nothing_page(target: str) -> str:
    rows = "".join(f"<li>{day} November</li>" for day in range(1, 31))
    return f"<!doctype html><title>{escape(target)}</title><h1>{escape(target)}</h1><ul>{rows}</ul>"


def secret_page() -> str:
    text = "<p>The harbour's books were never meant for a crawler, and none that asks will read on.</p>" * 9
    title = "A secret report on the harbour"
    return f"<!doctype html><title>{title}</title><article><h1>{title}</h1>{text}</article>"


def xml(text: str, kind: str = "application/xml; charset=utf-8") -> Resource:
    return Resource(('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode(), kind)


def feed(pages: Iterable[Page]) -> str:
    now = dt.datetime.now(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    items = "".join(
        f"<item><title>{escape(page.title)}</title><link>{escape(page.url)}</link>"
        f"<guid>{escape(page.url)}</guid><pubDate>{now}</pubDate></item>\n"
        for page in pages
    )
    head = "<title>News</title><link>/</link><description/>"
    return f'<rss version="2.0"><channel>{head}\n{items}</channel></rss>\n'


NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(pages: Iterable[Page]) -> str:
    today = dt.datetime.now(dt.UTC).date().isoformat()
    rows = "".join(f"<url><loc>{escape(page.url)}</loc><lastmod>{today}</lastmod></url>\n" for page in pages)
    return f"<urlset {NS}>\n{rows}</urlset>\n"


def news_urlset(pages: Iterable[Page]) -> str:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = "".join(
        f"<url><loc>{escape(page.url)}</loc><news:news><news:publication><news:name>News</news:name>"
        f"<news:language>en</news:language></news:publication><news:publication_date>{now}</news:publication_date>"
        f"<news:title>{escape(page.title)}</news:title></news:news></url>\n"
        for page in pages
    )
    return f'<urlset {NS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{rows}</urlset>\n'


def sitemaps(site: Site) -> tuple[dict[str, Resource], list[str]]:
    """(the maps by target, the addresses that robots.txt announces) of a host."""
    base = site.home.rstrip("/")
    news, rest = news_urlset(site.found_by("news")), urlset(site.found_by("sitemap"))
    made, packed = {"/news-sitemap.xml": xml(news)}, "gzip" in site.maps
    # A .gz file as servers really send it: a gzip body without Content-Encoding.
    body = xml(rest).body
    part = "/sitemap-1.xml.gz" if packed else "/sitemap-1.xml"
    made[part] = (
        Resource(gzip.compress(body, mtime=0), "application/x-gzip", squeeze=False)
        if packed
        else Resource(body, "text/xml")
    )
    # Nobody announces maps on a host without robots.txt: there /sitemap.xml must lead to all of them.
    if "index" not in site.maps and site.robots != "missing":
        return made, [base + part, base + "/news-sitemap.xml"]
    listed = "".join(f"<sitemap><loc>{base}{target}</loc></sitemap>\n" for target in (part, "/news-sitemap.xml"))
    made["/sitemap.xml"] = xml(f"<sitemapindex {NS}>\n{listed}</sitemapindex>\n")
    return made, [base + "/sitemap.xml"]


# -- certificates ---------------------------------------------------------------------------------------


def certificates(hosts: Iterable[str], folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server context for all `hosts`, and the file with the throw-away authority that vouches for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = dt.datetime.now(dt.UTC)

    def certificate(name: str, key, issuer, signer, *extensions):
        draft = (
            x509.CertificateBuilder().subject_name(common_name(name)).issuer_name(issuer).public_key(key.public_key())
        )
        draft = draft.serial_number(x509.random_serial_number())
        draft = draft.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=2))
        for extension, critical in extensions:
            draft = draft.add_extension(extension, critical)
        return draft.sign(signer, hashes.SHA256())

    def common_name(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    root_name = common_name("Newsmorgue benchmark, trust nobody")
    root = certificate(
        "Newsmorgue benchmark, trust nobody",
        signer,
        root_name,
        signer,
        (x509.BasicConstraints(ca=True, path_length=0), True),
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    leaf = certificate("newsmorgue.test", key, root_name, signer, (names, False), (usage, False))
    pem = serialization.Encoding.PEM
    authority, chain, secret_key = folder / "authority.pem", folder / "chain.pem", folder / "key.pem"
    authority.write_bytes(root.public_bytes(pem))
    chain.write_bytes(leaf.public_bytes(pem) + root.public_bytes(pem))
    secret_key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret_key)
    return context, authority


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--hosts", type=int, default=100, help="how many hosts (default 100)")
    sites = build(options.parse_args().hosts)
    show_table(
        ("host", "pages", "scheme", "robots.txt", "sitemap", "ways"),
        [
            (
                site.host,
                len(site.pages),
                site.scheme,
                site.robots,
                site.maps,
                " ".join(page.way for page in site.pages),
            )
            for site in sites
        ],
    )
    print(f"\n{len(sites)} hosts, {sum(len(site.pages) for site in sites)} articles")


if __name__ == "__main__":
    sys.exit(main())
