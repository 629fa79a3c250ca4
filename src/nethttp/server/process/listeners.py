"""The addresses that a server listens on, as they are written, and their sockets.

host:port  [::1]:port  :port  host      TCP; without a port, the default port
unix:PATH                               a socket in the file system
fd:N                                    a descriptor that is listening already
systemd                                 the sockets that systemd opened (LISTEN_FDS)
"""

from __future__ import annotations

import array
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

__all__ = [
    "Address",
    "CannotListen",
    "Listeners",
    "parse_address",
    "stop_new_connections",
    "url_at",
    "url_of",
]

PORT = 8000
"""The port where none is given."""

BACKLOG = 2048
"""Most connections that wait in the kernel until they are accepted; it may allow fewer."""

_FIRST_INHERITED = 3
"""The first of the descriptors that systemd passes."""

ALL_IPV4 = "0.0.0.0"
ANYWHERE = frozenset({"", ALL_IPV4, "::"})
LOOPBACK = "127.0.0.1"

DEFAULT_ADDRESS = f"{LOOPBACK}:{PORT}"


class Address(NamedTuple):
    """An address to listen on.

    `host` is a host's name or address, or the path of a Unix socket. `port` is the TCP port, or the
    number of a descriptor; 0 otherwise.

    >>> str(Address("tcp", "::1", 80)), str(Address("unix", "/run/http"))
    ('::1 port 80', 'unix:/run/http')
    """

    kind: Literal["tcp", "unix", "fd", "systemd"]
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.kind == "tcp":
            return f"{self.host or '*'} port {self.port}"
        return {"unix": f"unix:{self.host}", "fd": f"fd:{self.port}", "systemd": "systemd"}[
            self.kind
        ]


class CannotListen(OSError):
    """An address cannot be bound; `filename` is the address in words."""

    def __init__(self, address: Address, error: OSError) -> None:
        super().__init__(error.errno or 0, error.strerror or str(error), str(address))
        self.address = address
        self.unknown_name = isinstance(error, socket.gaierror)


def parse_address(text: str, default_port: int = PORT) -> Address:
    """Return the address that `text` writes, at `default_port` if it writes no port.

    >>> parse_address("[::1]:80"), parse_address("localhost", 8000)
    (Address(kind='tcp', host='::1', port=80), Address(kind='tcp', host='localhost', port=8000))

    Raises:
        ValueError: the port is not from 0 to 65535, or a path or descriptor is missing.
    """
    kind, colon, rest = text.partition(":")
    if text == "systemd":
        return Address("systemd")
    if colon and kind == "unix":
        if not rest:
            raise ValueError("expected unix:PATH")
        return Address("unix", rest)
    if colon and kind == "fd":
        return Address("fd", "", _number(rest, 1 << 30, "a descriptor"))
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")):
            raise ValueError(f"expected [ADDRESS]:PORT, got {text!r}")
        return Address("tcp", host, _port(rest[1:]) if rest else default_port)
    if text.count(":") == 1:
        return Address("tcp", kind, _port(rest))
    # An IPv6 address without brackets has no port, and neither has a name.
    return Address("tcp", text, default_port)


def _port(text: str) -> int:
    return _number(text, 65535, "a port")


def _number(text: str, most: int, what: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ValueError(f"expected {what} from 0 to {most}, got {text!r}")
    return int(text)


class Listeners:
    """The listening sockets of some addresses, for `workers` processes.

    A TCP address has a socket for each worker, all at one port: the kernel spreads connections over
    them. They stay open in the process that opened them, so that a connection in the queue of one
    survives the worker that was to accept it. Other addresses have one socket for all workers.

    At most `backlog` connections wait in the queue of a socket. A Unix socket gets the permissions
    `unix_mode`; None: those that umask leaves.

    Raises:
        CannotListen: an address cannot be bound.
    """

    def __init__(
        self,
        addresses: Iterable[Address],
        workers: int = 1,
        *,
        backlog: int = BACKLOG,
        unix_mode: int | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._backlog = backlog
        self._unix_mode = unix_mode
        self._paths: list[str] = []
        self._own: list[socket.socket] = []
        self._sockets: list[list[socket.socket]] = []
        try:
            for address in addresses:
                try:
                    self._open(address, workers, environ)
                except OSError as error:
                    raise CannotListen(address, error) from None
        except BaseException:
            self.close()
            raise

    def of_worker(self, number: int) -> list[socket.socket]:
        """Return the sockets of worker `number` (from 0 on), one for each address."""
        return [sockets[number % len(sockets)] for sockets in self._sockets]

    def urls(self, scheme: str = "http") -> list[str]:
        """Return a URL for each address; `scheme` is "http" or "https"."""
        return [url_of(sock, scheme) for sock in self.one_each()]

    def one_each(self) -> list[socket.socket]:
        """Return a socket for each address."""
        return [sockets[0] for sockets in self._sockets]

    def all(self) -> list[socket.socket]:
        """Return every socket."""
        return [sock for sockets in self._sockets for sock in sockets]

    def stop_new_connections(self) -> None:
        """Let the kernel refuse new connections to the sockets that were made here.

        A socket that systemd or another process has passed goes on: its connections wait for the
        next server.
        """
        for sock in self._own:
            stop_new_connections(sock)
        self._remove_paths()

    def close(self) -> None:
        """Close all sockets, and remove the Unix sockets that were made here."""
        for sock in self.all():
            sock.close()
        self._remove_paths()
        self._sockets = []

    def _remove_paths(self) -> None:
        paths, self._paths = self._paths, []
        for path in paths:
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass

    def _open(self, address: Address, workers: int, environ: Mapping[str, str]) -> None:
        if address.kind == "tcp":
            self._sockets.append(self._open_tcp(address, workers))
            self._own += self._sockets[-1]
        elif address.kind == "unix":
            self._sockets.append([self._open_unix(address.host)])
            self._own += self._sockets[-1]
        elif address.kind == "fd":
            self._sockets.append([_adopt(address.port)])
        else:
            self._sockets += [[_adopt(descriptor)] for descriptor in _inherited(environ)]

    def _open_tcp(self, address: Address, workers: int) -> list[socket.socket]:
        family, _, _, _, place = socket.getaddrinfo(
            address.host or None,
            address.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )[0]
        both = address.host in ANYWHERE
        if workers == 1 or not hasattr(socket, "SO_REUSEPORT"):
            return [self._listen(family, place, both=both)]
        # With SO_REUSEPORT two programs could share a port by accident. A socket without it fails
        # if the port is taken.
        with self._bind(family, place, both=both) as probe:
            place = (place[0], probe.getsockname()[1], *place[2:])
        return [self._listen(family, place, both=both, share=True) for _ in range(workers)]

    def _listen(
        self, family: int, place: object, *, both: bool, share: bool = False
    ) -> socket.socket:
        sock = self._bind(family, place, both=both, share=share)
        sock.listen(self._backlog)
        return sock

    def _bind(
        self, family: int, place: object, *, both: bool, share: bool = False
    ) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name != "nt":
                # On Windows it would let two servers share a port.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # "::" accepts IPv4 too, as with the standard library's command.
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not both))
            if share:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(place)  # type: ignore[arg-type]  # what getaddrinfo gave
        except BaseException:
            sock.close()
            raise
        return sock

    def _open_unix(self, path: str) -> socket.socket:
        _remove_if_deserted(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.bind(path)
            self._paths.append(path)
            if self._unix_mode is not None:
                os.chmod(path, self._unix_mode)
            sock.listen(self._backlog)
        except BaseException:
            sock.close()
            raise
        return sock


def _remove_if_deserted(path: str) -> None:
    """Remove a Unix socket on which no server listens: one that was killed leaves it behind.

    A file that is not a socket stays, and `bind` will fail.
    """
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except OSError:
        return  # There is no such file.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            pass  # A server listens on it.


def _inherited(environ: Mapping[str, str]) -> range:
    """Return the descriptors that systemd passed. See sd_listen_fds(3).

    Raises:
        OSError: there are none for this process.
    """
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or int(count) < 1:
        raise OSError(0, "systemd passed no socket (LISTEN_PID and LISTEN_FDS)")
    return range(_FIRST_INHERITED, _FIRST_INHERITED + int(count))


def _adopt(descriptor: int) -> socket.socket:
    """Return an inherited descriptor as a socket that listens."""
    # A duplicate: closing it leaves open the descriptor that was passed.
    with socket.socket(fileno=os.dup(descriptor)) as sock:
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise OSError(0, "the socket does not listen")
        return sock.dup()


def stop_new_connections(listener: socket.socket) -> None:
    """Let the kernel refuse new connections to `listener`, where it can (Linux).

    Closing a listening socket resets the connections in its queue. Once no new ones arrive, the
    server can accept all that are in the queue, and close the socket then.
    """
    if sys.platform != "linux":
        return
    try:
        if listener.family in (socket.AF_INET, socket.AF_INET6):
            _drop_handshakes(listener)
        else:
            # The queue of a Unix socket can be emptied after that, and `connect` is refused.
            listener.shutdown(socket.SHUT_RD)
    except OSError:
        pass  # This kernel cannot: a connection that arrives late may be reset.


def _drop_handshakes(listener: socket.socket) -> None:
    """Attach a filter that drops the first packet of every handshake, and no other.

    The last packet of a handshake that has begun passes, since its client may consider itself
    connected already. See socket(7) and struct sock_fprog.
    """
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (0x30, 0, 0, 13),  # load the byte with TCP's flags
            (0x54, 0, 0, 0x12),  # keep SYN and ACK
            (0x15, 0, 1, 0x02),  # SYN alone?
            (0x06, 0, 0, 0),  # then keep no byte of the packet
            (0x06, 0, 0, 0xFFFFFFFF),  # else all
        )
    )
    kept = array.array("B", program)  # an array has an address that can be asked for
    so_attach_filter = 26
    listener.setsockopt(
        socket.SOL_SOCKET,
        so_attach_filter,
        struct.pack("HP", len(program) // 8, kept.buffer_info()[0]),
    )


def url_of(sock: socket.socket, scheme: str = "http") -> str:
    """Return a URL that opens the server which listens on `sock`, for a client on this machine.

    A server that is bound to all addresses has the loopback address in its URL, because 0.0.0.0 and
    :: are not addresses of a host.
    """
    if sock.family == getattr(socket, "AF_UNIX", None):
        return f"{scheme}+unix:{os.fsdecode(sock.getsockname())}"
    host, port = sock.getsockname()[:2]
    return url_at({"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host), port, scheme)


def url_at(host: str, port: int, scheme: str = "http") -> str:
    """Return the URL of a host, or an address of either version of IP, and a port.

    >>> url_at("::1", 8000)
    'http://[::1]:8000/'
    """
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
