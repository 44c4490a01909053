"""Options that are the same for all commands."""

from __future__ import annotations

import click
import pytest

from crawler.cli.main import morgue as main


def integer_options():
    """Return each option of a command that is a number, with the command."""
    for name in main.list_commands(click.Context(main)):
        known = main.get_command(click.Context(main), name)
        for option in known.params if known else ():
            if isinstance(option.type, click.types.IntParamType) and not getattr(option, "count", False):
                yield pytest.param(name, option, id=f"{name} {option.opts[0]}")


@pytest.mark.parametrize(("name", "option"), list(integer_options()))
def test_number_that_sqlite_cannot_take_is_refused(name, option):
    """It is 64 bits wide. A seed is only text for a digest."""
    if isinstance(option.type, click.IntRange):
        assert option.type.max is not None
        assert option.type.max < 2**62
    else:
        assert option.name == "seed"
