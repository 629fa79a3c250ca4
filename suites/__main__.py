"""``python -m suites [PROJECT …]``: run other projects' tests on the stdlib and on nethttp."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from .projects import PROJECTS, Project

HERE = Path(__file__).parent
ROOT = HERE.parent
WORK = ROOT / "build" / "suites"

MAX_DIFFERENCES = 10
"""How many tests of a project may fail under nethttp alone, each with its reason."""

REPEATS = 2
"""How often a test that failed under nethttp alone is run again: one that passes then differs in
nothing but its timing."""

TIME_LIMIT = 1500
"""Seconds for one run of one project's tests."""

ON_THE_STDLIB = ("-m", "pytest")
ON_NETHTTP = ("-m", "nethttp.compat", "-m", "pytest")


class Suite:
    """A project's tests, unpacked, with an environment to run them in."""

    def __init__(self, name: str, project: Project) -> None:
        self.name = name
        self._project = project
        folder = WORK / name
        self._source = folder / f"{name}-{project.version}"
        self._python = folder / "venv" / "bin" / "python"
        self._outcomes = folder / "outcomes.json"
        self._log = folder / "pytest.log"

    def prepare(self) -> None:
        """Fetch the source distribution, and install nethttp and what the tests need."""
        folder = self._source.parent
        folder.mkdir(parents=True, exist_ok=True)
        if not self._python.exists():
            _call(sys.executable, "-m", "venv", str(folder / "venv"))
            # Groups of dependencies need a pip that knows them.
            self._pip("install", "--upgrade", "pip>=25.1")
        if not self._source.exists():
            exact = f"{self.name}=={self._project.version}"
            self._pip("download", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), exact)
            with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
                archive.extractall(folder, filter="data")
        self._pip("install", "--editable", str(ROOT))
        self._pip("install", *self._project.needs)

    def _pip(self, *arguments: str) -> None:
        cwd = self._source if self._source.exists() else self._source.parent
        _call(str(self._python), "-m", "pip", "--quiet", "--quiet", *arguments, cwd=cwd)

    def run(self, how: tuple[str, ...], tests: Sequence[str] = ()) -> dict[str, str]:
        """Return the outcome of each test, or of `tests` alone."""
        environment = {**os.environ, "PYTHONPATH": str(HERE), "OUTCOMES": str(self._outcomes)}
        if self._project.certificates:
            bundle = _output(str(self._python), "-m", self._project.certificates)
            environment |= {"REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}
        self._outcomes.unlink(missing_ok=True)
        options = ("-q", "-p", "outcomes", "-p", "no:cacheprovider")
        with self._log.open("w") as log:
            subprocess.run(
                [str(self._python), *how, *options, *(tests or self._project.arguments)],
                cwd=self._source,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=TIME_LIMIT,
                check=False,
            )
        if not self._outcomes.exists():
            raise SystemExit(f"{self.name}: pytest ran no test:\n{self._log.read_text()[-3000:]}")
        outcomes: dict[str, str] = json.loads(self._outcomes.read_text(encoding="utf-8"))
        return outcomes

    def failing_on_nethttp_alone(self) -> list[str]:
        """Return the tests that fail under nethttp, each time, and pass on the stdlib."""
        theirs = self.run(ON_THE_STDLIB)
        plugin = self._project.plugin
        on_nethttp = (*ON_THE_STDLIB, "-p", plugin) if plugin else ON_NETHTTP
        ours = self.run(on_nethttp)
        print(f"{self.name}: {_count(theirs)} on the standard library, {_count(ours)} on nethttp")
        missing = [test for test in theirs if theirs[test] == "passed" and test not in ours]
        failing = [t for t in ours if ours[t] == "failed" and theirs.get(t) != "failed"]
        for _ in range(REPEATS):
            if not failing:
                break
            again = self.run(on_nethttp, failing)
            failing = [test for test in failing if again.get(test) != "passed"]
        return missing + failing


def _count(outcomes: dict[str, str]) -> str:
    passed = sum(outcome == "passed" for outcome in outcomes.values())
    failed = sum(outcome == "failed" for outcome in outcomes.values())
    return f"{passed} passed and {failed} failed"


def _call(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout[-3000:]}")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def expected_of(name: str) -> dict[str, str]:
    """Return the reason of each difference that is meant, by its test."""
    entries = tomllib.loads((HERE / "expected.toml").read_text())["difference"]
    return {entry["test"]: entry["reason"] for entry in entries if entry["project"] == name}


def judge(name: str) -> bool:
    """Run one project's tests, print what differs, and return whether all of it is meant."""
    suite = Suite(name, PROJECTS[name])
    suite.prepare()
    failing = suite.failing_on_nethttp_alone()
    expected = expected_of(name)
    for test in failing:
        print(f"  {test}: {expected.get(test, 'NOT EXPECTED')}")
    for test in expected:
        if test not in failing:
            print(f"  {test}: NO DIFFERENCE ANY MORE")
    return set(failing) == set(expected)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 if anything differs that is not meant."""
    parser = argparse.ArgumentParser(prog="python -m suites", description=__doc__)
    parser.add_argument("project", nargs="*", help=f"of {', '.join(PROJECTS)}; default: all")
    chosen = parser.parse_args(argv).project
    if unknown := set(chosen) - set(PROJECTS):
        parser.error(f"expected {', '.join(PROJECTS)}, got {', '.join(sorted(unknown))}")
    if max(len(expected_of(name)) for name in PROJECTS) > MAX_DIFFERENCES:
        parser.error(f"expected.toml has more than {MAX_DIFFERENCES} differences of a project")
    judged = [judge(name) for name in chosen or PROJECTS]
    return 0 if all(judged) else 1


if __name__ == "__main__":
    sys.exit(main())
