"""Whether gevent or eventlet has replaced threads by greenlets, which the engine cannot run in."""

from __future__ import annotations

import _thread
import socket

__all__ = ["are_greenlets"]


def are_greenlets() -> bool:
    """Return whether a library has replaced Python's sockets or threads by its own.

    gevent's and eventlet's switch to another greenlet where they wait. The engine cannot be
    used then, because they do not replace the loop's waits, which would stop all greenlets.
    """
    return socket.socket.__module__ != "socket" or _thread.start_new_thread.__module__ != "_thread"
