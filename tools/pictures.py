"""Takes the pictures of the dashboard in docs/images, of what is published on DuckDB: python -m tools.pictures

Needs playwright, and a Chromium of the machine.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duckhouse import cli
from duckhouse.page_password import page_password
from duckhouse.settings import PROJECT
from tools.browsers.served_dashboard import SECONDS, chromium, serving, settled

WIDTH, HEIGHT = 1280, 1000
PAGES = {"": "dashboard", "revenue": "dashboard_revenue", "data-quality": "dashboard_data_quality"}
"""The path of a page, and the name of its picture."""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "images", metavar="DIR", help="docs/images")
    out = parser.parse_args(words).out
    with chromium() as browser, serving(os.environ) as base:
        take(base, browser, out)
    return 0


def take(base: str, browser: Any, out: Path) -> None:
    signed_in = {"username": "pictures", "password": page_password()}
    for path, name in PAGES.items():
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, http_credentials=signed_in)
        page.set_default_timeout(SECONDS * 1000)
        page.goto(f"{base}/{path}")
        settled(page)
        page.wait_for_timeout(1000)  # charts move into place
        page.screenshot(path=out / f"{name}.png")
        print(out / f"{name}.png")


if __name__ == "__main__":
    cli.run(main)
