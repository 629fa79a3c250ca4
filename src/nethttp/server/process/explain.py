"""``nethttp explain``: what is allowed at a path of a directory, to whom, and by which rule.

It takes the options of ``nethttp serve``, and decides by the same rules (`files.access`) in the
same words (`rights_notice`). It serves nothing and changes nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress

from ...commandline import CommandParser, closest
from ...errors import reason_of
from ..files.access import ANYONE, Access, Names, Operation, Rule, User
from ..files.accounts.grants import Grant, grant_behind, text_of
from ..files.beneath import CAN_WALK
from ..files.paths import LinkPolicy
from ..files.tree import Tree, names_of
from ..logs.lines import write_stderr
from .command_line import add_arguments, arguments_of, directory_of
from .options import Refused
from .rights_notice import path_in_words, rights_beneath, rights_in_words
from .sharing_options import Sharing, is_shared, rights_options, sharing_of

__all__ = ["main"]

#: The options that the help shows. The others of serve are taken too, and decide nothing.
_SHOWN = frozenset(
    {"path", "user", "target", "directory", "config", "follow_links", "hidden", "help", "version"}
    | {"auth", "auth_file", "upload", "delete", "allow"}
)

#: What a directory without rights allows.
_READ_ALONE = Grant(None, frozenset("r"))


def main(words: Sequence[str], prog: str = "nethttp explain") -> int:
    """Return the exit status: 0 after the explanation, or 1 after printing what is wrong."""
    try:
        arguments = arguments_of(_parser(prog), words)
        lines = list(_explained(arguments))
    except (Refused, OSError) as refused:
        write_stderr(f"{prog}: {reason_of(refused)}\n")
        return 1
    print("\n".join(lines))
    return 0


def _parser(prog: str) -> CommandParser:
    parser = CommandParser(
        prog=prog,
        usage=f"{prog} [--as USER] PATH [OPTION ...] [TARGET]",
        description="Say what is allowed at PATH of a directory, to a user or to anyone, and by "
        "which rule. To move is to read and delete, and to create at the other end.",
        epilog="The other options of nethttp serve may be given as well, and change nothing here: "
        "put explain, --as and PATH before those of a server to see what it allows.",
    )
    parser.add_argument(
        "path", metavar="PATH", help="a path, escaped as in a URL, such as /team/a%%20b"
    )
    parser.add_argument(
        "--as", dest="user", metavar="USER", help="the user (default: anyone, without a password)"
    )
    add_arguments(parser)
    for action in parser._actions:
        if action.dest == "target":
            action.metavar, action.help = "TARGET", "the directory (default: the current one)"
            action.required = False  # else it is missed where PATH is
        elif action.dest not in _SHOWN and "--version" not in action.option_strings:
            action.help = argparse.SUPPRESS
    return parser


def _explained(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the explanation.

    Raises:
        Refused: there is no such user or directory, or the path or the rules cannot be read.
    """
    directory = directory_of(arguments)
    names = names_of(arguments.path) if arguments.path.startswith("/") else None
    if names is None:
        raise Refused(f"expected a path such as /team, got {arguments.path!r}")
    access, users, grants = _sharing(arguments)
    user = _user(arguments.user, users)
    leads_to = names
    if is_shared(arguments) and CAN_WALK:
        links: LinkPolicy = arguments.follow_links or "inside"
        tree = Tree(directory, links=links, hidden=arguments.hidden, exact=True)
        if any(map(tree.is_barred, names)):
            yield f"Nobody may do anything at {path_in_words(names)}: it is hidden; see --hidden."
            return
        # Rules are for what will be there, too.
        with suppress(OSError), tree.open(names) as found:
            leads_to = found.names
    yield rights_beneath(access, user, names)
    if leads_to != names:
        yield f"A link leads to {path_in_words(leads_to)}; to read there needs rights at both ends."
        yield rights_beneath(access, user, leads_to)
    for operation in Operation:
        reads = operation in (Operation.READ, Operation.LIST)
        end = leads_to if reads and access.allows(user, operation, names) else names
        yield f"  {operation.verb:9}{_verdict(access, user, operation, end)}"
    rules = access.deciding(user, names)
    if not rules:
        yield "No rule gives rights here, so there are none."
        return
    yield "By these rules, whose rights add up:" if len(rules) > 1 else "By this rule:"
    texts = [text_of(grant_behind(rule, grants)) for rule in rules]
    width = max(map(len, texts))
    for rule, text in zip(rules, texts, strict=True):
        yield f"  {text:{width}}  {_given_by(rule)}"
    yield from _where_from(arguments, grants)


def _sharing(arguments: argparse.Namespace) -> Sharing:
    if is_shared(arguments):
        return sharing_of(arguments)
    return Sharing(Access([Rule((), None, _READ_ALONE.rights)]), [], [_READ_ALONE])


def _user(name: str | None, users: Sequence[str]) -> User:
    if name is None:
        return ANYONE
    if not users:
        raise Refused(f"--as: there is no user {name}, nor any other; see --auth and --auth-file")
    if name not in users:
        raise Refused(f"--as: there is no user {name}{closest(name, users)}")
    return User(name)


def _verdict(access: Access, user: User, operation: Operation, names: Names) -> str:
    """Return whether a user may do an operation at a path."""
    missing = sorted(operation.rights - access.rights(user, names))
    if not access.allows(user, operation, names):
        return f"no: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    if missing:  # To list needs no right where there are rights below.
        return "yes, but only what has rights, or leads there"
    if not access.allows_beneath(user, operation, names):
        return "yes, but not everywhere below"
    return "yes"


def _given_by(rule: Rule) -> str:
    who = "anyone" if rule.user is None else rule.user
    return f"{who} may {rights_in_words(rule.rights) if rule.rights else 'do nothing'}"


def _where_from(arguments: argparse.Namespace, grants: Sequence[Grant]) -> Iterator[str]:
    """Yield which options mean the rules, unless they are written out."""
    if arguments.allow:
        return
    options = rights_options(arguments)
    if options:
        means = "means" if len(options) == 1 else "together mean"
        yield f"{' and '.join(options)} {means} --allow {text_of(grants[0])}."
    else:
        yield "No option gives other rights; see --allow."
