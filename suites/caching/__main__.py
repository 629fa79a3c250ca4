"""``python -m suites.caching [STORE …]``: judge the client's cache by http-cache-tests."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
WORK = HERE.parent.parent / "build" / "suites" / "caching"

PACKAGE = "http-cache-tests@0.4.5"
"""The version is raised by hand, so that another release changes no result here."""

TIME_LIMIT = 300
"""Seconds for one run of all tests: each pauses for seconds, 40 run at a time."""

OPTIMAL_SHARE = 0.95
"""How many of the optimal tests that can pass must pass."""


class Judged(NamedTuple):
    """How one test ended."""

    id: str
    kind: str
    """required, optimal, or check: what is done is only noted."""
    passed: bool
    why: str


def fetched() -> Path:
    """Return the folder of the npm package, fetched when it is not there yet."""
    folder = WORK / "package"
    if not folder.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=WORK, check=True)
        with tarfile.open(next(WORK.glob("*.tgz"))) as archive:
            archive.extractall(WORK, filter="data")
    return folder


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    """Return a context with a program that is ended at its end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def judged(store: str) -> list[Judged]:
    """Return how each test ended with `store` behind the client."""
    folder, port = fetched(), free_port()
    settings = {"protocol": "http", "port": str(port), "pidfile": str(WORK / "pid")}
    environment = {**os.environ, **{f"npm_config_{name}": it for name, it in settings.items()}}
    origin = running(["node", "server/server.mjs"], cwd=folder, env=environment)
    ours = [sys.executable, "-m", "suites.caching.front", f"http://127.0.0.1:{port}", store]
    with origin as server, running(ours) as front:
        assert server.stdout is not None
        assert front.stdout is not None
        server.stdout.readline()
        base = f"http://127.0.0.1:{front.stdout.readline().strip()}"
        judge = ["node", "--no-warnings", str(HERE / "judge.mjs"), str(folder), base]
        said = subprocess.run(
            judge, stdout=subprocess.PIPE, text=True, timeout=TIME_LIMIT, check=True
        ).stdout
    return [Judged(it["id"], it["kind"], it["passed"], it["why"]) for it in json.loads(said)]


def expected() -> dict[str, str]:
    """Return the reason of each test that cannot pass, by its id."""
    entries = tomllib.loads((HERE / "expected.toml").read_text())["failure"]
    return {test: entry["reason"] for entry in entries for test in entry["tests"]}


def report(store: str, results: Sequence[Judged]) -> bool:
    """Print the table of one run, and return whether it is as it should be."""
    reasons = expected()
    print(f"{store}:")
    good = True
    for kind in ("required", "optimal", "check"):
        of_kind = [it for it in results if it.kind == kind]
        passed = sum(it.passed for it in of_kind)
        possible = sum(it.passed or it.id not in reasons for it in of_kind)
        can = "" if kind == "check" else f"; {possible:3} can pass"
        print(f"  {kind:9} {passed:3} of {len(of_kind):3} pass{can}")
        share = {"required": 1.0, "optimal": OPTIMAL_SHARE, "check": 0.0}[kind]
        good &= passed >= share * possible
    for it in results:
        if not it.passed and it.kind != "check":
            reason = " ".join(reasons.get(it.id, "NOT EXPECTED").split())
            print(f"    {it.id}: {it.why}\n      {reason}")
        if it.passed and it.id in reasons:
            print(f"    {it.id}: PASSES NOW")
            good = False
    return good


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 if a test fails that should pass."""
    parser = argparse.ArgumentParser(prog="python -m suites.caching", description=__doc__)
    parser.add_argument("store", nargs="*", help="memory, sqlite or a Valkey URL; default: both")
    stores = parser.parse_args(argv).store or ["memory", "sqlite"]
    if shutil.which("node") is None or shutil.which("npm") is None:
        parser.error("expected node and npm, which run the tests")
    good = True
    for store in stores:
        place = store
        if store == "sqlite":
            place = str(WORK / f"cache-{time.time_ns()}.db")
        good &= report(store, judged(place))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
