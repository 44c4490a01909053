"""Test messages to commands and web addresses that behave badly."""

from __future__ import annotations

import json
import re
import sys
from threading import Event

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.health.notify import check_target, send
from pipelines.core.errors import ConfigError
from tests.support.http_server import answering


def config(folder, *overrides):
    (folder / "morgue.toml").write_text("")
    return load(ArchiveFolder(folder), overrides)


def python(code):
    return f'{sys.executable} -c "{code}"'


@pytest.mark.parametrize(("code", "failure"), [
    ("pass", None),
    ("import sys; sys.exit(len(sys.stdin.read()) - 5)", None),
    ("print('x' * 10_000_000)", None),
    ("print('no such list'); raise SystemExit(3)", "exit code 3: no such list"),
    ("import time; time.sleep(60)", "did not end within 2 s, and was stopped"),
])  # fmt: skip
def test_command_gets_the_message_and_is_bounded(tmp_path, code, failure):
    """It may print 10 MB, fail or hang."""
    why = send(python(code), b"hello", config(tmp_path, "notify.timeout=2"))
    assert (why or "").endswith(failure or "")
    assert (why is None) == (failure is None)


def test_command_may_deliver_in_the_background(tmp_path):
    """As mail programs do: they end at once, and their delivery goes on. One that does not end holds up no pass."""
    sent = tmp_path / "sent"
    assert send(f"sh -c '(sleep 0.2; touch {sent}) &'", b"", config(tmp_path, "notify.timeout=20")) is None
    assert sent.exists()
    assert send("sh -c 'sleep 300 &'", b"", config(tmp_path, "notify.timeout=0.1")) is None


def test_command_that_is_missing_is_named(tmp_path):
    """And quotes that are not closed are a mistake of the user."""
    assert "No such file" in send("/no/such/command", b"", config(tmp_path))
    with pytest.raises(ConfigError, match="close its quotes"):
        send("mail 'me", b"", config(tmp_path))


@pytest.mark.parametrize(("target", "cause"), [
    ("/no/such/command -v", "--notify /no/such/command: is no command"),
    ("ftp://chat.example/secret", "--notify ftp://...: only http and https"),
    ("https://", "is not a web address"),
    ("", "names no command"),
    ("cat | tee x", "--notify: runs without a shell, so that | would be an argument of cat"),
    ("cat >> x", "that >> would be an argument"),
    ("mail 'me", "cannot be split"),
])  # fmt: skip
def test_target_that_cannot_be_told_is_refused(target, cause):
    """Before there is a message for it."""
    with pytest.raises(ConfigError, match=re.escape(cause)):
        check_target(target)
    check_target("sh -c 'cat | tee x'")
    check_target("HTTPS://chat.example/hook")


def test_web_address_gets_json_and_its_errors_are_said_without_the_path(tmp_path):
    """The path of a webhook is a secret. A private address needs the user's word."""
    answers = {"/hook": (200, b"ok", {}), "/gone": (404, b"", {}), "/ill": (500, b"no", {})}
    with answering(answers) as (url, asked):
        allowed = config(tmp_path, "notify.allow_private_ips=true")
        assert send(f"{url}/hook", json.dumps({}).encode(), allowed) is None
        assert send(f"{url}/gone", b"{}", allowed) == "127.0.0.1: HTTP 404"
        assert send(f"{url}/ill", b"{}", allowed) == "127.0.0.1: HTTP 500"
        refused = send(f"{url}/hook", b"{}", config(tmp_path))
        assert refused == "127.0.0.1: address is not public; notify.allow_private_ips allows it"
        assert asked.count("/hook") == 1


def test_web_address_that_hangs_is_given_up(tmp_path):
    """After the time of the settings, so that the next pass is not held up."""
    over = Event()
    with answering({"/hook": lambda _cookie: (over.wait(30), (200, b"", {}))[1]}) as (url, _asked):
        why = send(f"{url}/hook", b"{}", config(tmp_path, "notify.allow_private_ips=true", "notify.timeout=0.5"))
        over.set()
    assert why == "127.0.0.1: timed out"


def test_web_address_that_answers_at_length_has_got_the_message(tmp_path):
    """It is not sent again because of what comes after the status."""
    with answering({"/hook": (200, b"x" * 300_000, {})}) as (url, _asked):
        assert send(f"{url}/hook", b"{}", config(tmp_path, "notify.allow_private_ips=true")) is None
