"""The whole pure twin: every function of `_head_c`, in Python.

The C twin passes input that it does not recognise to the function of the same name in this module.
"""

from __future__ import annotations

from ._cookie_py import split_cookie_field
from ._read_py import (
    parse_chunk_line,
    parse_chunks,
    parse_field_section,
    parse_lenient_field_section,
    parse_request_head,
    parse_request_line,
    parse_response_head,
    parse_status_line,
)
from ._usual_py import usual_environ, usual_line, usual_request
from ._usual_response_py import usual_response
from ._write_py import (
    serialise_fields,
    serialise_request_fields,
    serialise_request_head,
    serialise_response_head,
)

__all__ = [
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
