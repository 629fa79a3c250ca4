"""Content on its way: decoded, encoded, split and read. Bytes in, bytes out; no socket."""
