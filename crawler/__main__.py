"""`python -m crawler` is `morgue`."""

from crawler.cli import main

main()
