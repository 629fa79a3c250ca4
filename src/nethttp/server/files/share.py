"""`Share`: a shared folder, with all that its doors go by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...caching import SecondTimeCache
from .access import CHANGES, Access, Operation, Rule, User
from .accounting import Accounts
from .gate import Gate
from .paths import LinkPolicy
from .store import Store
from .tree import Tree, names_of

__all__ = ["Share"]


class Share:
    """The folder `root`, shared by `rules`.

    `state` is a directory that belongs to this folder alone (see `state`). `accounts` is
    None if nobody can sign in. `on_conflict` is one of `conflicts.CONFLICTS`, `hosts` has the names
    by which the server is reached, besides its addresses and the machine's names. `max_file` and
    `reserve` are those of `Store`, `hidden` and `links` those of `Tree`. `own` are files of the
    server's, besides the state, that nobody reaches although they may lie in the folder.

    Raises:
        ValueError: rules that contradict each other.
        OSError: the state cannot be written.
    """

    def __init__(
        self,
        root: str,
        rules: Iterable[Rule],
        *,
        state: str,
        own: Iterable[str] = (),
        accounts: Accounts | None = None,
        on_conflict: str = "ask",
        hosts: Sequence[str] = (),
        max_file: int | None = None,
        reserve: int = 0,
        hidden: bool = False,
        links: LinkPolicy = "inside",
    ) -> None:
        self.root = root
        self.state = state
        self.access = Access(rules)
        self.accounts = accounts
        self.on_conflict = on_conflict
        self.hosts = tuple(hosts)
        own = [state, *own]
        self.tree = Tree(root, links=links, hidden=hidden, own=own, exact=self.access.has_paths)
        self.store = Store(self.tree, state, max_file=max_file, reserve=reserve)
        self.is_written = any(rule.rights & CHANGES for rule in self.access.rules)
        """Whether anyone may change a file, so that a file may hold what a stranger wrote."""
        self._may_read: SecondTimeCache[tuple[str | None, str], bool] = SecondTimeCache(max_key=512)

    def gate(self, user: User) -> Gate:
        """Return the gate for a user."""
        return Gate(
            self.tree,
            self.store,
            self.access,
            user,
            on_conflict=self.on_conflict,
            accounts=self.accounts,
        )

    def may_read(self, user: User, target: str) -> bool:
        """Return whether a user may read a file at the path in a target.

        It is asked before anything is looked for there. Rules do not change while a share exists,
        so what they allow is kept.

        Raises:
            Refusal: the user may not even know of the path.
        """
        key = user.name, target
        known = self._may_read.get(key)
        if known is not None:
            return known
        names = names_of(target)
        if names is None:
            return False  # Nothing can have it.
        self.gate(user).check(Operation.LIST, names)
        # Who may know of a path that leads on to others may not read a file there.
        may_read = self.access.allows(user, Operation.READ, names)
        if self._may_read.admits(key, len(target)):
            self._may_read.put(key, may_read, 4 * len(target) + 300)
        return may_read
