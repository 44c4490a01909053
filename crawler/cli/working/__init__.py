"""Hold the options that say where work runs, and the report on items that failed. May import anything."""
