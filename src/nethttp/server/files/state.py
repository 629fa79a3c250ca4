"""`state_directory`: where the server keeps its own files for a shared folder."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile

__all__ = ["state_directory"]


def state_directory(root: str, given: str | None = None) -> str:
    """Return the directory with the server's own files for a root, which its user alone may enter.

    It is `given`, or one for this root among the service's or the user's state files, or, where
    these cannot be written, among the temporary files. Each root has its own, so that servers of
    different roots share no lock.

    Raises:
        PermissionError: it belongs to another user, or `given` is the root.
        OSError: it cannot be made.
    """
    if given is not None:
        if os.path.realpath(given) == os.path.realpath(root):
            raise PermissionError(f"expected a state directory besides the shared {root}")
        return _own_directory(given)
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
    places = [
        os.environ.get("STATE_DIRECTORY", "").partition(":")[0],  # systemd's
        os.environ.get("XDG_STATE_HOME", ""),
        os.path.expanduser("~/.local/state"),
    ]
    for place in places:
        if os.path.isabs(place):
            try:
                return _own_directory(_own_directory(os.path.join(place, "nethttp")), name)
            except OSError:
                continue
    user = os.getuid() if hasattr(os, "getuid") else 0
    # Whoever owned the directory above could put another one in the place of this one.
    above = _own_directory(os.path.join(tempfile.gettempdir(), f"nethttp-{user}"))
    return _own_directory(above, name)


def _own_directory(*names: str) -> str:
    """Return the directory of a path, made if it is missing, and closed to other users.

    Raises:
        PermissionError: it belongs to another user.
    """
    path = os.path.join(*names)
    os.makedirs(path, mode=0o700, exist_ok=True)
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        raise PermissionError(f"expected a directory of this user, got {path}")
    if status.st_mode & 0o077:
        os.chmod(path, 0o700)
    return path
