"""Make the pictures of the view in docs/view/: light, dark, and as wide as a phone.

    python docs/screenshots.py [ARCHIVE]

ARCHIVE is the one of `make demo` unless another is named. It takes chromium and playwright (extra `dev`). Look at them
before you commit them: nothing else checks them.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.browser import browser  # noqa: E402
from tests.support.web_view import viewing  # noqa: E402

PLACE = ROOT / "docs" / "view"
DESK, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 780}
# Name of the file: path, size of the window, colour scheme.
PICTURES = {
    "search": ("/search?q=harbour", DESK, "light"),
    "search-dark": ("/search?q=harbour", DESK, "dark"),
    "search-phone": ("/search?q=harbour", PHONE, "light"),
    "article": ("/article/11", DESK, "light"),
    "counts": ("/counts?q=ferry&q=harbour&by=year", DESK, "light"),
}


def main() -> None:
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "demo-archive"
    PLACE.mkdir(exist_ok=True)
    with viewing(archive) as view, browser() as chromium:
        for name, (path, size, scheme) in PICTURES.items():
            context = chromium.new_context(viewport=size, color_scheme=scheme)
            page = context.new_page()
            page.goto(view.url + path)
            page.screenshot(path=PLACE / f"{name}.png")
            context.close()


if __name__ == "__main__":
    main()
