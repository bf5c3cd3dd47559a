"""A real browser without a window, and packages of npm that it can run."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.support.process import run

#: Quiet: what a browser asks of its maker at every start is nobody's test.
_FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage", "force-prefers-reduced-motion"),
)


def program(name: str) -> str:
    """The path of a program that the slow tests need.

    Raises:
        AssertionError: it is not installed.
    """
    found = shutil.which(name)
    assert found, f"{name} is not installed: tests/install-tools"
    return found


@contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    """Chromium, with a profile of its own in a folder that it makes."""
    options = ChromeOptions()
    options.binary_location = program("chromium")
    for flag in (*_FLAGS, f"user-data-dir={profile}", "window-size=1280,900"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(program("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def ask(driver: Chrome, script: str, *arguments: object) -> Any:
    """What a script in the page returns."""
    return driver.execute_script(script, *arguments)


def emulate(driver: Chrome, *, dark: bool | None = None, width: int | None = None) -> None:
    """Let the page think that its reader likes it dark or light, or has a narrow screen."""
    if dark is not None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    if width is not None:
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def npm_file(folder: Path, package: str, path: str) -> str:
    """A text file out of a package of npm, such as `axe-core@4`, which brings no other package and runs nothing."""
    command = [program("npm"), "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), package]
    archive = folder / run(command, cwd=folder, timeout_s=120).stdout.split()[-1]
    with tarfile.open(archive) as opened:
        member = opened.extractfile(f"package/{path}")
        assert member is not None, f"{package} has no {path}"
        return member.read().decode()
