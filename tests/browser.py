"""A headless browser for pages that must work offline, silently, in light and dark, wide and narrow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """Path of a chromium that is installed, None if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser; the test is skipped, with the reason, where it cannot run."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = find_chromium()
    if path is None:
        # continuous integration installs one, so its absence there is a failure
        stop = pytest.fail if os.environ.get("NETSCI_REQUIRE_BROWSER") else pytest.skip
        stop(f"no browser: none of {', '.join(NAMES)} is on the path")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page that was opened: what it asked the network for and what it said on the console."""

    page: Any
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def assert_silent(self) -> None:
        assert self.requests == []
        assert self.console == []


@contextmanager
def visit(
    browser: Any,
    path: Path,
    *,
    mode: str = "light",
    size: tuple[int, int] = (1280, 900),
    ready: bool = True,
    inside: Path | None = None,
) -> Iterator[Visit]:
    """Open a file in a fresh context that prefers `mode`; wait until its figures are drawn.

    Requests for files in the folder `inside` are allowed and not noted.
    """
    context = browser.new_context(
        color_scheme=mode, viewport={"width": size[0], "height": size[1]}, accept_downloads=True
    )
    page = context.new_page()
    seen = Visit(page)
    url = path.resolve().as_uri()
    allowed = ("data:", "blob:") if inside is None else ("data:", "blob:", f"{inside.resolve().as_uri()}/")

    def note_request(request: Any) -> None:
        # data: and blob: addresses lie in the page itself and reach no network
        if request.url.split("#")[0] != url and not request.url.startswith(allowed):
            seen.requests.append(request.url)

    page.on("request", note_request)
    page.on("console", lambda m: seen.console.append(f"{m.type}: {m.text}"))
    page.on("pageerror", lambda error: seen.console.append(f"exception: {error}"))
    try:
        page.goto(url)
        if ready:
            page.wait_for_selector("html[data-ready=yes]", state="attached", timeout=20_000)
        yield seen
    finally:
        context.close()
