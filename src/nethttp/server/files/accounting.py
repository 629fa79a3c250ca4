"""`Accounts`: what a shared folder asks of the accounts of its users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .access import User
from .reply import Reply
from .request import FolderRequest

__all__ = ["Accounts"]


class Accounts(Protocol):
    """Knows users by what their requests carry.

    A `Share` asks it for every request, because a user may be locked out meanwhile.
    """

    def user_of(self, fields: Mapping[str, str], address: str, /) -> User | Reply:
        """Return the user of a request from `address` with these fields.

        A `Reply` refuses it: wrong credentials, or too many tries.
        """

    def challenge(self, fields: Mapping[str, str], /) -> Reply:
        """Return the response to a user who has to sign in for what was asked."""

    def page(self, request: FolderRequest, /) -> Reply:
        """Return the page on which people sign in, or out."""

    def sign_in(self, request: FolderRequest, /) -> Reply:
        """Return the answer to the form of that page that signs in.

        Raises:
            Refusal: it is none of this site.
        """

    def sign_out(self, request: FolderRequest, /) -> Reply:
        """Return the answer to the form of that page that signs out.

        Raises:
            Refusal: it is none of this site.
        """
