"""CPython's own tests for http.*, and those of its users, run with nethttp in their place.

What differs on purpose stands in `expected.toml`, one entry a test, each with its reason and a test
of ours for what nethttp does instead.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text())["difference"]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
MAX_DIFFERENCES = 10

MODULES = [
    "test_httplib",
    "test_httpservers",
    "test_http_cookies",
    "test_http_cookiejar",
    "test_urllib2",
    "test_urllib2_localnet",
    "test_robotparser",
    "test_xmlrpc",
    "test_docxmlrpc",
    "test_wsgiref",
]


def has_test_package() -> bool:
    try:
        return importlib.util.find_spec("test.test_httplib") is not None
    except ModuleNotFoundError:
        return False


def run_suite(module: str, folder: Path, kind: str = "compat") -> tuple[dict[str, Any], str]:
    """Return what a test module found, and what it wrote to standard error."""
    result_path = folder / f"{kind}.json"
    done = subprocess.run(
        [sys.executable, str(HERE / "run_suite.py"), f"test.{module}", str(result_path), kind],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result_path.exists(), done.stderr[-3000:]
    return json.loads(result_path.read_text()), done.stderr


@pytest.mark.skipif(not has_test_package(), reason="this interpreter has no test package")
@pytest.mark.parametrize("module", MODULES)
def test_cpython_module(module, tmp_path):
    found, said = run_suite(module, tmp_path)
    assert found["ran"] > 0
    expected = {
        entry["test"]
        for entry in EXPECTED
        if entry["test"].startswith(module + ".")
        and VERSION in entry.get("python", [VERSION])
        and (entry.get("root", True) or os.geteuid() != 0)
    }
    failed = set(found["failed"])
    if failed - expected:
        # A test that needs what a machine may lack (a name server) fails in plain Python too.
        failed -= set(run_suite(module, tmp_path, "plain")[0]["failed"]) - expected
    assert not failed - expected, f"unexpected: {failed - expected}\n{said[-6000:]}"
    assert not expected - failed, f"no difference any more: {expected - failed}"


def test_differences_are_few_and_each_has_its_reason_and_its_test():
    assert len(EXPECTED) <= MAX_DIFFERENCES
    assert len({entry["test"] for entry in EXPECTED}) == len(EXPECTED)
    for entry in EXPECTED:
        assert entry["reason"].endswith("."), entry
        path, _, name = entry["ours"].partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(), entry["ours"]
