"""Hold the subcommands of `morgue sources`, one file each. May import anything.

Start reading at `crawler.commands.sources`, which lists them.
"""
