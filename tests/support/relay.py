"""Pass bytes between a client and a server on this machine, and spoil one exchange on purpose."""

from __future__ import annotations

import socket
from threading import Event, Thread
from urllib.parse import urlsplit

BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Relay:
    """Listen on a port of its own. `next_fault` spoils the next connection; all later ones are passed on as they are.

    "busy": answers 503, asks nothing. "cut": breaks off after `cut_after` bytes of the request. "stuck": passes nothing
    on after so many, until `go_on` is set. "unanswered": passes the request on, and breaks off when the answer comes.
    "flipped": changes `mark` on the way.
    """

    def __init__(self, endpoint: str) -> None:
        self._server = (urlsplit(endpoint).hostname or "", urlsplit(endpoint).port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.next_fault, self.mark, self.cut_after = "", b"", 0
        self.connections = 0
        self.is_stuck, self.go_on = Event(), Event()
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept nothing more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            fault, self.next_fault = self.next_fault, ""
            Thread(target=self._serve, args=(client, fault), daemon=True).start()

    def _serve(self, client: socket.socket, fault: str) -> None:
        if fault == "busy":
            client.recv(1 << 16)
            client.sendall(BUSY)
            client.close()
            return
        try:
            server = socket.create_connection(self._server)
        except OSError:  # the server was killed
            client.close()
            return
        Thread(target=self._answer, args=(server, client, fault), daemon=True).start()
        passed = 0
        try:
            while data := client.recv(1 << 16):
                passed += len(data)
                if fault == "cut" and passed >= self.cut_after:
                    break
                if fault == "stuck" and passed >= self.cut_after:
                    self.is_stuck.set()
                    self.go_on.wait(60)
                if fault == "flipped" and self.mark in data:
                    data, fault = data.replace(self.mark, self.mark.swapcase()), ""  # the next try on it arrives whole
                server.sendall(data)
        except OSError:
            pass  # the other side broke off
        for one in (client, server):
            one.close()

    @staticmethod
    def _answer(server: socket.socket, client: socket.socket, fault: str) -> None:
        try:
            while data := server.recv(1 << 16):
                if fault == "unanswered":
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
