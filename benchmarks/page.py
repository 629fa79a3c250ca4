"""Pages of docs/ that are partly written by hand, partly by what was measured."""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ["DOCS", "machine", "write_section"]

DOCS = Path(__file__).parent.parent / "docs"


def write_section(name: str, section: str, text: str) -> None:
    """Replace what a page has between ``<!-- section -->`` and ``<!-- /section -->``."""
    page = DOCS / name
    begin, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    before, _, rest = page.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"expected {begin} and {end} in {page}")
    page.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}")


def machine() -> str:
    """Return on what was measured: the Python, and the machine's kind."""
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}"
    )
