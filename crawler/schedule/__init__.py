"""Decide when each URL is visited next, and why. Pure: values in, values out, no clock and no database.

May import core. Start reading at `revisit_policy`.
"""
