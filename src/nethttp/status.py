"""`HTTPStatus` and `HTTPMethod`: the IANA registries, one row for each code, with its RFC section.

Names are those of RFC 9110; older names are aliases. Values, phrases and descriptions are the
standard library's, so that programs show the same texts.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

__all__ = ["HTTPMethod", "HTTPStatus", "phrase_of", "reference_of"]

_REFERENCES: dict[int, str] = {}


class HTTPStatus(IntEnum):
    """A registered status code: an int with `phrase` and `description`.

    `reference_of` names the section that defines it.

    >>> HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase, HTTPStatus(404).is_client_error
    (<HTTPStatus.NOT_FOUND: 404>, 'Not Found', True)
    >>> HTTPStatus.REQUEST_ENTITY_TOO_LARGE is HTTPStatus.CONTENT_TOO_LARGE
    True
    """

    phrase: str
    description: str

    def __new__(
        cls, value: int, phrase: str = "", description: str = "", reference: str = ""
    ) -> HTTPStatus:
        member = int.__new__(cls, value)
        member._value_ = value
        member.phrase = phrase
        member.description = description
        _REFERENCES[value] = reference
        return member

    @property
    def is_informational(self) -> bool:
        """Whether the code is 1xx. RFC 9110 section 15.2."""
        return 100 <= self <= 199

    @property
    def is_success(self) -> bool:
        """Whether the code is 2xx. RFC 9110 section 15.3."""
        return 200 <= self <= 299

    @property
    def is_redirection(self) -> bool:
        """Whether the code is 3xx. RFC 9110 section 15.4."""
        return 300 <= self <= 399

    @property
    def is_client_error(self) -> bool:
        """Whether the code is 4xx. RFC 9110 section 15.5."""
        return 400 <= self <= 499

    @property
    def is_server_error(self) -> bool:
        """Whether the code is 5xx. RFC 9110 section 15.6."""
        return 500 <= self <= 599

    # fmt: off
    # ruff: noqa: E501  # a registry reads as a table: one row a code
    CONTINUE = 100, "Continue", "Request received, please continue", "RFC 9110 section 15.2.1"
    SWITCHING_PROTOCOLS = 101, "Switching Protocols", "Switching to new protocol; obey Upgrade header", "RFC 9110 section 15.2.2"
    PROCESSING = 102, "Processing", "Server is processing the request", "RFC 2518 section 10.1"
    EARLY_HINTS = 103, "Early Hints", "Headers sent to prepare for the response", "RFC 8297 section 2"

    OK = 200, "OK", "Request fulfilled, document follows", "RFC 9110 section 15.3.1"
    CREATED = 201, "Created", "Document created, URL follows", "RFC 9110 section 15.3.2"
    ACCEPTED = 202, "Accepted", "Request accepted, processing continues off-line", "RFC 9110 section 15.3.3"
    NON_AUTHORITATIVE_INFORMATION = 203, "Non-Authoritative Information", "Request fulfilled from cache", "RFC 9110 section 15.3.4"
    NO_CONTENT = 204, "No Content", "Request fulfilled, nothing follows", "RFC 9110 section 15.3.5"
    RESET_CONTENT = 205, "Reset Content", "Clear input form for further input", "RFC 9110 section 15.3.6"
    PARTIAL_CONTENT = 206, "Partial Content", "Partial content follows", "RFC 9110 section 15.3.7"
    MULTI_STATUS = 207, "Multi-Status", "Response contains multiple statuses in the body", "RFC 4918 section 11.1"
    ALREADY_REPORTED = 208, "Already Reported", "Operation has already been reported", "RFC 5842 section 7.1"
    IM_USED = 226, "IM Used", "Request completed using instance manipulations", "RFC 3229 section 10.4.1"

    MULTIPLE_CHOICES = 300, "Multiple Choices", "Object has several resources -- see URI list", "RFC 9110 section 15.4.1"
    MOVED_PERMANENTLY = 301, "Moved Permanently", "Object moved permanently -- see URI list", "RFC 9110 section 15.4.2"
    FOUND = 302, "Found", "Object moved temporarily -- see URI list", "RFC 9110 section 15.4.3"
    SEE_OTHER = 303, "See Other", "Object moved -- see Method and URL list", "RFC 9110 section 15.4.4"
    NOT_MODIFIED = 304, "Not Modified", "Document has not changed since given time", "RFC 9110 section 15.4.5"
    USE_PROXY = 305, "Use Proxy", "You must use proxy specified in Location to access this resource", "RFC 9110 section 15.4.6"
    TEMPORARY_REDIRECT = 307, "Temporary Redirect", "Object moved temporarily -- see URI list", "RFC 9110 section 15.4.8"
    PERMANENT_REDIRECT = 308, "Permanent Redirect", "Object moved permanently -- see URI list", "RFC 9110 section 15.4.9"

    BAD_REQUEST = 400, "Bad Request", "Bad request syntax or unsupported method", "RFC 9110 section 15.5.1"
    UNAUTHORIZED = 401, "Unauthorized", "No permission -- see authorization schemes", "RFC 9110 section 15.5.2"
    PAYMENT_REQUIRED = 402, "Payment Required", "No payment -- see charging schemes", "RFC 9110 section 15.5.3"
    FORBIDDEN = 403, "Forbidden", "Request forbidden -- authorization will not help", "RFC 9110 section 15.5.4"
    NOT_FOUND = 404, "Not Found", "Nothing matches the given URI", "RFC 9110 section 15.5.5"
    METHOD_NOT_ALLOWED = 405, "Method Not Allowed", "Specified method is invalid for this resource", "RFC 9110 section 15.5.6"
    NOT_ACCEPTABLE = 406, "Not Acceptable", "URI not available in preferred format", "RFC 9110 section 15.5.7"
    PROXY_AUTHENTICATION_REQUIRED = 407, "Proxy Authentication Required", "You must authenticate with this proxy before proceeding", "RFC 9110 section 15.5.8"
    REQUEST_TIMEOUT = 408, "Request Timeout", "Request timed out; try again later", "RFC 9110 section 15.5.9"
    CONFLICT = 409, "Conflict", "Request conflict", "RFC 9110 section 15.5.10"
    GONE = 410, "Gone", "URI no longer exists and has been permanently removed", "RFC 9110 section 15.5.11"
    LENGTH_REQUIRED = 411, "Length Required", "Client must specify Content-Length", "RFC 9110 section 15.5.12"
    PRECONDITION_FAILED = 412, "Precondition Failed", "Precondition in headers is false", "RFC 9110 section 15.5.13"
    CONTENT_TOO_LARGE = 413, "Content Too Large", "Content is too large", "RFC 9110 section 15.5.14"
    REQUEST_ENTITY_TOO_LARGE = CONTENT_TOO_LARGE
    URI_TOO_LONG = 414, "URI Too Long", "URI is too long", "RFC 9110 section 15.5.15"
    REQUEST_URI_TOO_LONG = URI_TOO_LONG
    UNSUPPORTED_MEDIA_TYPE = 415, "Unsupported Media Type", "Entity body in unsupported format", "RFC 9110 section 15.5.16"
    RANGE_NOT_SATISFIABLE = 416, "Range Not Satisfiable", "Cannot satisfy request range", "RFC 9110 section 15.5.17"
    REQUESTED_RANGE_NOT_SATISFIABLE = RANGE_NOT_SATISFIABLE
    EXPECTATION_FAILED = 417, "Expectation Failed", "Expect condition could not be satisfied", "RFC 9110 section 15.5.18"
    IM_A_TEAPOT = 418, "I'm a Teapot", "Server refuses to brew coffee because it is a teapot", "RFC 2324 section 2.3.2; reserved by RFC 9110 section 15.5.19"
    MISDIRECTED_REQUEST = 421, "Misdirected Request", "Server is not able to produce a response", "RFC 9110 section 15.5.20"
    UNPROCESSABLE_CONTENT = 422, "Unprocessable Content", "Server is not able to process the contained instructions", "RFC 9110 section 15.5.21"
    UNPROCESSABLE_ENTITY = UNPROCESSABLE_CONTENT
    LOCKED = 423, "Locked", "Resource of a method is locked", "RFC 4918 section 11.3"
    FAILED_DEPENDENCY = 424, "Failed Dependency", "Dependent action of the request failed", "RFC 4918 section 11.4"
    TOO_EARLY = 425, "Too Early", "Server refuses to process a request that might be replayed", "RFC 8470 section 5.2"
    UPGRADE_REQUIRED = 426, "Upgrade Required", "Server refuses to perform the request using the current protocol", "RFC 9110 section 15.5.22"
    PRECONDITION_REQUIRED = 428, "Precondition Required", "The origin server requires the request to be conditional", "RFC 6585 section 3"
    TOO_MANY_REQUESTS = 429, "Too Many Requests", 'The user has sent too many requests in a given amount of time ("rate limiting")', "RFC 6585 section 4"
    REQUEST_HEADER_FIELDS_TOO_LARGE = 431, "Request Header Fields Too Large", "The server is unwilling to process the request because its header fields are too large", "RFC 6585 section 5"
    UNAVAILABLE_FOR_LEGAL_REASONS = 451, "Unavailable For Legal Reasons", "The server is denying access to the resource as a consequence of a legal demand", "RFC 7725 section 3"

    INTERNAL_SERVER_ERROR = 500, "Internal Server Error", "Server got itself in trouble", "RFC 9110 section 15.6.1"
    NOT_IMPLEMENTED = 501, "Not Implemented", "Server does not support this operation", "RFC 9110 section 15.6.2"
    BAD_GATEWAY = 502, "Bad Gateway", "Invalid responses from another server/proxy", "RFC 9110 section 15.6.3"
    SERVICE_UNAVAILABLE = 503, "Service Unavailable", "The server cannot process the request due to a high load", "RFC 9110 section 15.6.4"
    GATEWAY_TIMEOUT = 504, "Gateway Timeout", "The gateway server did not receive a timely response", "RFC 9110 section 15.6.5"
    HTTP_VERSION_NOT_SUPPORTED = 505, "HTTP Version Not Supported", "Cannot fulfill request", "RFC 9110 section 15.6.6"
    VARIANT_ALSO_NEGOTIATES = 506, "Variant Also Negotiates", "Server has an internal configuration error", "RFC 2295 section 8.1"
    INSUFFICIENT_STORAGE = 507, "Insufficient Storage", "Server is not able to store the representation", "RFC 4918 section 11.5"
    LOOP_DETECTED = 508, "Loop Detected", "Server encountered an infinite loop while processing a request", "RFC 5842 section 7.2"
    NOT_EXTENDED = 510, "Not Extended", "Request does not meet the resource access policy", "RFC 2774 section 7"
    NETWORK_AUTHENTICATION_REQUIRED = 511, "Network Authentication Required", "The client needs to authenticate to gain network access", "RFC 6585 section 6"
    # fmt: on


# The namespace has the same names as the stdlib's, as its tests check. The annotations above are for
# readers of the source.
if "__annotations__" in HTTPStatus.__dict__:
    del HTTPStatus.__annotations__

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def phrase_of(status: int) -> str:
    """Return the phrase of a status code, "" if the code is not registered.

    Peers may send unregistered codes (520 to 527, 499, 561 are common), so that is not an error.

    >>> phrase_of(404), phrase_of(520)
    ('Not Found', '')
    """
    return _PHRASES.get(status, "")


def reference_of(status: int) -> str:
    """Return the RFC section that defines a status code, "" if the code is not registered.

    >>> reference_of(HTTPStatus.EARLY_HINTS)
    'RFC 8297 section 2'
    """
    return _REFERENCES.get(status, "")


class HTTPMethod(StrEnum):
    """A method of RFC 9110 section 9.3, and PATCH (RFC 5789): a str with a `description`.

    >>> HTTPMethod.GET == "GET", HTTPMethod.GET.description
    (True, 'Retrieve the target.')
    """

    description: str

    def __new__(cls, value: str, description: str) -> HTTPMethod:
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self._name_}>"

    CONNECT = "CONNECT", "Establish a connection to the server."
    DELETE = "DELETE", "Remove the target."
    GET = "GET", "Retrieve the target."
    HEAD = "HEAD", "Same as GET, but only retrieve the status line and header section."
    OPTIONS = "OPTIONS", "Describe the communication options for the target."
    PATCH = "PATCH", "Apply partial modifications to a target."
    POST = "POST", "Perform target-specific processing with the request payload."
    PUT = "PUT", "Replace the target with the request payload."
    TRACE = "TRACE", "Perform a message loop-back test along the path to the target."


for _public in (HTTPStatus, HTTPMethod):
    _public.__module__ = "nethttp"
