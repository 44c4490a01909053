"""Open a hostile page in replayweb.page, in chromium: its scripts run, and reach nobody."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.support.command import LOOPBACK, make_archive, morgue, rows
from tests.support.external_tools import replayweb_folder
from tests.support.foreign import page as article
from tests.support.journal_server import Resource, read_journal, serving
from tests.support.styled_paper import free_port
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow

# Each attempt says what came of it in the page; `here` is the live site, which must not be asked.
ATTEMPTS = """
const said = document.createElement("ul"), here = "HERE";
document.body.prepend(said);
const say = (name, what) => {
  const one = document.createElement("li");
  one.textContent = name + " " + what;
  said.append(one);
};
const element = (name, address) => new Promise((done) => {
  const one = document.createElement(name);
  one.onload = () => done("loaded");
  one.onerror = () => done("refused");
  one.src = address;
  document.body.append(one);
});
const status = (address) => fetch(address).then((answer) => "answered " + answer.status);
const tries = {
  fetch: () => status(here + "/fetch"),
  picture: () => element("img", here + "/picture"),
  frame: () => element("iframe", here + "/frame"),
  package: () => status("/packages/1-1-" + "0".repeat(32) + ".wacz"),
  open: () => status("/open/" + "0".repeat(32) + "/1"),
};
(async () => {
  for (const [name, attempt] of Object.entries(tries))
    say(name, await Promise.resolve().then(attempt).catch(() => "refused"));
  say("all", "done");
})();
"""


# As a script does that has got round what replayweb.page changes in scripts: the browser has to refuse these.
RAW = """(here) => {
  const refused = [];
  for (const [name, attempt] of Object.entries({
    top: () => { top.location.href = here + "/top" },
    cookie: () => { top.document.cookie },
  })) try { attempt() } catch (error) { refused.push(name) }
  fetch(here + "/fetch").catch(() => 0);
  navigator.sendBeacon(here + "/beacon", "x");
  new Image().src = here + "/picture";
  setTimeout(() => { location.href = here + "/self" }, 500);
  return refused;
}"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory, chromium):
    """Crawl the page, open it, and return (what it says, what its site was asked, hosts asked, whether all stays)."""
    folder, port = tmp_path_factory.mktemp("hostile"), free_port()
    archive, here = make_archive(folder / "archive"), f"http://127.0.0.1:{port}"
    markup = article(1).replace(b"</body>", f"<script>{ATTEMPTS.replace('HERE', here)}</script></body>".encode())
    with serving(lambda *_: Resource(markup), port=port, journal=folder / "journal"):
        done = morgue("-C", archive, "crawl", *LOOPBACK, "--urls", "-", stdin=f"{here}/story")
        assert rows(archive, "SELECT count(*) FROM articles") == [(1,)], done.stderr
        with viewing(archive, "--replayweb", str(replayweb_folder())) as view:
            window, hosts = chromium.new_page(), set()
            window.context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
            replay = re.search(r'href="(/replay/[^"]+)"', view.get("/article/1").text)[1]
            address = view.url + replay.replace("/replay/", "/replayweb/", 1)
            window.goto(address)
            inner = window.frame_locator("iframe").frame_locator("iframe")
            inner.locator("li", has_text="all done").wait_for()
            said = dict(line.split(" ", 1) for line in inner.locator("ul").first.inner_text().splitlines())
            refused = window.frames[2].evaluate(RAW, here)
            window.wait_for_timeout(1500)  # three times what the last attempt waits
            stays = window.url == address and len(window.context.pages) == 1
            window.context.close()
    return said | {"refused": refused}, {exchange.target for exchange in read_journal(folder / "journal")}, hosts, stays


def test_scripts_of_the_page_run(shown):
    """All attempts were made."""
    assert set(shown[0]) == {"fetch", "picture", "frame", "package", "open", "all", "refused"}


def test_scripts_reach_nobody(shown):
    """Neither the live site, nor the view, nor a package of another page; the banner stays where it is."""
    said, asked, hosts, stays = shown
    assert "/story" in asked
    assert asked & {"/fetch", "/picture", "/frame", "/top", "/self", "/beacon"} == set()
    assert said["refused"] == ["top", "cookie"]
    assert len(hosts) == 2
    assert stays
    assert said["package"] == said["open"] == "answered 404"
