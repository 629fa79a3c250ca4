"""Runs one of CPython's own test modules: ``run_suite.py MODULE RESULT.json [plain]``.

It runs under compat, or with `plain` as Python has it. Writes {"ran": n, "skipped": n, "failed":
[test id, …]} for the test beside it to judge.
"""

from __future__ import annotations

import importlib
import json
import sys
import unittest

from nethttp import compat


class Result(unittest.TextTestResult):
    """Remembers which tests failed, subtests under their test's id."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.failed: set[str] = set()

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed.add(test.id())

    def addError(self, test, err):
        super().addError(test, err)
        self.failed.add(test.id())

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.failed.add(test.id())


def main(module: str, result_path: str, kind: str = "compat") -> None:
    if kind == "compat":
        compat.install()
    suite = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module))
    result = unittest.TextTestRunner(resultclass=Result, verbosity=1).run(suite)
    found = {
        "ran": result.testsRun,
        "skipped": len(result.skipped),
        "failed": sorted(name.removeprefix("test.") for name in result.failed),
    }
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
