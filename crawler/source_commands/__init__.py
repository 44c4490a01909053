"""Hold one file per command of `morgue sources`; its name is the command's name, its `command` the click command.

May import anything but the commands. Read `pause` first.
"""
