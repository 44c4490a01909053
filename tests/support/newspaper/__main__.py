"""Serve the paper until Ctrl-C or SIGTERM: `python -m tests.support.newspaper`."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from threading import Event

from .server import serve


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.newspaper", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument("--faults", action="store_true", help="link the fault pages from the home page")
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="wait before each answer")
    parser.add_argument("--crawl-delay", type=float, metavar="SECONDS", help="what robots.txt asks for")
    parser.add_argument("--list", action="store_true", help="print every article's address and title, and leave")
    parser.add_argument("--port-file", type=Path, metavar="FILE", help="write the port into this file once it answers")
    return parser.parse_args()


def main() -> None:
    """Serve, print the address on one line, and wait."""
    options = arguments()
    done = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: done.set())
    with serve(
        options.host,
        options.port,
        delay=options.delay,
        faults=options.faults,
        crawl_delay=options.crawl_delay,
    ) as paper:
        if options.list:
            for url, truth in paper.truth.items():
                print(f"{url}\t{truth.title}")
            return
        if options.port_file:
            # Renamed into place: a program that waits for the file never reads half a number.
            draft = options.port_file.with_name(options.port_file.name + ".new")
            draft.write_text(f"{paper.port}\n")
            draft.replace(options.port_file)
        print(paper.url, flush=True)
        done.wait()


if __name__ == "__main__":
    main()
