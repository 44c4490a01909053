"""Hold one file per command; its name is the command's name, its `command` the click command.

May import anything but another command. Module level stays light: scrapy, trafilatura, pydantic, sqlite_utils and rich
are imported inside functions, because `--help` loads every command. Start reading at any command, for example `search`.
"""
