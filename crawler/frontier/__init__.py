"""Keep the durable queue of URLs, and decide when each is visited next.

May import what http may, and config, discovery and schedule. Start reading at `queue`, then `dispatcher`.
"""
