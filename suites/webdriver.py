"""A real browser for the tests, spoken to over the WebDriver protocol with the standard library.

Source: the W3C recommendation "WebDriver", and ChromeDriver's own endpoints for the console log
and the developer-tools commands.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing() -> str:
    """Why there is no browser to test with, or ``""``."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if not any(map(shutil.which, names)):
        return "no Chromium installed (Debian: apt-get install chromium chromium-driver)"
    return "" if shutil.which("chromedriver") else "no chromedriver installed"


class Browser:
    """One browser window."""

    def __init__(self, base: str, capabilities: dict[str, Any]) -> None:
        self.base = base
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.base = f"{base}/session/{made['sessionId']}"

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError(e.read().decode()) from e

    def open(self, path: Path) -> float:
        """Open a local file; returns the seconds until its load event was over."""
        start = time.perf_counter()
        self.call("POST", "/url", {"url": path.resolve().as_uri()})
        return time.perf_counter() - start

    def run(self, script: str, *args: Any) -> Any:
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def becomes(self, script: str, *args: Any, seconds: float = 10.0) -> bool:
        """Whether what a script returns is true, now or within some seconds.

        For what the page does in answer to an event: the driver does not wait for it.
        """
        end = time.monotonic() + seconds
        while not self.run(script, *args):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def find(self, css: str) -> str:
        found = self.call("POST", "/element", {"using": "css selector", "value": css})
        return str(found[ELEMENT])

    def click(self, css: str) -> None:
        self.call("POST", f"/element/{self.find(css)}/click", {})

    def keys(self, css: str, text: str) -> None:
        self.call("POST", f"/element/{self.find(css)}/value", {"text": text})

    def console(self) -> list[dict[str, Any]]:
        """Console messages since the last call."""
        return list(self.call("POST", "/se/log", {"type": "browser"}))

    def tools(self, command: str, **parameters: Any) -> Any:
        body = {"cmd": command, "params": parameters}
        return self.call("POST", "/goog/cdp/execute", body)

    def scheme(self, name: str) -> None:
        """Pretend that the system prefers ``light`` or ``dark``."""
        feature = {"name": "prefers-color-scheme", "value": name}
        self.tools("Emulation.setEmulatedMedia", features=[feature])

    def size(self, width: int, height: int, mobile: bool = False) -> None:
        self.tools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=mobile,
            deviceScaleFactor=1,
        )  # fmt: skip

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium with a profile of its own, closed at the end."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = subprocess.Popen(
            ["chromedriver", "--port=0", f"--log-path={profile}/driver.log"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert driver.stdout is not None
            port = next(
                line.rsplit(" ", 1)[1].rstrip(".\n")
                for line in driver.stdout
                if "started successfully on port" in line
            )
            options = {
                "binary": binary or shutil.which("google-chrome"),
                "args": [*FLAGS, f"--user-data-dir={profile}/user"],
            }
            window = Browser(
                f"http://127.0.0.1:{port}",
                {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}},
            )
            try:
                yield window
            finally:
                window.call("DELETE", "")
        finally:
            driver.terminate()
            driver.wait(10)
            if driver.stdout is not None:
                driver.stdout.close()
