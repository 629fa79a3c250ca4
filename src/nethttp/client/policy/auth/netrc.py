"""`Netrc`: user names and passwords by host, from the file that curl and ftp read too."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, NamedTuple

from .auth import Auth
from .basic import Basic

if TYPE_CHECKING:
    from .auth import AuthFlow, Signed

__all__ = ["Netrc"]


class _Known(NamedTuple):
    """What a file said, and which file it was."""

    stamp: tuple[int, int, int]
    hosts: dict[str, tuple[str, str]]


class Netrc(Auth):
    """Sends the user name and password that a netrc file has for the request's host, by Basic.

    `path` is the file; without it ``$NETRC``, or ``.netrc`` in the home directory (on Windows also
    ``_netrc``), which need not be there. The file is read again when it has changed.

    An entry is for exactly its host. The ``default`` entry is never used, since it would give a
    password to every host, and an entry without a login and password is none.

    Raises:
        OSError: `path` cannot be read; or, as PermissionError, a file is open to other users.
        netrc.NetrcParseError: a file is not in netrc's format.

    >>> from pathlib import Path
    >>> file = Path("netrc")
    >>> _ = file.write_text("machine example.com login me password secret")
    >>> file.chmod(0o600)
    >>> Netrc("netrc").find("example.com"), Netrc("netrc").find("www.example.com")
    (('me', 'secret'), None)
    >>> file.unlink()
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._path = None if path is None else os.fspath(path)
        self._known: _Known | None = None

    def flow(self, request: Signed) -> AuthFlow:
        """Yield `request` once, with credentials if the file has any for its host."""
        found = self.find(request.url.host)
        if found is not None:
            request.headers["Authorization"] = Basic(*found).value
        yield request

    def find(self, host: str) -> tuple[str, str] | None:
        """Return the user name and password for `host`, None if there are none.

        Raises:
            OSError: the file cannot be read, or other users may read it.
            netrc.NetrcParseError: the file is not in netrc's format.
        """
        path = self._path or _usual_path()
        if path is None:
            return None
        try:
            status = os.stat(path)
        except FileNotFoundError:
            if self._path is None:
                return None
            raise
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._known
        if known is None or known.stamp != stamp:
            _refuse_what_others_read(path, status)
            # Threads may read it at once: each puts a whole value here.
            known = self._known = _Known(stamp, _read(path))
        return known.hosts.get(host)

    def __repr__(self) -> str:
        return f"Netrc({self._path!r})"


def environment_netrc() -> Netrc:
    """Return the netrc that ``trust_env`` means: a file that cannot be used is a warning."""
    return _EnvironmentNetrc()


class _EnvironmentNetrc(Netrc):
    """The file that the environment names; the program has not asked for it, so it cannot fail."""

    def find(self, host: str) -> tuple[str, str] | None:
        import netrc  # start-up: read by few

        try:
            return super().find(host)
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
            warnings.warn(f"netrc is not used: {error}", stacklevel=2)
            return None


def _usual_path() -> str | None:
    """Return the file that the environment names, or the one in the home directory."""
    named = os.environ.get("NETRC")
    if named:
        return os.path.expanduser(named)
    names = (".netrc", "_netrc") if sys.platform == "win32" else (".netrc",)
    home = os.path.expanduser("~")
    for name in names:
        path = os.path.join(home, name)
        if os.path.exists(path):
            return path
    return None


def _refuse_what_others_read(path: str, status: os.stat_result) -> None:
    """Raise PermissionError for a file that is another user's, or that others may read or write."""
    if os.name != "posix":
        return
    if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o077:
        raise PermissionError(
            f"expected {path} to belong to this user and to be closed to others, got owner "
            f"{status.st_uid} and mode {status.st_mode & 0o777:o} (chmod 600 mends the mode)"
        )


def _read(path: str) -> dict[str, tuple[str, str]]:
    """Return the user name and password of each host in a file, names in lower case."""
    import netrc  # start-up: read by few

    found: dict[str, tuple[str, str]] = {}
    for host, (login, account, password) in netrc.netrc(path).hosts.items():
        name = login or account
        if host != "default" and (name or password):
            found.setdefault(host.lower(), (name, password or ""))
    return found
