"""Keep the durable queue of URLs, and decide when each is visited next.

May import what http may, and config and discovery. Start reading at `queue`, then `revisit_policy`.
"""
