"""`codes`: the statuses as httpx names them, in either case."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from ...status import HTTPStatus, phrase_of

__all__ = ["codes"]


class _Codes(IntEnum):
    """What `codes` adds to the statuses."""

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def get_reason_phrase(cls, value: int) -> str:
        """Return the phrase of a status; empty for a number that is none.

        >>> codes.get_reason_phrase(404), codes.get_reason_phrase(499)
        ('Not Found', '')
        """
        return phrase_of(value)

    @classmethod
    def is_informational(cls, value: int) -> bool:
        """Return whether `value`, a status, is 1xx."""
        return 100 <= value <= 199

    @classmethod
    def is_success(cls, value: int) -> bool:
        """Return whether `value`, a status, is 2xx."""
        return 200 <= value <= 299

    @classmethod
    def is_redirect(cls, value: int) -> bool:
        """Return whether `value`, a status, is 3xx."""
        return 300 <= value <= 399

    @classmethod
    def is_client_error(cls, value: int) -> bool:
        """Return whether `value`, a status, is 4xx."""
        return 400 <= value <= 499

    @classmethod
    def is_server_error(cls, value: int) -> bool:
        """Return whether `value`, a status, is 5xx."""
        return 500 <= value <= 599

    @classmethod
    def is_error(cls, value: int) -> bool:
        """Return whether `value`, a status, is 4xx or 5xx."""
        return 400 <= value <= 599


_make: Any = _Codes  # an enumeration without members makes others
codes: Any = _make("codes", {name: int(status) for name, status in HTTPStatus.__members__.items()})
"""The statuses: ``codes.NOT_FOUND``, ``codes.not_found``, ``codes(404)``."""

for _status in codes:
    setattr(codes, _status.name.lower(), int(_status))
