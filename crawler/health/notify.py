"""Send a message to a command or a web address of the owner. Each is bounded in time and in what it may answer."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from time import monotonic
from typing import IO
from urllib.parse import urlsplit

from crawler.config.models import Config
from crawler.config.value_types import is_http_url
from crawler.health.told_changes import HealthChange
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain
from pipelines.core.timestamps import now, stamp

logger = logging.getLogger("morgue.health")

MAX_OUTPUT_BYTES = 500  # of what a command prints that a message about its failure quotes
READ_BYTES = 1 << 16  # of its output at a time; the rest is read and dropped
MAX_ANSWER_BYTES = 100_000  # of the answer of a web address
ANY_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")  # RFC 3986, 3.1
SHELL_SIGNS = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1"})  # that join or redirect commands
DRAIN_SECONDS = 1.0  # for the output of a command that has ended


def payload(archive: Path, changes: Sequence[HealthChange]) -> bytes:
    """Return the message: JSON. Chat programs show its `text`."""
    text = "\n".join(plain(line) for change in changes for line in change.text().splitlines())
    return message_of(archive, [one.as_dict() for one in changes], text)


def trial_message(archive: Path) -> bytes:
    """Return a message that says only that messages arrive."""
    return message_of(archive, [], f"{archive.name}: a test of morgue health")


def message_of(archive: Path, changes: Sequence[dict[str, str | None]], text: str) -> bytes:
    """Return a message about the archive in a folder."""
    found = {"archive": archive.name, "path": str(archive), "time": stamp(now()), "changes": changes, "text": text}
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")  # a path may have any bytes


def check_target(target: str, *, must_exist: bool = True) -> None:
    """Raise ConfigError for a target that is neither a command nor a web address, or whose command does not exist.

    `must_exist`: False for a pass, which is not held up by a command that is gone.
    """
    if is_address(target):
        if not is_http_url(target):
            raise ConfigError("--notify", "is not a web address", "say e.g. --notify https://chat.example/hook")
        return
    if match := ANY_SCHEME.match(target):
        cure = "say an address with https://, or a command"
        raise ConfigError(f"--notify {match[0]}...", "only http and https can be told", cure)
    name, *others = words_of(target)
    if must_exist and (sign := next((word for word in others if word in SHELL_SIGNS), None)) is not None:
        cure = f"say --notify {shlex.quote('sh -c ' + shlex.quote(target))}, or name a script"
        raise ConfigError("--notify", f"runs without a shell, so that {sign} would be an argument of {name}", cure)
    if must_exist and shutil.which(name) is None:
        raise ConfigError(f"--notify {name}", "is no command that can be run here", "correct its name or path")


def from_any_folder(target: str) -> str:
    """Return a target whose command has its whole path: a timer has another current folder and another PATH."""
    if is_address(target):
        return target
    name, *arguments = words_of(target)
    found = shutil.which(name)
    return shlex.join([os.path.abspath(found), *arguments]) if found is not None else target


def is_address(target: str) -> bool:
    """Return True for a web address, False for a command."""
    return target.lower().startswith(("http://", "https://"))


def name_of(target: str) -> str:
    """Return what a target is called: its command, or its host alone, as its path may be a secret."""
    return urlsplit(target).hostname or "?" if is_address(target) else words_of(target)[0]


def send(target: str, message: bytes, config: Config) -> str | None:
    """Send a message to a command, or to the web address that `target` is. Return why it failed, None if it did not.

    Raises ConfigError for a target that is neither.
    """
    check_target(target, must_exist=False)
    if is_address(target):
        return asyncio.run(post(target, message, config))
    return run(words_of(target), message, config.notify.timeout)


def words_of(command: str) -> list[str]:
    """Return the words of a command. Raises ConfigError."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(
            f"--notify {command!r}", f"cannot be split into words ({error})", "close its quotes"
        ) from None
    if not words:
        raise ConfigError(
            "--notify", "names no command", "say --notify 'mail -s news me@example.org', or a web address"
        )
    return words


def run(words: Sequence[str], message: bytes, timeout: float) -> str | None:
    """Run a command with the message on its standard input, without a shell. Return why it failed."""
    with TemporaryFile() as given:
        given.write(message)
        given.seek(0)
        try:
            process = subprocess.Popen(
                words, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            return f"{words[0]}: {error.strerror or error}"
    assert process.stdout is not None
    said, is_over = bytearray(), False
    reader = Thread(target=drain, args=(process.stdout, said), daemon=True)
    reader.start()
    deadline = monotonic() + timeout
    try:
        code = process.wait(timeout)
        if code == 0:  # a mail program has ended when its delivery goes on in the background, with the same output
            reader.join(max(0.0, deadline - monotonic()))
            is_over = not reader.is_alive()
    except subprocess.TimeoutExpired:
        return f"{words[0]}: did not end within {timeout:g} s, and was stopped"
    finally:
        if not is_over:  # also what it left running
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            reader.join(DRAIN_SECONDS)
    if code == 0:
        return None
    last = plain(said.decode("utf-8", "replace")).strip()
    return f"{words[0]}: exit code {code}" + (f": {last}" if last else "")


def drain(output: IO[bytes], said: bytearray) -> None:
    """Read what a command prints until it ends, and keep the beginning."""
    with suppress(OSError, ValueError):
        while chunk := output.read1(READ_BYTES):  # type: ignore[attr-defined]
            said += chunk[: MAX_OUTPUT_BYTES - len(said)]


async def post(url: str, message: bytes, config: Config) -> str | None:
    """Send the message as JSON. Return why it failed.

    robots.txt does not apply: the owner of the archive names the address. It is no part of the archive and is not
    recorded. Its path may be a secret, so that a failure names the host alone.
    """
    from crawler.http.client import FetchLimits, HttpClient
    from crawler.http.outcome import FetchError
    from crawler.middleware.failure_reasons import NOT_PUBLIC, reason_of_fetch

    limits = FetchLimits(timeout=config.notify.timeout, max_body=MAX_ANSWER_BYTES)
    client = HttpClient(
        limits,
        allow_private_ips=config.notify.allow_private_ips,
        verify=config.crawl.verify_certificates,
        proxy_for=lambda url: config.crawl.proxy or None,
    )
    headers = [
        (b"User-Agent", config.user_agent.encode("latin-1", "replace")),
        (b"Content-Type", b"application/json"),
        (b"Accept", b"*/*"),
        (b"Connection", b"close"),
    ]
    host = urlsplit(url).hostname or "?"
    try:
        answer = await client.fetch(url, method="POST", headers=headers, body=message, kind="notify")
    except FetchError as error:
        if error.partial is not None and 200 <= error.partial.status < 300:
            return None  # it took the message; the rest of its answer is of no interest
        why = reason_of_fetch(error)
        return f"{host}: {why}" + ("; notify.allow_private_ips allows it" if why == NOT_PUBLIC else "")
    finally:
        await client.close()
    return None if 200 <= answer.status < 300 else f"{host}: HTTP {answer.status}"
