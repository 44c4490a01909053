"""Show a captured page as its readers saw it, on an origin of its own, without its scripts.

May import what `exports` may, and `exports.web.memento`. `html` and `css` are pure: they rewrite the
addresses in what a server sent, so that a browser asks this archive. What they miss is stopped by the
Content-Security-Policy of `app`: no answer lets a browser ask anybody else. Start reading at `app`.
"""
