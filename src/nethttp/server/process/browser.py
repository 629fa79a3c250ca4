"""`open_in_browser`: the user's browser shows what is served."""

from __future__ import annotations

import threading
import webbrowser

__all__ = ["open_in_browser"]


def open_in_browser(url: str) -> threading.Thread | None:
    """Open `url` in the user's browser, beside the server; None: this machine has no browser.

    Only a browser with a window of its own is opened: one in the terminal would take that from the
    server.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return None
    if isinstance(browser, webbrowser.GenericBrowser) and not isinstance(
        browser, webbrowser.BackgroundBrowser
    ):
        return None
    # Some browsers answer only when their window is closed.
    thread = threading.Thread(target=browser.open, args=(url,), daemon=True)
    thread.start()
    return thread
