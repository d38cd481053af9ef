"""The browser in which pages are tested."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def headless_chromium() -> Iterator[Browser]:
    """Yield a headless Chromium; skips without one unless P300_REQUIRE_BROWSER is 1."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("P300_REQUIRE_BROWSER") == "1":
            pytest.fail(f"none of {', '.join(NAMES)} found, one is required")
        pytest.skip(f"none of {', '.join(NAMES)} found")
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has no sandbox for root
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=alone)
        yield started
        started.close()
