"""Serve a body that never ends, fast or slowly."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator


@contextlib.contextmanager
def endless(kind: str, block: bytes, pause: float = 0.0) -> Iterator[tuple[str, list[str]]]:
    """Answer everything but robots.txt with blocks of bytes, one after each pause, until the client goes.

    Yield the address of the server, and the list of the paths requested.
    """
    asked: list[str] = []
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/robots.txt":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not over.is_set():
                    self.wfile.write(block)
                    time.sleep(pause)

        def log_message(self, *_args: object) -> None:
            """Print nothing: the requests are in the list."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}", asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()
