"""Parses and serialises heads of messages, with the C twin or the pure twin.

The twins, the compiled `_head_c` and `_head_py`, have the same names, results and exceptions. All
other modules import from here, and work with either. The C twin runs if it was built, unless
NETHTTP_PURE=1 is set in the environment.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = [
    "TWIN",
    "parse_chunk_line",
    "parse_chunks",
    "parse_field_section",
    "parse_lenient_field_section",
    "parse_request_head",
    "parse_request_line",
    "parse_response_head",
    "parse_status_line",
    "serialise_fields",
    "serialise_request_fields",
    "serialise_request_head",
    "serialise_response_head",
    "split_cookie_field",
    "usual_environ",
    "usual_line",
    "usual_request",
    "usual_response",
]

PURE: Final = os.environ.get("NETHTTP_PURE", "") not in ("", "0")
"""Whether the environment asks for the pure twin."""

if PURE:
    from . import _head_py as _twin
else:
    try:
        from . import _head_c as _twin  # type: ignore[no-redef]  # the stub has the same names
    except ImportError:
        from . import _head_py as _twin

TWIN: Final = "pure" if _twin.__name__.endswith("_py") else "C"
"""Which twin runs: "C" or "pure"."""

parse_chunk_line = _twin.parse_chunk_line
parse_chunks = _twin.parse_chunks
parse_field_section = _twin.parse_field_section
parse_lenient_field_section = _twin.parse_lenient_field_section
parse_request_head = _twin.parse_request_head
parse_request_line = _twin.parse_request_line
parse_response_head = _twin.parse_response_head
parse_status_line = _twin.parse_status_line
serialise_fields = _twin.serialise_fields
serialise_request_fields = _twin.serialise_request_fields
serialise_request_head = _twin.serialise_request_head
serialise_response_head = _twin.serialise_response_head
split_cookie_field = _twin.split_cookie_field
usual_environ = _twin.usual_environ
usual_line = _twin.usual_line
usual_request = _twin.usual_request
usual_response = _twin.usual_response
