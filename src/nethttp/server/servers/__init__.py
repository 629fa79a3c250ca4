"""`HTTPServer` and its kin."""
