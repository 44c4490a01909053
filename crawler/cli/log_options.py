"""Share the options of the log: -v, --log and --log-format, before or after the name of a command.

Imports `logging` only when a command with a log runs: a search must not wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from pipelines.core.errors import INTERRUPTED, MorgueError

KEY = "log"  # of these options in the `obj` of the root context
VERBOSITY = "log_verbosity"


def _store(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep an option on the root context. -v before and after the command's name add up."""
    if value:
        asked = ctx.find_root().ensure_object(dict).setdefault(KEY, {})
        before = asked.get(VERBOSITY, 0)
        asked[param.name] = before + value if param.name == VERBOSITY else value


OPTIONS = (
    click.option("-v", VERBOSITY, count=True, expose_value=False, callback=_store,
                 help="Log decisions to standard error; -vv: also every request; -vvv: also Scrapy's log."),
    click.option("--log", "log_file", metavar="FILE", type=click.Path(path_type=Path),
                 expose_value=False, callback=_store,
                 help="Append the log to FILE as well: as JSON lines if it is called *.jsonl."),
    click.option("--log-format", "log_format", type=click.Choice(("text", "json")),
                 expose_value=False, callback=_store,
                 help="Write the log as text or as JSON lines, however FILE is called."),
)  # fmt: skip


def log_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, and write its log while it runs."""

    @wraps(function)
    def logged(*args: Any, **kwargs: Any) -> Any:
        ctx = click.get_current_context()
        begin(ctx)
        return function(*args, **kwargs) if ctx.parent is None else _run_logged(ctx, function, *args, **kwargs)

    for option in reversed(OPTIONS):
        logged = option(logged)
    return logged


def begin(ctx: click.Context) -> None:
    """Begin the log of an invocation. Raises DiskFull, NotWritable."""
    asked = ctx.find_root().ensure_object(dict).get(KEY, {})
    if ctx.parent is None and not asked:  # `morgue` itself; the command may be one without a log
        return
    from pipelines.core import log_output

    file, form = asked.get("log_file"), asked.get("log_format")
    verbosity = asked.get(VERBOSITY, 0) or int(form is not None and file is None)
    json = form == "json" if form else None
    log_output.begin(log_output.LogOptions(verbosity, file, json, quiet=bool(ctx.params.get("quiet"))))
    ctx.find_root().call_on_close(log_output.end)


def _run_logged(ctx: click.Context, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a command, and log when it begins, and when and how it ends."""
    import logging

    from crawler import __version__

    logger, began = logging.getLogger("morgue.cli"), time.monotonic()
    logger.info("morgue %(command)s begins, version %(version)s", {"command": ctx.info_name, "version": __version__})
    code: Any = 1
    error: BaseException | None = None
    try:
        code = function(*args, **kwargs) or 0
    except BaseException as failure:
        error, code = failure, _exit_code(failure)
        raise
    finally:
        why = f": {error.subject}: {error.cause}" if isinstance(error, MorgueError) else ""
        end = {"command": ctx.info_name, "exit_code": code, "seconds": time.monotonic() - began, "why": why}
        logger.info("morgue %(command)s ended after %(seconds).1f s with exit code %(exit_code)s%(why)s", end)
    return code


def _exit_code(failure: BaseException) -> int:
    """Return the exit code of a command that ended in an exception."""
    if isinstance(failure, MorgueError | click.ClickException | click.exceptions.Exit):
        return failure.exit_code
    return INTERRUPTED if isinstance(failure, click.Abort | KeyboardInterrupt) else 1
