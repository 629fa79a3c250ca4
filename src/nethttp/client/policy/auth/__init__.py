"""Authentication: what is accepted as ``auth=``, and which request has it. RFC 9110 section 11."""

from __future__ import annotations

from .auth import Auth
from .basic import Basic
from .bearer import Bearer
from .digest import Digest
from .function import FunctionAuth
from .netrc import Netrc

__all__ = ["Auth", "Basic", "Bearer", "Digest", "FunctionAuth", "Netrc"]
