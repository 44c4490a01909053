"""Show an archive in a browser: `morgue serve`. Read-only; without the extra `web` nothing here can be imported.

May import what `exports` may. Two applications run on two ports, which are two origins to a browser: `view_app` shows
what we know of articles, `replay.app` shows pages of others as they were captured, without their scripts. Start
reading at `view_app`.
"""
