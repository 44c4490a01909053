"""The subcommands of `morgue fleet`, one in each file."""
