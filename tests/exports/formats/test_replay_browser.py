"""Our exports are shown by replayweb.page in a real browser: pages found by the index, chunks and gzip undone.

Its `ui.js` and `sw.js` are AGPL, and never among our files: `make tools` fetches them where npm is installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from exports.formats import to_wacz
from pipelines.selection.captures import CaptureSelection
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import ABOUT, COPY, CRANE, LIGHT, PAPER, TWIN, build
from tests.support.external_tools import REPLAYWEB_FILES, replayweb_folder, tool

LANTERNS = ("Lanterns over the basin. " * 40).strip()
PAGES = {
    "page": ("20260301050607", CRANE, "It stands in the harbour."),
    "later state of a page": ("20260303050607", CRANE, "It has fallen over."),
    "chunked and compressed": ("20260301050607", LIGHT, LANTERNS),
    "revisit": ("20260303050607", LIGHT, LANTERNS),
    "revisit of another address": ("20260305050607", TWIN, "It stands in the harbour."),
    "revisit of chunks at another address": ("20260305050607", COPY, LANTERNS),
    "redirect": ("20260301050607", "http://paper.example/old", "It stands in the harbour."),
    "not ascii": ("20260302050607", f"{PAPER}/Stra%C3%9Fe/%E6%9D%B1%E4%BA%AC", "no"),
    "list of pages": ("", "", "Lights"),
}
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WAIT = 20  # seconds for one page; it takes one
# A page that shows the others one after the other, and sends the text of each, frames in frames included: all are
# of one origin. When it gives up, it still sends the text that is there.
VIEW = """<!doctype html><meta charset="utf-8"><script src="/replay/ui.js"></script><body><script>
const own = (root) => root.body ? root.body.innerText.split("\\n") : [...root.querySelectorAll(":not(style)")]
  .filter((one) => !one.children.length).map((one) => one.textContent);
const lines = (root) => [...own(root), ...[...root.querySelectorAll("*")].flatMap((one) =>
    [...(one.shadowRoot ? lines(one.shadowRoot) : []), ...(one.contentDocument ? lines(one.contentDocument) : [])])]
  .map((line) => line.trim()).filter((line) => line);
(async () => {
  for (const [name, [ts, url, wanted]] of Object.entries(PAGES)) {
    const view = document.createElement("replay-web-page");
    const how = url ? {ts, url, embed: "replayonly"} : {view: "pages", embed: "full"};
    for (const [key, value] of Object.entries({...how, source: "/out.wacz", replaybase: "/replay/"}))
      view.setAttribute(key, value);
    document.body.replaceChildren(view);
    let shown = [];
    for (const end = Date.now() + WAIT; Date.now() < end && !shown.includes(wanted);) {
      await new Promise((go) => setTimeout(go, 50));
      shown = lines(view.shadowRoot ?? view);
    }
    await fetch("/shown", {method: "POST", body: JSON.stringify([name, shown])});
  }
  await fetch("/shown", {method: "POST", body: "null"});
})();
</script>"""


class Serving(BaseHTTPRequestHandler):
    """Files of the server's `files`, in ranges too; what is posted goes into its `shown`, null ends it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = self.server.files.get(self.path.partition("?")[0])
        if found is None:
            self.answer(404, "text/plain", b"")
            return
        kind, body = found
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked:
            self.answer(200, kind, body)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
        self.answer(206, kind, body[first : last + 1], f"bytes {first}-{last}/{len(body)}")

    do_HEAD = do_GET

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(200, "text/plain", b"")
        if said is None:
            self.server.done.set()
        else:
            self.server.shown.update([said])

    def answer(self, status, kind, body, span=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """By name of a page, the lines that the browser shows of it."""
    scripts = replayweb_folder()
    browser = shutil.which("google-chrome") or tool("chromium", how="apt-get install chromium")
    folder = tmp_path_factory.mktemp("replayweb")
    archive = build(folder / "archive", twin=True)
    with (
        closing(archive.open()) as db,
        CaptureSelection(db, WarcStorage(archive.warc)) as selection,
        (folder / "out.wacz").open("wb") as out,
    ):
        to_wacz.pack(selection, out, ABOUT)
    view = VIEW.replace("PAGES", json.dumps(PAGES)).replace("WAIT", str(WAIT * 1000))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    server.shown, server.done = {}, threading.Event()
    server.files = {f"/replay/{name}": ("text/javascript", (scripts / name).read_bytes()) for name in REPLAYWEB_FILES}
    server.files["/out.wacz"] = ("application/wacz", (folder / "out.wacz").read_bytes())
    server.files["/"] = ("text/html", view.encode())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address, log = f"http://127.0.0.1:{server.server_port}/", folder / "log"
    with log.open("wb") as err:
        process = subprocess.Popen(
            [browser, *OPTIONS, f"--user-data-dir={folder / 'profile'}", address], stdout=err, stderr=err
        )
    try:
        until = time.monotonic() + WAIT * (len(PAGES) + 1)
        while not server.done.wait(0.2) and process.poll() is None and time.monotonic() < until:
            pass
        nothing = ["nothing came of the browser", log.read_text(errors="replace")[-2000:]]
        return {name: server.shown.get(name, nothing) for name in PAGES}
    finally:
        process.terminate()
        process.wait(30)
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", PAGES)
def test_exported_page_is_shown_in_the_browser(shown, name):
    """Its words, however they are stored: as sent, in chunks and compressed, or under another address."""
    assert PAGES[name][2] in shown[name]
