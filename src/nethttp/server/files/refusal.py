"""`Refusal`: the answer to a request that the gate, the store or a door does not carry out."""

from __future__ import annotations

import errno

from ...status import HTTPStatus

__all__ = ["Refusal", "refusal_of"]


class Refusal(Exception):
    """A request that is refused with `status`; `message` says why, in words for a person.

    >>> Refusal(413, "expected at most 10 bytes").status
    <HTTPStatus.CONTENT_TOO_LARGE: 413>
    """

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = HTTPStatus(status)
        self.message = message
        self.retry_after = retry_after
        """Seconds after which the same request may succeed."""


#: What the system's refusal of a write means for the client; any other means 404.
_STATUSES = {
    errno.ENOSPC: (507, "The disk is full"),
    errno.EDQUOT: (507, "The disk quota is used up"),
    errno.EFBIG: (507, "The file system takes no file of this size"),
    errno.EACCES: (403, "The system does not allow this here"),
    errno.EPERM: (403, "The system does not allow this here"),
    errno.EROFS: (403, "The file system is read-only"),
    errno.EBUSY: (409, "The system uses this directory, for example as a mount point"),
    errno.ENOTEMPTY: (409, "The directory is not empty"),
    errno.EEXIST: (409, "The name exists"),
    errno.ENOTDIR: (409, "A file has the name that is to be a directory's"),
    errno.EINVAL: (409, "A directory cannot be moved into itself"),
    errno.ENAMETOOLONG: (400, "The name is too long"),
    errno.EMFILE: (503, "Too many files are open"),
    errno.ENFILE: (503, "Too many files are open"),
}


def refusal_of(error: OSError) -> Refusal:
    """Return the refusal that an error of the system means.

    >>> refusal_of(OSError(errno.ENOSPC, "")).status
    <HTTPStatus.INSUFFICIENT_STORAGE: 507>
    """
    status, message = _STATUSES.get(error.errno or 0, (404, "There is no such file"))
    return Refusal(status, message)
