"""The browser that `--open` opens."""

from __future__ import annotations

import webbrowser

from nethttp.server.process.browser import open_in_browser


class Window(webbrowser.BaseBrowser):
    def __init__(self):
        super().__init__()
        self.opened = []

    def open(self, url, new=0, autoraise=True):
        self.opened.append(url)
        return True


def test_a_browser_with_a_window_is_opened(monkeypatch):
    window = Window()
    monkeypatch.setattr(webbrowser, "get", lambda: window)
    thread = open_in_browser("http://127.0.0.1:8000/")
    thread.join(10)
    assert window.opened == ["http://127.0.0.1:8000/"]


def test_one_in_the_terminal_is_not(monkeypatch):
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("w3m"))
    assert open_in_browser("http://127.0.0.1:8000/") is None


def test_without_one(monkeypatch):
    def get():
        raise webbrowser.Error("none")

    monkeypatch.setattr(webbrowser, "get", get)
    assert open_in_browser("http://127.0.0.1:8000/") is None
