"""`python -m crawler` is `morgue`."""

from crawler.cli.main import main

main()
