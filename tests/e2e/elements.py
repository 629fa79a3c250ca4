"""Expressions for what a person sees on the page of a shared folder, for `Browser.run`."""

from __future__ import annotations

import json

__all__ = ["NAMES", "button", "row"]

NAMES = (
    "[...document.querySelectorAll('#list tbody tr:not([hidden]):not(.up) bdi')]"
    ".map(e => e.textContent)"
)


def row(name: str) -> str:
    """Return the row of an entry."""
    return (
        "[...document.querySelectorAll('#list tbody tr')]"
        f".find(r => r.querySelector('bdi')?.textContent === {json.dumps(name)})"
    )


def button(label: str) -> str:
    """Return the button that says `label`, in the dialog if one is open."""
    return (
        "[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('button')]"
        f".find(b => b.textContent === {json.dumps(label)})"
    )
