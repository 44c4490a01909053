"""Serve fixed answers over real HTTP or HTTPS on loopback, and remember the requests."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping

CONDITIONS = ("If-None-Match", "If-Modified-Since")
Answer = tuple[int, bytes, dict[str, str]]  # status, body, headers
Answers = dict[str, Answer]  # by path
AnyAnswers = Mapping[str, Answer | Callable[[str], Answer]]  # by path; or a function that gets the Cookie field


@contextlib.contextmanager
def answering(
    answers: AnyAnswers, tls: ssl.SSLContext | None = None, *, never_modified: bool = False, host: str = "127.0.0.1"
) -> Iterator[tuple[str, list[str]]]:
    """Serve these answers by path, else 404; yield the address of the server, and the list of the paths requested.

    `never_modified`: each conditional request is answered 304, whatever has changed.
    """
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer = answers.get(self.path, (404, b"", {}))
            status, body, headers = answer(self.headers.get("Cookie", "")) if callable(answer) else answer
            if never_modified and any(name in self.headers for name in CONDITIONS):
                status, body = 304, b""
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_args: object) -> None:
            """Print nothing: the requests are in the list."""

    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http{'s' if tls else ''}://{host}:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
