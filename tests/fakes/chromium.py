"""A real Chromium without a window; it reaches nothing but this machine.

It is the system's, driven by Playwright; where it is not installed the tests that need it are
skipped, which is a failure in CI.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, sync_playwright

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
SCREENSHOTS: Final = os.environ.get("ZOOMSYNC_SCREENSHOTS", "")
"""A folder for pictures of pages, to be looked at; read before the tests clear it away."""
_PATIENCE_SECONDS: Final = 30.0
_ARGUMENTS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextlib.contextmanager
def chromium(home: Path, *, scripts: bool = True, **options: Any) -> Iterator[Page]:
    """Give an empty page of a browser that was never used before; what it keeps is in memory.

    Args:
        home: the home of the browser; nothing of the session of whoever runs the tests is seen.
        scripts: whether pages may run scripts.
        **options: of Playwright's context, such as `color_scheme` and `viewport`.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment: dict[str, str | float | bool] = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }
    program = _program()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=_ARGUMENTS, env=environment)
        try:
            page = browser.new_page(java_script_enabled=scripts, **options)
            page.set_default_timeout(_PATIENCE_SECONDS * 1000)
            yield page
        finally:
            browser.close()


def history(page: Page) -> list[str]:
    """Return the addresses to which the buttons "back" and "forward" lead, and the present one."""
    session = page.context.new_cdp_session(page)
    try:
        found = session.send("Page.getNavigationHistory")
    finally:
        session.detach()
    return [str(entry["url"]) for entry in found["entries"]]


def _program() -> str:
    for name in _PROGRAMS:
        if found := shutil.which(name):
            return found
    pytest.skip("Chromium is not installed")
