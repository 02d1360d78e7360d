"""Pages as a browser shows them: headless Chromium, spoken to by the DevTools protocol over a pipe."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from typing import Any, Literal

from attrs import field, frozen

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_SECONDS = 60  # for one answer; a machine with other work starts a browser in some seconds
FLAGS = (
    *("--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *(
        "--no-sandbox",
        "--disable-dev-shm-usage",
    ),  # a container has neither user namespaces nor much shm
    *("--remote-debugging-pipe", "--disable-background-networking", "--disable-component-update"),
)
# The protocol is on descriptors 3 and 4; these become them, and the process becomes the browser.
STARTER = """
import os, sys
_, read, write, *command = sys.argv
os.dup2(int(read), 3)
os.dup2(int(write), 4)
os.execv(command[0], command)
"""


@frozen
class Look:
    """How a page looks.

    Attributes:
        picture: PNG of what is in the window.
        complaints: errors of scripts, refused styles, resources that could not be loaded.
        width: of the page's content, in pixels; more than the window's where it has to be scrolled.
        height: of the page's content.
    """

    picture: bytes
    complaints: Sequence[str]
    width: int
    height: int


@frozen
class Browser:
    """A running browser; a message is JSON and a zero byte.

    Attributes:
        heard: what it told that nobody has asked for.
    """

    _write: int
    _read: int
    heard: list[dict[str, Any]] = field(factory=list)
    _pending: bytearray = field(factory=bytearray)
    _numbers: Iterator[int] = field(factory=lambda: iter(range(1, 1_000_000)))

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command, and give back its result.

        Raises:
            TimeoutError: there is no answer.
            RuntimeError: it is refused.
        """
        number = next(self._numbers)
        said = {"id": number, "method": method, "params": parameters}
        said |= {"sessionId": session} if session else {}
        os.write(self._write, json.dumps(said).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") != number:
                self.heard.append(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']['message']}")
            else:
                result: dict[str, Any] = message["result"]
                return result

    def until(self, method: str) -> None:
        """Wait for an event."""
        while all(each.get("method") != method for each in self.heard):
            self.heard.append(self._message())

    def _message(self) -> dict[str, Any]:
        while (end := self._pending.find(b"\0")) < 0:
            if not select([self._read], [], [], WAIT_SECONDS)[0]:
                raise TimeoutError("the browser does not answer")
            some = os.read(self._read, 1 << 20)
            if not some:
                raise TimeoutError("the browser has ended")
            self._pending.extend(some)
        message: dict[str, Any] = json.loads(self._pending[:end])
        del self._pending[: end + 1]
        return message


def program() -> str | None:
    """The browser's program; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def look(
    browser: Browser,
    page: Path,
    *,
    width: int = 1280,
    height: int = 800,
    scheme: Literal["light", "dark"] = "light",
    at: str = "",
) -> Look:
    """Show a file, and see how it looks.

    Args:
        browser: see `running`.
        page: HTML or SVG.
        width: of the window, in pixels.
        height: of the window.
        scheme: what the user prefers.
        at: the anchor that is scrolled to.
    """
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Log", "Runtime", "Network", "Page"):
        browser.call(f"{domain}.enable", session)
    prefers = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.call("Emulation.setEmulatedMedia", session, features=prefers)
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", session, **size)
    browser.heard.clear()
    address = page.resolve().as_uri() + (f"#{at}" if at else "")
    browser.call("Page.navigate", session, url=address)
    browser.until("Page.loadEventFired")
    picture = browser.call("Page.captureScreenshot", session, format="png")["data"]
    content = browser.call("Page.getLayoutMetrics", session)["cssContentSize"]
    complaints = [text for each in browser.heard for text in _complaint(each)]
    browser.call("Target.closeTarget", targetId=target)
    return Look(b64decode(picture), complaints, int(content["width"]), int(content["height"]))


def _complaint(message: Mapping[str, Any]) -> Iterator[str]:
    told = message.get("params", {})
    match message.get("method"):
        case "Log.entryAdded" if told["entry"]["level"] in {"error", "warning"}:
            yield told["entry"]["text"]
        case "Runtime.exceptionThrown":
            yield told["exceptionDetails"]["text"]
        case "Runtime.consoleAPICalled" if told["type"] in {"error", "warning", "assert"}:
            yield f"console.{told['type']}"
        case "Network.loadingFailed":
            yield f"{told['type']} could not be loaded: {told['errorText']}"


def _pipe() -> tuple[int, int]:
    """A pipe whose descriptors are none of 3 and 4, to read and to write."""
    low = os.pipe()
    read, write = (fcntl(each, F_DUPFD_CLOEXEC, 10) for each in low)
    for each in low:
        os.close(each)
    return read, write


@contextmanager
def running() -> Iterator[Browser]:
    """A browser with a profile of its own, until it is no longer needed.

    Raises:
        FileNotFoundError: there is none.
    """
    name = program()
    if name is None:
        raise FileNotFoundError(f"there is no {NAMES[0]} on this machine; install it")
    (theirs_in, ours_out), (ours_in, theirs_out) = _pipe(), _pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *(sys.executable, "-S", "-c", STARTER, str(theirs_in), str(theirs_out)),
                *(name, *FLAGS, f"--user-data-dir={profile}"),
            ],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        browser = Browser(ours_out, ours_in)
        try:
            yield browser
            with suppress(
                OSError, TimeoutError, RuntimeError
            ):  # it ends, whether it says so or not
                browser.call("Browser.close")
        finally:
            os.close(ours_out)
            os.close(ours_in)
            try:
                process.wait(timeout=WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
