# The C twin has the same names, types and results as the pure twin, which documents them.
from ._head_py import parse_chunk_line as parse_chunk_line
from ._head_py import parse_chunks as parse_chunks
from ._head_py import parse_field_section as parse_field_section
from ._head_py import parse_lenient_field_section as parse_lenient_field_section
from ._head_py import parse_request_head as parse_request_head
from ._head_py import parse_request_line as parse_request_line
from ._head_py import parse_response_head as parse_response_head
from ._head_py import parse_status_line as parse_status_line
from ._head_py import serialise_fields as serialise_fields
from ._head_py import serialise_request_fields as serialise_request_fields
from ._head_py import serialise_request_head as serialise_request_head
from ._head_py import serialise_response_head as serialise_response_head
from ._head_py import split_cookie_field as split_cookie_field
from ._head_py import usual_environ as usual_environ
from ._head_py import usual_line as usual_line
from ._head_py import usual_request as usual_request
from ._head_py import usual_response as usual_response
