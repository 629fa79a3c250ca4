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
    plugin: str = ""
    """The plugin for pytest that puts nethttp in place, instead of `nethttp.compat`."""


#: Files of httpx's tests that import its private modules, or run its command.
_OF_HTTPX_ALONE = (
    "tests/models/test_whatwg.py",
    "tests/test_utils.py",
    "tests/test_main.py",
    "tests/client/test_proxies.py",
    "tests/test_exported_members.py",
)

#: Tests of httpx that reach into its private names.
_PRIVATE_IN_HTTPX = (
    "tests/client/test_headers.py::test_same_origin",
    "tests/client/test_headers.py::test_not_same_origin",
    "tests/client/test_headers.py::test_is_https_redirect",
    "tests/client/test_headers.py::test_is_not_https_redirect",
    "tests/client/test_headers.py::test_is_not_https_redirect_if_not_default_ports",
    "tests/test_auth.py::test_digest_auth_rfc_7616_md5",
    "tests/test_auth.py::test_digest_auth_rfc_7616_sha_256",
    "tests/test_api.py::test_httpcore_lazy_loading",
)

#: Tests of httpx whose outcome is one of chance here: whether the system takes 100 MB in one piece,
#: and whether a short response has arrived whole, and so holds no connection, before it is read.
_BY_CHANCE = (
    "tests/test_timeouts.py::test_write_timeout",
    "tests/test_timeouts.py::test_pool_timeout",
)

_OF_REQUESTS = "tests/test_requests.py"
_POOLS = (
    f"{_OF_REQUESTS}::TestPreparingURLs::test_different_connection_pool_for_tls_settings_verify_"
)

#: Tests of requests that reach into urllib3, or into private names of its adapter.
_PRIVATE_IN_REQUESTS = (
    f"{_OF_REQUESTS}::TestRequests::test_redirect_with_wrong_gzipped_header",
    f"{_OF_REQUESTS}::TestRequests::test_session_close_proxy_clear",
    f"{_POOLS}True",
    f"{_POOLS}bundle_expired_cert",
    f"{_POOLS}bundle_unexpired_cert",
)

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
        # In one of its tests the threads wait for each other for ever, by chance, on the standard
        # library too.
        ("-m", "not requires_network", "-k", "not http2_probe_blocked_per_thread", "test"),
    ),
    "httpx": Project(
        "0.28.1",
        (
            *(".[brotli,zstd,socks,http2,cli]", "pytest", "uvicorn", "trustme", "cryptography"),
            *("chardet==5.2.0", "trio==0.27.0", "backports.zstd"),
        ),
        # nethttp runs on asyncio. What warns of deprecation are newer libraries of the tests.
        (
            *("-k", "not trio", "-W", "ignore::DeprecationWarning", "tests"),
            *(f"--ignore={file}" for file in _OF_HTTPX_ALONE),
            *(f"--deselect={test}" for test in (*_PRIVATE_IN_HTTPX, *_BY_CHANCE)),
        ),
        plugin="as_httpx",
    ),
    "requests": Project(
        "2.34.2",
        (".[socks]", "pytest", "pytest-httpbin", "pytest-mock", "httpbin", "flasgger", "trustme"),
        (_OF_REQUESTS, *(f"--deselect={test}" for test in _PRIVATE_IN_REQUESTS)),
        plugin="under_requests",
    ),
}
"""Versions are raised by hand, so that another project's release changes no result here."""
