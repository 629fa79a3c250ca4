"""A folder that is shared, and a client for it."""

from __future__ import annotations

import pytest

from .shares import Client, handler_of, share


@pytest.fixture
def root(tmp_path):
    """Return a directory to share."""
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def shared(root, serve):
    """Return a function that serves `root` by rules, and returns a client."""
    clients = []

    def begin(*rules: str, **options) -> Client:
        client = Client(serve(handler_of(share(root, *rules, **options))).port)
        clients.append(client)
        return client

    yield begin
    for client in clients:
        client.close()
