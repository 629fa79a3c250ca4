"""The C twin's source: what newer compilers refuse is not in it."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "nethttp" / "wire" / "h1" / "_head_c.c"
COMPILER = shutil.which("cc")


@pytest.mark.skipif(COMPILER is None, reason="there is no compiler")
@pytest.mark.skipif(not SOURCE.exists(), reason="the sources are elsewhere")
def test_every_function_is_declared_by_the_limited_api():
    """GCC 14 and Clang 16 refuse a call of one that is not, and the pure twin would stay alone."""
    include = sysconfig.get_path("include")
    done = subprocess.run(
        [COMPILER, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{include}", str(SOURCE)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
