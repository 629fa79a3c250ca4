"""Pages of docs/ that are partly written by hand, partly by what was measured."""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ["DOCS", "machine", "write_section"]

DOCS = Path(__file__).parent.parent / "docs"


def write_section(name: str, section: str, text: str) -> None:
    """Replace what follows the marker ``<!-- section -->`` of a page, up to the next marker."""
    page = DOCS / name
    marker = f"<!-- {section} -->"
    before, found, after = page.read_text().partition(marker)
    if not found:
        raise ValueError(f"expected {marker} in {page}")
    _, following, rest = after.partition("<!-- ")
    page.write_text(f"{before}{marker}\n\n{text.rstrip()}\n" + (following and "\n") + following + rest)


def machine() -> str:
    """Return on what was measured: the Python, and the machine's kind."""
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}"
    )
