"""`HTTPConnection`: one connection, one request at a time.

Programs can override and replace what they can in the standard library: `connect`, `send`,
`putrequest`, `putheader`, `endheaders`, `response_class`, `sock`, and names of the module. An
invalid message is refused before its first byte is sent.
"""

from __future__ import annotations

import errno
import io
import re
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import (
    CannotSendHeader,
    CannotSendRequest,
    HTTPException,
    IncompleteRead,
    InvalidURL,
    LocalProtocolError,
    NotConnected,
    ResponseNotReady,
    excerpt,
)
from ..overrides import Bypassed
from ..wire import grammar
from ..wire.h1.block import read_field_block
from ..wire.h1.encoder import LAST_CHUNK, encode_chunk, join_head
from ..wire.h1.head import serialise_request_fields
from ..wire.h1.rules import plan_request
from . import seams
from .response import HTTPResponse
from .seams import NAMES, named, say

if TYPE_CHECKING:
    # For type checkers this class is a subclass of the stdlib's, so both fit the same parameters.
    from http.client import HTTPConnection as _Typed
    from typing import TypeAlias

    from _typeshed import ReadableBuffer, SupportsRead

    from ..message import HTTPMessage

    FieldValue: TypeAlias = ReadableBuffer | str | int
    Data: TypeAlias = SupportsRead[bytes] | Iterable[ReadableBuffer] | ReadableBuffer
else:
    _Typed = object

__all__ = ["HTTPConnection"]

HTTP_PORT = 80

IDLE = "Idle"
STARTED = "Request-started"
SENT = "Request-sent"

#: The advice for a call out of order, by the error that it raises and the connection's state.
_MISSING: dict[tuple[type[HTTPException], str], str] = {
    (CannotSendRequest, STARTED): "call endheaders() for the previous request first",
    (CannotSendRequest, SENT): "call getresponse() for the previous request first",
    (CannotSendHeader, IDLE): "call putrequest() first",
    (CannotSendHeader, SENT): "the head is sent; call getresponse(), then putrequest()",
    (ResponseNotReady, IDLE): "call request() first",
    (ResponseNotReady, STARTED): "call endheaders() first",
    (ResponseNotReady, SENT): "read the previous response to its end, or close it",
}

#: Requests that declare Content-Length: 0 if they have no content. RFC 9110 section 8.6.
METHODS_EXPECTING_BODY = {"PATCH", "POST", "PUT"}

#: A body of at most this many bytes is sent together with its head.
MAX_JOINED = 64 * 1024

#: The characters that would end a word of the request line, or the line.
NOT_IN_A_LINE = re.compile(r"[\x00-\x20\x7f]")
#: The characters that end a line: refused even where a program has replaced the pattern above.
_ENDS_A_LINE = re.compile(r"[\r\n\0]")


class _DefaultTimeout:
    """Stands for the socket module's default timeout at the time of connecting."""

    def __repr__(self) -> str:
        return "socket.getdefaulttimeout()"


NO_TIMEOUT: Any = _DefaultTimeout()
_STDLIB_NO_TIMEOUT: Any = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]  # no other way


def _out_of_order(error: type[HTTPException], state: str) -> HTTPException:
    """Return the error, whose message names the state and the missing call."""
    return error(f"{state}: {_MISSING.get((error, state), 'a call is missing')}")


def encode_text(data: str, name: str = "data") -> bytes:
    """Return `data` in ISO-8859-1; an error's message says what to do instead."""
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnicodeEncodeError(
            error.encoding,
            error.object,
            error.start,
            error.end,
            f"{name.title()} ({error.object[error.start : error.end]!r}) is not valid Latin-1. "
            f"Use {name}.encode('utf-8') if you want to send it encoded in UTF-8.",
        ) from None


def _in_brackets(host: bytes) -> bytes:
    """Return a host as targets have it: an IPv6 address in brackets. RFC 3986 section 3.2.2."""
    return b"[" + host + b"]" if b":" in host and not host.startswith(b"[") else host


def is_legal_header_name(name: bytes) -> bool:
    """Return whether `name` is a token. RFC 9110 section 5.1."""
    return grammar.TOKEN.fullmatch(name.decode("latin-1")) is not None


def is_illegal_header_value(value: bytes) -> bool:
    """Return whether `value` has a CR, LF or NUL in it. RFC 9110 section 5.5."""
    return _ENDS_A_LINE.search(value.decode("latin-1")) is not None


def without_scope(enc_name: bytes) -> bytes:
    """Return an IPv6 address literal without its scope, which means nothing to other machines."""
    if enc_name.startswith(b"[") and b"%" in enc_name:
        return enc_name[: enc_name.index(b"%")] + b"]"
    return enc_name


class HTTPConnection(_Typed):
    """A connection to `host`, which may be "host:port", made when the first request needs it.

    `timeout` is in seconds and bounds every wait for the peer; `source_address` is a (host, port)
    pair to connect from; files are sent in blocks of `blocksize` bytes; a response may have
    `max_response_headers` fields (100).

    Raises:
        InvalidURL: `host` is not a valid host, or its port is not a number.

    >>> connection = HTTPConnection("example.com:8080", timeout=10)
    >>> connection.host, connection.port
    ('example.com', 8080)
    """

    _http_vsn = 11
    _http_vsn_str = "HTTP/1.1"
    response_class: type[HTTPResponse] = HTTPResponse
    default_port = HTTP_PORT
    auto_open = 1
    debuglevel = 0
    # A subclass need not call __init__, and may set only the attributes of older Pythons.
    max_response_headers: int | None = None
    _raw_proxy_headers: Any = None

    def __init__(
        self,
        host: str,
        port: int | str | None = None,
        timeout: float | None = NO_TIMEOUT,
        source_address: tuple[str, int] | None = None,
        blocksize: int = 8192,
        *,
        max_response_headers: int | None = None,
    ) -> None:
        self.timeout = _STDLIB_NO_TIMEOUT if timeout is NO_TIMEOUT else timeout
        self.source_address = source_address
        self.blocksize = blocksize
        self.max_response_headers = max_response_headers
        self.sock: socket.socket | Any = None
        self._buffer: list[bytes] = []
        self.__response: Any = None
        self.__state = IDLE
        self._method: str | None = None
        self._tunnel_host: Any = None
        self._tunnel_port: Any = None
        self._tunnel_headers: Any = {}
        self._raw_proxy_headers = None
        self.host, self.port = self._get_hostport(host, port)
        self._validate_host(self.host)
        # An attribute, so that programs can replace the function that connects.
        self._create_connection: Any = NAMES.get("socket", socket).create_connection

    def __repr__(self) -> str:
        kind = type(self)
        host, port = getattr(self, "host", None), getattr(self, "port", None)
        return f"<{kind.__module__}.{kind.__qualname__} host={host!r} port={port!r}>"

    def __enter__(self) -> HTTPConnection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _get_hostport(self, host: str, port: int | str | None) -> tuple[str, int]:
        if port is None:
            port, colon = self.default_port, host.rfind(":")
            if colon > host.rfind("]"):
                host, digits, whole = host[:colon], host[colon + 1 :], host
                if digits and not grammar.DIGITS.fullmatch(digits):
                    raise InvalidURL(
                        f"nonnumeric port: '{digits}' (expected a host as 'example.com' or "
                        f"'example.com:8080', got {excerpt(whole)})"
                    )
                if digits:
                    port = int(digits)
        if host and host[0] == "[" and host[-1] == "]":
            host = host[1:-1]
        number: Any = port  # unchanged, even text: the standard library's connection keeps it so
        return host, number

    # --- connect ---

    def set_debuglevel(self, level: int) -> None:
        """Print what is sent and received, if `level` is above 0."""
        self.debuglevel = level

    def set_tunnel(
        self,
        host: str,
        port: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Reach `host` through the proxy that this connection was made for, by CONNECT.

        `headers` are sent to the proxy alone. RFC 9110 section 9.3.6.

        An invalid host or field is refused later, while connecting.

        Raises:
            RuntimeError: the connection is already made.
            InvalidURL: the port in `host` is not a number.
        """
        if self.sock:
            raise RuntimeError("Can't set up tunnel for established connection")
        self._tunnel_host, self._tunnel_port = self._get_hostport(host, port)
        given: Any = headers
        self._tunnel_headers = given.copy() if headers else {}
        if not any(name.lower() == "host" for name in self._tunnel_headers):
            name = _in_brackets(self._host_bytes(self._tunnel_host)).decode("ascii")
            self._tunnel_headers["Host"] = f"{name}:{self._tunnel_port}"

    def _wrap_ipv6(self, ip: bytes) -> bytes:
        return _in_brackets(ip)

    def _tunnel(self) -> None:
        """Ask the proxy for the tunnel.

        Raises:
            ValueError: the host or a field is invalid; nothing was sent.
            OSError: the proxy refuses.
        """
        if _not_in_a_url(self._tunnel_host):
            raise LocalProtocolError(
                f"Tunnel host can't contain control characters {excerpt(self._tunnel_host)} "
                "(expected a host, RFC 3986 section 3.2.2)"
            )
        host = self._wrap_ipv6(self._host_bytes(self._tunnel_host))
        version = self._http_vsn_str.encode("ascii")
        lines = [b"CONNECT %b:%d %b" % (host, self._tunnel_port, version)]
        lines += [
            _field_line(name, value if isinstance(value, bytes) else str(value))
            for name, value in self._tunnel_headers.items()
        ]
        self.send(join_head(lines))
        response = self.response_class(self.sock, method="CONNECT")
        try:
            _, status, reason = response._read_status()
            self._raw_proxy_headers = self._read_proxy_headers(response.fp)
            if self.debuglevel > 0:
                for line in self._raw_proxy_headers:
                    say("header:", line.decode("latin-1"))
            if not 200 <= status < 300:
                self.close()
                raise OSError(f"Tunnel connection failed: {status} {reason.strip()}")
        finally:
            response.close()

    def _read_proxy_headers(self, fp: Any) -> list[bytes]:
        """Return the field lines of the proxy's response; a closed connection ends them as well."""
        bounds = () if self.max_response_headers is None else (self.max_response_headers,)
        if read := seams.replaced("_read_headers"):
            lines: list[bytes] = read(fp, *bounds)
            return lines
        try:
            block = read_field_block(fp.readline, seams.head_limits(*bounds))
        except IncompleteRead as error:
            block = error.partial
        return io.BytesIO(block).readlines()

    def get_proxy_response_headers(self) -> HTTPMessage | None:
        """Return the fields of the proxy's response to CONNECT, None without a tunnel."""
        lines = self._raw_proxy_headers
        if lines is None:
            return None
        message: HTTPMessage = named("_parse_header_lines")(lines)
        return message

    def connect(self) -> None:
        """Connect to the host and port that the constructor received.

        Raises:
            OSError: no connection could be made.
        """
        sys.audit("http.client.connect", self, self.host, self.port)
        self.sock = self._create_connection(
            (self.host, self.port), self.timeout, self.source_address
        )
        # A program's own `_create_connection` may return a socket of another kind than TCP.
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            if error.errno != errno.ENOPROTOOPT:
                raise
        if self._tunnel_host:
            try:
                self._tunnel()
            except BaseException:
                # Otherwise the next request would be sent to the proxy instead of the host.
                self.close()
                raise

    def close(self) -> None:
        """Close the connection, and its response if that is not read to its end."""
        self.__state = IDLE
        try:
            sock, self.sock = self.sock, None
            if sock:
                sock.close()
        finally:
            response, self.__response = self.__response, None
            if response:
                response.close()

    # --- send ---

    def send(self, data: Data | str) -> None:
        """Send `data`: bytes, a readable file, or an iterable of bytes.

        Raises:
            NotConnected: there is no connection, and `auto_open` is off.
            TypeError: `data` is none of these.
        """
        if self.sock is None:
            if not self.auto_open:
                raise NotConnected
            self.connect()
        if self.debuglevel > 0:
            say("send:", repr(data))
        if hasattr(data, "read"):
            if self.debuglevel > 0:
                say("sending a readable")
            for block in self.__blocks(data):
                sys.audit("http.client.send", self, block)
                self.sock.sendall(block)
            return
        sys.audit("http.client.send", self, data)
        try:
            sock: Any = self.sock
            sock.sendall(data)
        except TypeError:
            if not isinstance(data, Iterable):
                raise TypeError(
                    f"data should be a bytes-like object or an iterable, got {type(data)!r}"
                ) from None
            for piece in data:
                sock.sendall(piece)

    @staticmethod
    def _is_textIO(stream: Any) -> bool:  # the stdlib's name
        return isinstance(stream, io.TextIOBase)

    def _read_readable(self, readable: Any) -> Iterator[bytes]:
        """Yield a file's content in blocks, text in ISO-8859-1."""
        if self.debuglevel > 0:
            say("reading a readable")
        return self.__blocks(readable)

    def __blocks(self, readable: Any) -> Iterator[bytes]:
        is_text = self._is_textIO(readable)
        if is_text and self.debuglevel > 0:
            say("encoding file using iso-8859-1")
        while block := readable.read(self.blocksize):
            yield block.encode("iso-8859-1") if is_text else block

    def _output(self, s: bytes) -> None:
        """Append a line to the head."""
        self._buffer.append(s)

    # A program's own `send` is called once for the head and once for the body.
    _SEND = Bypassed("send")

    def _send_output(self, message_body: Any = None, encode_chunked: bool = False) -> None:
        """Send the head, then the body; together if the body is short."""
        head = join_head(self._buffer)
        self._buffer.clear()
        if message_body is None:
            self.send(head)
            return
        if (
            not encode_chunked
            and isinstance(message_body, bytes)
            and len(message_body) <= MAX_JOINED
            and self._SEND.left_alone(self)
        ):
            self.send(head + message_body)
            return
        self.send(head)
        chunked = encode_chunked and self._http_vsn == 11
        for piece in self._pieces(message_body):
            if not piece:
                if self.debuglevel > 0:
                    say("Zero length chunk ignored")
                continue
            self.send(_chunk(piece) if chunked else piece)
        if chunked:
            self.send(LAST_CHUNK)

    def _pieces(self, message_body: Any) -> Iterator[Any]:
        if hasattr(message_body, "read"):
            return self._read_readable(message_body)
        try:
            memoryview(message_body)
            return iter((message_body,))
        except TypeError:
            pass
        try:
            return iter(message_body)
        except TypeError:
            raise TypeError(
                "message_body should be a bytes-like object or an iterable, "
                f"got {type(message_body)!r}"
            ) from None

    def putrequest(
        self,
        method: str,
        url: str,
        skip_host: bool = False,
        skip_accept_encoding: bool = False,
    ) -> None:
        """Begin a request: its request line, Host, and ``Accept-Encoding: identity``.

        Raises:
            CannotSendRequest: the previous response was not read to its end.
            InvalidURL: the target is invalid.
            ValueError: the method is invalid.
        """
        if self.__response and self.__response.isclosed():
            if self.__response.will_close:
                # Reading the body showed that the start of the next response would be uncertain.
                self.close()
            self.__response = None
        if self.__state != IDLE:
            raise _out_of_order(CannotSendRequest, self.__state)
        self._validate_method(method)
        url = url or "/"
        self._validate_path(url)
        encoded = self._encode_request(f"{method!s} {url!s} {self._http_vsn_str}")
        self._method = method
        self.__state = STARTED
        self._output(encoded)
        if self._http_vsn != 11:
            return
        if not skip_host:
            self.putheader("Host", self._host_for(url))
        if not skip_accept_encoding:
            # The program that reads this response may not decode any content coding.
            self.putheader("Accept-Encoding", "identity")

    def _host_for(self, url: str) -> bytes | str:
        """Return the value of Host for a request of `url`. RFC 9110 section 7.2."""
        if url.startswith("http") and (netloc := named("urlsplit")(url)[1]):
            return self._host_bytes(netloc)
        host, port = self.host, self.port
        if self._tunnel_host:
            host, port = self._tunnel_host, self._tunnel_port
        encoded: bytes = NAMES["_strip_ipv6_iface"](self._wrap_ipv6(self._host_bytes(host)))
        return encoded if port == self.default_port else f"{encoded.decode('ascii')}:{port}"

    @staticmethod
    def _host_bytes(host: str) -> bytes:
        try:
            return host.encode("ascii")
        except UnicodeEncodeError:
            return host.encode("idna")

    def _encode_request(self, request: str) -> bytes:
        return request.encode("ascii")

    def _validate_method(self, method: str) -> None:
        pattern = NAMES["_contains_disallowed_method_pchar_re"]
        if found := pattern.search(method) or (
            pattern is not NOT_IN_A_LINE and _ENDS_A_LINE.search(method)
        ):
            raise LocalProtocolError(
                f"method can't contain control characters. {excerpt(method)} "
                f"(found at least {found[0]!r}; expected a token, RFC 9110 section 9.1)"
            )

    def _validate_path(self, url: str) -> None:
        if found := _not_in_a_url(url):
            raise InvalidURL(
                f"URL can't contain control characters. {excerpt(url)} "
                f"(found at least {found[0]!r}; expected visible ASCII, RFC 9112 section 3.2)"
            )

    def _validate_host(self, host: str) -> None:
        if found := _not_in_a_url(host):
            raise InvalidURL(
                f"URL can't contain control characters. {excerpt(host)} "
                f"(found at least {found[0]!r}; expected a host, RFC 3986 section 3.2.2)"
            )

    def putheader(self, header: str | bytes, *values: Any) -> None:
        """Add a field to the request; several values are joined by a space.

        Raises:
            CannotSendHeader: no request was begun.
            ValueError: the name is not a token; a value has CR, LF or NUL, or (a
                `UnicodeEncodeError`) characters outside ISO-8859-1.
            TypeError: a value is neither str, bytes nor int.
        """
        if self.__state != STARTED:
            raise _out_of_order(CannotSendHeader, self.__state)
        self._output(_field_line(header, *values))

    def endheaders(self, message_body: Data | None = None, *, encode_chunked: bool = False) -> None:
        """End the head and send it, with the body if there is one.

        Raises:
            CannotSendHeader: no request was begun.
            TypeError: a body of this type cannot be sent.
        """
        if self.__state != STARTED:
            raise _out_of_order(CannotSendHeader, self.__state)
        self.__state = SENT
        self._send_output(message_body, encode_chunked=encode_chunked)

    def request(
        self,
        method: str,
        url: str,
        body: Data | str | None = None,
        headers: Mapping[
            str, ReadableBuffer | str | int
        ] = {},  # never changed; the stdlib's signature
        *,
        encode_chunked: bool = False,
    ) -> None:
        """Send a request.

        `body` is str (sent in ISO-8859-1), bytes, a readable file, or an iterable of bytes. Without
        Content-Length in `headers` the length is declared if it is known; else the body is sent in
        chunks. If `headers` have Transfer-Encoding, `encode_chunked` says whether this method makes
        the chunks; otherwise `body` has them already.

        Raises:
            OSError: the connection could not be made, or broke.
            HTTPException, ValueError: the request is invalid; nothing was sent.
            TypeError: `body` or a field is of another type.
        """
        # A subclass may change the mapping that it receives: never the default of this parameter.
        self._send_request(method, url, body, headers or {}, encode_chunked)

    @staticmethod
    def _get_content_length(body: Any, method: str) -> int | None:
        """Return the length of `body` in bytes, None if it is unknown before sending."""
        if body is None:
            return 0 if method.upper() in NAMES["_METHODS_EXPECTING_BODY"] else None
        if hasattr(body, "read"):
            return None
        try:
            return memoryview(body).nbytes
        except TypeError:
            return len(body) if isinstance(body, str) else None

    def _send_request(
        self, method: str, url: str, body: Any, headers: Mapping[str, Any], encode_chunked: bool
    ) -> None:
        names = frozenset([_field_text(name).lower() for name in headers])
        content = NAMES["_encode"](body, "body") if isinstance(body, str) else body
        # A program's own putrequest may lack these parameters: pass only those that are needed.
        skips = {}
        if "host" in names:
            skips["skip_host"] = True
        if "accept-encoding" in names:
            skips["skip_accept_encoding"] = True
        before = self.__state
        try:
            self.putrequest(method, url, **skips)
            length = self._get_content_length(body, method)
            plan = plan_request(names, length, body is not None, encode_chunked)
            if plan.added is not None:
                if plan.chunked and self.debuglevel > 0:
                    say(f"Unable to determine size of {body!r}")
                self.putheader(*plan.added)
            for name, value in headers.items():
                self.putheader(name, value)
        except BaseException:
            if before == IDLE and self.__state == STARTED:
                # Nothing has been sent, so the connection stays usable.
                self._buffer.clear()
                self.__state = IDLE
            raise
        self.endheaders(content, encode_chunked=plan.chunked)

    # --- receive ---

    def getresponse(self) -> HTTPResponse:
        """Return the response to the request that was sent.

        Raises:
            ResponseNotReady: no request was sent, or the previous response was not read to its end.
            RemoteDisconnected: the peer closed the connection without a response.
            HTTPException: the received bytes are not a valid response.
        """
        if self.__response and self.__response.isclosed():
            self.__response = None
        if self.__state != SENT or self.__response:
            raise _out_of_order(ResponseNotReady, self.__state)
        # A program's own response class may lack `debuglevel`: pass it only if it is needed.
        if self.debuglevel > 0:
            response = self.response_class(self.sock, self.debuglevel, method=self._method)
        else:
            response = self.response_class(self.sock, method=self._method)
        try:
            try:
                if self.max_response_headers is None:
                    response.begin()
                else:
                    response.begin(_max_headers=self.max_response_headers)
            except ConnectionError:
                self.close()
                raise
            self.__state = IDLE
            if response.will_close:
                self.close()
            else:
                self.__response = response
        except BaseException:
            response.close()
            raise
        return response


def _not_in_a_url(text: str) -> Any:
    """Return a match of a character that no target or host may have, by the module's pattern."""
    pattern = NAMES["_contains_disallowed_url_pchar_re"]
    if pattern is NOT_IN_A_LINE:
        return pattern.search(text)
    return pattern.search(text) or _ENDS_A_LINE.search(text)


def _chunk(piece: Any) -> bytes:
    """Return a piece of a body as a chunk."""
    try:
        return encode_chunk(bytes(memoryview(piece)))
    except TypeError:
        raise TypeError(
            "expected a body of str, bytes, a readable file or an iterable of bytes, got "
            f"{type(piece)!r} in an iterable"
        ) from None


def _field_text(value: Any) -> str:
    """Return a field's name or value as text: bytes are decoded as ISO-8859-1."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        # str() of an enumeration's member would be its name; this is its value.
        return str.__str__(value)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, int):
        return str(value)
    try:
        return bytes(memoryview(value)).decode("latin-1")
    except TypeError:
        raise TypeError(f"expected str, bytes or int in a field, got {type(value)!r}") from None


def _field_line(name: Any, *values: Any) -> bytes:
    """Return a field line without its CRLF; several values are joined by a space.

    Raises:
        ValueError: the name or a value is invalid.
    """
    if type(name) is not str:
        name = _field_text(name)
    if len(values) == 1:
        value = values[0] if type(values[0]) is str else _field_text(values[0])
    else:
        value = " ".join([_field_text(value) for value in values])
    if (
        NAMES["_is_legal_header_name"] is not is_legal_header_name
        or NAMES["_is_illegal_header_value"] is not is_illegal_header_value
    ):
        return _field_line_judged(name.encode("ascii"), value.encode("latin-1"))
    try:
        return serialise_request_fields([(name, value)])[:-2]
    except LocalProtocolError:
        # A name with characters outside ASCII raises UnicodeEncodeError, as in the stdlib.
        name.encode("ascii")
        raise


def _field_line_judged(name: bytes, value: bytes) -> bytes:
    """Return a field line that a program's own functions have accepted; CR, LF and NUL never."""
    if not NAMES["_is_legal_header_name"](name) or is_illegal_header_value(name):
        raise LocalProtocolError(f"Invalid header name {excerpt(name)}")
    if NAMES["_is_illegal_header_value"](value) or is_illegal_header_value(value):
        raise LocalProtocolError(f"Invalid header value {excerpt(value)} of {excerpt(name)}")
    return b"%b: %b" % (name, value)
