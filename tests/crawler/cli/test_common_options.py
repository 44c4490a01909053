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
            if (
                option.name != "seed"
                and isinstance(option.type, click.types.IntParamType)
                and not getattr(option, "count", False)
            ):
                yield pytest.param(name, option, id=f"{name} {option.opts[0]}")


@pytest.mark.parametrize(("name", "option"), list(integer_options()))
@pytest.mark.parametrize("number", [2**62, 10**30])
def test_number_that_sqlite_cannot_take_is_refused(name, option, number):
    """SQLite has 64 bits. A seed is no such number: it is text for a digest."""
    with pytest.raises(click.BadParameter, match=r"is too large: say at most 100,000,000,000,000|is not in the range"):
        option.type.convert(str(number), option, None)
