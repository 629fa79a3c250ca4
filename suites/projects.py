"""The projects whose tests are run: a table."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROJECTS", "Project"]


class Project(NamedTuple):
    """A project on PyPI, and how its tests are run."""

    version: str
    needs: tuple[str, ...]
    """What pip installs for the tests, told in the folder of the source distribution."""
    arguments: tuple[str, ...]
    """What pytest is given."""
    certificates: str = ""
    """The module that prints the path of the certificates that its tests trust."""


PROJECTS = {
    "vcrpy": Project(
        "9.4.2",
        (".[tests]",),
        # A few of its tests ask servers on the Internet.
        ("-m", "not online", "tests"),
        certificates="pytest_httpbin.certs",
    ),
    "urllib3": Project(
        "2.8.0",
        ("urllib3==2.8.0", "--group", "test", "brotli", "cryptography", "pyopenssl", "trustme"),
        ("-m", "not requires_network", "test"),
    ),
}
"""Versions are raised by hand, so that another project's release changes no result here."""
