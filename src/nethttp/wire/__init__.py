"""Bytes to messages and back: HTTP/1.1 without input or output (RFC 9110, RFC 9112).

This package uses no socket, no thread, no clock and no log.
"""
