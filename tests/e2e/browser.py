"""Drives Chromium by the DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0"),
)

SECONDS = 30.0

#: Keys by the name that a page sees: the code of Windows, and the text that it types.
_KEYS = {
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "F2": (113, ""),
    "Delete": (46, ""),
    "Tab": (9, ""),
    "ArrowDown": (40, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowLeft": (37, ""),
    "Backspace": (8, ""),
    "End": (35, ""),
    " ": (32, " "),
}


class Browser:
    """A browser with one page; `errors` has what its console and its policy complained of."""

    def __init__(self, program: str, profile: Path) -> None:
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.errors: list[str] = []
        self._number = 0
        self._open = ExitStack()
        try:
            port, path = self._address(profile / "DevToolsActivePort")
            connecting = connect(f"ws://127.0.0.1:{port}{path}", max_size=None)
            self._socket = self._open.enter_context(connecting)
            target = self.call("Target.getTargets")["targetInfos"][0]["targetId"]
            attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
            self._session: str | None = attached["sessionId"]
            for domain in ("Page", "Runtime", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    _session = None

    def _address(self, file: Path) -> list[str]:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if file.exists() and len(lines := file.read_text().split("\n")) >= 2:
                return lines[:2]
            time.sleep(0.05)
        raise TimeoutError("Chromium did not start")

    def call(self, method: str, **parameters: Any) -> Any:
        """Return the result of a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=SECONDS))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(event["params"]["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded":
            entry = event["params"]["entry"]
            if entry["level"] == "error" and entry["source"] != "network":
                self.errors.append(entry["text"])

    def open(self, url: str) -> None:
        """Load a page, and wait until it is whole."""
        self.call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)}")

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page; promises are awaited."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression is true in the whole page; one that fails is not true yet."""
        until = time.monotonic() + SECONDS
        while not self._is_true(script):
            if time.monotonic() > until:
                raise TimeoutError(f"expected {script}; the page is:\n{self.text()}")
            time.sleep(0.03)

    def _is_true(self, script: str) -> bool:
        try:
            return bool(self.run(f"document.readyState === 'complete' && !!({script})"))
        except RuntimeError:
            return False  # A page that is being loaded has no body.

    def text(self) -> str:
        """Return the text that is seen."""
        return str(self.run("document.body.innerText"))

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key, as a person does."""
        code, text = _KEYS.get(key, (ord(key[0].upper()), key))
        fields = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **fields)
        self.call("Input.dispatchKeyEvent", type="keyUp", **fields)

    def type(self, text: str) -> None:
        """Type text where the focus is, and replace what is selected there."""
        self.call("Input.insertText", text=text)

    def click(self, script: str) -> None:
        """Click the middle of the element that an expression gives, once it is there."""
        self.wait(script)
        x, y = self.run(
            f"(() => {{ const e = {script}; e.scrollIntoView({{block: 'center'}}); "
            "const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drop(self, *paths: Path) -> None:
        """Drop files and folders of this machine on the page."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=300, y=300, data=data)

    def choose(self, field: str, *paths: Path) -> None:
        """Choose files and folders of this machine in the field that an expression gives."""
        found = self.call("Runtime.evaluate", expression=field)["result"]
        files = [str(path) for path in paths]
        self.call("DOM.setFileInputFiles", files=files, objectId=found["objectId"])

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Set the size of the page, and whether the reader likes it dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def picture(self) -> bytes:
        """Return what is seen as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        """End the browser."""
        self._open.close()
        self._process.terminate()
        self._process.wait(SECONDS)
