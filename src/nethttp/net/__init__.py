"""Sockets, TLS and time: what lies between HTTP's messages and the machine."""
