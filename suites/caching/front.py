"""``python -m suites.caching.front ORIGIN STORE``: a server that answers by a client with a cache.

ORIGIN is the URL to which it sends what the cache does not answer, STORE ``memory``, the path of an
SQLite file, or the URL of a Valkey server. It prints its port.
"""

from __future__ import annotations

import sys
from typing import Any

from nethttp.client import Client
from nethttp.client.caching.cache import Cache
from nethttp.client.caching.memory import MemoryCache
from nethttp.client.caching.sqlite import SQLiteCache
from nethttp.client.caching.store import Store
from nethttp.client.caching.valkey import ValkeyCache
from nethttp.errors import HTTPException
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: What belongs to one connection, and what the server and the client decide by themselves.
_OWN = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"}
)

#: The suite asks what a cache does without a server: one that may give stale responses shows more.
STALE_IF_ERROR = 60.0


def store_of(place: str) -> Store:
    """Return the store that STORE names."""
    if place == "memory":
        return MemoryCache()
    return ValkeyCache(place) if "://" in place else SQLiteCache(place)


def client_with(store: Store) -> Client:
    """Return a client that answers from `store` where RFC 9111 lets it, and adds no field."""
    client = Client(cache=Cache(store, stale_if_error=STALE_IF_ERROR))
    for name in list(client.headers):
        client.headers.remove(name)
    return client


class Front(BaseHTTPRequestHandler):
    """Passes each request to the client, and its response back."""

    protocol_version = "HTTP/1.1"
    client: Client
    origin: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        """Answer one request, of any method."""
        length = int(self.headers.get("Content-Length", "0"))
        content = self.rfile.read(length) if length else None
        fields = [(name, value) for name, value in self.headers.items() if name.lower() not in _OWN]
        try:
            with self.client.stream(
                self.command, self.origin + self.path, headers=fields, content=content
            ) as response:
                data = b"".join(response.iter_raw())
        except HTTPException as error:
            self.send_error(502, str(error)[:200])
            return
        self.send_response_only(response.status_code, response.reason)
        for name, value in response.headers.pairs:
            if name.lower() not in _OWN:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or response.status_code in (204, 304)
        if not bodiless:
            self.send_header("Content-Length", str(len(data)))
        elif (declared := response.headers.get("content-length")) is not None:
            self.send_header("Content-Length", declared)
        self.end_headers()
        if not bodiless:
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


def main() -> None:
    """Serve until the process is ended."""
    Front.origin, place = sys.argv[1:]
    Front.client = client_with(store_of(place))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
