"""Test the server of commands itself."""

from __future__ import annotations

import subprocess
import sys

from tests.support.command import environment

# Without what it imports for the commands.
BARE = """
import sys
from types import SimpleNamespace
from tests.support import command_server
command_server.IMPORTED, command_server.entry = (), SimpleNamespace(warm_up=lambda: None)
command_server.serve(sys.argv[1])
"""


def test_server_ends_with_the_process_that_started_it(tmp_path):
    """Or each run of the tests would leave some in memory for ever."""
    words = [sys.executable, "-c", BARE, str(tmp_path / "socket")]
    with subprocess.Popen(words, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout.read(1) == b"+"
            server.stdin.close()
            assert server.wait(30) == 0
        finally:
            server.kill()
