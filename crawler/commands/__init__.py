"""One file a command; its name is the command's name, its `command` the click command.

Keep module level light: click, `crawler.cli.main`, `pipelines.core.errors`. Import scrapy, trafilatura, pydantic,
sqlite_utils and rich inside the function that needs them.
"""
