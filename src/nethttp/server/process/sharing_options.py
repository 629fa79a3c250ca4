"""The options of the command line that let others change a directory, and the share they make."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import reason_of
from ..files.conflicts import CONFLICTS
from . import option_values as kinds
from .announcement import Notice
from .options import Refused

if TYPE_CHECKING:
    from ..files.access import Access, Rule
    from ..files.accounts.grants import Grant

__all__ = [
    "Sharing",
    "add_sharing_options",
    "clean_drafts",
    "first_sharing_option",
    "is_shared",
    "make_passwords",
    "rights_options",
    "shared_folder_handler",
    "sharing_notice",
    "sharing_of",
]

_RIGHTS = ("upload", "delete", "allow", "auth", "auth_file")
#: Files that the server reads or writes itself: passwords, keys, the log. They may lie in the
#: directory that it shares, as the sockets of --bind may, where nobody is to read or replace them.
_OWN_FILES = (
    *("auth_file", "config", "access_log_file"),
    *("tls_cert", "tls_key", "tls_password_file", "tls_client_ca"),
)

_FURTHER = ("hidden", "on_conflict", "max_file", "reserve", "allowed_host", "state")


def add_sharing_options(group: Any) -> None:
    """Add the options to a group of the command line."""
    add = group.add_argument
    add(
        *("-a", "--auth"),
        action="append",
        type=kinds.USER.read,
        metavar=kinds.USER.metavar,
        help="a user: USER alone has a password made for this run, which the start prints, and "
        "USER:HASH is what nethttp passwd prints; may be repeated. Those who sign in may read, and "
        "what --upload and --delete say; others may do nothing unless --allow says so",
    )
    add(
        "--auth-file",
        metavar="FILE",
        help="a file of such lines, also htpasswd's: scrypt, bcrypt, argon2, SHA-crypt, {SHA}",
    )
    add(
        *("-u", "--upload"),
        action="store_true",
        help="let everyone, or each user, add files and directories: PUT, MKCOL, COPY. To replace "
        "a file needs --delete too",
    )
    add(
        "--delete",
        action="store_true",
        help="let everyone, or each user, delete files and directories",
    )
    add(
        *("-A", "--allow"),
        action="append",
        type=kinds.RIGHTS.read,
        metavar="RIGHTS",
        help="what everyone may do: r to read, w to add files, d to delete; --allow w takes files "
        "and shows none. USER=RIGHTS is for one user, users=RIGHTS for each, and @/PATH for a "
        "directory, where the longest path counts: --allow r,users=rw,ann=rwd,-@/private",
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
        type=kinds.HOST_NAME.read,
        metavar=kinds.HOST_NAME.metavar,
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


def rights_options(arguments: argparse.Namespace) -> list[str]:
    """Return the names of the options that give rights, of those that were given."""
    return [f"--{name.replace('_', '-')}" for name in _RIGHTS if getattr(arguments, name)]


def first_sharing_option(arguments: argparse.Namespace) -> str | None:
    """Return the first of these options that was given, None if none was.

    An application has no use for them, so the command refuses them.
    """
    for name in (*_RIGHTS, *_FURTHER):
        if getattr(arguments, name):
            return f"--{name.replace('_', '-')}"
    return None


def make_passwords(arguments: argparse.Namespace) -> None:
    """Make a password for each user of ``--auth`` without a hash, and keep it for the notice."""
    arguments.made_passwords = {}
    for number, (name, hashed) in enumerate(arguments.auth or ()):
        if hashed is None:
            # start-up: most users have a password
            from ..files.accounts.passwords import hash_password, make_password

            password = arguments.made_passwords[name] = make_password()
            arguments.auth[number] = name, hash_password(password)


def shared_folder_handler(directory: str, arguments: argparse.Namespace, **options: Any) -> Any:
    """Return the handler class that serves `directory` with rights.

    `options` are those of each file. It is a class of its own, so that nothing is kept for another.

    Raises:
        Refused: options that do not fit together.
        OSError: the server's own files cannot be written.
    """
    # start-up: only a directory with rights needs these
    from ..files.beneath import CAN_WALK
    from ..files.share import Share
    from ..files.shared import SharedFolderHandler
    from ..files.state import state_directory

    if not CAN_WALK:
        raise Refused("a directory with rights needs a system that opens names in a directory")
    hashes = _hashes(arguments)
    rules = _rules(_grants(arguments), hashes)
    state = state_directory(directory, arguments.state)
    for name in ("cgi", "reload"):
        if getattr(arguments, name):
            raise Refused(f"--{name} is not for a directory with rights")
    if arguments.spa is not None:
        if any("w" in rule.rights for rule in rules):
            raise Refused("--spa is not for a directory that others may write to")
        options["spa"] = arguments.spa
    share = Share(
        directory,
        rules,
        state=state,
        own=_own_files(arguments),
        accounts=_accounts(hashes, state, arguments),
        on_conflict=arguments.on_conflict or CONFLICTS[0],
        hosts=arguments.allowed_host or (),
        max_file=arguments.max_file,
        reserve=arguments.reserve or 0,
        hidden=arguments.hidden,
        links=arguments.follow_links or "inside",
    )
    return SharedFolderHandler.of(share, **options)


def _own_files(arguments: argparse.Namespace) -> list[str]:
    """Return the paths of the server's own files, besides its state, and of its sockets."""
    files = [path for name in _OWN_FILES if (path := getattr(arguments, name, None))]
    bound = [text.partition(":") for text in arguments.bind or ()]
    return files + [path for kind, _, path in bound if kind == "unix"]


def clean_drafts(served: Any) -> None:
    """Delete what uploads to a directory have left whose worker is dead.

    `served` is a handler class, or one with its arguments; that for a directory with rights has a
    share.
    """
    share = getattr(served, "share", None)
    if share is not None:
        share.store.clean()


def _hashes(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the users with the hashes of their passwords.

    Raises:
        Refused: a user occurs twice, or the file cannot be read.
    """
    hashes: dict[str, str] = {}
    if arguments.auth_file is not None:
        from ..files.accounts.users import read_users  # start-up: only accounts need it

        try:
            hashes = read_users(arguments.auth_file)
        except (OSError, ValueError) as error:
            raise Refused(f"--auth-file: {reason_of(error)}") from None
        if not hashes:
            raise Refused(f"--auth-file: there is no user in {arguments.auth_file}")
    for name, hashed in arguments.auth or ():
        if name in hashes:
            raise Refused(f"--auth: the user {name} occurs twice")
        hashes[name] = hashed
    return hashes


def _accounts(hashes: dict[str, str], state: str, arguments: argparse.Namespace) -> Any:
    """Return the accounts of these users, None if there are none."""
    if not hashes:
        return None
    # start-up: only accounts need these
    from ..files.accounts.folder_accounts import FolderAccounts
    from ..files.accounts.users import Users

    secure = bool(arguments.tls_cert or arguments.tls_self_signed)
    return FolderAccounts(Users(hashes), state, secure=secure)


def _grants(arguments: argparse.Namespace) -> list[Grant]:
    """Return what the options allow, and to whom.

    Raises:
        Refused: it is said twice.
    """
    from ..files.accounts.grants import Grant  # start-up: only a directory with rights needs it

    if not arguments.allow:
        letters = f"r{'w' if arguments.upload else ''}{'d' if arguments.delete else ''}"
        has_users = arguments.auth or arguments.auth_file
        return [Grant("users" if has_users else None, frozenset(letters))]
    if arguments.upload or arguments.delete:
        raise Refused("expected --allow, or --upload and --delete, got both")
    return [grant for grants in arguments.allow for grant in grants]


def _rules(grants: list[Grant], hashes: dict[str, str]) -> list[Rule]:
    """Return the rules that grants mean for these users.

    Raises:
        Refused: two of them contradict each other, or there is no such user.
    """
    from ..files.accounts.grants import rules_of  # start-up: only a directory with rights needs it

    try:
        return rules_of(grants, hashes)
    except ValueError as error:
        raise Refused(f"--allow: {error}") from None


class Sharing(NamedTuple):
    """What the options allow in a directory: to whom, and as the command line writes it."""

    access: Access
    users: list[str]
    grants: list[Grant]


def sharing_of(arguments: argparse.Namespace) -> Sharing:
    """Return what options that give rights mean together.

    Raises:
        Refused: they do not fit together, or the file of users cannot be read.
    """
    from ..files.access import Access  # start-up: only a directory with rights needs it

    hashes, grants = _hashes(arguments), _grants(arguments)
    return Sharing(Access(_rules(grants, hashes)), sorted(hashes), grants)


def sharing_notice(arguments: argparse.Namespace, directory: str) -> list[Notice]:
    """Return what the start says of the rights that each user has in a directory.

    Raises:
        Refused: options that do not fit together.
    """
    if not is_shared(arguments):
        return []
    # start-up: only a directory with rights needs these
    from .rights_notice import missing_notice, rights_notice

    sharing = sharing_of(arguments)
    notice = rights_notice(sharing.access, sharing.users)
    notice += missing_notice(sharing.access, directory)
    for name, password in arguments.made_passwords.items():
        notice.append(Notice(f"The password of {name} for this run: {password}"))
    if sharing.users and not (arguments.tls_cert or arguments.tls_self_signed):
        notice.append(Notice("Passwords are sent without TLS: see --tls-self-signed.", True))
    return notice
