"""Gives a test that asks for `server_message` or `client_message` every message of the corpus.

A corpus message is a `.http` file (the bytes) and a `.json` file (what a reader must make of them,
and the section that decides it). `role` says who reads it: a server reads requests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CORPUS = Path(__file__).parent.parent / "corpus" / "h1"


class Message(NamedTuple):
    """One message of the corpus and its outcome."""

    name: str
    data: bytes
    valid: bool
    outcome: dict[str, Any]


def _load(role: str) -> list[Message]:
    messages = []
    for path in sorted(CORPUS.glob("*/*.http")):
        outcome = json.loads(path.with_suffix(".json").read_text())
        if outcome["role"] == role:
            valid = path.parent.name == "valid"
            messages.append(Message(path.stem, path.read_bytes(), valid, outcome))
    return messages


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for role in ("server", "client"):
        if f"{role}_message" in metafunc.fixturenames:
            messages = _load(role)
            metafunc.parametrize(
                f"{role}_message", messages, ids=[message.name for message in messages]
            )
