"""Log lines: for standard error, and the access log."""
