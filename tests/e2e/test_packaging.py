"""What is built: the wheel with and without a compiler, and the source distribution."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest


def pip_wheel(copy, folder, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), "."]
    return subprocess.run(
        command,
        cwd=copy,
        env={**os.environ, "NETHTTP_BUILD": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def names_in(folder) -> tuple[str, list[str]]:
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return wheel.name, archive.namelist()


@pytest.fixture(scope="module")
def built(copy, tmp_path_factory):
    """The folder of a wheel that was built with a compiler; the build has left its traces."""
    folder = tmp_path_factory.mktemp("built")
    done = pip_wheel(copy, folder, NETHTTP_BUILD="require")
    assert done.returncode == 0, done.stdout
    return folder


def test_a_wheel_has_the_twin_and_the_types_and_no_sources_of_c(built):
    wheel, names = names_in(built)
    assert "-abi3-" in wheel
    assert any(name.startswith("nethttp/wire/h1/_head_c.") and ".so" in name for name in names)
    assert "nethttp/py.typed" in names
    assert not [name for name in names if name.endswith((".c", ".h"))]
    assert not [name for name in names if name.startswith("tests")]


# The twin that the earlier build has left in the tree must not pass for what these two make.


@pytest.mark.usefixtures("built")
def test_without_a_compiler_a_wheel_is_pure_and_says_so(copy, tmp_path):
    assert pip_wheel(copy, tmp_path, CC="false").returncode == 0
    wheel, names = names_in(tmp_path)
    assert wheel.endswith("-py3-none-any.whl")
    assert not [name for name in names if ".so" in name]


@pytest.mark.usefixtures("built")
def test_a_build_that_is_required_fails_without_a_compiler(copy, tmp_path):
    assert pip_wheel(copy, tmp_path, CC="false", NETHTTP_BUILD="require").returncode != 0
    assert not list(tmp_path.glob("*.whl"))


def test_the_source_distribution_has_all_that_its_tests_and_pages_need(copy, tmp_path):
    command = [sys.executable, "-m", "build", "--sdist", "--outdir", str(tmp_path)]
    subprocess.run(command, cwd=copy, capture_output=True, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    for needed in (
        "CHANGELOG.md",
        "Makefile",
        "docs/howto.md",
        "docs/images/listing.png",
        "tests/conftest.py",
        "tests/corpus/cookies/dates.json",
        "tests/server/engine/test_loop.py",
        "src/nethttp/wire/h1/_usual.h",
    ):
        assert needed in names
