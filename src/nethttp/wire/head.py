"""Heads of messages: parse and serialise, by whichever twin this interpreter has.

The twins (`_head_py`, and a compiled one where it was built) have the same names, results and
exceptions; everything above imports from here and does not know which one runs.
"""

from __future__ import annotations

from ._head_py import (
    FieldLines,
    parse_chunk_line,
    parse_field_section,
    parse_lenient_field_section,
    parse_request_head,
    parse_request_line,
    parse_response_head,
    serialise_fields,
    serialise_request_head,
    serialise_response_head,
)

__all__ = [
    "TWIN",
    "FieldLines",
    "parse_chunk_line",
    "parse_field_section",
    "parse_lenient_field_section",
    "parse_request_head",
    "parse_request_line",
    "parse_response_head",
    "serialise_fields",
    "serialise_request_head",
    "serialise_response_head",
]

TWIN = "pure"
"""Which twin runs: "pure" or "c"."""
