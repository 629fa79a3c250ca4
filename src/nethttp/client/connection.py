"""`HTTPConnection`: one connection, one request at a time.

The documented methods and the seams that programs override (`connect`, `send`, `putrequest`,
`putheader`, `endheaders`, `response_class`, `sock`) are the standard library's. What must not be
sent is refused before the first byte leaves.
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
    InvalidURL,
    LocalProtocolError,
    NotConnected,
    ResponseNotReady,
    excerpt,
)
from ..wire import grammar
from ..wire.block import read_field_block
from ..wire.body import LAST_CHUNK, encode_chunk
from ..wire.head import parse_lenient_field_section, serialise_fields
from .response import HTTPResponse

if TYPE_CHECKING:
    from ..message import HTTPMessage

__all__ = ["HTTPConnection"]

HTTP_PORT = 80

_IDLE = "Idle"
_STARTED = "Request-started"
_SENT = "Request-sent"

#: Requests whose missing content is announced as none. RFC 9110 section 8.6.
_METHODS_WITH_CONTENT = frozenset({"PATCH", "POST", "PUT"})

#: A head and a body up to this size leave in one send.
MAX_JOINED = 64 * 1024

#: What would end a word of the request line, or the line.
_NOT_IN_A_LINE = re.compile(r"[\x00-\x20\x7f]")

NO_TIMEOUT: Any = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]  # the stdlib's own default


def _encode(text: str, what: str = "data") -> bytes:
    """Return `text` in ISO-8859-1, with an error that says what to do instead."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnicodeEncodeError(
            error.encoding,
            error.object,
            error.start,
            error.end,
            f"{what.title()} ({error.object[error.start : error.end]!r}) is not valid Latin-1. "
            f"Use {what}.encode('utf-8') if you want to send it encoded in UTF-8.",
        ) from None


def _without_scope(host: bytes) -> bytes:
    """Return an IPv6 address literal without its scope: the scope is this machine's business."""
    if host.startswith(b"[") and b"%" in host:
        return host[: host.index(b"%")] + b"]"
    return host


class HTTPConnection:
    """A connection to `host`, which may be "host:port", made when the first request needs it.

    `timeout` is in seconds and bounds every wait for the peer; `source_address` is a (host, port)
    pair to connect from; files are sent in blocks of `blocksize` bytes; a response may have
    `max_response_headers` fields (100).

    >>> connection = HTTPConnection("example.com:8080", timeout=10)
    >>> connection.host, connection.port
    ('example.com', 8080)
    """

    _http_vsn = 11
    _http_vsn_str = "HTTP/1.1"
    response_class = HTTPResponse
    default_port = HTTP_PORT
    auto_open = 1
    debuglevel = 0

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
        self.timeout = timeout
        self.source_address = source_address
        self.blocksize = blocksize
        self.max_response_headers = max_response_headers
        self.sock: Any = None
        self._buffer: list[bytes] = []
        self.__response: Any = None
        self.__state = _IDLE
        self._method: str | None = None
        self._tunnel_host: str | None = None
        self._tunnel_port: int | None = None
        self._tunnel_headers: dict[str, str] = {}
        self._raw_proxy_headers: Any = None
        self.host, self.port = self._get_hostport(host, port)
        self._validate_host(self.host)
        # An attribute, so that programs can put another way to connect here.
        self._create_connection: Any = socket.create_connection

    def __enter__(self) -> HTTPConnection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _get_hostport(self, host: str, port: int | str | None) -> tuple[str, int]:
        if port is None:
            colon = host.rfind(":")
            if colon > host.rfind("]"):
                digits = host[colon + 1 :]
                if digits and not grammar.DIGITS.fullmatch(digits):
                    raise InvalidURL(f"nonnumeric port: '{digits}'")
                port = int(digits) if digits else self.default_port
                host = host[:colon]
            else:
                port = self.default_port
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        return host, int(port)

    # --- connect ---

    def set_debuglevel(self, level: int) -> None:
        """Print what is sent and received from `level` 1 on."""
        self.debuglevel = level

    def set_tunnel(
        self,
        host: str,
        port: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Reach `host` through the proxy that this connection was made for, by CONNECT.

        `headers` go to the proxy alone. RFC 9110 section 9.3.6.

        Raises:
            RuntimeError: the connection is already there.
            InvalidURL, ValueError: a host or field that must not be sent.
        """
        if self.sock:
            raise RuntimeError("Can't set up tunnel for established connection")
        self._tunnel_host, self._tunnel_port = self._get_hostport(host, port)
        self._validate_host(self._tunnel_host)
        self._tunnel_headers = dict(headers) if headers else {}
        if not any(name.lower() == "host" for name in self._tunnel_headers):
            self._tunnel_headers["Host"] = f"{self._tunnel_name()}:{self._tunnel_port}"
        serialise_fields(list(self._tunnel_headers.items()))

    def _tunnel_name(self) -> str:
        """Return the tunnel's host as a target names it."""
        assert self._tunnel_host is not None
        try:
            host = self._tunnel_host.encode("ascii")
        except UnicodeEncodeError:
            host = self._tunnel_host.encode("idna")
        return self._wrap_ipv6(host).decode("ascii")

    def _wrap_ipv6(self, ip: bytes) -> bytes:
        return b"[" + ip + b"]" if b":" in ip and not ip.startswith(b"[") else ip

    def _tunnel(self) -> None:
        """Ask the proxy for the tunnel."""
        lines = [
            f"CONNECT {self._tunnel_name()}:{self._tunnel_port} {self._http_vsn_str}\r\n".encode(
                "ascii"
            ),
            serialise_fields(list(self._tunnel_headers.items())),
            b"\r\n",
        ]
        self.send(b"".join(lines))
        response = self.response_class(self.sock, method="CONNECT")
        try:
            _, status, reason = response._read_status()
            self._raw_proxy_headers = read_field_block(response.fp.readline)
            if self.debuglevel > 0:
                for line in self._raw_proxy_headers.splitlines():
                    print("header:", line.decode("latin-1"))
            if not 200 <= status < 300:
                self.close()
                raise OSError(f"Tunnel connection failed: {status} {reason.strip()}")
        finally:
            response.close()

    def get_proxy_response_headers(self) -> HTTPMessage | None:
        """Return the fields of the proxy's answer to CONNECT, None if there was none."""
        raw = self._raw_proxy_headers
        if raw is None:
            return None
        from ..message import HTTPMessage, message_from_fields  # start-up: it loads email

        block = raw if isinstance(raw, bytes) else b"".join(raw)
        fields, unread = parse_lenient_field_section(block)
        message = message_from_fields(fields, unread=unread or ())
        assert isinstance(message, HTTPMessage)
        return message

    def connect(self) -> None:
        """Connect to the host and port given at the start.

        Raises:
            OSError: no connection could be made.
        """
        sys.audit("http.client.connect", self, self.host, self.port)
        self.sock = self._create_connection(
            (self.host, self.port), self.timeout, self.source_address
        )
        # Not every socket is TCP's.
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            if error.errno != errno.ENOPROTOOPT:
                raise
        if self._tunnel_host:
            self._tunnel()

    def close(self) -> None:
        """Close the connection, and a response that was not read to its end."""
        self.__state = _IDLE
        try:
            sock, self.sock = self.sock, None
            if sock:
                sock.close()
        finally:
            response, self.__response = self.__response, None
            if response:
                response.close()

    # --- send ---

    def send(self, data: Any) -> None:
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
            print("send:", repr(data))
        if hasattr(data, "read"):
            for block in self._read_readable(data):
                sys.audit("http.client.send", self, block)
                self.sock.sendall(block)
            return
        sys.audit("http.client.send", self, data)
        try:
            self.sock.sendall(data)
        except TypeError:
            if not isinstance(data, Iterable):
                raise TypeError(
                    f"data should be a bytes-like object or an iterable, got {type(data)!r}"
                ) from None
            for piece in data:
                self.sock.sendall(piece)

    @staticmethod
    def _is_textIO(stream: Any) -> bool:  # the stdlib's name
        return isinstance(stream, io.TextIOBase)

    def _read_readable(self, readable: Any) -> Iterator[bytes]:
        """Give a file's content in blocks; text in ISO-8859-1."""
        if self.debuglevel > 0:
            print("reading a readable")
        is_text = self._is_textIO(readable)
        if is_text and self.debuglevel > 0:
            print("encoding file using iso-8859-1")
        while block := readable.read(self.blocksize):
            yield block.encode("iso-8859-1") if is_text else block

    def _output(self, s: bytes) -> None:
        """Add a line to the head."""
        self._buffer.append(s)

    def _send_output(self, message_body: Any = None, encode_chunked: bool = False) -> None:
        """Send the head, and the body after or with it."""
        head = b"\r\n".join([*self._buffer, b"", b""])
        self._buffer.clear()
        if message_body is None:
            self.send(head)
            return
        joins = isinstance(message_body, bytes) and len(message_body) <= MAX_JOINED
        if joins and not encode_chunked:
            self.send(head + message_body)
            return
        self.send(head)
        for piece in self._pieces(message_body):
            if not piece:
                if self.debuglevel > 0:
                    print("Zero length chunk ignored")
                continue
            chunked = encode_chunked and self._http_vsn == 11
            self.send(encode_chunk(bytes(piece)) if chunked else piece)
        if encode_chunked and self._http_vsn == 11:
            self.send(LAST_CHUNK)

    def _pieces(self, message_body: Any) -> Iterable[Any]:
        if hasattr(message_body, "read"):
            return self._read_readable(message_body)
        try:
            memoryview(message_body)
        except TypeError:
            if not isinstance(message_body, Iterable):
                raise TypeError(
                    "message_body should be a bytes-like object or an iterable, "
                    f"got {type(message_body)!r}"
                ) from None
            return message_body
        return (message_body,)

    def putrequest(
        self,
        method: str,
        url: str,
        skip_host: bool = False,
        skip_accept_encoding: bool = False,
    ) -> None:
        """Begin a request: its request line, Host, and ``Accept-Encoding: identity``.

        Raises:
            CannotSendRequest: the response before was not read to its end.
            InvalidURL, ValueError: a target or method that must not be sent.
        """
        if self.__response and self.__response.isclosed():
            if self.__response.will_close:
                # It was found on the way that the next response may not be where it seems to be.
                self.close()
            self.__response = None
        if self.__state != _IDLE:
            raise CannotSendRequest(self.__state)
        self._validate_method(method)
        self._validate_path(url or "/")
        url = url or "/"
        line = f"{method} {url} {self._http_vsn_str}"
        encoded = self._encode_request(line)
        self._method = method
        self.__state = _STARTED
        self._output(encoded)
        if self._http_vsn != 11:
            return
        if not skip_host:
            self.putheader("Host", self._host_for(url))
        if not skip_accept_encoding:
            # The reader of this response may not know how to decode anything else.
            self.putheader("Accept-Encoding", "identity")

    def _host_for(self, url: str) -> bytes:
        """Return what Host says for a request of `url`. RFC 9110 section 7.2."""
        if url.startswith("http"):
            from urllib.parse import urlsplit  # start-up: only a proxy is asked for a whole URL

            if netloc := urlsplit(url).netloc:
                return self._host_bytes(netloc)
        host, port = self.host, self.port
        if self._tunnel_host:
            host, port = self._tunnel_host, self._tunnel_port or self.default_port
        encoded = _without_scope(self._wrap_ipv6(self._host_bytes(host)))
        return encoded if port == self.default_port else b"%b:%d" % (encoded, port)

    @staticmethod
    def _host_bytes(host: str) -> bytes:
        try:
            return host.encode("ascii")
        except UnicodeEncodeError:
            return host.encode("idna")

    def _encode_request(self, request: str) -> bytes:
        return request.encode("ascii")

    def _validate_method(self, method: str) -> None:
        if found := _NOT_IN_A_LINE.search(method):
            raise LocalProtocolError(
                f"method can't contain control characters. {excerpt(method)} "
                f"(found at least {found[0]!r}; expected a token, RFC 9110 section 9.1)"
            )

    def _validate_path(self, url: str) -> None:
        if found := _NOT_IN_A_LINE.search(url):
            raise InvalidURL(
                f"URL can't contain control characters. {excerpt(url)} "
                f"(found at least {found[0]!r}; expected visible ASCII, RFC 9112 section 3.2)"
            )

    def _validate_host(self, host: str) -> None:
        if found := _NOT_IN_A_LINE.search(host):
            raise InvalidURL(
                f"URL can't contain control characters. {excerpt(host)} "
                f"(found at least {found[0]!r}; expected a host, RFC 3986 section 3.2.2)"
            )

    def putheader(self, header: str | bytes, *values: Any) -> None:
        """Add a field to the request; several values are joined by a space.

        Raises:
            CannotSendHeader: no request was begun.
            ValueError: a name that is no token, a value with control characters.
        """
        if self.__state != _STARTED:
            raise CannotSendHeader
        name = header if isinstance(header, str) else header.decode("latin-1")
        value = " ".join([_field_text(value) for value in values])
        self._output(serialise_fields([(name, value)])[:-2])

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        """End the head and send it, with the body if there is one.

        Raises:
            CannotSendHeader: no request was begun.
        """
        if self.__state != _STARTED:
            raise CannotSendHeader
        self.__state = _SENT
        self._send_output(message_body, encode_chunked=encode_chunked)

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, Any] = {},  # never changed; the stdlib's signature
        *,
        encode_chunked: bool = False,
    ) -> None:
        """Send a request.

        `body` is str (sent in ISO-8859-1), bytes, a readable file, or an iterable of bytes. Without
        Content-Length in `headers` the length is sent if it is known, else the body in chunks;
        with Transfer-Encoding there, `encode_chunked` says whether chunks are still to be made.

        Raises:
            OSError: no connection, or it broke.
            HTTPException, ValueError: something that must not be sent; nothing was.
        """
        self._send_request(method, url, body, headers, encode_chunked)

    @staticmethod
    def _get_content_length(body: Any, method: str) -> int | None:
        """Return the length of `body` in bytes, None if only sending it will tell."""
        if body is None:
            return 0 if method.upper() in _METHODS_WITH_CONTENT else None
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
        if "content-length" in names and "transfer-encoding" in names:
            raise LocalProtocolError(
                "expected Content-Length or Transfer-Encoding, got both (RFC 9112 section 6.2)"
            )
        if isinstance(body, str):
            body = _encode(body, "body")
        self.putrequest(
            method,
            url,
            skip_host="host" in names,
            skip_accept_encoding="accept-encoding" in names,
        )
        try:
            if "content-length" in names:
                encode_chunked = False
            elif "transfer-encoding" not in names:
                encode_chunked = False
                length = self._get_content_length(body, method)
                if length is not None:
                    self.putheader("Content-Length", str(length))
                elif body is not None:
                    if self.debuglevel > 0:
                        print(f"Unable to determine size of {body!r}")
                    encode_chunked = True
                    self.putheader("Transfer-Encoding", "chunked")
            for name, value in headers.items():
                self.putheader(name, value)
        except ValueError:
            # Nothing has left: the connection is as good as before.
            self._buffer.clear()
            self.__state = _IDLE
            raise
        self.endheaders(body, encode_chunked=encode_chunked)

    # --- receive ---

    def getresponse(self) -> HTTPResponse:
        """Return the response to the request that was sent.

        Raises:
            ResponseNotReady: no request was sent, or the response before was not read to its end.
            RemoteDisconnected: the peer closed the connection without an answer.
            HTTPException: what came is no response.
        """
        if self.__response and self.__response.isclosed():
            self.__response = None
        if self.__state != _SENT or self.__response:
            raise ResponseNotReady(self.__state)
        response = self.response_class(self.sock, self.debuglevel, method=self._method)
        try:
            try:
                if self.max_response_headers is None:
                    response.begin()
                else:
                    response.begin(_max_headers=self.max_response_headers)
            except ConnectionError:
                self.close()
                raise
            self.__state = _IDLE
            if response.will_close:
                self.close()
            else:
                self.__response = response
        except BaseException:
            response.close()
            raise
        return response


def _field_text(value: Any) -> str:
    """Return a field's name or value as text: bytes are taken as ISO-8859-1."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return value.decode("latin-1")
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"expected str, bytes or int in a field, got {type(value)!r}")
