"""Test where the view listens, and what it says if it cannot."""

from __future__ import annotations

import socket

import pytest
from click.testing import CliRunner

from crawler.commands.serve import command, next_to
from exports.web.serving import Place, serve
from pipelines.core.errors import ConfigError


def refused(place):
    """Return the error that a place ends in, before anything is served."""
    with pytest.raises(ConfigError) as found:
        serve(None, place, list, print)
    return str(found.value)


@pytest.mark.parametrize(("at", "option"), [(0, "--port"), (1, "--replay-port")])
def test_port_that_another_program_has_is_named_once_with_its_option(at, option):
    """The text of the system has the address again."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        taken = door.getsockname()[1]
        ports = [0, 0, 0]
        ports[at] = taken
        cause = f"127.0.0.1:{taken}: cannot be listened on: Address already in use"
        assert refused(Place("127.0.0.1", tuple(ports))) == f"{cause}\n  choose another with {option}"


@pytest.mark.parametrize("host", ["192.0.2.1", "not a name", "x" * 70])
def test_host_that_is_not_of_this_machine_is_told_so(host):
    """Another port would not help. 192.0.2.0/24 is nobody's (RFC 5737)."""
    assert refused(Place(host, (0, 0, 0))).startswith(f"--host {host}: is no address of this machine")


@pytest.mark.parametrize("token", ["short", "control\n-character", "not-utf-8-\udcff"])
def test_token_that_cannot_be_sent_or_could_be_guessed_is_refused(token):
    """Before anything is served."""
    done = CliRunner().invoke(command, ["--token", token], obj={})
    assert isinstance(done.exception, ConfigError)
    assert done.exception.subject == "--token"


def test_last_port_has_no_next_one():
    """A free one is taken, and told."""
    assert [next_to(port) for port in (8001, 65534, 65535, 0)] == [8002, 65535, 0, 0]


@pytest.mark.parametrize(
    ("options", "subject", "cause"),
    [
        (["--port", "9001", "--replay-port", "9001"], "ports 9001, 9001", "must differ"),
        (["--origin", "archive.example", "--replay-origin", "x.example"], "--origin archive.example", "is no origin"),
    ],
)
def test_options_that_cannot_work_are_told_before_who_may_read(options, subject, cause):
    """The first error is the one that leads on."""
    done = CliRunner().invoke(command, options, obj={})
    assert isinstance(done.exception, ConfigError)
    assert done.exception.subject == subject
    assert cause in done.exception.cause
