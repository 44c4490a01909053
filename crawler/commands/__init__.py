"""Hold one file per command; its name is the command's name, its `command` the click command.

May import anything, but module level stays light: import scrapy, trafilatura, pydantic, sqlite_utils and rich inside
functions, as `--help` loads every command. Start reading at any command, for example `search`.
"""
