"""`morgue add`: look a site over, write its source file, say what was found."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from crawler.cli.main import folder_option, setting_option, the_folder, the_overrides
from exports.terminal import plain
from pipelines.core.errors import ConfigError, MorgueError, NothingReachable, os_errors
from pipelines.core.items import Source
from pipelines.core.plural import counted

if TYPE_CHECKING:
    from crawler.config.models import Config
    from crawler.onboarding.probe import ProbeReport, ProbeResponse, VerifiedListing
    from pipelines.session.context import CrawlContext

KINDS = (("feed", "feeds"), ("news sitemap", "news_sitemaps"), ("sitemap", "sitemaps"), ("section", "sections"))
MOST_NAMED = 8  # addresses of one kind that the report lists one by one


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--name", metavar="NAME", help="The source's name (else from its domain: www.bbc.co.uk is bbc).")
@click.option("--force", is_flag=True, help="Write the source file anew if there is one.")
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, urls: tuple[str, ...], name: str | None, force: bool) -> int:
    """Look a news site over and watch it from now on.

    Fetches the home page, robots.txt, and what they lead to (feeds, news sitemaps, sitemaps, section pages), at most
    25 requests a site and no faster than the archive's crawl.delay; writes sources/NAME.toml, to be read and mended by
    hand. What was fetched is recorded in the archive.
    """
    from crawler.config.models import load

    folder = the_folder(ctx)
    config = load(folder, the_overrides(ctx))
    wanted = named_sites(urls, name, config, force=force)
    import asyncio  # 20 ms that `morgue --help` need not pay

    added = asyncio.run(add_all(wanted, config, " ".join(sys.argv[1:])))
    if added == len(wanted):
        return 0
    return MorgueError.exit_code if added else NothingReachable.exit_code


def named_sites(urls: Sequence[str], name: str | None, config: Config, *, force: bool) -> list[tuple[str, str]]:
    """(name, home page) of each site to add. Raises ConfigError before anything is asked of anyone."""
    from crawler.config.toml_files import NAME
    from crawler.frontier.crawl_plan import targets_of
    from pipelines.core.urls import fetchable, url_key

    if name is not None and (len(urls) > 1 or not NAME.fullmatch(name)):
        cause = "names one source, not several" if len(urls) > 1 else "is no name for a source"
        raise ConfigError(f"--name {name}", cause, "say one URL; letters, digits, - _ and . only")
    known = {url_key(source.url): own for own, source in config.sources.items()}
    taken, chosen = set(config.sources), []
    for typed in targets_of(urls):
        url = fetchable(typed)
        if url is None:
            raise ConfigError(typed, "is not a web address", "say e.g. https://paper.example/")
        own = known.get(url_key(url))
        if own is not None and not force:
            raise ConfigError(url, f"is a source already: sources/{own}.toml", "say --force to write that file anew")
        if name is not None and name in config.sources and not force:
            raise ConfigError(f"--name {name}", "there is such a source", "say --force to write its file anew")
        chosen.append((name or own or name_for(url, taken), url))
        taken.add(chosen[-1][0])
    return chosen


def name_for(url: str, taken: set[str]) -> str:
    """A free name for a site: of its domain, else of its whole host, else with a number."""
    from pipelines.core.urls import host_of, site_of

    site, host = site_of(url), host_of(url)
    path = re.sub(r"[^a-z0-9]+", "-", urlsplit(url).path.lower()).strip("-")
    whole = re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www.")).strip("-")
    bare = site.split(".")[0] if re.search(r"[a-z]", site) and ":" not in site else whole
    names = [bare, whole, f"{whole}-{path}" if path else whole, *(f"{bare}-{number}" for number in range(2, 1000))]
    return next(name for name in names if name and name not in taken)


async def add_all(wanted: Sequence[tuple[str, str]], config: Config, command_line: str) -> int:
    """Look at the sites one after the other; returns how many were added."""
    from crawler.engine.crawl import open_context

    context = open_context(config, command_line)
    outcome, added = "interrupted", 0
    try:
        for name, url in wanted:
            added += await add_one(name, url, config, context)
        outcome = "done" if added == len(wanted) else "partly failed" if added else "nothing reachable"
    except MorgueError:
        outcome = "failed"
        raise
    finally:
        context.workers.kill()  # nobody waits for them any more
        context.close(outcome)
    return added


async def add_one(name: str, url: str, config: Config, context: CrawlContext) -> bool:
    """Look at one site; write its file and say what was found, or why not."""
    from crawler.middleware.failure_reasons import ALLOW, NOT_PUBLIC
    from crawler.onboarding.probe import probe

    click.echo(url)
    asker = SiteFetcher(config, context)
    try:
        found = await probe(url, asker.fetch, asker.read, obey=config.crawl.robots)
    finally:
        await asker.close()
    if found.failure is not None:
        cure = f"{ALLOW}\n  " if found.failure == NOT_PUBLIC else ""
        click.echo(f"morgue: {url}: {found.failure}\n  {cure}no source was written", err=True)
        return False
    twins = [own for own, source in config.sources.items() if same(source.url, found.url) and own != name]
    if twins:
        click.echo(f"morgue: {url}: leads to {found.url}, which is a source already: sources/{twins[0]}.toml", err=True)
        return False
    path = config.folder.sources / f"{name}.toml"
    with os_errors(str(path)):
        path.parent.mkdir(exist_ok=True)
        write_whole(path, source_text(found))
    source = Source(name, found.url, found.title, found.language)
    await context.do(context.store.rename_ad_hoc_source, source, [*config.sources, name])
    await context.do(partial(context.store.source, source, watched=True))
    for line in report(found, name, obeyed=config.crawl.robots):
        click.echo(plain(line))  # titles come from strangers, and a terminal obeys some characters
    return True


def same(a: str, b: str) -> bool:
    from pipelines.core.urls import url_key

    return url_key(a) == url_key(b)


class SiteFetcher:
    """The network side of a probe: one request at a time, in the archive's pace, each exchange recorded."""

    def __init__(self, config: Config, context: CrawlContext) -> None:
        from crawler.http.client import FetchLimits, HttpClient

        crawl = config.crawl
        self.config, self.context = config, context
        self.client = HttpClient(
            FetchLimits(timeout=crawl.timeout, max_body=crawl.max_body),
            allow_private_ips=crawl.allow_private_ips,
            verify=crawl.verify_certificates,
            proxy_for=lambda url: crawl.proxy or None,
        )
        self.next_request: dict[str, float] = {}  # host -> clock time before which it is left alone

    async def fetch(self, url: str, kind: str, crawl_delay: float | None) -> ProbeResponse:
        """One exchange, recorded whatever came of it. See `crawler.onboarding.probe.Fetch`."""
        from crawler.http.outcome import FetchError
        from crawler.middleware.failure_reasons import REASONS
        from crawler.onboarding.probe import ProbeResponse
        from pipelines.warc.http_message import DecodedTooLarge, content_decoded

        await self._wait_for(url, crawl_delay)
        try:
            fetched = await self.client.fetch(url, headers=self._headers(), kind=kind)
        except FetchError as error:
            await self._record(*error.earlier, error.exchange)
            return ProbeResponse(None, error=REASONS.get(type(error), str(error)))
        await self._record(*fetched.earlier, fetched.exchange)
        headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in fetched.headers}
        try:
            body = content_decoded(fetched.headers, fetched.body, self.config.crawl.max_body)
        except DecodedTooLarge:
            return ProbeResponse(None, error="body too large when decoded")
        return ProbeResponse(fetched.status, headers, body)

    async def read(self, reader: Any, *arguments: Any) -> Any:
        """Run a reader in a worker process: what it reads comes from strangers."""
        from crawler.discovery.results import Discovery
        from pipelines.core.worker_pool import WorkerFailure

        try:
            return await self.context.workers.run(reader, *arguments)
        except WorkerFailure as overrun:
            return Discovery(problem=f"reading it {overrun.reason}")

    async def close(self) -> None:
        await self.client.close()

    async def _record(self, *exchanges: Any) -> None:
        for exchange in exchanges:
            await self.context.record(exchange)

    async def _wait_for(self, url: str, crawl_delay: float | None) -> None:
        """Until the host may be asked again; Crawl-delay counts up to the longest delay that we wait."""
        import asyncio

        from pipelines.core.urls import host_of

        crawl, clock = self.config.crawl, asyncio.get_running_loop().time
        host = host_of(url)
        delay = max(crawl.delay, min(crawl_delay or 0.0, crawl.max_delay))
        await asyncio.sleep(max(0.0, self.next_request.get(host, 0.0) - clock()))
        self.next_request[host] = clock() + delay

    def _headers(self) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"User-Agent", self.config.user_agent.encode("latin-1", "replace")),
            (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            (b"Accept-Encoding", b"gzip, deflate"),
        ]
        contact = self.config.operator.contact
        # RFC 9110, 10.1.2: a mailbox, nothing else
        return [*headers, (b"From", contact.encode())] if "@" in contact and "/" not in contact else headers


def write_whole(path: Path, text: str) -> None:
    """All of the file or nothing of it."""
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


COMMENTS = {
    "url": "The paper's front page.",
    "title": "The paper's own name, for people.",
    "language": "Language of most of its articles (BCP 47 tag), as the front page says.",
    "feeds": "RSS, Atom and JSON feeds: the newest articles.",
    "news_sitemaps": "News sitemaps: the articles of the last days, with their titles.",
    "sitemaps": "Sitemaps: everything the paper cares to list. Take them out to collect only what is new.",
    "sections": "Section pages. Only these are read; take the key out to have sections found from the front page.",
}
REST = """\
# What is taken for an article is told from its address. Where that errs, regular expressions say better:
# a URL that one of `include` is found in is an article, one that `exclude` is found in is left alone.
#include = ["/story/[0-9]+"]
#exclude = ["/quiz/"]

# How often its feeds and pages are read again, and how it is asked, where that differs from morgue.toml.
#[every]
#feed = "30m"
#[crawl]
#delay = 5.0
"""


def source_text(found: ProbeReport) -> str:
    """The source file: what was found, each key explained."""
    from crawler.config.value_types import is_ascii_line, is_line, is_web_address, literal

    title = found.title if found.title and is_line(found.title) else ""
    language = found.language if found.language and is_ascii_line(found.language) else ""
    values: dict[str, Any] = {"url": found.url, "title": title, "language": language}
    for kind, key in KINDS:
        values[key] = [listing.url for listing in found.of(kind) if is_web_address(listing.url)]
    if values["sections"]:
        values["sections"] += [url for url in found.unseen if is_web_address(url)]
    blocks = ["# Written by `morgue add`; yours to change. Every key: docs/config.md, and _template.toml beside it.\n"]
    for key, value in values.items():
        if isinstance(value, list):
            rows = "".join(f"    {literal(url)},\n" for url in value)
            line = f"{key} = [\n{rows}]" if value else f"#{key} = []"
        else:
            line = f"{'' if value else '#'}{key} = {literal(value)}"
        blocks.append(f"# {COMMENTS[key]}\n{line}\n")
    return "\n".join([*blocks, REST])


def report(found: ProbeReport, name: str, *, obeyed: bool = True) -> list[str]:
    """What was found and what was not, for people."""
    lines = [f"  {found.title or 'no title'}" + (f" ({found.language})" if found.language else "")]
    lines.append(f"  robots.txt {'lets us in' if obeyed else 'is not obeyed (crawl.robots)'}{asked_delay(found)}")
    for kind, _key in KINDS:
        listings = found.of(kind)
        lines += [f"  {described(listing)}" for listing in listings[:MOST_NAMED]]
        if len(listings) > MOST_NAMED:
            lines.append(f"  {counted(len(listings) - MOST_NAMED, f'more {kind}')} like these")
    if found.unseen:
        few = f"taken over unseen, {counted(found.requests, 'request')} are enough"
        lines.append(f"  {counted(len(found.unseen), 'more section page')} in the menus, {few}")
    lines += [f"  left out: {url} ({why})" for url, why in found.refused]
    lines += missing(found)
    lines.append(f"  -> sources/{name}.toml    morgue crawl {name} fetches it now")
    return lines


def asked_delay(found: ProbeReport) -> str:
    return f", and asks for {found.crawl_delay:g} s between requests" if found.crawl_delay else ""


def described(listing: VerifiedListing) -> str:
    what, noun = ("sitemap index", "sitemap") if listing.index else (listing.kind, "article")
    newest = f", newest {listing.newest}" if listing.newest else ""
    return f"{what}: {listing.url} ({counted(listing.count, noun)}{newest}; {listing.where})"


def missing(found: ProbeReport) -> list[str]:
    """What a reader of the report would look for in vain."""
    kinds = {listing.kind for listing in found.listings}
    if not kinds and not found.unseen:
        return ["  no feed, sitemap or section page found: the front page alone will be read"]
    lines = []
    if "feed" not in kinds:
        instead = "news sitemap" if "news sitemap" in kinds else "section pages" if "section" in kinds else "sitemap"
        lines.append(f"  no feed found: the {instead} will be read instead")
    if "news sitemap" not in kinds:
        lines.append("  no news sitemap found")
    if not kinds & {"sitemap", "news sitemap"}:
        lines.append("  no sitemap found: what is older than the feed and the section pages cannot be found")
    if "section" not in kinds:
        lines.append("  no section page found in the menus: they will be looked for from the front page")
    return lines
