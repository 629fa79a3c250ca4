"""``?login`` and ``?logout``: people sign in on a page, and out again."""

from __future__ import annotations

from ..accounting import Accounts
from ..gate import Gate
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest

__all__ = ["answer_page", "answer_sign_in", "answer_sign_out"]


def answer_page(request: FolderRequest, gate: Gate) -> Reply:
    """Return the page.

    Raises:
        Refusal: nobody can sign in here.
    """
    return _accounts(gate).page(request)


def answer_sign_in(request: FolderRequest, gate: Gate) -> Reply:
    """Return 303 with the cookie of a session, or the page again.

    Raises:
        Refusal: nobody can sign in here, or it is no form of this site.
    """
    return _accounts(gate).sign_in(request)


def answer_sign_out(request: FolderRequest, gate: Gate) -> Reply:
    """Return 303 after ending the session of the cookie.

    Raises:
        Refusal: nobody can sign in here, or it is no form of this site.
    """
    return _accounts(gate).sign_out(request)


def _accounts(gate: Gate) -> Accounts:
    if gate.accounts is None:
        raise Refusal(404, "Nobody needs to sign in here")
    return gate.accounts
