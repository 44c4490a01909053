"""Show an archive in a browser: `morgue serve`. Read-only; without the extra `web` nothing here can be imported.

May import what `exports` may. Each application runs on a port, which is an origin to a browser: `view_app` shows what
we know of articles, `replay.app` shows pages of others as they were captured, without their scripts. If the user wants
it, `replay.replayweb` shows them with their scripts. Start reading at `view_app`.
"""
