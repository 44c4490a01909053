"""Write the parts of the documentation that the code knows best: cli.md, config.md, exit-codes.md, the template of a
source, and the marked parts of reading.md, languages.md, architecture.md, exporting.md, schema.md and README.md
(docs/parts.py).

python docs/generate.py            writes what has changed
python docs/generate.py --check    writes nothing; exit code 1 and the name of each file that is not current
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from textwrap import dedent

import click

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import parts  # noqa: E402  (importable only now)

from crawler.cli.main import morgue  # noqa: E402
from crawler.config import reference  # noqa: E402  (and so is this, where we are not installed)
from pipelines.core import errors  # noqa: E402
from pipelines.database.connection import (  # noqa: E402
    applied_migrations,
    migrate,
    open_for_maintenance,
    triggers_digest,
)

WIDTH = 100  # columns of a help page, whatever the terminal
MADE = "<!-- Made by docs/generate.py from {origin}; edit that instead. -->\n"


def cli() -> str:
    """The help of every command, as `--help` prints it, and what exit codes mean."""
    wide = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    root = click.Context(morgue, info_name="morgue", **wide, **morgue.context_settings)
    parts = ["# The command line\n", MADE.format(origin="the commands"), fenced(morgue.get_help(root))]
    for name in morgue.list_commands(root):
        command = morgue.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root, **wide, **command.context_settings)
        parts += [f"## morgue {name}\n", fenced(command.get_help(context))]
        for inner_name, inner in sorted(getattr(command, "commands", {}).items()):
            below = click.Context(inner, info_name=inner_name, parent=context, **wide)
            parts += [f"### morgue {name} {inner_name}\n", fenced(inner.get_help(below))]
    return "\n".join(parts)


EXIT_HEAD = """\
Scripts may rely on these codes. Errors go to standard error as `morgue: SUBJECT: CAUSE`, followed by lines that say
what to do. Results go to standard output; where the result is a file (`export`, `--report`), what is said about it goes
to standard error. A mistake of the user, a fault of a website or a failing disk never ends in a traceback. A traceback
is a mistake of Newsmorgue: the exit code is then 1, and we are glad of a report.

If standard output takes nothing more, a command that writes to the archive does its work all the same, and a command
that only prints stops. A reader that closes the pipe (`morgue crawl | head`) is no error: the exit code is that of the
work. A full disk (`morgue crawl > file`) is reported at the end, with exit code 5.
"""

CODES_OF_COMMANDS = (
    ("crawl", 1, "Something needs attention (see below), or Newsmorgue made a mistake with a page: the log names the "
     "page, and the crawl goes on. With `--quiet`, in a pass over what is due: the health of a source became worse."),
    ("crawl", 2, "The list of `--urls` has no address at all (`--report` is written all the same), or the source that "
     "you named has a mistake in its file."),
    ("crawl", 3, "Something was asked for, and no server sent any answer: no such host, no connection, no TLS, "
     "silence, or an address that is not public. One answer of any kind, such as an error, a redirect loop "
     "or a failing robots.txt, makes it 1."),
    ("crawl", 11, "All went well, but finished WARC files could not be shipped to the bucket, and wait in warc/."),
    ("add", 1, "Some sites failed or are not usable; the others were added, or are sources already."),
    ("add", 2, "No address is usable, or the one site that you typed is a source already. In a list, a site that is "
     "a source already does not change the code."),
    ("add", 3, "No site was added, and at least one failed: it gave no answer, or none that can be used (an error, a "
     "redirect loop, disallowed by robots.txt)."),
    ("sample", 1, "With `--check`: a page differs from its pair."),
    ("sample", 3, "The page could not be fetched, or its answer cannot be used."),
    ("import", 1, "Some of it was not imported, and the summary says what: a place in a file is damaged, a file holds "
     "no record, two records have one id, or a WACZ is not what it says of itself. Or the archive has lost "
     "a WARC file, or its end."),
    ("export", 1, "Damaged records were left out."),
    ("extract", 1, "A file could not be read; its row says why."),
    ("rebuild", 1, "A WARC file is missing or damaged, or a page could not be read; the rest is in the database."),
    ("reextract", 1, "A page gives no text any more; the archive keeps its old text."),
    ("health", 1, "With `--fail-on`: a source is that ill. With `--notify`: the message could not be sent."),
    ("sources", 1, "`check --ask`: a listing is not what its file says. `export`: a source is not in the list, because "
     "its file has mistakes."),
    ("sources", 2, "`check`: a file has mistakes."),
    ("verify", 7, "Something was found."),
    ("watch", 2, "When it starts: morgue.toml has a mistake. Later, the settings from before hold on. A pass that "
     "fails never ends a watch; its normal end is 130, and 4 means that another one runs."),
)  # fmt: skip

EXIT_TAIL = """\
## The codes of every command

Any command may end with 2 (a mistake in options, settings or arguments; no archive), 4 (another program keeps the
archive or its database locked), 5, 6, 7 and 9 (disk, permissions, damage), 10 (the clock), 8 (what you named is not
there) and 130. It ends with 1 if the operating system refuses a file for another reason than those; the
message says which.

What else a command ends with:

{codes}

A source file with a mistake costs only its source in a `crawl`, which ends with 1. `import`, `rebuild` and `reextract`
end with 2, because they would read pages of that source without its rules. The other commands warn of it at most, and
their exit code stays as it is.

## What makes a crawl end with 1

`crawl` ends with 1 (partly failed) if something needs attention. A line of the summary says what, and in which source;
it is printed with the summary, on standard output. With `--quiet` and with `--format json` these lines are on standard
error; with `--quiet` they are all that is printed. That is so if

- a host gave no usable answer;
- a feed, sitemap or section page that a source names could not be fetched, is disallowed by robots.txt, is something
  else (a consent page in place of a feed), or lists nothing. A front page counts only if the source names nothing else,
  and so does a news sitemap without entries, which lists only the articles of two days;
- listings of a site were read, and no article has ever been found in one. For a site that you typed, this is also so
  if they named articles before;
- robots.txt disallowed every article of a source that was due, and none was answered in the seven days before;
- a site answers without its robots.txt (status 429 or 5xx): its pages are postponed, and nothing is asked of that host
  until then;
- the file of a source has mistakes, so that it is not crawled, or a WARC file is missing or differs in size from the
  manifest;
- a page of `--urls`, or a URL that you typed, failed, or a row of `--urls` is no web address. A page of a list that is
  gone (404, 410), too large or redirects for ever is only counted.

These do not change the exit code of `crawl`: a link that leads nowhere, a link that robots.txt disallows, an article
page that failed (a later crawl tries it again), a page without an article, a feed of which only a part could be read.
They are counted with an example. Paths that morgue tries by itself, such as `/.well-known/tdmrep.json`, `/feed/` and
`/sitemap.xml`, are not mentioned if nothing is there: `-v` names them, and `--format json` counts them as `tried`.

## In scripts and timers

For a timer, 4 is not a failure: the previous crawl is still running, and with `--quiet` there is not even a message.
After 1 or 3, read the summary. With `--quiet`, a pass over what is due ends with 1 only if it says something new:
that a source fell ill, or became worse ([health.md](health.md)). While that lasts, and when it is over, the code is
0, so that a timer reports each sickness once. A message that could not be sent makes it 1. After 5, 6 or 9, you must
act: free space, repair permissions, replace the disk. The units that `morgue schedule` prints treat 4 as success.
"""


def exit_codes() -> str:
    """The family of errors, as its own file draws it."""
    tree, rest = (errors.__doc__ or "").split("\n\n", 1)[1].rstrip().split("\n\n")
    made = MADE.format(origin="pipelines/core/errors.py")
    rows = ["| command | code | when |", "| --- | --- | --- |"]
    rows += [f"| `{command}` | {code} | {when} |" for command, code, when in CODES_OF_COMMANDS]
    tail = EXIT_TAIL.format(codes="\n".join(rows))
    return "\n".join(["# Exit codes\n", made, EXIT_HEAD, fenced(dedent(tree)), f"{rest}\n", tail])


CONFIG_HEAD = f"""\
An archive's settings are in its `morgue.toml`, those of each source in `sources/NAME.toml`. `morgue init` writes a
`morgue.toml` in which every key is a comment with its default; `morgue add URL` writes the file of a source.
{reference.UNITS_SENTENCE}

To change a setting for a single run, use `-s`: `morgue crawl -s crawl.delay=5`, or for one source
`morgue crawl -s source.NAME.crawl.delay=5`. After the `=` comes a TOML value, or text without quotes.

Options win over files: `-s crawl.delay=5` counts for every source, even if the file of a source sets the key. If one
key is given several times, the last one wins. Without options, the source's file wins over `morgue.toml`, and
`morgue.toml` over the default. If a setting is wrong, the command ends with exit code 2 and lists all mistakes, each
with its file, its key and what to write instead.
"""


def config() -> str:
    """Every key."""
    return "\n".join(["# Settings\n", MADE.format(origin="crawler/config"), CONFIG_HEAD, reference.reference()])


NEWEST = '''"""Say what the newest schema is, so that `connection` opens a database that has it without the migrations.

Made from the migrations by `make docs`.
"""

MIGRATIONS = (
{migrations}
)
TRIGGERS = "{triggers}"  # SHA-256
'''


def newest_schema() -> str:
    """Return the module that describes the schema of a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        db = open_for_maintenance(Path(folder) / "morgue.db")
        migrate(db)
        names = "\n".join(f'    "{name}",' for name in sorted(applied_migrations(db)))
        text = NEWEST.format(migrations=names, triggers=triggers_digest(db))
        db.close()
    return text


def fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


FILES = {
    ROOT / "docs" / "cli.md": cli,
    ROOT / "docs" / "config.md": config,
    ROOT / "docs" / "exit-codes.md": exit_codes,
    ROOT / "docs" / "schema.md": lambda: parts.filled(ROOT / "docs" / "schema.md"),
    ROOT / "pipelines" / "database" / "schema" / "newest.py": newest_schema,
    ROOT / "docs" / "reading.md": lambda: parts.filled(ROOT / "docs" / "reading.md"),
    ROOT / "docs" / "languages.md": lambda: parts.filled(ROOT / "docs" / "languages.md"),
    ROOT / "docs" / "architecture.md": lambda: parts.filled(ROOT / "docs" / "architecture.md"),
    ROOT / "docs" / "exporting.md": lambda: parts.filled(ROOT / "docs" / "exporting.md"),
    ROOT / "README.md": lambda: parts.filled(ROOT / "README.md"),
    ROOT / "crawler" / "sources" / "_template.toml": reference.source_file,
}


def stale() -> list[tuple[Path, str]]:
    """The files that are not what they should be, with what they should be."""
    wanted = {path: make() for path, make in FILES.items()}
    return [
        (path, text) for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main(*, check: bool) -> int:
    """Returns the exit code."""
    found = stale()
    for path, text in found:
        if check:
            print(f"{path.relative_to(ROOT)} is not current: make docs", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
