"""HTTP/1.1 and HTTP/1.0 as bytes: RFC 9112."""
