"""Hold what `morgue rebuild` and `morgue restore` do and print alike. May import anything."""
