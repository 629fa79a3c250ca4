"""What happens to a file whose name an upload has, if the client sends no condition."""

from __future__ import annotations

from .refusal import Refusal

__all__ = ["CONFLICTS", "conflict_of"]

CONFLICTS = ("ask", "replace", "rename", "refuse")
"""The client is asked (PUT replaces, as HTTP says; a form is refused), or the old file is replaced,
or the new one has another name, or it is refused."""


def conflict_of(asked: str | None, default: str, *, asked_as: str) -> str:
    """Return what happens to a name that exists: what the client `asked` for, or the `default`.

    `asked_as` is what "ask" means where nobody can be asked.

    >>> conflict_of(None, "ask", asked_as="refuse"), conflict_of("rename", "ask", asked_as="refuse")
    ('refuse', 'rename')

    Raises:
        Refusal: 400, it is not one of `CONFLICTS`.
    """
    conflict = default if asked is None else asked
    if conflict not in CONFLICTS:
        raise Refusal(400, f"conflict is expected to be one of {', '.join(CONFLICTS)}")
    return asked_as if conflict == "ask" else conflict
