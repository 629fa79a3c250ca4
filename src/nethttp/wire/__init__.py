"""Bytes to messages and back: HTTP/1.1 without input or output (RFC 9110, RFC 9112).

Nothing in here knows a socket, a thread, a clock or a log.
"""
