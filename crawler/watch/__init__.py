"""Crawl an archive until stopped: when the next pass is, a process for each pass, what goes on after it failed."""
