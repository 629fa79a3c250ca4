"""The options of the command line that let others change a directory, and the share they make."""

from __future__ import annotations

import argparse
from typing import Any

from ..files.conflicts import CONFLICTS
from . import option_values as kinds
from .options import Refused

__all__ = [
    "add_sharing_options",
    "clean_drafts",
    "first_sharing_option",
    "is_shared",
    "shared_folder_handler",
    "sharing_notice",
]

_RIGHTS = ("upload", "delete", "allow")
_FURTHER = ("hidden", "on_conflict", "max_file", "reserve", "allowed_host", "state")


def add_sharing_options(group: Any) -> None:
    """Add the options to a group of the command line."""
    add = group.add_argument
    add(
        "--upload",
        action="store_true",
        help="let everyone add files and directories: PUT, MKCOL, COPY. To replace a file needs "
        "--delete too",
    )
    add("--delete", action="store_true", help="let everyone delete files and directories")
    add(
        "--allow",
        type=kinds.RIGHTS.read,
        metavar="RIGHTS",
        help="what everyone may do: r to read, w to add files, d to delete; --allow rwd is the "
        "same as --upload --delete, --allow w takes files and shows none",
    )
    add(
        "--on-conflict",
        choices=CONFLICTS,
        help="what becomes of a file whose name an upload has: a form asks and PUT replaces it, or "
        "it is replaced, or the new file has another name, or is refused (default: ask)",
    )
    add("--max-file", type=kinds.BYTES.read, metavar="BYTES", help="largest file that is stored")
    add(
        "--reserve",
        type=kinds.BYTES.read,
        metavar="BYTES",
        help="space of the disk that stays free, for example 1G (default: 0)",
    )
    add(
        "--hidden",
        action="store_true",
        help="list and serve files whose names begin with a dot, in a directory with rights",
    )
    add(
        "--allowed-host",
        action="append",
        metavar="NAME",
        help="a name by which browsers reach this server, besides its addresses and the names of "
        "this machine; * for any. Other names are refused, against DNS rebinding",
    )
    add(
        "--state",
        metavar="DIRECTORY",
        help="where the server keeps its own files for a directory with rights (default: nethttp "
        "among the user's state files)",
    )


def is_shared(arguments: argparse.Namespace) -> bool:
    """Return whether the options give rights.

    >>> is_shared(argparse.Namespace(upload=False, delete=False, allow=frozenset("r")))
    True
    """
    return any(getattr(arguments, name) for name in _RIGHTS)


def first_sharing_option(arguments: argparse.Namespace) -> str | None:
    """Return the first of these options that was given, None if none was.

    An application has no use for them, so the command refuses them.
    """
    for name in (*_RIGHTS, *_FURTHER):
        if getattr(arguments, name):
            return f"--{name.replace('_', '-')}"
    return None


def shared_folder_handler(directory: str, arguments: argparse.Namespace, **options: Any) -> Any:
    """Return the handler class that serves `directory` with rights.

    `options` are those of each file. It is a class of its own, so that nothing is kept for another.

    Raises:
        Refused: options that do not fit together.
        OSError: the server's own files cannot be written.
    """
    # start-up: only a directory with rights needs these
    from ..files.access import Rule
    from ..files.beneath import CAN_WALK
    from ..files.share import Share, state_directory
    from ..files.shared import SharedFolderHandler

    if not CAN_WALK:
        raise Refused("a directory with rights needs a system that opens names in a directory")
    rights = _rights_of(arguments)
    for name in ("cgi", "reload"):
        if getattr(arguments, name):
            raise Refused(f"--{name} is not for a directory with rights")
    if arguments.spa is not None:
        if "w" in rights:
            raise Refused("--spa is not for a directory that others may write to")
        options["spa"] = arguments.spa
    share = Share(
        directory,
        [Rule((), None, rights)],
        state=state_directory(directory, arguments.state),
        on_conflict=arguments.on_conflict or CONFLICTS[0],
        hosts=arguments.allowed_host or (),
        max_file=arguments.max_file,
        reserve=arguments.reserve or 0,
        hidden=arguments.hidden,
        links=arguments.follow_links or "inside",
    )
    return SharedFolderHandler.of(share, **options)


def clean_drafts(served: Any) -> None:
    """Delete what uploads to a directory have left whose worker is dead.

    `served` is a handler class, or one with its arguments; that for a directory with rights has a
    share.
    """
    share = getattr(served, "share", None)
    if share is not None:
        share.store.clean()


def _rights_of(arguments: argparse.Namespace) -> frozenset[str]:
    """Return what everyone may do, in letters.

    Raises:
        Refused: it is said twice.
    """
    given: frozenset[str] | None = arguments.allow
    if given is None:
        letters = f"r{'w' if arguments.upload else ''}{'d' if arguments.delete else ''}"
        return frozenset(letters)
    if arguments.upload or arguments.delete:
        raise Refused("expected --allow, or --upload and --delete, got both")
    return given


def sharing_notice(arguments: argparse.Namespace) -> str | None:
    """Return a line that says what everyone may do; None if that is to read alone.

    >>> sharing_notice(argparse.Namespace(upload=True, delete=False, allow=None))
    'Everyone who reaches it may read and add files, without a password.'
    """
    rights = _rights_of(arguments)
    if not rights & {"w", "d"}:
        return None
    verbs = {"r": "read", "w": "add", "d": "delete"}
    *words, last = [verb for letter, verb in verbs.items() if letter in rights]
    what = f"{', '.join(words)} and {last}" if words else last
    return f"Everyone who reaches it may {what} files, without a password."
