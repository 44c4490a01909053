"""Hold what `morgue search` prints besides its matches. May import anything."""
