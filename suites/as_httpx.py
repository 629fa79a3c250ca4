"""A plugin for pytest: ``import httpx`` gives `nethttp.client.compat`. For httpx's own tests."""

from __future__ import annotations

import sys
from pathlib import Path

import nethttp.client.compat

sys.modules["httpx"] = nethttp.client.compat

# An archive gives its files to everyone to read; a netrc file has to be closed to others.
for _file in Path("tests/fixtures").glob(".netrc*"):
    _file.chmod(0o600)
